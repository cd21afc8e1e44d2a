/* How long what earlier runs did took, as far as it tells of what is to come. */
#include "ledger/stored.h"

#include "base/dialect.h"

static bool is_dialect(const struct cursor *row, int column)
{
    int64_t dialect = cursor_int(row, column);
    return !cursor_is_null(row, column) && dialect >= 0 && dialect < DIALECT__COUNT;
}

bool stored_read_paces(struct ledger *base, const struct ledger_way *way, struct arena *arena,
                       struct pace *ret_paces, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct cursor row;
    struct pace paces[DIALECT__COUNT] = {{0}};
    if (!store_look(ledger->store, err))
        return false;
    store_query(ledger->store, &row,
                "SELECT told.dialect, told.visits, told.mean, runs.id FROM"
                " (SELECT mine.dialect AS dialect, count(*) AS visits,"
                "   avg(mine.duration_ms) AS mean, max(mine.run) AS newest"
                "  FROM run_tenants AS mine JOIN runs ON runs.seq = mine.run"
                "  WHERE runs.command = ? AND runs.resolved = ? AND runs.chain_digest = ?"
                "   AND mine.outcome = ? AND mine.attempts = 1 GROUP BY mine.dialect) AS told"
                " JOIN runs ON runs.seq = told.newest",
                value_text(way->command), value_text(way->target), value_text(way->chain_digest),
                value_int(TENANT_SUCCEEDED));
    while (cursor_next(&row))
        if (is_dialect(&row, 0))
            paces[cursor_int(&row, 0)] = (struct pace){
                (size_t)cursor_int(&row, 1), cursor_real(&row, 2), cursor_copy(&row, 3, arena)};
    bool is_fine = cursor_end(&row, err);
    store_look_away(ledger->store);
    if (is_fine)
        memcpy(ret_paces, paces, sizeof paces);
    return is_fine;
}

/* ---- steps --------------------------------------------------------------------------------- */

/* What is older tells little of the tenants of today, and costs time to read. */
#define NEWEST_RUNS "(SELECT seq FROM runs ORDER BY seq DESC LIMIT 20)"

static bool read_steps(struct stored_ledger *ledger, struct arena *arena, struct timings *timings,
                       struct err *err)
{
    size_t capacity = 0;
    struct cursor row;
    store_query_plain(
        ledger->store, &row,
        "SELECT revisions.revision, files.checksum, told.direction, told.dialect, told.steps,"
        " told.mean, told.longest, newest.id FROM"
        " (SELECT steps.revision AS revision, steps.direction AS direction,"
        "   mine.dialect AS dialect, runs.chain_digest AS digest, count(*) AS steps,"
        "   avg(steps.duration_ms) AS mean, max(steps.duration_ms) AS longest,"
        "   max(steps.run) AS run FROM steps JOIN runs ON runs.seq = steps.run"
        "  JOIN run_tenants AS mine ON mine.run = steps.run AND mine.n = steps.tenant"
        "  WHERE steps.run IN " NEWEST_RUNS
        "  GROUP BY steps.revision, steps.direction, mine.dialect, runs.chain_digest) AS told"
        " JOIN revisions ON revisions.id = told.revision"
        " JOIN chain_files AS files"
        "  ON files.digest = told.digest AND files.revision = revisions.revision"
        " JOIN runs AS newest ON newest.seq = told.run ORDER BY told.run");
    while (cursor_next(&row))
        if (is_dialect(&row, 3))
            *ARENA_PUSH(arena, timings->steps, timings->count, capacity) = (struct step_timing){
                .revision = cursor_copy(&row, 0, arena),
                .checksum = cursor_copy(&row, 1, arena),
                .direction = cursor_int(&row, 2) ? DIRECTION_DOWN : DIRECTION_UP,
                .dialect = (enum dialect_id)cursor_int(&row, 3),
                .count = (size_t)cursor_int(&row, 4),
                .mean_ms = cursor_real(&row, 5),
                .longest_ms = cursor_real(&row, 6),
                .run = cursor_copy(&row, 7, arena),
            };
    return cursor_end(&row, err);
}

/* What a visit takes beside its steps. */
static bool read_visits(struct stored_ledger *ledger, struct timings *timings, struct err *err)
{
    struct cursor row;
    store_query(ledger->store, &row,
                "SELECT told.dialect, avg(told.visit - told.steps) FROM"
                " (SELECT mine.dialect AS dialect, mine.duration_ms AS visit,"
                "   (SELECT sum(steps.duration_ms) FROM steps WHERE steps.run = mine.run"
                "     AND steps.tenant = mine.n) AS steps FROM run_tenants AS mine"
                "  WHERE mine.run IN " NEWEST_RUNS " AND mine.outcome = ?"
                "   AND mine.attempts = 1) AS told WHERE told.steps IS NOT NULL"
                " GROUP BY told.dialect",
                value_int(TENANT_SUCCEEDED));
    while (cursor_next(&row))
        if (is_dialect(&row, 0) && cursor_real(&row, 1) > 0)
            timings->visit_ms[cursor_int(&row, 0)] = cursor_real(&row, 1);
    return cursor_end(&row, err);
}

bool stored_read_timings(struct ledger *base, struct arena *arena, struct timings *ret_timings,
                         struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct timings timings = {0};
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine = read_steps(ledger, arena, &timings, err) && read_visits(ledger, &timings, err);
    store_look_away(ledger->store);
    if (is_fine)
        *ret_timings = timings;
    return is_fine;
}
