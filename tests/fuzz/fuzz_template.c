/* Templates of revisions: any text is filled, or refused with a line of it; what asks for nothing comes
 * out as it went in. */
#include "base/arena.h"
#include "base/buf.h"
#include "chain/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fill(const char *text, const struct revision *revision)
{
    struct buf out;
    struct err err = {0};
    int lines = 1;
    buf_init(&out, BUF_MAX_DEFAULT);
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    bool is_good = template_fill(&out, "t.in", text, revision, &err);
    if (!is_good && (err.kind != ERR_CHAIN || err.line < 1 || err.line > lines))
        abort();
    if (!strstr(text, "${") && (!is_good || strcmp(out.data, text) != 0))
        abort();
    if (is_good && strlen(out.data) != out.len)
        abort();
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {"1975ea83b712", "27c6a30d7c24"};
    const struct revision full = {.id = "83241ca0f125",
                                  .message = "m",
                                  .create_date = "now",
                                  .down_ids = ids,
                                  .down_count = 2,
                                  .depend_ids = ids,
                                  .depend_count = 1,
                                  .labels = ids,
                                  .label_count = 1};
    const struct revision bare = {.id = "83241ca0f125", .message = "", .create_date = ""};
    struct arena arena;
    arena_init(&arena);
    const char *text = arena_strndup(&arena, (const char *)data, size);
    check_fill(text, &full);
    check_fill(text, &bare);
    arena_done(&arena);
    return 0;
}
