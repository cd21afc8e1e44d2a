#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"
#include "report/text_table.h"

enum { SLOWEST = 5 };

static void name_cell(const struct text *text, struct table *table, size_t index)
{
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    human_add_text(&name, text->report->run.tenants[index]->name);
    table_cell(table, name.data, NULL);
    buf_done(&name);
}

static void ids_cell(const struct text *text, struct table *table, uint32_t ids)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    text_add_ids(text, &cell, ids, false);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

/* The same, and what the tenant was found in the middle of; `current` marks the heads. */
static void revisions_cell(const struct text *text, struct table *table,
                           const struct report_row *row, bool has_marks)
{
    bool is_whole = row->half == REPORT_NONE;
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    text_add_ids(text, &cell, row->from, has_marks);
    text_add_half(text, &cell, row->half);
    table_cell(table, cell.data, is_whole ? NULL : text_color(text, COLOR_BAD));
    buf_done(&cell);
}

/* ---- all of them (-v) ---------------------------------------------------------------------- */

static void add_tenant(const struct text *text, struct table *table, size_t index)
{
    const struct report_row *row = &text->report->rows[index];
    table_row(table);
    name_cell(text, table, index);
    table_cell(table, tenant_state_words(row->state, text->report->run.request),
               text_color(text, text_state_color(row->state)));
    revisions_cell(text, table, row, false);
    ids_cell(text, table, row->to);
    table_count(table, report_steps(text->report, row->steps).count, NULL);
    table_count(table, row->attempts, NULL);
    table_duration(table, row->duration_ms);
}

void text_tenants(const struct text *text)
{
    if (!text->report->run.tenant_count)
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, "TENANT", TABLE_CUT);
    table_column(table, "STATE", 0);
    table_column(table, "FROM", TABLE_CUT);
    table_column(table, "TO", TABLE_CUT);
    table_column(table, "STEPS", TABLE_RIGHT);
    table_column(table, "TRIES", TABLE_RIGHT);
    table_column(table, "TIME", TABLE_RIGHT);
    for (size_t i = 0; i < text->report->run.tenant_count; i++)
        add_tenant(text, table, i);
    text_heading(text, "All tenants");
    table_print(table);
}

/* ---- where they stand (current) ------------------------------------------------------------ */

static void print_standings(const struct text *text)
{
    const struct report *report = text->report;
    struct table *table = table_new(text->out, text->options);
    table_column(table, "TENANT", TABLE_CUT);
    table_column(table, "REVISION", TABLE_CUT);
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        table_row(table);
        name_cell(text, table, i);
        if (row->is_from_known)
            revisions_cell(text, table, row, true);
        else
            table_cell(table, tenant_state_name(row->state),
                       text_color(text, text_state_color(row->state)));
    }
    putc('\n', text->out);
    table_print(table);
}

static bool has_revisions(const struct report_row *row)
{
    return row->is_from_known;
}

static void print_standing(const struct text *text, const char *words, size_t count)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_count(&line, count, "tenant");
    fprintf(text->out, "  %s %s\n", line.data, words);
    buf_done(&line);
}

static void print_summary(const struct text *text)
{
    struct text_groups groups;
    size_t unknown = text->report->run.tenant_count;
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    text_groups_init(&groups, text->report, has_revisions, GROUP_BY_REVISION);
    text_heading(text, "Together");
    for (size_t i = 0; i < groups.count; i++) {
        buf_clear(&words);
        buf_adds(&words, "at ");
        text_add_ids(text, &words, groups.items[i].move.to, true);
        text_add_half(text, &words, groups.items[i].move.half);
        print_standing(text, words.data, groups.items[i].count);
        unknown -= groups.items[i].count;
    }
    if (unknown)
        print_standing(text, "could not be asked", unknown);
    text_groups_done(&groups);
    buf_done(&words);
}

void text_current(const struct text *text)
{
    if (!text->report->run.tenant_count) {
        fputs("\n  no tenants\n", text->out);
        return;
    }
    if (!text->options->is_summary)
        print_standings(text);
    print_summary(text);
}

/* ---- the slowest --------------------------------------------------------------------------- */

/* Keeps `best` sorted, the slowest first; returns how many it holds. */
static size_t keep_slowest(const struct report_row *rows, uint32_t best[SLOWEST], size_t count,
                           uint32_t row)
{
    if (count == SLOWEST && rows[best[count - 1]].duration_ms >= rows[row].duration_ms)
        return count;
    size_t at = count < SLOWEST ? count++ : count - 1;
    for (; at && rows[best[at - 1]].duration_ms < rows[row].duration_ms; at--)
        best[at] = best[at - 1];
    best[at] = row;
    return count;
}

/* The step that took longest; its list's length where there are no durations. */
static size_t slowest_step(const struct report_row *row, size_t count, double *ret_sum_ms)
{
    size_t slowest = count;
    *ret_sum_ms = 0;
    for (size_t i = 0; row->step_ms && i < count; i++) {
        if (slowest == count || row->step_ms[i] > row->step_ms[slowest])
            slowest = i;
        *ret_sum_ms += (double)row->step_ms[i];
    }
    return slowest;
}

static void step_cells(const struct text *text, struct table *table, const struct report_row *row)
{
    struct step_list list = report_steps(text->report, row->steps);
    double sum_ms;
    size_t slowest = slowest_step(row, list.count, &sum_ms);
    double share = row->duration_ms > 0 ? sum_ms / row->duration_ms : 0;
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    buf_addf(&cell, "%.0f %%", 100 * (share < 1 ? share : 1));
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    if (slowest < list.count) {
        const struct revision *revision = list.steps[slowest].revision;
        human_add_text(&cell, revision ? revision->id : "base");
        buf_adds(&cell, ", ");
        human_add_duration(&cell, (double)row->step_ms[slowest]);
    }
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

static void print_slowest(const struct text *text, const uint32_t *rows, size_t count)
{
    struct table *table = table_new(text->out, text->options);
    table_column(table, "TENANT", TABLE_CUT);
    table_column(table, "TIME", TABLE_RIGHT);
    table_column(table, "IN STEPS", TABLE_RIGHT);
    table_column(table, "LONGEST STEP", TABLE_CUT);
    for (size_t i = 0; i < count; i++) {
        table_row(table);
        name_cell(text, table, rows[i]);
        table_duration(table, text->report->rows[rows[i]].duration_ms);
        step_cells(text, table, &text->report->rows[rows[i]]);
    }
    text_heading(text, "Slowest");
    table_print(table);
}

/* Where there is one tenant, the headline says it; where no tenant did a step, there is nothing to speed up. */
void text_slowest(const struct text *text)
{
    const struct report *report = text->report;
    uint32_t slowest[SLOWEST];
    size_t count = 0;
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        if (report->rows[i].step_ms)
            count = keep_slowest(report->rows, slowest, count, i);
    if (count > 1)
        print_slowest(text, slowest, count);
}
