#include "base/human.h"
#include "report/text.h"
#include "report/text_table.h"

static void count_cell(struct table *table, size_t count, const char *color)
{
    char cell[24];
    snprintf(cell, sizeof cell, "%zu", count);
    table_cell(table, cell, color);
}

static void add_wave(const struct text *text, struct table *table, const struct report_wave *wave)
{
    const struct report *report = text->report;
    enum run_state state = wave->state == RUN_RUNNING ? report->state : wave->state;
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    human_add_text(&name, wave->name);
    table_row(table);
    table_cell(table, name.data, NULL);
    table_cell(table, report_wave_state(report, wave), text_color(text, text_run_color(state)));
    count_cell(table, wave->tenant_count, NULL);
    count_cell(table, wave->failed_count, wave->failed_count ? text_color(text, COLOR_BAD) : NULL);
    buf_done(&name);
}

/* Of one wave, the headline says it. */
void text_waves(const struct text *text)
{
    const struct report *report = text->report;
    if (report->wave_count < 2)
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, "WAVE", TABLE_CUT);
    table_column(table, "STATE", 0);
    table_column(table, "TENANTS", TABLE_RIGHT);
    table_column(table, "FAILED", TABLE_RIGHT);
    for (size_t i = 0; i < report->wave_count; i++)
        add_wave(text, table, &report->waves[i]);
    text_heading(text, "Waves");
    table_print(table);
}
