/* When a run stood still, was stopped, or went back. */
#include "base/human.h"
#include "report/model.h"
#include "report/text.h"
#include "report/text_table.h"

/* A halt alone is told above, with the run. */
static bool is_worth_telling(const struct report *report)
{
    for (size_t i = 0; i < report->moment_count; i++)
        if (report->moments[i].by || report->moments[i].kind != MOMENT_DRAINS)
            return true;
    return false;
}

static const char *deed_of(const struct report *report, const struct moment *moment)
{
    static const char *const deeds[MOMENT__COUNT] = {
        [MOMENT_PAUSED] = "paused",
        [MOMENT_CONTINUES] = "went on",
        [MOMENT_DRAINS] = "nothing more was begun",
        [MOMENT_ROLLS_BACK] = "began to roll back",
        [MOMENT_LATE] = "a wave was late",
    };
    bool is_open = report->state == RUN_RUNNING && moment->kind == MOMENT_PAUSED &&
                   moment == &report->moments[report->moment_count - 1];
    return is_open ? "paused, and still is" : deeds[moment->kind];
}

static void add_moment(const struct text *text, struct table *table, const struct moment *moment)
{
    char at[REPORT_TIME_SIZE];
    struct buf cell;
    bool is_pause = moment->kind == MOMENT_PAUSED || moment->kind == MOMENT_CONTINUES;
    buf_init(&cell, BUF_MAX_DEFAULT);
    report_format_time(moment->at_ms, at);
    table_row(table);
    table_cell(table, at, NULL);
    buf_adds(&cell, deed_of(text->report, moment));
    if (moment->by) {
        buf_adds(&cell, " by ");
        human_add_text(&cell, moment->by);
    }
    if (moment->reason && !is_pause) {
        buf_adds(&cell, ": ");
        human_add_text(&cell, moment->reason);
    }
    table_cell(table, cell.data, NULL);
    buf_done(&cell);
}

void text_moments(const struct text *text)
{
    const struct report *report = text->report;
    double paused_ms = report_paused_ms(report);
    struct buf line;
    if (!is_worth_telling(report))
        return;
    struct table *table = table_new(text->out, text->options);
    table_column(table, NULL, 0);
    table_column(table, NULL, TABLE_CUT);
    for (size_t i = 0; i < report->moment_count; i++)
        add_moment(text, table, &report->moments[i]);
    text_heading(text, "Moments");
    table_print(table);
    if (paused_ms <= 0)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_duration(&line, paused_ms);
    fprintf(text->out, "  paused for %s in all\n", line.data);
    buf_done(&line);
}
