#include "cli/visit.h"

#include "base/buf.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/metrics.h"
#include "cli/progress.h"
#include "cli/reports.h"
#include "library/continuation.h"
#include "library/fleet_ledger.h"
#include "library/machines.h"
#include "report/report.h"

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

static struct progress *make_progress(const struct options *options, const struct status *status,
                                      struct outlet *outlet)
{
    enum progress_mode mode;
    if (!progress_mode_find(options->progress, &mode))
        mode = PROGRESS_AUTO;
    struct progress *progress = progress_new(mode, stderr, status);
    progress_set_color(progress, options_has_color(options, stderr));
    progress_set_detail(progress, options->is_quiet, options->is_verbose);
    progress_set_outlet(progress, outlet);
    return progress;
}

/* What went wrong with the ledger is told beside the report: that says what happened to the
 * tenants. */
static int exit_code_of(const struct report *report, const struct rollout_end *end)
{
    if (end->ledger_err.kind == ERR_NONE)
        return report_exit_code(report, end->signal);
    cli_fail(&end->ledger_err);
    return EXIT_LEDGER;
}

/* Who is to be told that time passes. */
struct ticking {
    struct progress *progress;
    struct metrics *metrics; /* NULL: none */
    bool writes_metrics;     /* to a file */
    struct listen *listen;   /* NULL: none */
    struct steering *steering;
};

static void tick(void *ctx)
{
    const struct ticking *ticking = ctx;
    ticking->steering->wants_whole =
        ticking->writes_metrics || (ticking->listen && listen_is_watched(ticking->listen));
    progress_tick(ticking->progress); /* which may want it, too */
    if (ticking->metrics)
        metrics_tick(ticking->metrics);
    if (!ticking->listen)
        return;
    if (ticking->steering->wants_doings || !listen_is_watched(ticking->listen))
        listen_tick(ticking->listen);
    else
        ticking->steering->wants_doings =
            true; /* it is served with what tenants do, a tick later */
}

static void pass_output(void *ctx, const char *text, size_t len)
{
    progress_pass(ctx, text, len);
}

/* The run is over: lets the ledger go, so that a slow reader of our output does not keep other runs from it. */
static void let_go(struct prepared_run *prepared)
{
    const struct request *request = prepared->rollout.run.request;
    prepare_done(prepared);
    if (request->continues)
        continuation_close(request->continues);
}

/* The report of a dry run has it. */
static void tell_above(const struct report *report, const struct options *options, bool changes)
{
    struct buf line;
    if (!changes || options->is_quiet || !report_above(report))
        return;
    buf_init(&line, BUF_MAX_DEFAULT);
    report_add_above(&line, report);
    cli_note("%s", line.data);
    buf_done(&line);
}

enum { OBSERVERS_MOST = 7 };

/* Of the company: returns how many. */
static size_t add_observers(const struct company *company, struct metrics *metrics,
                            struct observer *ret_observers)
{
    size_t count = 0;
    if (company->observer)
        ret_observers[count++] = *company->observer;
    if (company->schemas)
        ret_observers[count++] = schemas_observer(company->schemas);
    if (company->lint)
        ret_observers[count++] = plan_lint_observer(company->lint);
    if (metrics)
        ret_observers[count++] = metrics_observer(metrics);
    if (company->listen)
        ret_observers[count++] = listen_observer(company->listen);
    return count;
}

/* A ledger that is not there, or cannot be read, tells nothing: a dry run needs none. */
static void foretell(struct fleet *fleet, struct report *report)
{
    struct timings *timings = arena_calloc(&fleet->arena, 1, sizeof *timings);
    struct err err;
    struct ledger *ledger = fleet_ledger_read(fleet, &err);
    if (ledger && ledger_read_timings(ledger, &fleet->arena, timings, &err))
        report_set_timings(report, timings);
    ledger_close(ledger);
}

/* Writes the reports of a run that is over, and tells the exit code. */
static int conclude(const struct company *company, struct report *report,
                    const struct options *options, const struct rollout_end *end, bool changes)
{
    bool is_told = end->err.kind == ERR_NONE;
    int exit_code = is_told ? exit_code_of(report, end) : cli_fail(&end->err);
    if (company->schemas && is_told && !end->signal)
        exit_code = schemas_report(company->schemas, report, exit_code);
    if (company->lint && is_told) {
        plan_lint_report(company->lint, report);
        if (company->watch)
            company->watch->on_findings(company->watch->ctx, &company->lint->told);
    }
    if (company->fleet && is_told)
        foretell(company->fleet, report);
    if (company->watch && is_told)
        company->watch->on_report(company->watch->ctx, report);
    /* A report that cannot be written changes nothing about what happened to the tenants; where nothing happened to
     * them, the report was all that was asked for. */
    bool is_written = !is_told || cli_write_reports(report, options, exit_code == EXIT_OK);
    if (!is_written && !changes && exit_code == EXIT_OK)
        exit_code = EXIT_USAGE;
    tell_above(report, options, changes);
    return exit_code;
}

/* The rollout with what shows it while it runs: the status that it keeps, who is told that time passes, where gates' output goes. */
static struct rollout_options shown_rollout(const struct rollout_options *prepared,
                                            struct status *status, struct ticking *ticking,
                                            const struct outlet *outlet)
{
    struct rollout_options rollout = *prepared;
    rollout.status = status;
    rollout.steering = ticking->steering;
    rollout.on_tick = tick;
    rollout.tick_ctx = ticking;
    rollout.on_output = outlet ? pass_output : NULL;
    rollout.output_ctx = ticking->progress;
    return rollout;
}

static void end_progress(struct progress *progress, struct outlet *outlet)
{
    progress_finish(progress);
    progress_free(progress);
    if (outlet)
        outlet_drain(outlet);
}

int visit_fleet(struct fleet *fleet, struct prepared_run *prepared, const struct options *options,
                const struct company *company, struct outlet *outlet)
{
    bool changes = request_changes(prepared->rollout.run.request);
    struct report *report = report_new();
    struct status *status = status_new();
    struct progress *progress = make_progress(options, status, outlet);
    struct steering steering = {.chosen = STATUS_NONE, .wants_whole = options->metrics != NULL};
    struct metrics *metrics =
        options->metrics || company->listen ? metrics_open(options->metrics, status, NULL) : NULL;
    struct ticking ticking = {.progress = progress,
                              .metrics = metrics,
                              .writes_metrics = options->metrics != NULL,
                              .listen = company->listen,
                              .steering = &steering};
    struct observer observers[OBSERVERS_MOST] = {{on_report_event, report},
                                                 progress_observer(progress)};
    size_t count = 2 + add_observers(company, metrics, observers + 2);
    struct rollout_options rollout = shown_rollout(&prepared->rollout, status, &ticking, outlet);
    if (rollout.hides_sql)
        report_hide_sql(report);
    progress_set_steering(progress, &steering);
    if (company->listen)
        listen_begin(company->listen, status, metrics);
    struct rollout_end end = rollout_run(&rollout, observers, count);
    if (company->ret_is_stopped)
        *company->ret_is_stopped = end.is_stopped;
    if (end.err.kind == ERR_NONE)
        report = machines_whole_report(fleet, prepared, report, &end.ledger_err);
    let_go(prepared);
    metrics_close(metrics);
    end_progress(progress, outlet);
    status_free(status);
    int exit_code = conclude(company, report, options, &end, changes);
    report_free(report);
    return exit_code;
}
