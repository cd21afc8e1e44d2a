#include "base/notice.h"

#include "base/arena.h"
#include "base/err.h"

/* A text that was cut may have lost a character at its end. */
enum { SAID_COMPARED = SAID_MAX - 3 };

const char *notice_level_name(enum notice_level level)
{
    static const char *const names[NOTICE__COUNT] = {
        [NOTICE_DEBUG] = "debug",   [NOTICE_LOG] = "log",         [NOTICE_INFO] = "info",
        [NOTICE_NOTICE] = "notice", [NOTICE_WARNING] = "warning",
    };
    return names[level];
}

/* Servers say in several ways that a commit is not replicated; all count as one notice. */
static bool is_same(const struct notice *a, const struct notice *b)
{
    if (a->is_unreplicated || b->is_unreplicated)
        return a->is_unreplicated && b->is_unreplicated;
    return a->level == b->level && a->revision == b->revision && strcmp(a->code, b->code) == 0 &&
           strncmp(a->text, b->text, SAID_COMPARED) == 0;
}

/* Its index, or that past the last. */
static size_t find_same(const struct notices *notices, const struct notice *notice)
{
    size_t i = 0;
    while (i < notices->kept && !is_same(&notices->items[i], notice))
        i++;
    return i;
}

static bool has_room(const struct notices *notices, const struct notice *notice)
{
    size_t weighty = 0;
    for (size_t i = 0; i < notices->kept; i++)
        weighty += notices->items[i].level >= NOTICE_WARNING;
    if (notice->is_unreplicated)
        return true;
    if (notice->level < NOTICE_WARNING && notices->kept - weighty >= NOTICES_MAX / 2)
        return false;
    return notices->kept - notices_has_unreplicated(notices) < NOTICES_MAX;
}

bool notices_has_unreplicated(const struct notices *notices)
{
    for (size_t i = 0; notices && i < notices->kept; i++)
        if (notices->items[i].is_unreplicated)
            return true;
    return false;
}

static struct notice copy_of(struct arena *arena, const struct notice *notice)
{
    const struct said text = {.part = {[SAID_DETAIL] = notice->text}}; /* cut as all that is said */
    const struct said *cut = said_copy(arena, &text);
    struct notice copy = *notice;
    copy.text = cut ? cut->part[SAID_DETAIL] : "";
    copy.said = said_copy(arena, notice->said);
    return copy;
}

bool notices_wants(const struct notices *notices, const struct notice *notice)
{
    return find_same(notices, notice) == notices->kept && has_room(notices, notice);
}

void notices_add(struct notices *notices, struct arena *arena, const struct notice *notice)
{
    notices->count++;
    notices->warning_count += notice->level >= NOTICE_WARNING;
    size_t known = find_same(notices, notice);
    if (known < notices->kept) {
        notices->items[known].count++;
    } else if (has_room(notices, notice)) {
        struct notice *kept = &notices->items[notices->kept++];
        *kept = copy_of(arena, notice);
        kept->count = 1;
    }
}

void notice_hide_values(struct notice *notice, struct arena *arena)
{
    size_t begin, end;
    notice->said = said_without_values(arena, notice->said);
    if (notice->quotes_values && err_find_quoted(notice->text, &begin, &end))
        notice->text =
            arena_printf(arena, "%.*s***%s", (int)begin, notice->text, notice->text + end);
}

const struct notices *notices_copy(struct arena *arena, const struct notices *notices)
{
    if (!notices || !notices->count)
        return NULL;
    struct notices *copy = arena_alloc(arena, sizeof *copy);
    *copy = *notices;
    for (size_t i = 0; i < copy->kept; i++)
        copy->items[i] = copy_of(arena, &notices->items[i]);
    return copy;
}
