/* Dropping runs. What several runs share (tenants, fleets, lists, revisions) goes with the last run
 * that used it; lists and revisions stay, since they are few and known by their order. */
#include "ledger/stored.h"

/* Each a statement of ?1, the run. */
static const char *const deletes[] = {
    "DELETE FROM waves WHERE run = ?1",          "DELETE FROM run_tenants WHERE run = ?1",
    "DELETE FROM steps WHERE run = ?1",          "DELETE FROM retries WHERE run = ?1",
    "DELETE FROM errors WHERE run = ?1",         "DELETE FROM notices WHERE run = ?1",
    "DELETE FROM tenant_notices WHERE run = ?1", "DELETE FROM courses WHERE run = ?1",
    "DELETE FROM course_waves WHERE run = ?1",   "DELETE FROM machines WHERE run = ?1",
    "DELETE FROM claim_queues WHERE run = ?1",   "DELETE FROM claims WHERE run = ?1",
    "DELETE FROM moments WHERE run = ?1",        "DELETE FROM findings WHERE run = ?1",
    "DELETE FROM expectations WHERE run = ?1",   "DELETE FROM runs WHERE seq = ?1",
};

static const char *const sweeps[] = {
    "DELETE FROM chain_files WHERE digest NOT IN (SELECT chain_digest FROM runs)",
    "DELETE FROM revision_sections WHERE checksum NOT IN (SELECT checksum FROM chain_files)"
    " AND NOT EXISTS (SELECT 1 FROM revisions WHERE revisions.checksum = revision_sections.checksum"
    " AND (EXISTS (SELECT 1 FROM steps WHERE steps.revision = revisions.id)"
    " OR EXISTS (SELECT 1 FROM errors WHERE errors.revision = revisions.id)))",
    "DELETE FROM fleets WHERE id NOT IN (SELECT fleet FROM runs)",
    "DELETE FROM fleet_tenants WHERE fleet NOT IN (SELECT id FROM fleets)",
    "DELETE FROM tenants WHERE id NOT IN (SELECT tenant FROM fleet_tenants)",
};

static bool delete_run(struct stored_ledger *ledger, int64_t run, struct err *err)
{
    bool is_fine = true;
    for (size_t i = 0; is_fine && i < ARRAY_LEN(deletes); i++)
        is_fine = store_run(ledger->store, err, deletes[i], value_int(run));
    return is_fine;
}

/* No run may begin meanwhile: it might take over a tenant that goes. */
static bool sweep(struct stored_ledger *ledger, struct err *err)
{
    bool is_fine = store_hold_numbers(ledger->store, err);
    for (size_t i = 0; is_fine && i < ARRAY_LEN(sweeps); i++)
        is_fine = store_run_plain(ledger->store, err, sweeps[i]);
    return is_fine;
}

/* A transaction a run, so that a run under way never waits long for its turn to write. */
static bool drop_run(struct stored_ledger *ledger, int64_t run, struct err *err)
{
    return store_begin(ledger->store, err) &&
           store_end(ledger->store, delete_run(ledger, run, err), err);
}

static bool drop_unused(struct stored_ledger *ledger, struct err *err)
{
    return store_begin(ledger->store, err) && store_end(ledger->store, sweep(ledger, err), err);
}

/* ---- which --------------------------------------------------------------------------------- */

static bool fits(const struct ledger_forget *which, const struct stored_run *run, size_t newer)
{
    size_t keep = which->keep_newest == SIZE_MAX ? 0 : which->keep_newest;
    if (run->is_alive || newer < keep || (which->id && strcmp(run->run.id, which->id) != 0) ||
        (which->before_ms && run->run.started_at_ms >= which->before_ms))
        return false;
    return !run->run.is_unfinished || which->takes_unfinished;
}

/* Of a run of several machines that is over, one may not have heard of it yet: it comes back to the run once more. */
static bool is_left(struct stored_ledger *ledger, const struct stored_run *run, bool *ret_is_left,
                    struct err *err)
{
    int64_t there = 0;
    bool is_fine = !store_is_held(ledger->store) ||
                   store_get(ledger->store, err, &there,
                             "SELECT count(*) FROM machines WHERE run = ? AND NOT has_left"
                             " AND lease_until_ms >= {now_ms}",
                             value_int(run->seq));
    *ret_is_left = there == 0;
    return is_fine;
}

/* A run whose later run goes in the same sweep is judged as it was before. */
static bool forget_all(struct stored_ledger *ledger, const struct ledger_forget *which,
                       struct arena *arena, size_t *ret_count, struct err *err)
{
    struct stored_run *runs;
    size_t count, dropped = 0, newer = 0;
    if (!stored_runs_read(ledger, arena, &runs, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (which->concerns && !which->concerns(which->ctx, &runs[i].run))
            continue;
        bool is_it = fits(which, &runs[i], newer++);
        if (is_it && !is_left(ledger, &runs[i], &is_it, err))
            return false;
        if (is_it && !drop_run(ledger, runs[i].seq, err))
            return false;
        dropped += is_it;
    }
    if (dropped && !drop_unused(ledger, err))
        return false;
    *ret_count = dropped;
    return true;
}

bool stored_forget(struct ledger *base, const struct ledger_forget *which, size_t *ret_count,
                   struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct ledger_forget resolved = *which;
    struct stored_run run;
    struct arena arena;
    arena_init(&arena);
    bool is_fine = !which->id || stored_run_find(ledger, which->id, &arena, &run, err);
    if (is_fine) {
        resolved.id = which->id ? run.run.id : NULL;
        is_fine = forget_all(ledger, &resolved, &arena, ret_count, err);
    }
    arena_done(&arena);
    return is_fine;
}
