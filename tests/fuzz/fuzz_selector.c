/* Selectors: any text is parsed or refused with a place within it; `a` and `!a` never agree. */
#include "base/arena.h"
#include "base/err.h"
#include "inventory/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some labels are there, some are not, by their first letter. */
static const char *label(const void *ctx, const char *key)
{
    (void)ctx;
    return *key < 'm' ? "x" : NULL;
}

static void check_opposite(struct arena *arena, const char *key)
{
    struct err err;
    const struct selector *there = selector_parse(arena, key, &err);
    const struct selector *absent = selector_parse(arena, arena_printf(arena, "!%s", key), &err);
    if (there && absent &&
        selector_matches(there, label, NULL) == selector_matches(absent, label, NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct err err = {0};
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)data, size);
    const struct selector *selector = selector_parse(&arena, text, &err);
    if (!selector && (err.kind != ERR_CONFIG || !*err.text))
        abort();
    if (selector)
        selector_matches(selector, label, NULL);
    if (*text && !strpbrk(text, "!,=() \t"))
        check_opposite(&arena, text);
    arena_done(&arena);
    return 0;
}
