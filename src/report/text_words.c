#include "base/human.h"
#include "report/text.h"

static void add_safe(struct buf *buf, struct buf *raw)
{
    human_add_text(buf, raw->data);
    buf_done(raw);
}

void text_add_ids(const struct text *text, struct buf *buf, uint32_t ids, bool has_marks)
{
    struct buf raw;
    buf_init(&raw, BUF_MAX_DEFAULT);
    view_add_ids(text->report, &raw, ids, has_marks);
    add_safe(buf, &raw);
}

void text_add_half(const struct text *text, struct buf *buf, uint32_t half)
{
    struct buf raw;
    buf_init(&raw, BUF_MAX_DEFAULT);
    view_add_half(text->report, &raw, half);
    add_safe(buf, &raw);
}

void text_add_move(const struct text *text, struct buf *buf, const struct view_move *move)
{
    struct buf raw;
    buf_init(&raw, BUF_MAX_DEFAULT);
    view_add_move(text->report, &raw, move);
    add_safe(buf, &raw);
}

void text_add_names(const struct text *text, struct buf *buf, const uint32_t *rows, size_t total)
{
    struct buf raw;
    buf_init(&raw, BUF_MAX_DEFAULT);
    view_add_names(text->report, &raw, rows, total);
    add_safe(buf, &raw);
}

void text_lines(const struct text *text, const char *lines, const char *indent)
{
    struct buf line;
    struct buf safe;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_init(&safe, BUF_MAX_DEFAULT);
    for (const char *at = lines; *at;) {
        size_t len = strcspn(at, "\n");
        buf_clear(&line);
        buf_clear(&safe);
        buf_add(&line, at, len);
        human_add_text(&safe, line.data);
        fprintf(text->out, "%s%s\n", at == lines ? "" : indent, safe.data);
        at += len + (at[len] == '\n');
    }
    if (!*lines)
        putc('\n', text->out);
    buf_done(&line);
    buf_done(&safe);
}
