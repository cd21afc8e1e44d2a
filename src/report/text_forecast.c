/* What the rehearsal says of the upgrade to come. */
#include "base/human.h"
#include "report/text.h"
#include "report/text_table.h"
#include "report/view_forecast.h"

static void print_waves(const struct text *text, const struct view_forecast *forecast)
{
    struct table *table = table_new(text->out, text->options);
    struct buf cell;
    buf_init(&cell, BUF_MAX_DEFAULT);
    table_column(table, NULL, 0);
    table_column(table, NULL, 0);
    table_column(table, NULL, 0);
    for (size_t i = 0; i < forecast->wave_count; i++) {
        const struct view_forecast_wave *wave = &forecast->waves[i];
        table_row(table);
        buf_clear(&cell);
        human_add_text(&cell, wave->name);
        table_cell(table, cell.data, NULL);
        buf_clear(&cell);
        human_add_count(&cell, wave->tenants, "tenant");
        table_cell(table, cell.data, NULL);
        buf_clear(&cell);
        buf_adds(&cell, "about ");
        human_add_duration(&cell, wave->duration_ms);
        if (wave->soak_ms > 0 && i + 1 < forecast->wave_count) {
            buf_adds(&cell, ", then a soak of ");
            human_add_duration(&cell, wave->soak_ms);
        }
        table_cell(table, cell.data, NULL);
    }
    table_print(table);
    buf_done(&cell);
}

static void print_rest(const struct text *text, const struct view_forecast *forecast)
{
    struct buf words, line;
    buf_init(&words, BUF_MAX_DEFAULT);
    buf_init(&line, BUF_MAX_DEFAULT);
    view_add_forecast(forecast, text->report, &words);
    human_add_text(&line, words.data);
    fprintf(text->out, "  %s\n", line.data);
    buf_done(&words);
    buf_done(&line);
}

void text_forecast(const struct text *text)
{
    struct view_forecast forecast;
    if (!view_forecast_init(&forecast, text->report))
        return;
    text_heading(text, "Forecast");
    print_waves(text, &forecast);
    print_rest(text, &forecast);
    view_forecast_done(&forecast);
}
