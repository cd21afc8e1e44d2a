/* The JSON report: the keys and their order are the contract of docs and design. */
#include "base/buf.h"
#include "chain/chain.h"
#include "inventory/inventory.h"
#include "report/json.h"
#include "report/json_run.h"
#include "report/json_sql.h"
#include "report/json_stream.h"
#include "report/lint_report.h"
#include "report/model.h"
#include "report/view_forecast.h"
#include "report/view_preflight.h"

enum { FORMAT_VERSION = 1 };

static json_t *time_value(int64_t at_ms)
{
    char text[REPORT_TIME_SIZE];
    report_format_time(at_ms, text);
    return json_string(text);
}

static void put_run(struct json_stream *stream, const struct report *report)
{
    const struct run_info *run = &report->run;
    bool is_over = report->state != RUN_RUNNING;
    json_open(stream, "run", '{');
    json_put_text(stream, "id", run->id);
    json_put_text(stream, "command", run->request->verb->name);
    json_put_text_or_null(stream, "target", run->target);
    json_put(stream, "dry_run", json_boolean(!request_changes(run->request)));
    json_put_text(stream, "state", run_state_name(report->state));
    json_put(stream, "started_at", time_value(run->started_at_ms));
    json_put(stream, "finished_at",
             is_over ? time_value(run->started_at_ms + (int64_t)report->duration_ms) : json_null());
    json_put_rounded(stream, "duration_ms", report->duration_ms, JSON_DECIMALS);
    if (report_paused_ms(report) > 0)
        json_put_rounded(stream, "paused_ms", report_paused_ms(report), JSON_DECIMALS);
    if (report->is_own_part)
        json_put(stream, "own_part", json_true());
    json_put_text(stream, "resumed_from", run->resumed_from);
    json_put(stream, "halted_by", json_halt(report->halt, report->halt_reason));
    json_put_text(stream, "by", run->origin.by);
    json_put(stream, "selected", json_selected(&run->origin));
    json_put(stream, "settings", json_texts(&run->origin.settings));
    json_close(stream, '}');
}

static json_t *rows_value(const struct rows *rows)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < rows->count; i++)
        json_array_append_new(ids, json_text(rows->ids[i]));
    if (rows->is_known)
        return ids;
    json_decref(ids);
    return json_null();
}

static json_t *heads_value(const struct chain *chain)
{
    json_t *heads = json_array();
    for (size_t i = 0; i < chain->head_count; i++)
        json_array_append_new(heads, json_text(chain->revisions[chain->heads[i]]->id));
    return heads;
}

/* The checkpoints among the steps of the run, each once; returns how many. */
static size_t checkpoints_taken(const struct report *report, const struct revision ***ret)
{
    size_t count = 0, capacity = 0;
    for (uint32_t i = 0; i < report->step_lists.count; i++) {
        struct step_list list = report_steps(report, i);
        for (size_t k = 0; k < list.count; k++) {
            const struct revision *file = list.steps[k].revision;
            bool is_new = file && file->is_checkpoint;
            for (size_t at = 0; is_new && at < count; at++)
                is_new = (*ret)[at] != file;
            if (!is_new)
                continue;
            if (count == capacity)
                *ret = xrealloc(*ret, (capacity = capacity * 2 + 4) * sizeof(**ret));
            (*ret)[count++] = file;
        }
    }
    return count;
}

static void put_checkpoints(struct json_stream *stream, const struct report *report)
{
    const struct revision **files = NULL;
    size_t count = checkpoints_taken(report, &files);
    if (count)
        json_open(stream, "checkpoints", '[');
    for (size_t i = 0; i < count; i++) {
        struct rows spared = {files[i]->stands_for, files[i]->stands_for_count, true};
        json_put(stream, NULL,
                 json_pack("{s:o, s:o, s:o}", "revision", json_text(files[i]->id), "file",
                           json_text(files[i]->path), "stands_for", rows_value(&spared)));
    }
    if (count)
        json_close(stream, ']');
    free(files);
}

static void put_chain(struct json_stream *stream, const struct report *report)
{
    const struct chain *chain = report->run.chain;
    if (!chain) {
        json_put(stream, "chain", json_null());
        return;
    }
    json_open(stream, "chain", '{');
    json_put_count(stream, "revisions", chain->count);
    json_put(stream, "heads", heads_value(chain));
    json_put(stream, "digest", json_sprintf("sha256:%s", chain->digest));
    put_checkpoints(stream, report);
    json_close(stream, '}');
}

static void put_totals(struct json_stream *stream, const struct report *report)
{
    static const enum tenant_state order[] = {
        TENANT_SUCCEEDED,   TENANT_UNCHANGED,       TENANT_FAILED,  TENANT_PARTIAL, TENANT_IN_DOUBT,
        TENANT_ROLLED_BACK, TENANT_ROLLBACK_FAILED, TENANT_SKIPPED, TENANT_PENDING, TENANT_RUNNING,
    };
    bool is_dry = !request_changes(report->run.request);
    json_open(stream, "totals", '{');
    json_put_count(stream, "tenants", report->run.tenant_count);
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        json_put_count(stream, tenant_state_name(order[i]), report->totals[order[i]]);
    json_close(stream, '}');
    if (!is_dry)
        return;
    json_open(stream, "would", '{');
    json_put_count(stream, "change", report->totals[TENANT_SUCCEEDED]);
    json_put_count(stream, "stay", report->totals[TENANT_UNCHANGED]);
    json_close(stream, '}');
}

static json_t *wave_forecast_value(const struct report_wave *wave)
{
    const struct wave_forecast *forecast = &wave->forecast;
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "duration_ms",
                     json_rounded(forecast->duration_ms, JSON_DECIMALS), "tenants",
                     json_count(forecast->tenants), "from",
                     json_text(forecast_source_name(forecast->source)), "run",
                     json_text(forecast->run), "took_ms",
                     wave->took_ms > 0 ? json_rounded(wave->took_ms, JSON_DECIMALS) : json_null());
}

static json_t *wave_value(const struct report *report, const struct report_wave *wave)
{
    json_t *value = json_object();
    json_object_set_new(value, "name", json_text(wave->name));
    json_object_set_new(value, "state", json_text(report_wave_state(report, wave)));
    json_object_set_new(value, "tenants", json_count(wave->tenant_count));
    json_object_set_new(value, "failed", json_count(wave->failed_count));
    if (wave->forecast.tenants)
        json_object_set_new(value, "forecast", wave_forecast_value(wave));
    return value;
}

static void put_waves(struct json_stream *stream, const struct report *report)
{
    json_open(stream, "waves", '[');
    for (size_t i = 0; i < report->wave_count; i++)
        json_put(stream, NULL, wave_value(report, &report->waves[i]));
    json_close(stream, ']');
}

static json_t *moment_value(const struct moment *moment)
{
    json_t *value = json_object();
    json_object_set_new(value, "moment", json_text(moment_name(moment->kind)));
    json_object_set_new(value, "at", time_value(moment->at_ms));
    json_object_set_new(value, "by", json_text(moment->by));
    json_object_set_new(value, "reason", json_text(moment->reason));
    return value;
}

static void put_moments(struct json_stream *stream, const struct report *report)
{
    if (!report->moment_count)
        return;
    json_open(stream, "moments", '[');
    for (size_t i = 0; i < report->moment_count; i++)
        json_put(stream, NULL, moment_value(&report->moments[i]));
    json_close(stream, ']');
}

static void put_forecast(struct json_stream *stream, const struct report *report)
{
    struct view_forecast forecast;
    if (!view_forecast_init(&forecast, report))
        return;
    json_put(stream, "forecast", json_forecast(report, &forecast));
    view_forecast_done(&forecast);
}

/* Of a run that others may join, or might have. */
static void put_machines(struct json_stream *stream, const struct report *report)
{
    const struct run_info *run = &report->run;
    if (run->machine_count)
        json_put(stream, "machines", json_machines(run->machines, run->machine_count));
}

void json_put_head(struct json_stream *stream, const struct report *report)
{
    json_put_text(stream, "skein", SKEIN_VERSION);
    json_put_integer(stream, "format", FORMAT_VERSION);
    put_run(stream, report);
    put_chain(stream, report);
    put_totals(stream, report);
    put_waves(stream, report);
    put_moments(stream, report);
    put_forecast(stream, report);
    put_machines(stream, report);
}

/* ---- errors -------------------------------------------------------------------------------- */

static void put_joined(struct json_stream *stream, const char *key, const char *text,
                       const char *detail)
{
    struct buf both;
    buf_init(&both, BUF_MAX_DEFAULT);
    buf_adds(&both, text);
    buf_adds(&both, detail);
    json_put_text(stream, key, both.data);
    buf_done(&both);
}

/* The sentences always have a key, names where the database has named something. */
static void put_said(struct json_stream *stream, const struct said *said)
{
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        if (!said_is_name(part) || said_part(said, part))
            json_put_text(stream, said_name(part), said_part(said, part));
}

void json_put_error(struct json_stream *stream, const struct report_error *error,
                    const struct report_row *row, bool has_detail)
{
    const struct cause *key = &error->key;
    bool is_joined = has_detail && row->detail;
    json_put_text(stream, "class", err_class_name((enum err_class)key->kind));
    json_put_text_or_null(stream, "code", key->code);
    if (is_joined)
        put_joined(stream, "message", row->text, row->detail);
    else
        json_put_text(stream, "message", row->text);
    put_said(stream, row->said);
    json_put_text(stream, "revision", key->revision ? key->revision->id : NULL);
    json_put_text_or_null(stream, "file", key->file);
    json_put(stream, "line", key->line ? json_integer(key->line) : json_null());
}

static void put_errors(struct json_stream *stream, const struct report *report)
{
    json_open(stream, "errors", '[');
    for (size_t i = 0; i < report->error_count; i++) {
        const struct report_error *error = &report->errors[i];
        json_open(stream, NULL, '{');
        const char *first = report->run.tenants[error->first_row]->name;
        json_put_error(stream, error, &report->rows[error->first_row], false);
        json_put_text(stream, "pattern", error->key.text);
        json_put_text(stream, "example", error->has_other_texts ? first : NULL);
        json_open(stream, "tenants", '[');
        for (uint32_t row = error->first_row; row != REPORT_NONE;
             row = report->rows[row].next_same_error)
            json_put_text(stream, NULL, report->run.tenants[row]->name);
        json_close(stream, ']');
        json_close(stream, '}');
    }
    json_close(stream, ']');
}

void json_put_notice(struct json_stream *stream, const struct report_notice *notice)
{
    const struct revision *revision = notice->revision;
    json_put_text(stream, "level", notice_level_name(notice->level));
    json_put_text_or_null(stream, "code", notice->code);
    json_put_text(stream, "message", notice->text);
    json_put_text(stream, "detail", said_part(notice->said, SAID_DETAIL));
    json_put_text(stream, "hint", said_part(notice->said, SAID_HINT));
    json_put_text(stream, "revision", revision ? revision->id : NULL);
    json_put(stream, "unreplicated", json_boolean(notice->is_unreplicated));
    json_put_count(stream, "count", notice->count);
}

static void put_notices(struct json_stream *stream, const struct report *report)
{
    json_open(stream, "notices", '[');
    for (size_t i = 0; i < report->notice_count; i++) {
        const struct report_notice *notice = &report->notices[i];
        json_open(stream, NULL, '{');
        json_put_notice(stream, notice);
        json_open(stream, "tenants", '[');
        for (const struct report_heard_item *item = notice->first_item; item; item = item->next)
            json_put_text(stream, NULL, report->run.tenants[item->row]->name);
        json_close(stream, ']');
        json_close(stream, '}');
    }
    json_close(stream, ']');
}

static void put_visit_error(struct json_stream *stream, const struct err *error)
{
    if (!error) {
        json_put(stream, "error", json_null());
        return;
    }
    json_open(stream, "error", '{');
    json_put_text(stream, "class", err_class_name(error->kind));
    json_put_text_or_null(stream, "code", error->code);
    json_put_text(stream, "message", error->text);
    json_close(stream, '}');
}

void json_put_history(struct json_stream *stream, const struct report *report)
{
    json_open(stream, "history", '[');
    for (size_t i = 0; i < report->visit_count; i++) {
        const struct visit *visit = &report->visits[i];
        json_open(stream, NULL, '{');
        json_put_text(stream, "tenant", visit->tenant);
        json_put_text(stream, "run", visit->run);
        json_put_text(stream, "command", visit->verb->name);
        json_put_text_or_null(stream, "target", visit->target);
        json_put_text(stream, "run_state", run_state_name(visit->run_state));
        json_put_text(stream, "state", tenant_state_name(visit->state));
        json_put(stream, "from", rows_value(&visit->from));
        json_put(stream, "to", rows_value(&visit->to));
        json_put(stream, "at", time_value(visit->at_ms));
        put_visit_error(stream, visit->error);
        json_close(stream, '}');
    }
    json_close(stream, ']');
}

static void put_preflight(struct json_stream *stream, const struct report *report)
{
    struct view_preflight preflight;
    view_preflight_init(&preflight, report);
    json_put_preflight(stream, &preflight);
    view_preflight_done(&preflight);
}

static bool write_json(const struct report *report, const struct report_options *options, FILE *out,
                       struct err *err)
{
    struct json_stream stream = {.out = out};
    json_open(&stream, NULL, '{');
    json_put_head(&stream, report);
    put_errors(&stream, report);
    put_notices(&stream, report);
    if (report->findings)
        lint_json_put(&stream, report->findings);
    if (options->is_verbose)
        json_put_sql(&stream, report);
    if (report->run.request->asks_rows)
        put_preflight(&stream, report);
    json_put_tenants(&stream, report);
    if (report->visits)
        json_put_history(&stream, report);
    json_close(&stream, '}');
    return report_flush(out, err);
}

const struct report_format report_format_json = {"json", write_json};
