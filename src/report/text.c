#include "report/text.h"

#include <inttypes.h>

#include "base/human.h"
#include "report/text_table.h"
#include "report/view_revisions.h"

enum { BAR_WIDTH = 24 };

const char *text_color(const struct text *text, enum text_color color)
{
    static const char *const sequences[] = {
        [COLOR_PLAIN] = NULL,      [COLOR_BOLD] = "\033[1m", [COLOR_DIM] = "\033[2m",
        [COLOR_GOOD] = "\033[32m", [COLOR_BAD] = "\033[31m", [COLOR_ODD] = "\033[33m",
    };
    return text->options->has_color ? sequences[color] : NULL;
}

enum text_color text_state_color(enum tenant_state state)
{
    static const enum text_color colors[TENANT__COUNT] = {
        [TENANT_SUCCEEDED] = COLOR_GOOD,      [TENANT_UNCHANGED] = COLOR_DIM,
        [TENANT_FAILED] = COLOR_BAD,          [TENANT_PARTIAL] = COLOR_BAD,
        [TENANT_IN_DOUBT] = COLOR_BAD,        [TENANT_ROLLED_BACK] = COLOR_ODD,
        [TENANT_ROLLBACK_FAILED] = COLOR_BAD, [TENANT_SKIPPED] = COLOR_ODD,
    };
    return colors[state];
}

static void print_colored(const struct text *text, enum text_color color, const char *words)
{
    const char *sequence = text_color(text, color);
    fprintf(text->out, "%s%s%s", sequence ? sequence : "", words, sequence ? "\033[0m" : "");
}

void text_heading(const struct text *text, const char *title)
{
    putc('\n', text->out);
    print_colored(text, COLOR_BOLD, title);
    putc('\n', text->out);
}

enum text_color text_run_color(enum run_state state)
{
    bool is_bad = state == RUN_FAILED || state == RUN_HALTED || state == RUN_ROLLBACK_FAILED;
    if (state == RUN_SUCCEEDED)
        return COLOR_GOOD;
    return is_bad ? COLOR_BAD : COLOR_ODD;
}

static void print_headline(const struct text *text)
{
    const struct view_headline *headline = &text->view->headline;
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, headline->command);
    buf_adds(&line, headline->is_dry ? ", dry run: " : ": ");
    print_colored(text, COLOR_BOLD, line.data);
    print_colored(text, text_run_color(text->report->state), headline->state);
    buf_clear(&line);
    buf_adds(&line, " in ");
    human_add_duration(&line, text->report->duration_ms);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
}

/* Nothing for NULL. */
static void print_line(const struct text *text, enum text_color color, const char *words)
{
    struct buf line;
    if (!words)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, words);
    print_colored(text, color, line.data);
    putc('\n', text->out);
    buf_done(&line);
}

static void print_run(const struct text *text)
{
    const struct view_headline *headline = &text->view->headline;
    print_headline(text);
    print_line(text, COLOR_DIM, headline->run);
    print_line(text, COLOR_DIM, headline->origin);
    print_line(text, COLOR_ODD, headline->halt);
    if (!headline->halt_output)
        return;
    fputs("  | ", text->out);
    text_lines(text, headline->halt_output, "  | ");
}

/* ---- totals -------------------------------------------------------------------------------- */

static void add_total(const struct text *text, struct table *table, const char *words, size_t count,
                      enum text_color color)
{
    char number[24];
    struct buf bar;
    buf_init(&bar, BUF_MAX_DEFAULT);
    snprintf(number, sizeof number, "%zu", count);
    if (text->options->width && text->report->run.tenant_count)
        human_add_bar(&bar, (double)count / (double)text->report->run.tenant_count, BAR_WIDTH,
                      true);
    table_row(table);
    table_cell(table, words, NULL);
    table_cell(table, number, text_color(text, color));
    table_cell(table, bar.data, text_color(text, color));
    buf_done(&bar);
}

/* In a dry run this is most of what there is to say; a run that changes tenants says it on stderr. */
static void print_above(const struct text *text)
{
    struct buf line;
    if (!text->report->above_count)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    report_add_above(&line, text->report);
    fprintf(text->out, "\n%s\n", line.data);
    buf_done(&line);
}

static void print_totals(const struct text *text)
{
    struct table *table = table_new(text->out, text->options);
    table_column(table, NULL, 0);
    table_column(table, NULL, TABLE_RIGHT);
    table_column(table, NULL, TABLE_CUT);
    for (size_t i = 0; i < text->view->total_count; i++) {
        const struct view_total *total = &text->view->totals[i];
        add_total(text, table, total->words, total->count,
                  total->is_above ? COLOR_ODD : text_state_color(total->state));
    }
    add_total(text, table, "tenants", text->report->run.tenant_count, COLOR_BOLD);
    putc('\n', text->out);
    table_print(table);
}

static void print_advice(const struct text *text, const struct view_advice *advice)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    text_add_names(text, &line, advice->rows, advice->row_count);
    if (advice->row_count)
        buf_adds(&line, ": ");
    if (advice->truth)
        fprintf(text->out, "  %s%s\n", line.data, advice->truth);
    buf_clear(&line);
    if (advice->command) {
        const char *indent = advice->truth ? "  " : "";
        buf_addf(&line, "  %s%s:\n    %s", indent, advice->deed, indent);
        human_add_text(&line, advice->command);
        if (advice->remark)
            buf_addf(&line, "   (%s)", advice->remark);
        fprintf(text->out, "%s\n", line.data);
    }
    buf_done(&line);
}

static void add_advice(const struct text *text)
{
    if (text->view->advice_count)
        text_heading(text, "What to do");
    for (size_t i = 0; i < text->view->advice_count; i++)
        print_advice(text, &text->view->advice[i]);
}

static void print_outcome(const struct text *text)
{
    const struct request *request = text->report->run.request;
    bool is_dry = !request_changes(request);
    print_totals(text);
    text_waves(text);
    text_machines(text);
    text_moments(text);
    if (!is_dry && request->verb->work != WORK_ACCEPT) {
        text_moves(text);
        return;
    }
    print_above(text);
    text_plan(text);
    text_preflight(text);
    text_forecast(text);
    if (request->verb->work == WORK_SETTLE)
        text_settled(text);
    if (is_dry && text->options->is_verbose)
        text_passwords(text);
}

/* A revision that repeats a statement. */
struct in_batches {
    const char *revision;
    enum direction direction;
    bool is_half_done; /* it was found half way */
    struct report_batches done;
    size_t count; /* of tenants */
};

/* `r1  up  120000 rows in 120 batches  (3 tenants)` */
static void print_in_batches(const struct text *text, const struct in_batches *item)
{
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, item->revision);
    buf_addf(&line, "  %s  %" PRIu64 " row%s in %" PRIu64 " batch%s%s  (",
             item->direction == DIRECTION_UP ? "up" : "down", item->done.rows,
             item->done.rows == 1 ? "" : "s", item->done.batches,
             item->done.batches == 1 ? "" : "es", item->is_half_done ? " so far" : "");
    human_add_count(&line, item->count, "tenant");
    fprintf(text->out, "  %s)\n", line.data);
    buf_done(&line);
}

/* By half step, as report_half knows them; the caller's. */
static struct in_batches *gather_halves(const struct report *report)
{
    struct in_batches *items = xcalloc(report->halves.count + 1, sizeof *items);
    for (uint32_t i = 0; report->batches && i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        const struct report_batches *batches = report_batches_of(report, row);
        const struct report_half *half = report_half(report, row->half);
        if (!half || !batches || !batches[0].batches)
            continue;
        struct in_batches *item = &items[row->half];
        item->revision = half->revision;
        item->direction = half->direction;
        item->is_half_done = true;
        item->done.batches += batches[0].batches;
        item->done.rows += batches[0].rows;
        item->count++;
    }
    return items;
}

static void print_batches(const struct text *text)
{
    struct view_revisions revisions;
    struct in_batches *halves = gather_halves(text->report);
    bool has_any = false;
    for (size_t i = 0; i < text->report->halves.count; i++) {
        if (!halves[i].count)
            continue;
        if (!has_any)
            text_heading(text, "In batches");
        has_any = true;
        print_in_batches(text, &halves[i]);
    }
    free(halves);
    view_revisions_init(&revisions, text->report);
    for (size_t i = 0; i < revisions.count; i++) {
        const struct view_revision *item = &revisions.items[i];
        if (!item->batches)
            continue;
        if (!has_any)
            text_heading(text, "In batches");
        has_any = true;
        print_in_batches(text, &(struct in_batches){item->step.revision->id,
                                                    item->step.direction,
                                                    false,
                                                    {item->batches, item->rows},
                                                    item->count});
    }
    view_revisions_done(&revisions);
}

static bool write_text(const struct report *report, const struct report_options *options, FILE *out,
                       struct err *err)
{
    struct view view;
    const struct text text = {report, &view, options, out};
    bool shows_standings = report->run.request->verb->shows_standings;
    view_init(&view, report);
    print_run(&text);
    (shows_standings ? text_current : print_outcome)(&text);
    if ((options->is_verbose || report->visits) && !shows_standings)
        text_tenants(&text);
    text_schemas(&text);
    print_batches(&text);
    if (request_changes(report->run.request))
        text_slowest(&text);
    text_unreplicated(&text);
    if (options->is_verbose)
        text_notices(&text);
    if (request_changes(report->run.request))
        text_findings(&text);
    text_failures(&text);
    text_history(&text);
    add_advice(&text);
    view_done(&view);
    return report_flush(out, err);
}

const struct report_format report_format_text = {"text", write_text};
