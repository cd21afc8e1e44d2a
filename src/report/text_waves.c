#include "base/human.h"
#include "report/model.h"
#include "report/text.h"
#include "report/text_table.h"

/* Most people want to know only where a wave was late, or something was agreed on. */
static bool tells_forecasts(const struct text *text)
{
    const struct report *report = text->report;
    bool is_asked = text->options->is_verbose || report_compares_forecasts(report);
    for (size_t i = 0; is_asked && i < report->wave_count; i++)
        if (report->waves[i].forecast.tenants)
            return true;
    return false;
}

static void add_time(struct table *table, bool is_known, double ms)
{
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    if (is_known)
        human_add_duration(&cell, ms);
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

static void add_forecast(struct table *table, const struct report_wave *wave)
{
    add_time(table, wave->forecast.tenants, wave->forecast.duration_ms);
    add_time(table, wave->took_ms > 0, wave->took_ms);
}

static void add_wave(const struct text *text, struct table *table, const struct view_wave *wave)
{
    table_row(table);
    table_text(table, wave->name);
    table_cell(table, wave->words, text_color(text, text_run_color(wave->state)));
    table_count(table, wave->tenant_count, NULL);
    table_count(table, wave->failed_count, wave->failed_count ? text_color(text, COLOR_BAD) : NULL);
}

/* Of one wave, the headline says it, but for what was foretold. */
void text_waves(const struct text *text)
{
    const struct view *view = text->view;
    bool is_foretold = tells_forecasts(text);
    if (view->wave_count < 2 && !is_foretold)
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, "WAVE", TABLE_CUT);
    table_column(table, "STATE", 0);
    table_column(table, "TENANTS", TABLE_RIGHT);
    table_column(table, "FAILED", TABLE_RIGHT);
    if (is_foretold) {
        table_column(table, "FORETOLD", TABLE_RIGHT);
        table_column(table, "TOOK", TABLE_RIGHT);
    }
    for (size_t i = 0; i < view->wave_count; i++) {
        add_wave(text, table, &view->waves[i]);
        if (is_foretold)
            add_forecast(table, &text->report->waves[i]);
    }
    text_heading(text, "Waves");
    table_print(table);
}
