#include <inttypes.h>

#include "base/human.h"
#include "chain/chain.h"
#include "inventory/inventory.h"
#include "report/view.h"

static bool is_head(const struct chain *chain, const char *id)
{
    for (size_t i = 0; chain && i < chain->head_count; i++)
        if (strcmp(chain->revisions[chain->heads[i]]->id, id) == 0)
            return true;
    return false;
}

void view_add_ids(const struct report *report, struct buf *buf, uint32_t ids, bool has_marks)
{
    struct rows list = report_ids(report, ids);
    if (!list.count)
        buf_adds(buf, ids == REPORT_NONE ? "unknown" : "base");
    for (size_t i = 0; i < list.count; i++) {
        buf_adds(buf, i ? ", " : "");
        buf_adds(buf, list.ids[i]);
        if (has_marks && is_head(report->run.chain, list.ids[i]))
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

void view_add_half(const struct report *report, struct buf *buf, uint32_t number)
{
    const struct report_half *half = report_half(report, number);
    if (!half)
        return;
    buf_adds(buf, half->direction == DIRECTION_UP ? " + " : " - ");
    buf_adds(buf, half->revision);
    add_done(buf, half);
}

void view_add_move(const struct report *report, struct buf *buf, const struct view_move *move)
{
    view_add_ids(report, buf, move->from, false);
    view_add_half(report, buf, move->half);
    if (move->from == move->to)
        return;
    buf_adds(buf, " -> ");
    view_add_ids(report, buf, move->to, false);
}

/* A tenant that stands where it stood, and had steps, was rolled back. */
void view_add_effort(const struct report *report, struct buf *buf, const struct view_move *move)
{
    size_t step_count = report_steps(report, move->steps).count;
    if (move->to == REPORT_NONE)
        buf_adds(buf, "in doubt");
    else if (move->from != move->to && !step_count) /* by a machine that did not tell them */
        buf_adds(buf, "steps not on record");
    else if (move->from != move->to)
        human_add_count(buf, step_count, "revision");
    else
        buf_adds(buf, step_count ? "rolled back" : "unchanged");
}

void view_add_names(const struct report *report, struct buf *buf, const uint32_t *rows,
                    size_t total)
{
    size_t shown = total < VIEW_NAMES ? total : VIEW_NAMES;
    for (size_t i = 0; i < shown; i++) {
        buf_adds(buf, i ? ", " : "");
        buf_adds(buf, report->run.tenants[rows[i]]->name);
    }
    if (shown < total)
        buf_addf(buf, " and %zu more", total - shown);
}

void view_add_location(struct buf *buf, const struct cause *key)
{
    buf_adds(buf, err_class_name((enum err_class)key->kind));
    if (*key->code) {
        buf_addc(buf, ' ');
        buf_adds(buf, key->code);
    }
    if (key->revision) {
        buf_adds(buf, ", revision ");
        buf_adds(buf, key->revision->id);
    }
    if (*key->file) {
        buf_adds(buf, ", ");
        buf_adds(buf, key->file);
    }
    if (*key->file && key->line)
        buf_addf(buf, ":%d", (int)key->line);
}

void view_error_rows(const struct report *report, const struct report_error *error,
                     uint32_t ret_rows[VIEW_NAMES])
{
    size_t count = 0;
    for (uint32_t row = error->first_row; row != REPORT_NONE && count < VIEW_NAMES;
         row = report->rows[row].next_same_error)
        ret_rows[count++] = row;
}

void view_add_marks(struct buf *buf, const struct step_marks *marks)
{
    const char *const words[] = {marks->is_checkpoint ? "checkpoint" : NULL,
                                 marks->is_irreversible ? "irreversible" : NULL,
                                 marks->destroys_data ? "destroys data" : NULL,
                                 marks->is_outside ? "outside a transaction" : NULL,
                                 marks->is_repeated ? "in batches" : NULL,
                                 marks->commits_itself ? "commits by itself" : NULL,
                                 marks->is_empty ? "empty" : NULL};
    const char *before = "";
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!words[i])
            continue;
        buf_addf(buf, "%s%s", before, words[i]);
        before = ", ";
    }
}

void view_add_process(struct buf *buf, const struct run_machine *machine)
{
    buf_addf(buf, "%s:%" PRId64, machine->host, machine->pid);
}
