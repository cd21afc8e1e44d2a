/* Who has which tenant of a run that several machines work on. */
#include "ledger/stored.h"

#include "inventory/inventory.h"

/* In ledgers; the indexes of stored_schema.c name the first two. */
enum claim_state { CLAIM_READY, CLAIM_HELD, CLAIM_DONE };

#define REACH_LABEL "reachable_from="

/* The machine that comes first tells of a tenant without a server that it has left the inventory (library/gone.h). */
#define REACH                                                                                      \
    "CASE WHEN tenants.server <> '' THEN (SELECT substr(item, length(?3) + 1) FROM label_lists"    \
    " WHERE list = tenants.labels AND substr(item, 1, length(?3)) = ?3) END"

/* Tenants of one server, and of one machine that can reach them, are a queue. */
bool stored_claims_begin(struct stored_beat *beat, struct err *err)
{
    struct store *store = beat->ledger->store;
    struct value run = value_int(beat->ledger->writing.run);
    const char *const prefix = REACH_LABEL;
    return store_run(
               store, err,
               "INSERT INTO claim_queues(run, n, server, reach, is_unlimited)"
               " SELECT ?1, row_number() OVER (ORDER BY server, reach), server, reach, is_unlimited"
               " FROM (SELECT DISTINCT tenants.server AS server,"
               "  " REACH " AS reach,"
               "  (CAST(?2 AS BIGINT) >> CAST(tenants.dialect AS INTEGER)) % 2 = 1 AS is_unlimited"
               "  FROM runs JOIN fleet_tenants AS member ON member.fleet = runs.fleet"
               "  JOIN tenants ON tenants.id = member.tenant WHERE runs.seq = ?1) AS places",
               run, value_int(beat->ask->begins->unlimited), value_text(prefix)) &&
           store_run(
               store, err,
               "INSERT INTO claims(run, n, wave, queue, place, state, machine, epoch)"
               " SELECT ?1, member.n, member.wave, claim_queues.n, member.n, ?2, 0, 0"
               " FROM runs JOIN fleet_tenants AS member ON member.fleet = runs.fleet"
               " JOIN tenants ON tenants.id = member.tenant"
               " JOIN claim_queues ON claim_queues.run = ?1 AND claim_queues.server = tenants.server"
               "  AND claim_queues.reach IS NOT DISTINCT FROM"
               "  " REACH " WHERE runs.seq = ?1",
               run, value_int(CLAIM_READY), value_text(prefix));
}

/* ---- the machine's own ----------------------------------------------------------------------- */

bool stored_claims_read_mine(struct stored_beat *beat, struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row,
                "SELECT n, epoch FROM claims WHERE run = ? AND machine = ? AND state = 1",
                value_int(beat->ledger->writing.run), value_int(beat->ask->machine.id));
    while (cursor_next(&row))
        *ARENA_PUSH(beat->arena, beat->mine, beat->mine_count, beat->mine_capacity) =
            (struct held_claim){(uint32_t)cursor_int(&row, 0), (uint32_t)cursor_int(&row, 1)};
    return cursor_end(&row, err);
}

static struct held_claim *find_mine(const struct stored_beat *beat, size_t tenant, uint32_t epoch)
{
    for (size_t i = 0; i < beat->mine_count; i++)
        if (beat->mine[i].tenant == tenant && beat->mine[i].epoch == epoch)
            return &beat->mine[i];
    return NULL;
}

bool stored_claims_are_mine(const struct stored_beat *beat, size_t tenant, uint32_t epoch)
{
    return find_mine(beat, tenant, epoch);
}

/* What was changed last goes back first: the places of the rollback are below all others. */
bool stored_claims_finish(struct stored_beat *beat, const struct event *event, struct err *err)
{
    bool is_changed = event->outcome->has_changed && !event->outcome->is_rollback;
    struct held_claim *claim = find_mine(beat, event->tenant, event->epoch);
    claim->tenant = UINT32_MAX;
    return store_run(beat->ledger->store, err,
                     "UPDATE claims SET state = ?1, place = CASE WHEN ?4 THEN ?5 ELSE place END"
                     " WHERE run = ?2 AND n = ?3",
                     value_int(CLAIM_DONE), value_int(beat->ledger->writing.run),
                     value_int((int64_t)event->tenant), value_int(is_changed),
                     value_int(-(int64_t)beat->course.changed));
}

static bool give_back(struct stored_beat *beat, struct held_claim *claim, struct err *err)
{
    uint32_t tenant = claim->tenant;
    claim->tenant = UINT32_MAX;
    return store_run(beat->ledger->store, err,
                     "UPDATE claims SET state = ?, machine = 0 WHERE run = ? AND n = ?",
                     value_int(CLAIM_READY), value_int(beat->ledger->writing.run),
                     value_int(tenant));
}

static bool is_held(const struct beat_ask *ask, const struct held_claim *claim)
{
    for (size_t i = 0; i < ask->hold_count; i++)
        if (ask->holds[i].tenant == claim->tenant && ask->holds[i].epoch == claim->epoch)
            return true;
    return false;
}

bool stored_claims_compare(struct stored_beat *beat, struct beat_answer *answer, struct err *err)
{
    const struct beat_ask *ask = beat->ask;
    uint32_t *lost = arena_calloc(beat->arena, ask->hold_count + 1, sizeof *lost);
    for (size_t i = 0; i < beat->mine_count; i++)
        if (beat->mine[i].tenant != UINT32_MAX && !is_held(ask, &beat->mine[i]) &&
            !give_back(beat, &beat->mine[i], err))
            return false;
    for (size_t i = 0; i < ask->hold_count; i++)
        if (!find_mine(beat, ask->holds[i].tenant, ask->holds[i].epoch))
            lost[answer->lost_count++] = ask->holds[i].tenant;
    answer->lost = lost;
    return true;
}

bool stored_claims_give_back(struct stored_beat *beat, struct err *err)
{
    for (size_t i = 0; i < beat->mine_count; i++)
        if (beat->mine[i].tenant != UINT32_MAX && !give_back(beat, &beat->mine[i], err))
            return false;
    return true;
}

/* ---- of all machines -------------------------------------------------------------------------- */

#define GONE "SELECT id FROM machines WHERE run = ?1 AND (has_left OR lease_until_ms < ?2)"

bool stored_claims_expire(struct stored_beat *beat, struct err *err)
{
    struct store *store = beat->ledger->store;
    struct value run = value_int(beat->ledger->writing.run), now = value_int(beat->now_ms);
    int64_t count;
    if (!store_get(store, err, &count,
                   "SELECT count(*) FROM claims WHERE run = ?1 AND state = 1 AND machine IN (" GONE
                   ")",
                   run, now))
        return false;
    return count <= 0 ||
           (store_run(store, err,
                      "UPDATE machines SET lost = lost + (SELECT count(*) FROM claims"
                      " WHERE claims.run = ?1 AND state = 1 AND machine = machines.id)"
                      " WHERE run = ?1 AND (has_left OR lease_until_ms < ?2)",
                      run, now) &&
            store_run(store, err,
                      "UPDATE claims SET state = 0, machine = 0 WHERE run = ?1 AND state = 1"
                      " AND machine IN (" GONE ")",
                      run, now));
}

/* Of `claims`: a machine that is gone had begun it, and its end is not on record. */
#define IS_ORPHAN                                                                                  \
    " AND EXISTS (SELECT 1 FROM run_tenants AS begun WHERE begun.run = claims.run"                 \
    " AND begun.n = claims.n AND begun.is_running)"

#define READY_IN_QUEUE                                                                             \
    "EXISTS (SELECT 1 FROM claims WHERE claims.run = ?1 AND wave = ?2 AND queue = claim_queues.n"  \
    " AND state = 0"
#define HAS_MACHINE                                                                                \
    "(reach IS NULL OR EXISTS (SELECT 1 FROM machines WHERE machines.run = ?1"                     \
    " AND name = claim_queues.reach AND NOT has_left AND lease_until_ms >= ?3))"
#define QUEUES_WITH_READY(ready)                                                                   \
    "SELECT " HAS_MACHINE ", count(*) FROM claim_queues WHERE run = ?1 AND " ready " GROUP BY 1"

bool stored_claims_count(struct stored_beat *beat, struct course_facts *facts, struct err *err)
{
    struct store *store = beat->ledger->store;
    struct value run = value_int(beat->ledger->writing.run);
    int64_t claimed;
    if (!store_get(store, err, &claimed, "SELECT count(*) FROM claims WHERE run = ? AND state = 1",
                   run))
        return false;
    facts->claimed = (uint32_t)claimed;
    if (claimed)
        return true;
    struct cursor row;
    store_query(store, &row,
                course_takes_orphans_alone(&beat->course)
                    ? QUEUES_WITH_READY(READY_IN_QUEUE IS_ORPHAN ")")
                    : QUEUES_WITH_READY(READY_IN_QUEUE ")"),
                run, value_int(beat->course.wave), value_int(beat->now_ms));
    while (cursor_next(&row)) {
        facts->has_ready |= cursor_int(&row, 0) != 0;
        facts->has_unreached |= cursor_int(&row, 0) == 0;
    }
    return cursor_end(&row, err);
}

bool stored_claims_have_ready(struct stored_beat *beat, bool *ret_have, struct err *err)
{
    int64_t count = 0;
    if (!store_get(beat->ledger->store, err, &count,
                   "SELECT count(*) FROM (SELECT n FROM claims WHERE run = ? AND state = ?"
                   " AND wave < ? LIMIT 1) AS ready",
                   value_int(beat->ledger->writing.run), value_int(CLAIM_READY),
                   value_int(beat->course.wave_limit)))
        return false;
    *ret_have = count != 0;
    return true;
}

/* After a trip, and where a person has stopped the run, they were not begun as others were not. */
bool stored_claims_skip_unreached(struct stored_beat *beat, struct err *err)
{
    struct store *store = beat->ledger->store;
    /* what should go back and could not is a person's, as where a machine could not reach it */
    struct outcome outcome = {.state = beat->course.is_rollback ? TENANT_ROLLBACK_FAILED
                                                                : TENANT_SKIPPED};
    struct err why;
    struct value error, run = value_int(beat->ledger->writing.run),
                        wave = value_int(beat->course.wave);
    int64_t count;
    if (course_is_stopping(&beat->course))
        return true;
    if (!store_get(store, err, &count,
                   "SELECT count(*) FROM claims WHERE run = ? AND wave = ? AND state = 0", run,
                   wave) ||
        count <= 0)
        return count <= 0;
    err_set(&why, ERR_CONNECT,
            "not reached: no machine of the name that its label 'reachable_from' says took part "
            "(skein work --as NAME)");
    snprintf(why.code, sizeof why.code, "%s", EVENT_NOT_REACHED);
    outcome.error = &why;
    beat->course.errors += (uint32_t)count;
    beat->course.failed += (uint32_t)count;
    beat->course.has_tripped |=
        beat->rules.max_failures >= 0 && beat->course.failed > beat->rules.max_failures;
    return stored_error_put(beat->ledger, beat->ask->run->chain, &outcome, &error, err) &&
           store_run(store, err,
                     "INSERT INTO run_tenants(run, n, state, outcome, error)"
                     " SELECT run, n, CAST(?3 AS BIGINT), CAST(?3 AS BIGINT), CAST(?4 AS BIGINT)"
                     " FROM claims WHERE run = ?1 AND wave = ?2 AND state = 0"
                     " ON CONFLICT(run, n) DO UPDATE SET outcome = excluded.outcome,"
                     " error = excluded.error",
                     run, wave, value_int(outcome.state), error) &&
           store_run(store, err,
                     "UPDATE claims SET state = 2 WHERE run = ? AND wave = ? AND state = 0", run,
                     wave);
}

bool stored_claims_roll_back(struct stored_beat *beat, struct err *err)
{
    return store_run(beat->ledger->store, err,
                     "UPDATE claims SET wave = ?6, state = 0, machine = 0 WHERE run = ?1 AND n IN"
                     " (SELECT n FROM run_tenants WHERE run = ?1 AND coalesce(outcome, 0) <> ?5"
                     "  AND " STORED_MAY_HAVE_CHANGED("run_tenants") ")",
                     value_int(beat->ledger->writing.run), value_int(TENANT_RUNNING),
                     value_int(TENANT_IN_DOUBT), value_int(TENANT_ROLLBACK_FAILED),
                     value_int(TENANT_PARTIAL), value_int(beat->course.wave_count));
}

/* ---- claiming --------------------------------------------------------------------------------- */

/* Is no other machine there? */
static bool find_others(struct stored_beat *beat, bool *ret_is_alone, struct err *err)
{
    int64_t others;
    if (!store_get(beat->ledger->store, err, &others,
                   "SELECT count(*) FROM machines WHERE run = ? AND id <> ? AND NOT has_left"
                   " AND lease_until_ms >= ?",
                   value_int(beat->ledger->writing.run), value_int(beat->ask->machine.id),
                   value_int(beat->now_ms)))
        return false;
    *ret_is_alone = others == 0;
    return true;
}

/* More than `wanted` and `ahead` need not be counted; `which` are those that may be claimed. */
#define QUEUES(which)                                                                              \
    "SELECT n, server, reach, is_unlimited,"                                                       \
    " (SELECT count(*) FROM (SELECT 1 FROM claims WHERE claims.run = ?1 AND wave = ?2"             \
    "   AND queue = claim_queues.n AND state = 0" which " LIMIT ?3) AS enough),"                   \
    " (SELECT count(*) FROM claims WHERE claims.run = ?1 AND state = 1"                            \
    "   AND queue = claim_queues.n) FROM claim_queues WHERE run = ?1 ORDER BY n"

static bool read_queues(struct stored_beat *beat, struct claim_queue **ret_queues,
                        size_t *ret_count, struct err *err)
{
    struct cursor row;
    size_t capacity = 0;
    *ret_queues = NULL;
    *ret_count = 0;
    store_query(beat->ledger->store, &row,
                course_takes_orphans_alone(&beat->course) ? QUEUES(IS_ORPHAN) : QUEUES(""),
                value_int(beat->ledger->writing.run), value_int(beat->course.wave),
                value_int((int64_t)beat->ask->wanted + beat->ask->ahead));
    while (cursor_next(&row))
        *ARENA_PUSH(beat->arena, *ret_queues, *ret_count, capacity) = (struct claim_queue){
            .number = (uint32_t)cursor_int(&row, 0),
            .server = cursor_copy(&row, 1, beat->arena),
            .reach = cursor_copy(&row, 2, beat->arena),
            .is_unlimited = cursor_int(&row, 3) != 0,
            .ready = (uint32_t)cursor_int(&row, 4),
            .claimed = (uint32_t)cursor_int(&row, 5),
        };
    return cursor_end(&row, err);
}

/* {any_of} so that PostgreSQL looks each of the chosen up. Statistics that are older than the run say that it has no rows, and for one row
 * a server would go through all claims of the run, and for each through the chosen ones. */
#define CLAIM(which)                                                                               \
    "WITH chosen(n) AS MATERIALIZED (SELECT n FROM claims WHERE run = ?1 AND wave = ?2"            \
    " AND queue = ?3 AND state = 0" which " ORDER BY place LIMIT ?5 {skipping})"                   \
    " UPDATE claims SET state = 1, machine = ?4, epoch = epoch + 1"                                \
    " WHERE run = ?1 AND n {any_of}SELECT n FROM chosen{end} RETURNING n, epoch, place"

struct claiming {
    struct claimed_tenant *items;
    size_t count, capacity;
};

static bool claim_of(struct stored_beat *beat, const struct claim_queue *queue,
                     struct claiming *claiming, struct err *err)
{
    struct cursor row;
    store_query(beat->ledger->store, &row,
                course_takes_orphans_alone(&beat->course) ? CLAIM(IS_ORPHAN) : CLAIM(""),
                value_int(beat->ledger->writing.run), value_int(beat->course.wave),
                value_int(queue->number), value_int(beat->ask->machine.id), value_int(queue->take));
    while (cursor_next(&row))
        *ARENA_PUSH(beat->arena, claiming->items, claiming->count, claiming->capacity) =
            (struct claimed_tenant){.tenant = (uint32_t)cursor_int(&row, 0),
                                    .epoch = (uint32_t)cursor_int(&row, 1),
                                    .place = cursor_int(&row, 2)};
    return cursor_end(&row, err);
}

/* RETURNING has no order, and a rollback has one. */
static int by_place(const void *left, const void *right)
{
    const struct claimed_tenant *a = left, *b = right;
    return (a->place > b->place) - (a->place < b->place);
}

static bool fill_standing(struct stored_beat *beat, const struct cursor *row,
                          const struct stored_lists *lists, struct claimed_tenant *claimed)
{
    struct standing *standing = arena_alloc(beat->arena, sizeof *standing);
    int64_t state = cursor_int(row, 0);
    *standing = (struct standing){
        .state = (enum tenant_state)state,
        .is_begun = cursor_int(row, 1) != 0,
        .has_changed = cursor_int(row, 2) != 0,
        .snapshot = cursor_copy(row, 7, beat->arena),
    };
    claimed->is_taken_over = cursor_int(row, 8) != 0;
    claimed->standing = standing;
    return state >= 0 && state < TENANT__COUNT &&
           stored_rows_at(row, 3, lists, &standing->before) &&
           stored_rows_at(row, 4, lists, &standing->goal) &&
           stored_rows_at(row, 5, lists, &standing->to) &&
           stored_rows_at(row, 6, lists, &standing->reached);
}

static bool read_standing(struct stored_beat *beat, const struct stored_lists *lists,
                          struct claimed_tenant *claimed, struct err *err)
{
    struct store *store = beat->ledger->store;
    struct cursor row;
    bool makes_sense = true;
    store_query(store, &row,
                "SELECT CASE WHEN is_running THEN CAST(?3 AS BIGINT) ELSE state END, is_begun,"
                " has_changed, before, goal, left_at, reached, snapshot, is_running"
                " FROM run_tenants WHERE run = ?1 AND n = ?2",
                value_int(beat->ledger->writing.run), value_int(claimed->tenant),
                value_int(TENANT_RUNNING));
    if (cursor_next(&row))
        makes_sense = fill_standing(beat, &row, lists, claimed);
    return cursor_end(&row, err) && (makes_sense || store_fail_damaged(store, err));
}

/* A tenant that is claimed for the first time has nothing on record that the machine does not know. */
static bool read_standings(struct stored_beat *beat, struct claiming *claiming, struct err *err)
{
    struct stored_lists lists = {0};
    bool has_lists = false, is_fine = true;
    for (size_t i = 0; is_fine && i < claiming->count; i++) {
        struct claimed_tenant *claimed = &claiming->items[i];
        if (claimed->epoch <= 1 && beat->course.phase != COURSE_ROLLBACK)
            continue;
        if (!has_lists)
            is_fine =
                stored_lists_read(beat->ledger, SERIES_REVISION_LISTS, beat->arena, &lists, err);
        has_lists = true;
        is_fine = is_fine && read_standing(beat, &lists, claimed, err);
    }
    return is_fine;
}

bool stored_claims_take(struct stored_beat *beat, struct beat_answer *answer, struct err *err)
{
    const struct beat_ask *ask = beat->ask;
    struct claiming claiming = {0};
    struct claim_more more = {.ahead = ask->ahead};
    struct claim_queue *queues;
    size_t count;
    if (!(ask->wanted + ask->ahead) || ask->leaves || !course_may_claim(&beat->course))
        return true;
    if (!read_queues(beat, &queues, &count, err) ||
        (ask->ahead && !find_others(beat, &more.is_alone, err)))
        return false;
    claim_divide(queues, count, ask->machine.name, beat->rules.per_server, ask->wanted);
    claim_ahead(queues, count, ask->machine.name, &more);
    for (size_t i = 0; i < count; i++)
        if (queues[i].take && !claim_of(beat, &queues[i], &claiming, err))
            return false;
    if (!read_standings(beat, &claiming, err))
        return false;
    if (claiming.count)
        qsort(claiming.items, claiming.count, sizeof *claiming.items, by_place);
    answer->claimed = claiming.items;
    answer->claimed_count = claiming.count;
    return true;
}
