#include "report/view.h"

#include "base/human.h"

/* ---- the headline -------------------------------------------------------------------------- */

static const char *command_words(struct view *view)
{
    const struct run_info *run = &view->report->run;
    return arena_printf(&view->arena, "%s%s%s", run->request->verb->name, *run->target ? " " : "",
                        run->target);
}

static const char *run_words(struct view *view)
{
    const struct run_info *run = &view->report->run;
    char started[REPORT_TIME_SIZE];
    struct buf line;
    report_format_time(run->started_at_ms, started);
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_addf(&line, "run %s, started %s", run->id, started);
    if (run->resumed_from)
        buf_addf(&line, ", %s %s", run->request->verb->continues, run->resumed_from);
    return buf_into(&line, &view->arena);
}

static void add_options(struct buf *line, const struct texts *options)
{
    for (size_t i = 0; i < options->count; i++)
        buf_addf(line, ", %s", options->items[i]);
}

/* `, --tenant acme --tenant globex and 3 more` */
static void add_names(struct buf *line, const struct texts *names)
{
    enum { NAMED = 3 };
    for (size_t i = 0; i < names->count && i < NAMED; i++)
        buf_addf(line, "%s --tenant %s", i ? "" : ",", names->items[i]);
    if (names->count > NAMED)
        buf_addf(line, " and %zu more", names->count - NAMED);
}

static const char *origin_words(struct view *view)
{
    const struct origin *origin = &view->report->run.origin;
    struct buf line;
    if (!origin->by)
        return NULL;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_addf(&line, "by %s, %zu of ", origin->by, view->report->selected_count);
    human_add_count(&line, origin->fleet_size, "tenant");
    for (size_t i = 0; i < origin->selects.count; i++)
        buf_addf(&line, ", --select '%s'", origin->selects.items[i]);
    add_names(&line, &origin->names);
    add_options(&line, &origin->narrowed);
    add_options(&line, &origin->settings);
    return buf_into(&line, &view->arena);
}

static const char *halt_words(struct view *view)
{
    const struct report *report = view->report;
    const struct halt *halt = report->halt;
    bool is_skipped = halt && halt->kind == HALT_SKIPPED; /* the causes say it */
    struct buf line;
    if (!report->halt_reason || is_skipped)
        return NULL;
    buf_init(&line, BUF_MAX_DEFAULT);
    buf_adds(&line, "halted");
    if (halt && halt->wave && report->wave_count > 1)
        buf_addf(&line, " in wave '%s'", halt->wave);
    if (halt && halt->kind == HALT_SIGNAL)
        buf_addf(&line, ": stopped by %s", strsignal(halt->signal));
    else
        buf_addf(&line, ": %s", report->halt_reason);
    return buf_into(&line, &view->arena);
}

static void add_headline(struct view *view)
{
    const struct report *report = view->report;
    const struct request *request = report->run.request;
    view->headline = (struct view_headline){
        .command = command_words(view),
        .is_dry = request->verb->changes && request->is_dry_run,
        .state = run_state_words(report->state, !request_changes(request)),
        .run = run_words(view),
        .origin = origin_words(view),
        .halt = halt_words(view),
    };
    if (view->headline.halt && report->halt && report->halt->output && *report->halt->output)
        view->headline.halt_output = report->halt->output;
}

/* ---- totals and waves ---------------------------------------------------------------------- */

static void add_totals(struct view *view)
{
    const struct report *report = view->report;
    bool is_dry = !request_changes(report->run.request);
    view->totals = arena_calloc(&view->arena, TENANT__COUNT + 1, sizeof *view->totals);
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++) {
        size_t above = is_dry && state == TENANT_UNCHANGED ? report->above_count : 0;
        if (report->totals[state] > above)
            view->totals[view->total_count++] =
                (struct view_total){tenant_state_words(state, report->run.request), state, false,
                                    report->totals[state] - above};
        if (above)
            view->totals[view->total_count++] =
                (struct view_total){"stand above", state, true, above};
    }
}

static void add_waves(struct view *view)
{
    const struct report *report = view->report;
    bool is_dry = !request_changes(report->run.request);
    view->waves = arena_calloc(&view->arena, report->wave_count, sizeof *view->waves);
    view->wave_count = report->wave_count;
    for (size_t i = 0; i < report->wave_count; i++) {
        const struct report_wave *wave = &report->waves[i];
        enum run_state state = wave->state == RUN_RUNNING ? report->state : wave->state;
        const char *words = wave->state == RUN__COUNT ? report_wave_state(report, wave)
                                                      : run_state_words(state, is_dry);
        view->waves[i] =
            (struct view_wave){wave->name, words, state, wave->tenant_count, wave->failed_count};
    }
}

static bool has_moved_or_stayed(const struct report_row *row)
{
    return row->is_from_known && !row->is_carried &&
           (row->from != row->to || row->state == TENANT_UNCHANGED ||
            row->state == TENANT_ROLLED_BACK);
}

static bool has_revisions(const struct report_row *row)
{
    return row->is_from_known;
}

/* ---- the slowest --------------------------------------------------------------------------- */

/* Keeps `best` sorted, the slowest first; returns how many it holds. */
static size_t keep_slowest(const struct report_row *rows, uint32_t best[VIEW_SLOWEST], size_t count,
                           uint32_t row)
{
    if (count == VIEW_SLOWEST && rows[best[count - 1]].duration_ms >= rows[row].duration_ms)
        return count;
    size_t at = count < VIEW_SLOWEST ? count++ : count - 1;
    for (; at && rows[best[at - 1]].duration_ms < rows[row].duration_ms; at--)
        best[at] = best[at - 1];
    best[at] = row;
    return count;
}

static struct view_slow slow_of(const struct report *report, uint32_t number)
{
    const struct report_row *row = &report->rows[number];
    struct step_list list = report_steps(report, row->steps);
    struct view_slow slow = {.row = number};
    double sum_ms = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct revision *revision = list.steps[i].revision;
        sum_ms += (double)row->step_ms[i];
        if (slow.revision && (double)row->step_ms[i] <= slow.step_ms)
            continue;
        slow.revision = revision ? revision->id : "base";
        slow.step_ms = (double)row->step_ms[i];
    }
    double share = row->duration_ms > 0 ? sum_ms / row->duration_ms : 0;
    slow.share = share < 1 ? share : 1;
    return slow;
}

/* Where there is one tenant, the headline says it; where no tenant did a step, there is nothing to speed up. */
static void add_slowest(struct view *view)
{
    const struct report *report = view->report;
    uint32_t slowest[VIEW_SLOWEST];
    size_t count = 0;
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        if (report->rows[i].step_ms)
            count = keep_slowest(report->rows, slowest, count, i);
    for (size_t i = 0; count > 1 && i < count; i++)
        view->slowest[view->slowest_count++] = slow_of(report, slowest[i]);
}

void view_init(struct view *view, const struct report *report)
{
    *view = (struct view){.report = report};
    arena_init(&view->arena);
    add_headline(view);
    add_totals(view);
    add_waves(view);
    view_groups_init(&view->moves, report, has_moved_or_stayed, GROUP_BY_MOVE);
    view_groups_init(&view->standings, report, has_revisions, GROUP_BY_REVISION);
    add_slowest(view);
    view_add_advice(view);
}

void view_done(struct view *view)
{
    view_groups_done(&view->moves);
    view_groups_done(&view->standings);
    arena_done(&view->arena);
}
