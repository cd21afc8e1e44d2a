/* The JSON of /status. */
#include "cli/listen.h"

#include "base/buf.h"
#include "inventory/inventory.h"
#include "report/json_stream.h"

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *run_value(const struct status *status)
{
    const struct run_info *run = status->run;
    json_t *value = json_object();
    json_object_set_new(value, "id", json_text(run->id));
    json_object_set_new(value, "command", json_text(run->request->verb->name));
    json_object_set_new(value, "target", json_text_or_null(run->target));
    json_object_set_new(value, "dry_run", json_boolean(!request_changes(run->request)));
    json_object_set_new(value, "state", json_text(run_state_name(status->state)));
    return value;
}

static json_t *totals_value(const struct status *status)
{
    json_t *value = json_object();
    json_object_set_new(value, "tenants", number(status->total));
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        json_object_set_new(value, tenant_state_name(state), number(status_in(status, state)));
    return value;
}

/* This machine's own part in it; null: it is alone on the run. */
static json_t *here_value(const struct status *status)
{
    if (!status->others.told.count)
        return json_null();
    json_t *value = json_object();
    json_object_set_new(value, "done", number(status->done));
    for (enum tenant_state state = TENANT_RUNNING; state < TENANT__COUNT; state++)
        json_object_set_new(value, tenant_state_name(state), number(status_here(status, state)));
    return value;
}

static json_t *wait_value(const struct status *status)
{
    const struct status_wait *wait = &status->waits_for;
    if (!wait->what)
        return json_null();
    json_t *value = json_object();
    json_object_set_new(value, "for", json_text(wait_name(wait->kind)));
    json_object_set_new(value, "reason", json_text(wait->what));
    json_object_set_new(value, "waited_ms", number(status->now_ms - wait->since_ms));
    json_object_set_new(value, "delay_ms", number(wait->most_ms));
    return value;
}

static json_t *waves_value(const struct status *status)
{
    json_t *list = json_array();
    for (size_t i = 0; i < status->wave_count; i++) {
        const struct status_wave *wave = &status->waves[i];
        json_t *value = json_object();
        bool has_begun = wave->state != RUN__COUNT;
        json_object_set_new(value, "name", json_text(wave->name));
        json_object_set_new(value, "state",
                            has_begun ? json_text(run_state_name(wave->state)) : json_null());
        json_object_set_new(value, "tenants", number(wave->total));
        json_object_set_new(value, "done", number(status_of_wave(status, i).done));
        json_object_set_new(value, "failed", number(status_of_wave(status, i).bad));
        json_object_set_new(value, "here_done", number(wave->done));
        json_object_set_new(value, "here_failed", number(wave->bad));
        json_array_append_new(list, value);
    }
    return list;
}

static json_t *positive_or_null(size_t value)
{
    return value ? number(value) : json_null();
}

static json_t *doing_value(const struct status *status, const struct status_doing *doing)
{
    json_t *value = json_object();
    uint64_t since_ms = status->started_ms + status->tenants[doing->tenant].since_ms;
    json_object_set_new(value, "tenant", json_text(status->run->tenants[doing->tenant]->name));
    json_object_set_new(value, "at_work_ms", number(status->now_ms - since_ms));
    json_object_set_new(value, "phase", json_text(doing->phase));
    json_object_set_new(value, "revision", json_text(doing->revision));
    if (doing->revision)
        json_object_set_new(value, "direction", json_text(doing->is_down ? "down" : "up"));
    json_object_set_new(value, "statement", positive_or_null(doing->statement));
    json_object_set_new(value, "statements", positive_or_null(doing->statements));
    json_object_set_new(value, "file", json_text(doing->file));
    json_object_set_new(value, "line", positive_or_null((size_t)doing->line));
    json_object_set_new(value, "sql", json_text_or_null(doing->sql));
    json_object_set_new(value, "server", json_text_or_null(doing->told));
    json_object_set_new(value, "share",
                        doing->share >= 0 ? json_rounded(doing->share, 4) : json_null());
    json_object_set_new(value, "blocked_by", json_text_or_null(doing->blockers));
    json_object_set_new(value, "rows", positive_or_null(doing->rows));
    json_object_set_new(value, "waits_for",
                        *doing->waits_for ? json_text(doing->waits_for) : json_null());
    return value;
}

static json_t *failure_value(const struct status *status, const struct status_failure *failure)
{
    json_t *value = json_object(), *error = json_object();
    json_object_set_new(value, "tenant", json_text(status->run->tenants[failure->tenant]->name));
    json_object_set_new(value, "state", json_text(tenant_state_name(failure->state)));
    json_object_set_new(error, "class", json_text(err_class_name(failure->kind)));
    json_object_set_new(error, "code", json_text_or_null(failure->code));
    json_object_set_new(error, "message", json_text(failure->text));
    json_object_set_new(error, "file", json_text_or_null(failure->file));
    json_object_set_new(error, "line", positive_or_null((size_t)failure->line));
    json_object_set_new(value, "error", error);
    return value;
}

/* At the rate so far; null: it cannot be told. */
static json_t *left_value(const struct status *status)
{
    double left_ms = status_left_ms(status);
    return left_ms < 0 ? json_null() : json_rounded(left_ms, 0);
}

/* Of the whole run; null: this machine is alone on it. */
static json_t *machines_value(const struct status *status)
{
    const struct run_others *others = &status->others.told;
    if (!others->count)
        return json_null();
    json_t *value = json_object();
    json_object_set_new(value, "count", number(others->count + 1));
    json_object_set_new(value, "at_work", number(others->at_work + 1));
    json_object_set_new(value, "left", number(others->left));
    json_object_set_new(value, "gone", number(run_others_gone(others)));
    json_object_set_new(value, "done", number(status_done(status)));
    json_object_set_new(value, "failed", number(status_bad(status)));
    json_object_set_new(value, "taken_over", number(others->taken_over));
    return value;
}

static void set_run(const struct status *status, json_t *value)
{
    json_t *at_work = json_array(), *failures = json_array();
    for (size_t i = 0; i < status->doing_count; i++)
        json_array_append_new(at_work, doing_value(status, &status->doings[i]));
    for (size_t i = 0; i < status->failure_count; i++)
        json_array_append_new(failures, failure_value(status, &status->failures[i]));
    json_object_set_new(value, "run", run_value(status));
    json_object_set_new(value, "elapsed_ms", number(status->now_ms - status->started_ms));
    json_object_set_new(value, "left_ms", left_value(status));
    json_object_set_new(value, "done", number(status_done(status)));
    json_object_set_new(value, "machines", machines_value(status));
    json_object_set_new(value, "here", here_value(status));
    json_object_set_new(value, "totals", totals_value(status));
    json_object_set_new(value, "retries", number(status->retries));
    json_object_set_new(value, "paused", json_boolean(status->is_paused));
    json_object_set_new(value, "draining", json_boolean(status->is_draining));
    json_object_set_new(value, "rolling_back", json_boolean(status->is_rolling_back));
    json_object_set_new(value, "waits_for", wait_value(status));
    json_object_set_new(value, "waves", waves_value(status));
    json_object_set_new(value, "at_work", at_work);
    json_object_set_new(value, "failures", failures);
}

void listen_add_status(const struct status *status, struct buf *buf)
{
    json_t *value = json_object();
    json_object_set_new(value, "skein", json_text(SKEIN_VERSION));
    json_object_set_new(value, "format", json_integer(1));
    if (status && status->run)
        set_run(status, value);
    else
        json_object_set_new(value, "run", json_null());
    json_add(buf, value);
    buf_addc(buf, '\n');
}
