/* Where a run's waves and tenants stand. */
#include "ledger/stored.h"

/* ---- waves --------------------------------------------------------------------------------- */

struct wave_arrays {
    struct run_wave *waves;
    enum run_state *states;
    int64_t *finished_ms;
    size_t count;
};

/* A run without waves has one, of everyone, that began and ended with the run. */
static void one_wave(const struct stored_run *run, struct wave_arrays *arrays)
{
    arrays->waves[0] = (struct run_wave){.name = "all", .tenant_count = run->run.tenant_count};
    arrays->states[0] = run->run.state;
    arrays->count = 1;
}

static bool read_waves(struct stored_ledger *ledger, const struct stored_run *run,
                       struct arena *arena, struct wave_arrays *arrays, size_t capacity,
                       struct err *err)
{
    struct cursor cursor;
    bool makes_sense = true;
    store_query(ledger->store, &cursor,
                "SELECT name, tenant_count, state, finished_ms, max_failures, soak_ms FROM waves"
                " WHERE run = ? ORDER BY n",
                value_int(run->seq));
    while (makes_sense && arrays->count < capacity && cursor_next(&cursor)) {
        size_t at = arrays->count++;
        arrays->waves[at] = (struct run_wave){
            .name = cursor_copy(&cursor, 0, arena),
            .tenant_count = (size_t)cursor_int(&cursor, 1),
            .knows_rules = !cursor_is_null(&cursor, 4),
            .max_failures = cursor_int(&cursor, 4),
            .soak_ms = (uint64_t)cursor_int(&cursor, 5),
        };
        arrays->states[at] =
            cursor_is_null(&cursor, 2) ? RUN__COUNT : (enum run_state)cursor_int(&cursor, 2);
        arrays->finished_ms[at] = cursor_int(&cursor, 3);
        makes_sense = arrays->states[at] <= RUN__COUNT;
    }
    return cursor_end(&cursor, err) && (makes_sense || store_fail_damaged(ledger->store, err));
}

bool stored_waves_read(struct stored_ledger *ledger, const struct stored_run *run,
                       struct arena *arena, struct ledger_fleet *ret_fleet, struct err *err)
{
    int64_t count;
    if (!store_get(ledger->store, err, &count, "SELECT count(*) FROM waves WHERE run = ?",
                   value_int(run->seq)))
        return false;
    size_t capacity = count > 0 ? (size_t)count : 1;
    struct wave_arrays arrays = {
        .waves = arena_calloc(arena, capacity, sizeof *arrays.waves),
        .states = arena_calloc(arena, capacity, sizeof *arrays.states),
        .finished_ms = arena_calloc(arena, capacity, sizeof *arrays.finished_ms),
    };
    if (count <= 0)
        one_wave(run, &arrays);
    else if (!read_waves(ledger, run, arena, &arrays, capacity, err))
        return false;
    ret_fleet->waves = arrays.waves;
    ret_fleet->wave_states = arrays.states;
    ret_fleet->wave_finished_ms = arrays.finished_ms;
    ret_fleet->wave_count = arrays.count;
    return true;
}

/* ---- standings ----------------------------------------------------------------------------- */

struct fleet_reading {
    const struct stored_lists *lists;
    struct arena *arena;
    const struct ledger_fleet *waves;
    const char **names;
    const char **urls;
    const char **schemas;
    struct standing *standings;
    uint32_t *wave_of;
    size_t count;
};

enum {
    COL_N,
    COL_NAME,
    COL_URL,
    COL_SCHEMA,
    COL_WAVE,
    COL_STATE,
    COL_IS_BEGUN,
    COL_HAS_CHANGED,
    COL_BEFORE,
    COL_GOAL,
    COL_LEFT_AT,
    COL_REACHED,
    COL_SNAPSHOT,
    COL_IS_ELSEWHERE,
    COL_TWIN,
    COL_IS_GONE
};

static bool read_standing(const struct cursor *row, struct fleet_reading *reading, size_t at)
{
    struct standing *standing = &reading->standings[at];
    int64_t wave = cursor_int(row, COL_WAVE);
    int64_t state = cursor_int(row, COL_STATE);
    if (at >= reading->count || cursor_int(row, COL_N) != (int64_t)at || wave < 0 ||
        (uint64_t)wave >= reading->waves->wave_count || state < 0 || state >= TENANT__COUNT)
        return false;
    reading->names[at] = cursor_copy(row, COL_NAME, reading->arena);
    reading->urls[at] = cursor_copy(row, COL_URL, reading->arena);
    reading->schemas[at] = cursor_copy(row, COL_SCHEMA, reading->arena);
    reading->wave_of[at] = (uint32_t)wave;
    *standing = (struct standing){
        .state = (enum tenant_state)state,
        .is_begun = cursor_int(row, COL_IS_BEGUN) != 0,
        .has_changed = cursor_int(row, COL_HAS_CHANGED) != 0,
        .snapshot = cursor_copy(row, COL_SNAPSHOT, reading->arena),
        .is_elsewhere = cursor_int(row, COL_IS_ELSEWHERE) != 0,
        .twin = cursor_copy(row, COL_TWIN, reading->arena),
        .is_gone = cursor_int(row, COL_IS_GONE) != 0,
    };
    return stored_rows_at(row, COL_BEFORE, reading->lists, &standing->before) &&
           stored_rows_at(row, COL_GOAL, reading->lists, &standing->goal) &&
           stored_rows_at(row, COL_LEFT_AT, reading->lists, &standing->to) &&
           stored_rows_at(row, COL_REACHED, reading->lists, &standing->reached);
}

static bool read_standings(struct stored_ledger *ledger, const struct stored_run *run,
                           struct fleet_reading *reading, struct err *err)
{
    struct cursor cursor;
    bool makes_sense = true;
    size_t count = 0;
    store_query(ledger->store, &cursor,
                "SELECT member.n, tenants.name, url, schema, member.wave,"
                " CASE WHEN is_running THEN ?3 ELSE coalesce(state, ?4) END, is_begun, has_changed,"
                " before, goal, left_at, reached, snapshot, is_elsewhere, twin, is_gone"
                " FROM fleet_tenants AS member"
                " JOIN tenants ON tenants.id = member.tenant"
                " LEFT JOIN run_tenants ON run_tenants.run = ?1 AND run_tenants.n = member.n"
                " WHERE member.fleet = ?2 ORDER BY member.n",
                value_int(run->seq), value_int(run->fleet), value_int(TENANT_RUNNING),
                value_int(TENANT_PENDING));
    while (makes_sense && cursor_next(&cursor))
        makes_sense = read_standing(&cursor, reading, count++);
    if (!cursor_end(&cursor, err))
        return false;
    return (makes_sense && count == reading->count) || store_fail_damaged(ledger->store, err);
}

bool stored_standings_read(struct stored_ledger *ledger, const struct stored_run *run,
                           struct arena *arena, struct ledger_fleet *ret_fleet, struct err *err)
{
    struct stored_lists lists;
    struct ledger_fleet fleet = {0};
    if (!stored_lists_read(ledger, SERIES_REVISION_LISTS, arena, &lists, err) ||
        !stored_waves_read(ledger, run, arena, &fleet, err))
        return false;
    size_t count = run->run.tenant_count;
    struct fleet_reading reading = {
        .lists = &lists,
        .arena = arena,
        .waves = &fleet,
        .names = arena_calloc(arena, count + 1, sizeof *reading.names),
        .urls = arena_calloc(arena, count + 1, sizeof *reading.urls),
        .schemas = arena_calloc(arena, count + 1, sizeof *reading.schemas),
        .standings = arena_calloc(arena, count + 1, sizeof *reading.standings),
        .wave_of = arena_calloc(arena, count + 1, sizeof *reading.wave_of),
        .count = count,
    };
    if (!read_standings(ledger, run, &reading, err))
        return false;
    fleet.names = reading.names;
    fleet.urls = reading.urls;
    fleet.schemas = reading.schemas;
    fleet.standings = reading.standings;
    fleet.wave_of = reading.wave_of;
    fleet.count = count;
    *ret_fleet = fleet;
    return true;
}

bool stored_read_fleet(struct ledger *base, const char *id, struct arena *arena,
                       struct ledger_fleet *ret_fleet, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    if (!store_look(ledger->store, err))
        return false;
    struct stored_run run;
    bool is_fine = stored_run_find(ledger, id, arena, &run, err) &&
                   stored_standings_read(ledger, &run, arena, ret_fleet, err);
    store_look_away(ledger->store);
    return is_fine;
}

/* ---- copies -------------------------------------------------------------------------------- */

bool stored_names_snapshot(struct ledger *base, const char *part, bool *ret_does, struct err *err)
{
    int64_t count;
    if (!store_get(stored_of(base)->store, err, &count,
                   "SELECT EXISTS(SELECT 1 FROM run_tenants"
                   " WHERE replace(snapshot, ?, '') <> snapshot)",
                   value_text(part)))
        return false;
    *ret_does = count > 0;
    return true;
}
