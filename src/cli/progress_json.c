/* One JSON object a line, one an event: for the programs that start skein. */
#include "cli/progress_view.h"
#include "inventory/inventory.h"
#include "report/json_stream.h"

static const char *const names[] = {
    [EVENT_RUN_STARTED] = "run_started",
    [EVENT_WAVE_STARTED] = "wave_started",
    [EVENT_TENANT_STARTED] = "tenant_started",
    [EVENT_TENANT_RETRIES] = "tenant_retries",
    [EVENT_TENANT_FINISHED] = "tenant_finished",
    [EVENT_WAVE_FINISHED] = "wave_finished",
    [EVENT_RUN_DRAINS] = "run_drains",
    [EVENT_RUN_ROLLS_BACK] = "run_rolls_back",
    [EVENT_RUN_FINISHED] = "run_finished",
    [EVENT_WAIT_STARTED] = "wait_started",
    [EVENT_RUN_PAUSED] = "run_paused",
    [EVENT_RUN_CONTINUES] = "run_continues",
    [EVENT_WAIT_FINISHED] = "wait_finished",
    [EVENT_RUN_OTHERS] = "machines",
    [EVENT_NOTE] = "note",
    [EVENT_TENANT_BATCHES] = "tenant_batches",
    [EVENT_WAVE_FORECAST] = "wave_forecast",
    [EVENT_WAVE_LATE] = "wave_late",
};

static json_t *error_value(const struct err *err)
{
    json_t *value = json_object();
    json_object_set_new(value, "class", json_text(err_class_name(err->kind)));
    json_object_set_new(value, "code", json_text_or_null(err->code));
    json_object_set_new(value, "message", json_text(err->text));
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (said_part(err->said, part))
            json_object_set_new(value, said_name(part), json_text(said_part(err->said, part)));
    json_object_set_new(value, "file", json_text_or_null(err->file));
    json_object_set_new(value, "line", err->line ? json_integer(err->line) : json_null());
    return value;
}

static void set_run(json_t *line, const struct event *event)
{
    json_object_set_new(line, "run", json_text(event->run->id));
    json_object_set_new(line, "command", json_text(event->run->request->verb->name));
    json_object_set_new(line, "target", json_text_or_null(event->run->target));
    json_object_set_new(line, "tenants", json_integer((json_int_t)event->run->tenant_count));
}

static void set_outcome(json_t *line, const struct outcome *outcome)
{
    json_object_set_new(line, "state", json_text(tenant_state_name(outcome->state)));
    json_object_set_new(line, "steps", json_integer((json_int_t)outcome->step_count));
    json_object_set_new(line, "attempts", json_integer(outcome->attempts));
    json_object_set_new(line, "duration_ms", json_rounded(outcome->duration_ms, 1));
    json_object_set_new(line, "error", outcome->error ? error_value(outcome->error) : json_null());
}

static void set_wave(json_t *line, const struct event *event)
{
    const struct run_info *run = event->run;
    json_object_set_new(line, "wave", json_text(run->waves ? run->waves[event->wave].name : "all"));
    if (event->kind == EVENT_WAVE_FINISHED)
        json_object_set_new(line, "state", json_text(run_state_name(event->state)));
}

static void set_forecast(json_t *line, const struct event *event)
{
    const struct wave_forecast *forecast = event->forecast;
    set_wave(line, event);
    json_object_set_new(line, "duration_ms", json_rounded(forecast->duration_ms, 1));
    json_object_set_new(line, "tenants", json_integer((json_int_t)forecast->tenants));
    json_object_set_new(line, "from", json_text(forecast_source_name(forecast->source)));
    json_object_set_new(line, "run", json_text(forecast->run));
}

static void set_overrun(json_t *line, const struct event *event)
{
    const struct overrun *overrun = event->overrun;
    set_wave(line, event);
    json_object_set_new(line, "reason", json_text(event->reason));
    json_object_set_new(line, "took_ms", json_rounded(overrun->took_ms, 1));
    json_object_set_new(line, "forecast_ms",
                        overrun->forecast_ms > 0 ? json_rounded(overrun->forecast_ms, 1)
                                                 : json_null());
    json_object_set_new(line, "limit_ms", json_rounded(overrun->limit_ms, 1));
}

static void set_batches(json_t *line, const struct batches_done *batches)
{
    json_object_set_new(line, "revision", json_text(batches->revision->id));
    json_object_set_new(line, "batches", json_integer((json_int_t)batches->batches));
    json_object_set_new(line, "rows", json_integer((json_int_t)batches->rows));
    json_object_set_new(line, "waits_for", json_text_or_null(batches->waits_for));
}

/* Of the whole run. */
static void set_machines(json_t *line, const struct status *status)
{
    const struct run_others *others = &status->others.told;
    json_object_set_new(line, "machines", json_integer((json_int_t)others->count + 1));
    json_object_set_new(line, "at_work", json_integer((json_int_t)others->at_work + 1));
    json_object_set_new(line, "tenants", json_integer((json_int_t)status->total));
    json_object_set_new(line, "done", json_integer((json_int_t)status_done(status)));
    json_object_set_new(line, "failed", json_integer((json_int_t)status_bad(status)));
    json_object_set_new(line, "taken_over", json_integer((json_int_t)others->taken_over));
}

static void set_details(struct progress *progress, json_t *line, const struct event *event)
{
    switch (event->kind) {
    case EVENT_RUN_STARTED: set_run(line, event); break;
    case EVENT_TENANT_RETRIES:
        json_object_set_new(line, "delay_ms", json_integer((json_int_t)event->delay_ms));
        json_object_set_new(line, "error", event->error ? error_value(event->error) : json_null());
        break;
    case EVENT_TENANT_FINISHED:
        set_outcome(line, event->outcome);
        json_object_set_new(line, "done", json_integer((json_int_t)progress->status->done));
        break;
    case EVENT_TENANT_BATCHES: set_batches(line, event->batches); break;
    case EVENT_WAVE_FORECAST: set_forecast(line, event); break;
    case EVENT_WAVE_LATE: set_overrun(line, event); break;
    case EVENT_RUN_OTHERS: set_machines(line, progress->status); break;
    case EVENT_WAVE_STARTED:
    case EVENT_WAVE_FINISHED: set_wave(line, event); break;
    case EVENT_RUN_DRAINS:
    case EVENT_RUN_PAUSED:
    case EVENT_RUN_ROLLS_BACK:
    case EVENT_NOTE: json_object_set_new(line, "reason", json_text(event->reason)); break;
    case EVENT_WAIT_STARTED:
        json_object_set_new(line, "for", json_text(wait_name(event->wait)));
        json_object_set_new(line, "reason", json_text(event->reason));
        json_object_set_new(line, "delay_ms", json_integer((json_int_t)event->delay_ms));
        break;
    case EVENT_RUN_FINISHED:
        json_object_set_new(line, "state", json_text(run_state_name(event->state)));
        json_object_set_new(line, "duration_ms", json_rounded(event->duration_ms, 1));
        break;
    case EVENT_WAIT_FINISHED:
    case EVENT_RUN_CONTINUES:
    case EVENT_TENANT_STARTED:
    case EVENT_TENANT_INTENT: break;
    }
}

static bool is_about_tenant(enum event_kind kind)
{
    return kind == EVENT_TENANT_STARTED || kind == EVENT_TENANT_RETRIES ||
           kind == EVENT_TENANT_FINISHED || kind == EVENT_TENANT_BATCHES;
}

/* How many tenants they have ended changes with each beat: that is worth a line a second. */
static bool is_machines_due(struct progress *progress, const struct run_others *others)
{
    enum { OFTEN_MS = 1000 };
    const struct run_others *shown = &progress->shown_others;
    uint64_t now_ms = progress->status->now_ms;
    if (others->count == shown->count && others->at_work == shown->at_work &&
        others->taken_over == shown->taken_over && now_ms - progress->shown_ms < OFTEN_MS)
        return false;
    progress->shown_others = *others;
    progress->shown_ms = now_ms;
    return true;
}

static bool is_shown(struct progress *progress, const struct event *event)
{
    if (event->kind == EVENT_TENANT_INTENT)
        return false; /* a matter of the ledger's */
    if (event->kind == EVENT_RUN_OTHERS && !is_machines_due(progress, event->others))
        return false;
    if (!progress->is_quiet)
        return true;
    return event->kind == EVENT_TENANT_FINISHED && progress_is_bad(event->outcome);
}

static void on_json_event(struct progress *progress, const struct event *event)
{
    if (!is_shown(progress, event))
        return;
    json_t *line = json_object();
    uint64_t at_ms = progress->status->now_ms - progress->status->started_ms;
    json_object_set_new(line, "event", json_text(names[event->kind]));
    json_object_set_new(line, "at_ms", json_integer((json_int_t)at_ms));
    if (is_about_tenant(event->kind))
        json_object_set_new(line, "tenant", json_text(event->run->tenants[event->tenant]->name));
    set_details(progress, line, event);
    if (event->by && (event->kind == EVENT_RUN_PAUSED || event->kind == EVENT_RUN_CONTINUES))
        json_object_set_new(line, "by", json_text(event->by));
    json_add(&progress->out, line);
    buf_addc(&progress->out, '\n');
    progress_flush(progress);
}

void progress_tell_listening(const char *mode, const char *url)
{
    if (strcmp(mode, "json") != 0) {
        fprintf(stderr, "skein: listening on %s\n", url);
        return;
    }
    struct buf text;
    json_t *line = json_object();
    buf_init(&text, BUF_MAX_DEFAULT);
    json_object_set_new(line, "event", json_text("listening"));
    json_object_set_new(line, "url", json_text(url));
    json_add(&text, line);
    fprintf(stderr, "%s\n", text.data);
    buf_done(&text);
}

static void add_dropped(struct progress *progress, size_t lines)
{
    json_t *line = json_object();
    json_object_set_new(line, "event", json_text("dropped"));
    json_object_set_new(line, "lines", json_integer((json_int_t)lines));
    json_add(&progress->out, line);
    buf_addc(&progress->out, '\n');
}

const struct progress_view progress_view_json = {.on_event = on_json_event,
                                                 .add_dropped = add_dropped};
