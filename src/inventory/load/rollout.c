/* `rollout`: how a run moves through the fleet: its limits, waves, gates and forecast. */
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "inventory/load/builder.h"
#include "inventory/selector.h"

static void read_select(struct inventory_builder *builder, const char *raw, struct wave *wave)
{
    const char *text = "";
    struct err err;
    if (raw && *raw)
        load_text(builder, (struct field){"select", raw}, &text);
    wave->select_text = arena_strdup(builder->inventory->arena, text);
    wave->select = selector_parse(builder->inventory->arena, wave->select_text, &err);
    if (!wave->select)
        load_fault(builder, "select", "'select': %s", err.text);
}

static void read_wave(struct inventory_builder *builder, const struct raw_wave *raw,
                      struct wave *wave)
{
    static const char *const booleans[] = {"false", "true", NULL};
    const char *name;
    wave->line = load_line(builder, NULL);
    wave->name = "";
    if (!raw->name)
        load_fault(builder, NULL, "'name' is missing");
    if (load_text(builder, FIELD(raw, name), &name)) {
        wave->name = arena_strdup(builder->inventory->arena, name);
        if (!load_is_name(name))
            load_fault(builder, "name",
                       "'name' must be text of 1 to 128 bytes without control characters");
    }
    read_select(builder, raw->select, wave);
    load_u32(builder, FIELD(raw, parallel), 1, &wave->parallel);
    load_u32(builder, FIELD(raw, per_server), 1, &wave->per_server);
    wave->has_max_failures = load_share(builder, FIELD(raw, max_failures), &wave->max_failures);
    load_duration(builder, FIELD(raw, soak), &wave->soak_ms);
    wave->is_optional = load_word(builder, FIELD(raw, optional), booleans, false);
    load_lack_part(builder, PART_TENANTS);
}

/* Finds waves of the same name. It uses a map: people write few waves, but a file may hold many. */
static void check_wave_names(struct inventory_builder *builder, const struct wave *waves,
                             size_t count)
{
    struct map map;
    map_init(&map);
    for (size_t i = 0; i < count; i++) {
        uint32_t first = *waves[i].name ? map_put(&map, waves[i].name, (uint32_t)i) : (uint32_t)i;
        load_turn_to(builder, SECTION_WAVES, i);
        if (first != i)
            load_fault(builder, "name", "the wave of line %d has the same 'name'",
                       waves[first].line);
    }
    map_done(&map);
}

static void read_waves(struct inventory_builder *builder, const struct raw_rollout *raw,
                       struct rollout_rules *rules)
{
    struct wave *waves = arena_calloc(builder->inventory->arena, raw->waves_count, sizeof *waves);
    for (size_t i = 0; i < raw->waves_count; i++) {
        load_turn_to(builder, SECTION_WAVES, i);
        read_wave(builder, &raw->waves[i], &waves[i]);
    }
    check_wave_names(builder, waves, raw->waves_count);
    rules->waves = waves;
    rules->wave_count = raw->waves_count;
}

static void read_gates(struct inventory_builder *builder, const struct raw_gates *raw,
                       struct gate_rules *gates)
{
    const struct {
        enum gate gate;
        const char *key;
        const struct raw_argv *argv;
    } rows[] = {
        {GATE_BEFORE_RUN, "before_run", &raw->before_run},
        {GATE_AFTER_WAVE, "after_wave", &raw->after_wave},
        {GATE_AFTER_TENANT_FAILED, "after_tenant_failed", &raw->after_tenant_failed},
        {GATE_AFTER_RUN, "after_run", &raw->after_run},
    };
    load_turn_to(builder, SECTION_GATES, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!rows[i].argv->count)
            continue;
        gates->argv[rows[i].gate] =
            load_argv(builder, rows[i].key, rows[i].argv->words, rows[i].argv->count);
        gates->names[rows[i].gate] = rows[i].key;
        gates->lines[rows[i].gate] = load_line(builder, rows[i].key);
    }
    load_duration(builder, FIELD(raw, timeout), &gates->timeout_ms);
    load_lack_part(builder, PART_TENANTS);
}

static void read_forecast(struct inventory_builder *builder, const struct raw_forecast *raw,
                          struct forecast_rules *rules)
{
    load_turn_to(builder, SECTION_FORECAST, 0);
    load_forecast_limit(builder, FIELD(raw, warn_above), &rules->warn_above);
    load_forecast_limit(builder, FIELD(raw, halt_above), &rules->halt_above);
    load_duration(builder, FIELD(raw, at_least), &rules->at_least_ms);
    load_lack_part(builder, PART_TENANTS);
}

void load_rollout(struct inventory_builder *builder, const struct raw_rollout *raw)
{
    static const char *const on_failures[] = {"stop", "continue", "rollback", NULL};
    static const char *const verify_words[] = {[VERIFY_NONE] = "none",
                                               [VERIFY_BEFORE] = "before",
                                               [VERIFY_AFTER] = "after",
                                               [VERIFY_BOTH] = "both",
                                               NULL};
    struct rollout_rules *rules = &builder->inventory->rollout;
    *rules = (struct rollout_rules){.parallel = 32,
                                    .per_server = 8,
                                    .gates.timeout_ms = 60 * 1000,
                                    .forecast.at_least_ms = 10 * 1000};
    if (!raw)
        return;
    load_turn_to(builder, SECTION_ROLLOUT, 0);
    load_u32(builder, FIELD(raw, parallel), 1, &rules->parallel);
    load_u32(builder, FIELD(raw, per_server), 1, &rules->per_server);
    load_share(builder, FIELD(raw, max_failures), &rules->max_failures);
    rules->on_failure =
        (enum on_failure)load_word(builder, FIELD(raw, on_failure), on_failures, ON_FAILURE_STOP);
    rules->verify_schema = (enum verify_schema)load_word(builder, FIELD(raw, verify_schema),
                                                         verify_words, VERIFY_NONE);
    load_lack_part(builder, PART_TENANTS);
    if (raw->gates)
        read_gates(builder, raw->gates, &rules->gates);
    if (raw->forecast)
        read_forecast(builder, raw->forecast, &rules->forecast);
    read_waves(builder, raw, rules);
}
