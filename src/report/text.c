#include "report/text.h"

#include "base/human.h"
#include "report/text_table.h"

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
    const struct report *report = text->report;
    bool is_dry = report->run.request->verb->changes && report->run.request->is_dry_run;
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, report->run.request->verb->name);
    if (*report->run.target)
        buf_addc(&line, ' ');
    human_add_text(&line, report->run.target);
    buf_adds(&line, is_dry ? ", dry run: " : ": ");
    print_colored(text, COLOR_BOLD, line.data);
    print_colored(text, text_run_color(report->state),
                  run_state_words(report->state, !request_changes(report->run.request)));
    buf_clear(&line);
    buf_adds(&line, " in ");
    human_add_duration(&line, report->duration_ms);
    fprintf(text->out, "%s\n", line.data);
    buf_done(&line);
}

static void print_run(const struct text *text)
{
    const struct run_info *run = &text->report->run;
    char started[REPORT_TIME_SIZE];
    report_format_time(run->started_at_ms, started);
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "run ");
    human_add_text(&line, run->id);
    buf_addf(&line, ", started %s", started);
    if (run->resumed_from)
        buf_addf(&line, ", %s ", run->request->verb->continues);
    human_add_text(&line, run->resumed_from);
    print_colored(text, COLOR_DIM, line.data);
    putc('\n', text->out);
    buf_done(&line);
}

static void add_options(struct buf *line, const struct texts *options)
{
    for (size_t i = 0; i < options->count; i++) {
        buf_adds(line, ", ");
        human_add_text(line, options->items[i]);
    }
}

/* `, --tenant acme --tenant globex and 3 more` */
static void add_names(struct buf *line, const struct texts *names)
{
    enum { NAMED = 3 };
    for (size_t i = 0; i < names->count && i < NAMED; i++) {
        buf_adds(line, i ? " --tenant " : ", --tenant ");
        human_add_text(line, names->items[i]);
    }
    if (names->count > NAMED)
        buf_addf(line, " and %zu more", names->count - NAMED);
}

/* `by alice@db1, 2 of 41 tenants, --select 'tier=canary', --parallel from SKEIN_PARALLEL` */
static void print_origin(const struct text *text)
{
    const struct origin *origin = &text->report->run.origin;
    struct buf line;
    if (!origin->by)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "by ");
    human_add_text(&line, origin->by);
    buf_addf(&line, ", %zu of ", text->report->selected_count);
    human_add_count(&line, origin->fleet_size, "tenant");
    for (size_t i = 0; i < origin->selects.count; i++) {
        buf_adds(&line, ", --select '");
        human_add_text(&line, origin->selects.items[i]);
        buf_addc(&line, '\'');
    }
    add_names(&line, &origin->names);
    add_options(&line, &origin->narrowed);
    add_options(&line, &origin->settings);
    print_colored(text, COLOR_DIM, line.data);
    putc('\n', text->out);
    buf_done(&line);
}

static void print_halt(const struct text *text)
{
    const struct report *report = text->report;
    const struct halt *halt = report->halt;
    struct buf line;
    bool is_skipped = halt && halt->kind == HALT_SKIPPED; /* the failures say it */
    if (!report->halt_reason || is_skipped)
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "halted");
    if (halt && halt->wave && report->wave_count > 1) {
        buf_adds(&line, " in wave '");
        human_add_text(&line, halt->wave);
        buf_addc(&line, '\'');
    }
    buf_adds(&line, ": ");
    if (halt && halt->kind == HALT_SIGNAL)
        buf_addf(&line, "stopped by %s", strsignal(halt->signal));
    else
        human_add_text(&line, report->halt_reason);
    print_colored(text, COLOR_ODD, line.data);
    putc('\n', text->out);
    buf_done(&line);
    if (!halt || !halt->output || !*halt->output)
        return;
    fputs("  | ", text->out);
    text_lines(text, halt->output, "  | ");
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
    const struct report *report = text->report;
    struct table *table = table_new(text->out, text->options);
    table_column(table, NULL, 0);
    table_column(table, NULL, TABLE_RIGHT);
    table_column(table, NULL, TABLE_CUT);
    bool is_dry = !request_changes(report->run.request);
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++) {
        size_t above = is_dry && state == TENANT_UNCHANGED ? report->above_count : 0;
        if (report->totals[state] > above)
            add_total(text, table, tenant_state_words(state, report->run.request),
                      report->totals[state] - above, text_state_color(state));
        if (above)
            add_total(text, table, "stand above", above, COLOR_ODD);
    }
    add_total(text, table, "tenants", report->run.tenant_count, COLOR_BOLD);
    putc('\n', text->out);
    table_print(table);
}

static bool write_text(const struct report *report, const struct report_options *options, FILE *out,
                       struct err *err)
{
    const struct text text = {report, options, out};
    bool shows_standings = report->run.request->verb->shows_standings;
    bool is_dry = !request_changes(report->run.request);
    print_headline(&text);
    print_run(&text);
    print_origin(&text);
    print_halt(&text);
    if (shows_standings) {
        text_current(&text);
    } else {
        print_totals(&text);
        text_waves(&text);
        if (is_dry || report->run.request->verb->work == WORK_ACCEPT) {
            print_above(&text);
            text_plan(&text);
            if (report->run.request->verb->work == WORK_SETTLE)
                text_settled(&text);
            if (is_dry && options->is_verbose)
                text_passwords(&text);
        } else {
            text_moves(&text);
        }
    }
    if ((options->is_verbose || report->visits) && !shows_standings)
        text_tenants(&text);
    if (!is_dry)
        text_slowest(&text);
    text_unreplicated(&text);
    if (options->is_verbose)
        text_notices(&text);
    text_failures(&text);
    text_history(&text);
    text_advice(&text);
    return report_flush(out, err);
}

const struct report_format report_format_text = {"text", write_text};
