/* `forecast`, of the JSON report and of a saved plan. */
#include "report/json.h"
#include "report/view_forecast.h"

static json_t *lock_value(const struct report *report, const struct view_forecast *forecast)
{
    if (!forecast->lock)
        return json_null();
    json_t *value = json_object();
    json_object_set_new(value, "tenant", json_text(report->run.tenants[forecast->lock_row]->name));
    json_object_set_new(value, "table", json_text(forecast->lock->object));
    json_object_set_new(value, "blocks", json_text(seen_blocks_name(forecast->lock->blocks)));
    json_object_set_new(value, "held_ms", json_rounded(forecast->lock->ms, JSON_STEP_DECIMALS));
    return value;
}

static void set_rehearsed(json_t *value, const struct report *report,
                          const struct view_forecast *forecast)
{
    json_object_set_new(value, "longest_lock", lock_value(report, forecast));
    json_object_set_new(value, "written_bytes", json_integer((json_int_t)forecast->bytes));
    json_object_set_new(value, "without_rows", json_count(forecast->without_rows));
}

static void set_timings(json_t *value, const struct report *report,
                        const struct view_forecast *forecast)
{
    const struct step_timing *longest = forecast->longest;
    const struct tenant *tenant = report->run.tenants[forecast->transaction_row];
    json_object_set_new(value, "run", json_text(forecast->newest->run));
    json_object_set_new(value, "longest_step",
                        json_pack("{s:o, s:s, s:o, s:o}", "revision", json_text(longest->revision),
                                  "direction", longest->direction == DIRECTION_UP ? "up" : "down",
                                  "run", json_text(longest->run), "duration_ms",
                                  json_rounded(longest->longest_ms, JSON_STEP_DECIMALS)));
    json_object_set_new(value, "longest_transaction",
                        json_pack("{s:o, s:o}", "tenant", json_text(tenant->name), "duration_ms",
                                  json_rounded(forecast->transaction_ms, JSON_STEP_DECIMALS)));
    json_object_set_new(value, "untimed", json_count(forecast->untimed));
}

static json_t *waves_value(const struct view_forecast *forecast)
{
    json_t *waves = json_array();
    for (size_t i = 0; i < forecast->wave_count; i++) {
        const struct view_forecast_wave *wave = &forecast->waves[i];
        json_array_append_new(waves,
                              json_pack("{s:o, s:o, s:o, s:o}", "name", json_text(wave->name),
                                        "tenants", json_count(wave->tenants), "duration_ms",
                                        json_rounded(wave->duration_ms, JSON_DECIMALS), "soak_ms",
                                        json_rounded(wave->soak_ms, JSON_DECIMALS)));
    }
    return waves;
}

json_t *json_forecast(const struct report *report, const struct view_forecast *forecast)
{
    json_t *value = json_object();
    json_object_set_new(value, "duration_ms", json_rounded(forecast->duration_ms, JSON_DECIMALS));
    json_object_set_new(value, "waves", waves_value(forecast));
    json_object_set_new(value, "from", json_text(forecast->newest ? "ledger" : "rehearsal"));
    if (forecast->newest)
        set_timings(value, report, forecast);
    else
        set_rehearsed(value, report, forecast);
    return value;
}
