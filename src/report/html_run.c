/* The page's data of the run as a whole. */
#include "report/html_data.h"
#include "report/view_revisions.h"
#include "report/view_schemas.h"

/* ---- the verdict and what to do ------------------------------------------------------------ */

static int exit_code(const struct report *report)
{
    enum { LEDGER_UNWRITABLE = 6 };
    const struct halt *halt = report->halt;
    if (halt && halt->kind == HALT_LEDGER)
        return LEDGER_UNWRITABLE;
    return report_exit_code(report, halt && halt->kind == HALT_SIGNAL ? halt->signal : 0);
}

/* How the verdict is coloured. */
static const char *tone_of(const struct report *report)
{
    bool changes = request_changes(report->run.request);
    if (report->state == RUN_RUNNING)
        return "busy";
    if (report_bad_count(report) || report->error_count || view_preflight_failing(report) ||
        view_schemas_at_fault(report))
        return "bad";
    if (!changes)
        return "calm";
    return exit_code(report) ? "odd" : "good";
}

static void put_verdict(struct html_data *data)
{
    const struct view_headline *headline = &data->view->headline;
    const struct report *report = data->report;
    struct buf sentence;
    buf_init(&sentence, BUF_MAX_DEFAULT);
    view_add_verdict(data->view, &sentence);
    json_open(&data->stream, "verdict", '{');
    html_put_text(data, "tone", tone_of(report));
    html_put_text(data, "state", headline->state);
    html_put_text(data, "sentence", sentence.data);
    html_put_text(data, "command", headline->command);
    json_put(&data->stream, "is_dry", json_boolean(headline->is_dry));
    html_put_text(data, "run", headline->run);
    html_put_text(data, "origin", headline->origin);
    html_put_text(data, "halt", headline->halt);
    html_put_text(data, "halt_output", headline->halt_output);
    json_put(&data->stream, "exit",
             request_changes(report->run.request) && report->state != RUN_RUNNING
                 ? json_integer(exit_code(report))
                 : json_null());
    json_put(&data->stream, "shows_standings",
             json_boolean(report->run.request->verb->shows_standings));
    json_close(&data->stream, '}');
    buf_done(&sentence);
}

static void put_states(struct html_data *data)
{
    json_open(&data->stream, "states", '[');
    for (size_t i = 0; i < data->view->total_count; i++) {
        const struct view_total *total = &data->view->totals[i];
        json_put(&data->stream, NULL,
                 json_pack("{s:o, s:s, s:b, s:b, s:I}", "words", json_text(total->words), "state",
                           tenant_state_name(total->state), "above", (int)total->is_above, "bad",
                           (int)tenant_state_is_bad(total->state), "count",
                           (json_int_t)total->count));
    }
    json_close(&data->stream, ']');
}

static void put_advice(struct html_data *data)
{
    json_open(&data->stream, "advice", '[');
    for (size_t i = 0; i < data->view->advice_count; i++) {
        const struct view_advice *advice = &data->view->advice[i];
        json_open(&data->stream, NULL, '{');
        html_put_rows(data, "rows", advice->rows, advice->row_count);
        html_put_size(data, "count", advice->row_count);
        html_put_text(data, "truth", advice->truth);
        html_put_text(data, "deed", advice->deed);
        html_put_text(data, "command", advice->command);
        html_put_text(data, "remark", advice->remark);
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
}

/* ---- waves, moves, revisions --------------------------------------------------------------- */

/* Beside the JSON report's waves. */
static void put_wave_words(struct html_data *data)
{
    const struct report *report = data->report;
    json_open(&data->stream, "wave_words", '[');
    for (size_t i = 0; i < data->view->wave_count; i++) {
        int64_t ended = report->waves[i].ended_at_ms - report->run.started_at_ms;
        bool is_known = report->waves[i].ended_at_ms && ended >= 0;
        const struct run_wave *rules = report->waves[i].rules;
        json_open(&data->stream, NULL, '{');
        html_put_text(data, "words", data->view->waves[i].words);
        json_put(&data->stream, "ended_ms",
                 is_known ? json_integer((json_int_t)ended) : json_null());
        json_put(&data->stream, "max_failures",
                 rules ? json_integer((json_int_t)rules->max_failures) : json_null());
        json_put(&data->stream, "soak_ms",
                 rules ? json_integer((json_int_t)rules->soak_ms) : json_null());
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
}

static json_t *number_or_null(uint32_t number)
{
    return number == REPORT_NONE ? json_null() : json_integer(number);
}

static void put_groups(struct html_data *data, const char *key, const struct view_groups *groups,
                       bool has_moves)
{
    struct buf words, effort;
    buf_init(&words, BUF_MAX_DEFAULT);
    buf_init(&effort, BUF_MAX_DEFAULT);
    json_open(&data->stream, key, '[');
    for (size_t i = 0; i < groups->count; i++) {
        const struct view_group *group = &groups->items[i];
        buf_clear(&effort);
        buf_clear(&words);
        view_add_half(data->report, &words, group->move.half);
        if (has_moves)
            view_add_effort(data->report, &effort, &group->move);
        json_open(&data->stream, NULL, '{');
        html_put_size(data, "count", group->count);
        json_put_integer(&data->stream, "from", html_enter_ids(data, group->move.from));
        json_put_integer(&data->stream, "to", html_enter_ids(data, group->move.to));
        html_put_text(data, "half", words.data);
        html_put_text(data, "effort", effort.data);
        html_put_rows(data, "rows", group->rows, group->count);
        json_close(&data->stream, '}');
    }
    json_close(&data->stream, ']');
    buf_done(&words);
    buf_done(&effort);
}

/* With a duration, as the JSON report has one. */
static void put_step(struct html_data *data, const struct view_revision *item)
{
    static const float none = 0;
    const struct told_step told = {&item->step, item->dialect, &none};
    struct buf *json = json_begin(&data->stream, "step");
    buf_addc(json, '{');
    json_add_step(json, data->report, &told);
    buf_addc(json, '}');
    json_end(&data->stream);
}

static void put_revision(struct html_data *data, const struct view_revision *item)
{
    const struct revision *revision = item->step.revision;
    json_t *slowest = json_array();
    for (size_t i = 0; i < item->slowest_count; i++)
        json_array_append_new(slowest, json_pack("[i, o]", (int)item->slowest[i].row,
                                                 json_rounded((double)item->slowest[i].ms, 3)));
    json_open(&data->stream, NULL, '{');
    put_step(data, item);
    html_put_text(data, "message", revision && revision->message ? revision->message : "");
    html_put_text(data, "path", revision && revision->path ? revision->path : "");
    html_put_text(data, "dialect", dialect_info(item->dialect)->name);
    html_put_or_null(data, "sql", html_sql(data->report, &item->step, item->dialect));
    html_put_size(data, "count", item->count);
    if (item->batches) {
        json_put_integer(&data->stream, "batches", (json_int_t)item->batches);
        json_put_integer(&data->stream, "rows", (json_int_t)item->rows);
    }
    json_put_rounded(&data->stream, "p50_ms", (double)item->p50_ms, 3);
    json_put_rounded(&data->stream, "p95_ms", (double)item->p95_ms, 3);
    json_put_rounded(&data->stream, "max_ms", (double)item->max_ms, 3);
    json_put(&data->stream, "slowest", slowest);
    json_close(&data->stream, '}');
}

static void put_revisions(struct html_data *data)
{
    struct view_revisions revisions;
    view_revisions_init(&revisions, data->report);
    json_put(&data->stream, "is_timed", json_boolean(revisions.is_timed));
    json_open(&data->stream, "revisions", '[');
    for (size_t i = 0; i < revisions.count; i++)
        put_revision(data, &revisions.items[i]);
    json_close(&data->stream, ']');
    view_revisions_done(&revisions);
}

static void put_slowest(struct html_data *data)
{
    json_open(&data->stream, "slowest", '[');
    for (size_t i = 0; i < data->view->slowest_count; i++) {
        const struct view_slow *slow = &data->view->slowest[i];
        json_put(&data->stream, NULL,
                 json_pack("{s:i, s:o, s:o, s:o}", "row", (int)slow->row, "share",
                           json_rounded(slow->share, 3), "revision", json_text(slow->revision),
                           "step_ms", json_rounded(slow->step_ms, 3)));
    }
    json_close(&data->stream, ']');
}

static void put_retries(struct html_data *data)
{
    const struct report *report = data->report;
    json_open(&data->stream, "retries", '[');
    for (size_t i = 0; i < report->retry_count; i++) {
        const struct report_retry *retry = &report->retries[i];
        const struct tenant *tenant = report->run.tenants[retry->row];
        uint32_t text = html_enter_text(data, tenant, retry->text);
        uint32_t detail =
            retry->detail ? html_enter_text(data, tenant, retry->detail) : REPORT_NONE;
        json_put(&data->stream, NULL,
                 json_pack("[i, i, I, i, o]", (int)retry->row, (int)retry->attempt,
                           (json_int_t)retry->delay_ms, (int)text, number_or_null(detail)));
    }
    json_close(&data->stream, ']');
}

void html_put_run(struct html_data *data)
{
    put_verdict(data);
    put_states(data);
    put_advice(data);
    put_wave_words(data);
    put_groups(data, "moves", &data->view->moves, true);
    put_groups(data, "standings", &data->view->standings, false);
    put_revisions(data);
    put_slowest(data);
    put_retries(data);
}
