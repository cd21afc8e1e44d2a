#include "report/text.h"
#include "report/text_table.h"

static void add_wave(const struct text *text, struct table *table, const struct view_wave *wave)
{
    table_row(table);
    table_text(table, wave->name);
    table_cell(table, wave->words, text_color(text, text_run_color(wave->state)));
    table_count(table, wave->tenant_count, NULL);
    table_count(table, wave->failed_count, wave->failed_count ? text_color(text, COLOR_BAD) : NULL);
}

/* Of one wave, the headline says it. */
void text_waves(const struct text *text)
{
    const struct view *view = text->view;
    if (view->wave_count < 2)
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, "WAVE", TABLE_CUT);
    table_column(table, "STATE", 0);
    table_column(table, "TENANTS", TABLE_RIGHT);
    table_column(table, "FAILED", TABLE_RIGHT);
    for (size_t i = 0; i < view->wave_count; i++)
        add_wave(text, table, &view->waves[i]);
    text_heading(text, "Waves");
    table_print(table);
}
