#include "report/model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "chain/chain.h"
#include "event/known.h"
#include "lint/destroys.h"

struct report *report_new(void)
{
    struct report *report = xcalloc(1, sizeof *report);
    arena_init(&report->arena);
    intern_init(&report->strings, &report->arena);
    intern_init(&report->id_lists, &report->arena);
    intern_init(&report->halves, &report->arena);
    intern_init(&report->step_lists, &report->arena);
    intern_init(&report->saids, &report->arena);
    intern_init(&report->notice_keys, &report->arena);
    causes_init(&report->causes, &report->arena);
    return report;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    destroys_free(report->destroys);
    arena_done(&report->arena);
    free(report->scratch_ids);
    free(report->scratch_steps);
    free(report);
}

/* ---- events -------------------------------------------------------------------------------- */

static void set_state(struct report *report, struct report_row *row, enum tenant_state state)
{
    report->totals[row->state]--;
    row->state = state;
    report->totals[state]++;
}

/* A run without waves has one, of everyone, which begins and ends with it. */
static const struct run_wave *keep_rules(struct arena *arena, const struct run_wave *wave)
{
    struct run_wave *kept = wave->knows_rules ? arena_alloc(arena, sizeof *kept) : NULL;
    if (kept)
        *kept = (struct run_wave){.knows_rules = true,
                                  .max_failures = wave->max_failures,
                                  .soak_ms = wave->soak_ms,
                                  .parallel = wave->parallel,
                                  .per_server = wave->per_server};
    return kept;
}

static void start_waves(struct report *report, const struct run_info *run)
{
    struct arena *arena = &report->arena;
    size_t count = run->waves ? run->wave_count : 1;
    report->waves = arena_calloc(arena, count, sizeof *report->waves);
    report->wave_count = count;
    if (!run->waves)
        report->waves[0] = (struct report_wave){
            .name = "all", .state = RUN_RUNNING, .tenant_count = run->tenant_count};
    for (size_t i = 0; run->waves && i < count; i++)
        report->waves[i] = (struct report_wave){
            .name = arena_strdup(arena, run->waves[i].name),
            .state = RUN__COUNT,
            .tenant_count = run->waves[i].tenant_count,
            .rules = keep_rules(arena, &run->waves[i]),
        };
    uint32_t *wave_of = arena_calloc(arena, run->tenant_count, sizeof *wave_of);
    if (run->wave_of && run->waves)
        memcpy(wave_of, run->wave_of, run->tenant_count * sizeof *wave_of);
    report->run.wave_of = wave_of;
}

/* What reports say of it: all else is borrowed from someone who may be gone before the report. */
static const struct request *keep_request(struct arena *arena, const struct request *request)
{
    struct request *kept = arena_alloc(arena, sizeof *kept);
    *kept = (struct request){.verb = verb_keep(arena, request->verb),
                             .is_dry_run = request->is_dry_run,
                             .rehearses = request->rehearses,
                             .purges = request->purges,
                             .forces = request->forces,
                             .asks_rows = request->asks_rows};
    return kept;
}

static struct texts keep_texts(struct arena *arena, const struct texts *texts)
{
    const char **items = arena_calloc(arena, texts->count + 1, sizeof *items);
    for (size_t i = 0; i < texts->count; i++)
        items[i] = arena_strdup(arena, texts->items[i]);
    return (struct texts){items, texts->count};
}

static struct origin keep_origin(struct arena *arena, const struct origin *origin)
{
    return (struct origin){.by = arena_strdup(arena, origin->by),
                           .fleet_size = origin->fleet_size,
                           .selects = keep_texts(arena, &origin->selects),
                           .names = keep_texts(arena, &origin->names),
                           .narrowed = keep_texts(arena, &origin->narrowed),
                           .settings = keep_texts(arena, &origin->settings)};
}

static void keep_machines(struct report *report, const struct run_info *run)
{
    struct run_machine *copy = arena_calloc(&report->arena, run->machine_count + 1, sizeof *copy);
    for (size_t i = 0; i < run->machine_count; i++) {
        copy[i] = run->machines[i];
        copy[i].name = arena_strdup(&report->arena, run->machines[i].name);
        copy[i].host = arena_strdup(&report->arena, run->machines[i].host);
    }
    report->run.machines = copy;
}

/* Of the plan that the run follows. */
static void keep_findings(struct report *report, const struct told_findings *findings)
{
    if (!findings)
        return;
    struct told_findings *copy = arena_alloc(&report->arena, sizeof *copy);
    *copy = told_copy(&report->arena, findings);
    report->run.findings = report->findings = copy;
}

static void start_run(struct report *report, const struct run_info *run)
{
    struct arena *arena = &report->arena;
    report->run = *run;
    report->run.id = arena_strdup(arena, run->id);
    report->run.request = keep_request(arena, run->request);
    report->run.target = arena_strdup(arena, run->target ? run->target : "");
    report->run.fixed_target = arena_strdup(arena, run->fixed_target);
    report->run.resumed_from = arena_strdup(arena, run->resumed_from);
    report->run.origin = keep_origin(arena, &run->origin);
    report->run.waves = NULL;
    keep_machines(report, run);
    keep_findings(report, run->findings);
    report->selected_count = run_selected_count(run);
    start_waves(report, run);
    report->state = RUN_RUNNING;
    report->rows = arena_calloc(arena, run->tenant_count, sizeof *report->rows);
    report->totals[TENANT_PENDING] = run->tenant_count;
    for (size_t i = 0; i < run->tenant_count; i++)
        report->rows[i] = (struct report_row){.state = TENANT_PENDING,
                                              .from = REPORT_NONE,
                                              .to = REPORT_NONE,
                                              .half = REPORT_NONE,
                                              .steps = REPORT_NONE,
                                              .error = REPORT_NONE,
                                              .next_same_error = REPORT_NONE};
}

static void keep_weighed(struct report *report, struct report_row *row,
                         const struct outcome *outcome)
{
    size_t count = outcome->weighed_count;
    if (!count)
        return;
    struct weighed *copy = arena_calloc(&report->arena, count, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        const struct weighed *weighed = &outcome->weighed[i];
        copy[i] = *weighed;
        copy[i].table = report_keep_text(report, weighed->table);
        copy[i].algorithm =
            weighed->algorithm ? report_keep_text(report, weighed->algorithm) : NULL;
        copy[i].lock = weighed->lock ? report_keep_text(report, weighed->lock) : NULL;
        copy[i].reason = weighed->reason ? report_keep_text(report, weighed->reason) : NULL;
    }
    row->weighed = copy;
    row->weighed_count = (uint32_t)count;
}

static void keep_seen(struct report *report, struct report_row *row, const struct outcome *outcome)
{
    struct seen *copy = arena_calloc(&report->arena, outcome->seen_count + 1, sizeof *copy);
    for (size_t i = 0; i < outcome->seen_count; i++) {
        copy[i] = outcome->seen[i];
        copy[i].object = copy[i].object ? report_keep_text(report, copy[i].object) : NULL;
        copy[i].words = copy[i].words ? report_keep_text(report, copy[i].words) : NULL;
    }
    row->rehearsed = outcome->rehearsed;
    row->seen = copy;
    row->seen_count = (uint32_t)outcome->seen_count;
}

static void keep_preflight(struct report *report, struct report_row *row,
                           const struct outcome *outcome)
{
    size_t count = outcome->preflight_count;
    if (!count)
        return;
    struct preflight_answer *copy = arena_calloc(&report->arena, count, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        const struct preflight_answer *answer = &outcome->preflight[i];
        copy[i] = *answer;
        copy[i].source = report_keep_text(report, answer->source);
        copy[i].kind = report_keep_text(report, answer->kind);
        copy[i].table = report_keep_text(report, answer->table);
        copy[i].what = report_keep_text(report, answer->what);
        copy[i].reason = answer->reason ? report_keep_text(report, answer->reason) : NULL;
        const char **examples =
            arena_calloc(&report->arena, answer->example_count, sizeof *examples);
        for (size_t at = 0; at < answer->example_count; at++)
            examples[at] = arena_strdup(&report->arena, answer->examples[at]);
        copy[i].examples = examples;
    }
    row->preflight = copy;
    row->preflight_count = (uint32_t)count;
}

static void keep_outcome(struct report *report, struct report_row *row,
                         const struct outcome *outcome)
{
    row->dialect = outcome->dialect;
    keep_weighed(report, row, outcome);
    if (outcome->seen_count || outcome->rehearsed != REHEARSED_NOWHERE)
        keep_seen(report, row, outcome);
    keep_preflight(report, row, outcome);
    row->is_from_known = outcome->from.is_known;
    row->from = report_keep_ids(report, &outcome->from);
    row->half = report_keep_half(report, outcome->half_step);
    row->steps = report_keep_steps(report, REPORT_NONE, outcome);
    row->step_ms = report_keep_durations(report, NULL, 0, outcome->steps, outcome->step_count);
    report_keep_batches(report, row, outcome, 0);
    row->attempts = outcome->attempts;
    row->stands_above = outcome->stands_above && outcome->state == TENANT_UNCHANGED;
    report->above_count += row->stands_above;
    row->duration_ms = outcome->duration_ms;
    row->started_ms = outcome->started_ms;
}

static void add_outcome(struct report *report, struct report_row *row,
                        const struct outcome *outcome)
{
    size_t count = report_steps(report, row->steps).count;
    row->step_ms =
        report_keep_durations(report, row->step_ms, count, outcome->steps, outcome->step_count);
    report_keep_batches(report, row, outcome, count);
    row->steps = report_keep_steps(report, row->steps, outcome);
    row->attempts += outcome->attempts;
    row->duration_ms += outcome->duration_ms;
}

static void finish_tenant(struct report *report, struct report_row *row,
                          const struct outcome *outcome)
{
    struct known known = {.is_on_record = true, .has_outcome = row->steps != REPORT_NONE};
    struct known_change change = known_change(&known, outcome);
    set_state(report, row, outcome->state);
    (change.is_added ? add_outcome : keep_outcome)(report, row, outcome);
    if (change.takes_to)
        row->to = report_keep_ids(report, &outcome->to);
    if (change.takes_error)
        row->error = REPORT_NONE;
    if (outcome->error)
        report_keep_error(report, row, outcome);
    report_hear(report, row, outcome->notices);
}

/* For a tenant that this run did not come to, the report tells what the ledger knows from earlier runs of the
 * rollout. */
static void carry_over(struct report *report, struct report_row *row,
                       const struct standing *standing)
{
    enum tenant_state state = standing_left_state(standing);
    struct err err;
    if (standing->state == TENANT_PENDING || standing->state == TENANT_SKIPPED)
        return;
    row->is_from_known = standing->before.is_known;
    row->from = report_keep_ids(report, &standing->before);
    if (standing->state != TENANT_RUNNING && standing->state != TENANT_IN_DOUBT)
        row->to = report_keep_ids(report, &standing->to);
    row->is_carried = true;
    if (state == TENANT_SKIPPED)
        return;
    set_state(report, row, state);
    err_set(&err, ERR_CANCELLED,
            "this run did not come to it: an earlier run of the rollout left it so ('skein report "
            "%s' says more)",
            report->run.resumed_from ? report->run.resumed_from : "RUN");
    snprintf(err.code, sizeof err.code, EVENT_NOT_REACHED);
    report_keep_error(report, row, &(struct outcome){.error = &err});
}

/* A run that still goes on (read from the ledger) has pending and running tenants. */
static void skip_the_rest(struct report *report)
{
    for (size_t i = 0; report->state != RUN_RUNNING && i < report->run.tenant_count; i++) {
        struct report_row *row = &report->rows[i];
        if (row->state != TENANT_PENDING && row->state != TENANT_RUNNING)
            continue;
        set_state(report, row, TENANT_SKIPPED);
        if (report->run.standings)
            carry_over(report, row, &report->run.standings[i]);
    }
    report->run.standings = NULL;
}

static void count_waves(struct report *report)
{
    for (size_t i = 0; i < report->run.tenant_count; i++)
        report_wave_of(report, i)->failed_count += tenant_state_is_bad(report->rows[i].state);
}

/* What is said while a run stops is for the one who stops it. */
static void keep_moment(struct report *report, const struct event *event)
{
    struct arena *arena = &report->arena;
    struct moment moment;
    if (!moment_of(event, &moment))
        return;
    moment.by = arena_strdup(arena, moment.by);
    moment.reason = event->halt && event->halt->kind == HALT_SIGNAL
                        ? arena_printf(arena, "stopped by %s", strsignal(event->halt->signal))
                        : arena_strdup(arena, moment.reason);
    *ARENA_PUSH(arena, report->moments, report->moment_count, report->moment_capacity) = moment;
}

static void keep_forecast(struct report *report, const struct event *event)
{
    struct wave_forecast *forecast = &report->waves[event->wave].forecast;
    *forecast = *event->forecast;
    forecast->run = arena_strdup(&report->arena, forecast->run);
}

bool report_compares_forecasts(const struct report *report)
{
    for (size_t i = 0; i < report->moment_count; i++)
        if (report->moments[i].kind == MOMENT_LATE)
            return true;
    for (size_t i = 0; i < report->wave_count; i++)
        if (report->waves[i].forecast.tenants &&
            report->waves[i].forecast.source == FORECAST_FROM_PLAN)
            return true;
    return false;
}

/* A rollback ends tenants once more, and a narrowed report has not all of them. */
static void time_waves(struct report *report)
{
    double *begins = xcalloc(report->wave_count + 1, sizeof *begins);
    double *ends = xcalloc(report->wave_count + 1, sizeof *ends);
    for (size_t i = 0; i < report->wave_count; i++)
        begins[i] = INFINITY;
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        size_t wave = (size_t)(report_wave_of(report, i) - report->waves);
        if (!row->attempts || row->is_carried)
            continue;
        begins[wave] = fmin(begins[wave], row->started_ms);
        ends[wave] = fmax(ends[wave], row->started_ms + row->duration_ms);
    }
    for (size_t i = 0; i < report->wave_count; i++) {
        int64_t at_ms = report->run.started_at_ms;
        if (ends[i] <= begins[i] || report->rolls_back || report->run.narrowed_from)
            continue;
        double paused_ms = moment_paused_ms(report->moments, report->moment_count,
                                            at_ms + (int64_t)begins[i], at_ms + (int64_t)ends[i]);
        report->waves[i].took_ms = fmax(ends[i] - begins[i] - paused_ms, 0);
    }
    free(begins);
    free(ends);
}

double report_paused_ms(const struct report *report)
{
    int64_t from_ms = report->run.started_at_ms;
    return moment_paused_ms(report->moments, report->moment_count, from_ms,
                            from_ms + (int64_t)report->duration_ms);
}

/* The first reason is why; what comes later are its consequences. */
static void halt_run(struct report *report, const struct event *event)
{
    struct event copy;
    if (report->halt_reason)
        return;
    event_copy(&report->arena, event, &copy);
    report->halt = copy.halt;
    report->halt_reason = copy.reason;
}

/* A run is halted too where tenants were left out one by one: their errors say why. */
static void halt_for_skipped(struct report *report)
{
    static const struct halt skipped = {.kind = HALT_SKIPPED};
    if (report->state != RUN_HALTED || report->halt_reason)
        return;
    report->halt = &skipped;
    report->halt_reason = "tenants were not begun, for the reasons that their errors give";
}

static const bool *copy_flags(struct report *report, const bool *flags, size_t count)
{
    bool *copy = arena_calloc(&report->arena, count, sizeof *copy);
    memcpy(copy, flags, count * sizeof *copy);
    return copy;
}

static void finish_run(struct report *report, const struct event *event)
{
    report->state = event->state;
    report->run.is_unrecorded = event->run->is_unrecorded;
    if (event->run->withheld)
        report->run.withheld =
            copy_flags(report, event->run->withheld, chain_file_count(event->run->chain));
    report->duration_ms = event->duration_ms;
    if (!run_state_is_halt(report->state))
        report->halt = NULL, report->halt_reason = NULL;
    halt_for_skipped(report);
    skip_the_rest(report);
    count_waves(report);
    time_waves(report);
    report_sort_errors(report);
    report_sort_notices(report);
}

void report_apply(struct report *report, const struct event *event)
{
    assert(event->kind == EVENT_RUN_STARTED || report->rows || !report->run.tenant_count);
    keep_moment(report, event);
    switch (event->kind) {
    case EVENT_RUN_STARTED: start_run(report, event->run); break;
    case EVENT_TENANT_STARTED:
        set_state(report, &report->rows[event->tenant], TENANT_RUNNING);
        break;
    case EVENT_TENANT_FINISHED:
        finish_tenant(report, &report->rows[event->tenant], event->outcome);
        break;
    case EVENT_RUN_FINISHED: finish_run(report, event); break;
    case EVENT_WAVE_STARTED: report->waves[event->wave].state = RUN_RUNNING; break;
    case EVENT_WAVE_FINISHED:
        report->waves[event->wave].state = event->state;
        report->waves[event->wave].ended_at_ms = event->at_ms;
        break;
    case EVENT_RUN_DRAINS: halt_run(report, event); break;
    case EVENT_RUN_ROLLS_BACK: report->rolls_back = true; break;
    case EVENT_TENANT_RETRIES: report_keep_retry(report, event); break;
    case EVENT_WAVE_FORECAST: keep_forecast(report, event); break;
    case EVENT_WAVE_LATE:
    case EVENT_TENANT_INTENT:
    case EVENT_RUN_PAUSED:
    case EVENT_RUN_CONTINUES:
    case EVENT_WAIT_STARTED:
    case EVENT_WAIT_FINISHED:
    case EVENT_TENANT_BATCHES:
    case EVENT_RUN_OTHERS:
    case EVENT_NOTE: break;
    }
}

/* ---- what is told beside the events ------------------------------------------------------------ */

void report_set_own_part(struct report *report)
{
    report->is_own_part = !report->run.is_unrecorded;
}

void report_hide_sql(struct report *report)
{
    report->hides_sql = true;
}

void report_set_visits(struct report *report, const struct visit *visits, size_t count)
{
    report->visits = visits;
    report->visit_count = count;
}

void report_set_timings(struct report *report, const struct timings *timings)
{
    report->timings = timings;
}

void report_set_schemas(struct report *report, const struct report_schema *schemas)
{
    report->schemas = schemas;
}

void report_set_findings(struct report *report, const struct told_findings *findings)
{
    report->findings = findings;
}
