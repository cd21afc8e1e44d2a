#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"
#include "report/text_table.h"

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
    if (report->schemas)
        table_column(table, "SCHEMA", 0);
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        table_row(table);
        name_cell(text, table, i);
        if (row->is_from_known)
            revisions_cell(text, table, row, true);
        else
            table_cell(table, tenant_state_name(row->state),
                       text_color(text, text_state_color(row->state)));
        if (report->schemas)
            text_schema_cell(text, table, i);
    }
    putc('\n', text->out);
    table_print(table);
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
    const struct view_groups *groups = &text->view->standings;
    size_t unknown = text->report->run.tenant_count;
    struct buf words;
    buf_init(&words, BUF_MAX_DEFAULT);
    text_heading(text, "Together");
    for (size_t i = 0; i < groups->count; i++) {
        buf_clear(&words);
        buf_adds(&words, "at ");
        text_add_ids(text, &words, groups->items[i].move.to, true);
        text_add_half(text, &words, groups->items[i].move.half);
        print_standing(text, words.data, groups->items[i].count);
        unknown -= groups->items[i].count;
    }
    if (unknown)
        print_standing(text, "could not be asked", unknown);
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

static void step_cells(struct table *table, const struct view_slow *slow)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    buf_addf(&cell, "%.0f %%", 100 * slow->share);
    table_cell(table, cell.data, NULL);
    buf_clear(&cell);
    if (slow->revision) {
        human_add_text(&cell, slow->revision);
        buf_adds(&cell, ", ");
        human_add_duration(&cell, slow->step_ms);
    }
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

void text_slowest(const struct text *text)
{
    const struct view *view = text->view;
    if (!view->slowest_count)
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, "TENANT", TABLE_CUT);
    table_column(table, "TIME", TABLE_RIGHT);
    table_column(table, "IN STEPS", TABLE_RIGHT);
    table_column(table, "LONGEST STEP", TABLE_CUT);
    for (size_t i = 0; i < view->slowest_count; i++) {
        const struct view_slow *slow = &view->slowest[i];
        table_row(table);
        name_cell(text, table, slow->row);
        table_duration(table, text->report->rows[slow->row].duration_ms);
        step_cells(table, slow);
    }
    text_heading(text, "Slowest");
    table_print(table);
}
