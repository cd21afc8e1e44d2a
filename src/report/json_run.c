#include "report/json_run.h"

#include <string.h>

#include "report/json_stream.h"
#include "report/model.h"

json_t *json_texts(const struct texts *texts)
{
    json_t *array = json_array();
    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(array, json_text(texts->items[i]));
    return array;
}

json_t *json_selected(const struct origin *origin)
{
    json_t *value = json_object();
    json_object_set_new(value, "of",
                        origin->fleet_size ? json_integer((json_int_t)origin->fleet_size)
                                           : json_null());
    json_object_set_new(value, "select", json_texts(&origin->selects));
    json_object_set_new(value, "tenant", json_texts(&origin->names));
    json_object_set_new(value, "narrowed", json_texts(&origin->narrowed));
    return value;
}

static json_t *number_or_null(int number)
{
    return number ? json_integer(number) : json_null();
}

json_t *json_halt(const struct halt *halt, const char *reason)
{
    if (!halt)
        return json_null();
    json_t *value = json_object();
    char stopped[64]; /* what is said while it stops is for the one who stops it */
    if (halt->kind == HALT_SIGNAL) {
        snprintf(stopped, sizeof stopped, "stopped by %s", strsignal(halt->signal));
        reason = stopped;
    }
    json_object_set_new(value, "kind", json_text(halt_kind_name(halt->kind)));
    json_object_set_new(value, "reason", json_text(reason));
    json_object_set_new(value, "wave", json_text(halt->wave));
    if (halt->kind == HALT_GATE) {
        json_object_set_new(value, "gate", json_text(halt->gate));
        json_object_set_new(value, "status", number_or_null(halt->status));
        json_object_set_new(value, "output", json_text(halt->output));
    }
    if (halt->kind == HALT_GATE || halt->kind == HALT_SIGNAL)
        json_object_set_new(value, "signal", number_or_null(halt->signal));
    if (halt->kind == HALT_FORECAST) {
        const struct overrun *overrun = &halt->overrun;
        json_object_set_new(value, "took_ms", json_rounded(overrun->took_ms, 1));
        json_object_set_new(value, "forecast_ms",
                            overrun->forecast_ms > 0 ? json_rounded(overrun->forecast_ms, 1)
                                                     : json_null());
        json_object_set_new(value, "limit_ms", json_rounded(overrun->limit_ms, 1));
    }
    if (halt->kind == HALT_THRESHOLD) {
        json_object_set_new(value, "failed", json_integer(halt->failed));
        json_object_set_new(value, "max_failures", json_integer(halt->max_failures));
    }
    return value;
}

static json_t *machine_value(const struct run_machine *machine)
{
    char joined[REPORT_TIME_SIZE], seen[REPORT_TIME_SIZE];
    json_t *value = json_object();
    report_format_time(machine->joined_ms, joined);
    report_format_time(machine->seen_ms, seen);
    json_object_set_new(value, "name", json_text(machine->name));
    json_object_set_new(value, "host", json_text(machine->host));
    json_object_set_new(value, "pid", json_integer((json_int_t)machine->pid));
    json_object_set_new(value, "joined_at", json_string(joined));
    json_object_set_new(value, "seen_at", json_string(seen));
    json_object_set_new(value, "state", json_text(machine_state_name(run_machine_state(machine))));
    json_object_set_new(value, "in_flight", json_count(machine->holds));
    json_object_set_new(value, "finished", json_count(machine->finished));
    json_object_set_new(value, "failed", json_count(machine->failed));
    json_object_set_new(value, "per_minute", json_rounded(machine->per_minute, 1));
    json_object_set_new(value, "taken_over", json_count(machine->taken_over));
    json_object_set_new(value, "lost", json_count(machine->lost));
    return value;
}

json_t *json_machines(const struct run_machine *machines, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, machine_value(&machines[i]));
    return array;
}
