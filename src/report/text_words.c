#include "base/human.h"
#include "chain/chain.h"
#include "inventory/inventory.h"
#include "report/text.h"

static bool is_head(const struct chain *chain, const char *id)
{
    for (size_t i = 0; chain && i < chain->head_count; i++)
        if (strcmp(chain->revisions[chain->heads[i]]->id, id) == 0)
            return true;
    return false;
}

void text_add_ids(const struct text *text, struct buf *buf, uint32_t ids, bool has_marks)
{
    struct rows list = report_ids(text->report, ids);
    if (!list.count)
        buf_adds(buf, ids == REPORT_NONE ? "unknown" : "base");
    for (size_t i = 0; i < list.count; i++) {
        buf_adds(buf, i ? ", " : "");
        human_add_text(buf, list.ids[i]);
        if (has_marks && is_head(text->report->run.chain, list.ids[i]))
            buf_adds(buf, " (head)");
    }
}

static void add_done(struct buf *buf, const struct report_half *half)
{
    buf_adds(buf, " (");
    if (half->is_in_doubt)
        buf_addf(buf, "in doubt: statement %zu", (size_t)half->statements + 1);
    else
        buf_addf(buf, "partial: %zu", (size_t)half->statements);
    if (half->of)
        buf_addf(buf, " of %zu", (size_t)half->of);
    if (!half->is_in_doubt)
        buf_adds(buf, half->of == 1 || (!half->of && half->statements == 1) ? " statement"
                                                                            : " statements");
    buf_addc(buf, ')');
}

void text_add_half(const struct text *text, struct buf *buf, uint32_t number)
{
    const struct report_half *half = report_half(text->report, number);
    if (!half)
        return;
    buf_adds(buf, half->direction == DIRECTION_UP ? " + " : " - ");
    human_add_text(buf, half->revision);
    add_done(buf, half);
}

void text_add_move(const struct text *text, struct buf *buf, const struct text_move *move)
{
    text_add_ids(text, buf, move->from, false);
    text_add_half(text, buf, move->half);
    if (move->from == move->to)
        return;
    buf_adds(buf, " -> ");
    text_add_ids(text, buf, move->to, false);
}

void text_add_names(const struct text *text, struct buf *buf, const uint32_t *rows, size_t total)
{
    size_t shown = total < TEXT_NAMES ? total : TEXT_NAMES;
    for (size_t i = 0; i < shown; i++) {
        buf_adds(buf, i ? ", " : "");
        human_add_text(buf, text->report->run.tenants[rows[i]]->name);
    }
    if (shown < total)
        buf_addf(buf, " and %zu more", total - shown);
}

void text_error_rows(const struct text *text, const struct report_error *error,
                     uint32_t ret_rows[TEXT_NAMES])
{
    size_t count = 0;
    for (uint32_t row = error->first_row; row != REPORT_NONE && count < TEXT_NAMES;
         row = text->report->rows[row].next_same_error)
        ret_rows[count++] = row;
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
