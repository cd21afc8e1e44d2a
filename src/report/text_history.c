/* What the runs of the ledger did to a tenant, the newest first. */
#include "base/human.h"
#include "report/text.h"
#include "report/text_table.h"

static void rows_cell(struct table *table, const struct rows *rows)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    if (!rows->is_known)
        buf_adds(&cell, "unknown");
    else if (!rows->count)
        buf_adds(&cell, "base");
    for (size_t i = 0; i < rows->count; i++) {
        buf_adds(&cell, i ? ", " : "");
        human_add_text(&cell, rows->ids[i]);
    }
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

static void command_cell(struct table *table, const struct visit *visit)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    human_add_text(&cell, visit->verb->name);
    buf_addf(&cell, "%s", *visit->target ? " " : "");
    human_add_text(&cell, visit->target);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

static void print_visit(const struct text *text, struct table *table, const struct visit *visit)
{
    char at[REPORT_TIME_SIZE];
    report_format_time(visit->at_ms, at);
    table_row(table);
    table_text(table, visit->run);
    command_cell(table, visit);
    table_cell(table, tenant_state_name(visit->state),
               text_color(text, text_state_color(visit->state)));
    rows_cell(table, &visit->from);
    rows_cell(table, &visit->to);
    table_text(table, at);
}

void text_history(const struct text *text)
{
    const struct report *report = text->report;
    if (!report->visit_count)
        return;
    const struct visit *end = report->visits + report->visit_count;
    for (const struct visit *visit = report->visits; visit < end;) {
        const char *tenant = visit->tenant;
        struct buf title;
        buf_init(&title, BUF_MAX_DEFAULT);
        buf_adds(&title, "History of ");
        human_add_text(&title, tenant);
        text_heading(text, title.data);
        buf_done(&title);
        struct table *table = table_new(text->out, text->options);
        table_column(table, "RUN", 0);
        table_column(table, "COMMAND", TABLE_CUT);
        table_column(table, "STATE", 0);
        table_column(table, "FROM", TABLE_CUT);
        table_column(table, "TO", TABLE_CUT);
        table_column(table, "WHEN", TABLE_CUT);
        for (; visit < end && strcmp(visit->tenant, tenant) == 0; visit++)
            print_visit(text, table, visit);
        table_print(table);
    }
}
