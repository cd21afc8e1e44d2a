/* How all tenants of a run stand that several machines work on. */
#include "base/clock.h"
#include "ledger/stored.h"

/* A number that no tenant or wave has is a damaged ledger's, which is told by who reads the run. */
static void add(struct run_tally *tally, struct wave_tally *waves, size_t wave_count,
                const struct cursor *row)
{
    size_t wave = (size_t)cursor_int(row, 0), count = (size_t)cursor_int(row, 2);
    enum tenant_state state = (enum tenant_state)cursor_int(row, 1);
    if (state >= TENANT__COUNT)
        return;
    tally->states[state] += count;
    if (wave >= wave_count || state == TENANT_PENDING || state == TENANT_RUNNING)
        return;
    waves[wave].done += count;
    waves[wave].bad += tenant_state_is_bad(state) ? count : 0;
}

void stored_tally_read(const struct stored_beat *beat, struct beat_answer *answer)
{
    size_t wave_count = beat->ask->run->wave_count;
    struct run_tally *tally = arena_calloc(beat->arena, 1, sizeof *tally);
    struct wave_tally *waves = arena_calloc(beat->arena, wave_count + 1, sizeof *waves);
    int64_t started_ms = clock_boot_ms();
    struct cursor row;
    struct err err;
    store_query(beat->ledger->store, &row,
                "SELECT claims.wave, CASE WHEN claims.state = 1 THEN CAST(?2 AS BIGINT)"
                "  ELSE coalesce(outcome, CAST(?3 AS BIGINT)) END AS stands, count(*)"
                " FROM claims LEFT JOIN run_tenants AS mine"
                "  ON mine.run = claims.run AND mine.n = claims.n"
                " WHERE claims.run = ?1 GROUP BY 1, 2",
                value_int(beat->ledger->writing.run), value_int(TENANT_RUNNING),
                value_int(TENANT_PENDING));
    while (cursor_next(&row))
        add(tally, waves, wave_count, &row);
    if (!cursor_end(&row, &err))
        return;
    tally->waves = waves;
    answer->tally = tally;
    answer->tally_ms = clock_boot_ms() - started_ms;
}
