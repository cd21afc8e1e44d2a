/* What is written of one tenant: its standing, which a run takes over from the one it goes on with,
 * and what this run says of it. */
#include "ledger/stored.h"

#include "chain/chain.h"
#include "event/known.h"

static bool put_rows(struct stored_ledger *ledger, const struct rows *rows, struct value *ret_list,
                     struct err *err)
{
    *ret_list = value_null();
    return !rows->is_known || stored_list_put(ledger, SERIES_REVISION_LISTS, rows, ret_list, err);
}

static bool is_blank(const struct standing *standing)
{
    return standing->state == TENANT_PENDING && !standing->is_begun && !standing->has_changed &&
           !standing->before.is_known && !standing->goal.is_known && !standing->to.is_known &&
           !standing->snapshot && !standing->is_elsewhere && !standing->is_gone;
}

/* Nothing to say of it: no row. */
bool stored_write_standing(struct stored_ledger *ledger, size_t tenant,
                           const struct standing *standing, struct err *err)
{
    struct value before, goal, to, reached;
    if (is_blank(standing))
        return true;
    if (!put_rows(ledger, &standing->before, &before, err) ||
        !put_rows(ledger, &standing->goal, &goal, err) ||
        !put_rows(ledger, &standing->to, &to, err) ||
        !put_rows(ledger, &standing->reached, &reached, err))
        return false;
    return store_run(ledger->store, err,
                     "INSERT INTO run_tenants(run, n, state, is_begun, has_changed, before, goal,"
                     " left_at, reached, snapshot, is_elsewhere, twin, is_gone)"
                     " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     value_int(ledger->writing.run), value_int((int64_t)tenant),
                     value_int(standing->state), value_int(standing->is_begun),
                     value_int(standing->has_changed), before, goal, to, reached,
                     value_text(standing->snapshot), value_int(standing->is_elsewhere),
                     value_text(standing->twin), value_int(standing->is_gone));
}

static void note_row(struct stored_ledger *ledger, const struct event *event, enum tenant_rows rows)
{
    if (ledger->writing.rows)
        ledger->writing.rows[event->tenant] = (unsigned char)rows;
}

/* The first that knows where the tenant stood is right: later ones look at what was done since. */
bool stored_write_intent(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct intent *intent = event->intent;
    struct value before, goal;
    if (!put_rows(ledger, &intent->before, &before, err) ||
        !put_rows(ledger, &intent->goal, &goal, err))
        return false;
    note_row(ledger, event, TENANT_HAS_INTENT);
    return store_run(ledger->store, err,
                     "INSERT INTO run_tenants(run, n, state, is_begun, is_running, before, goal,"
                     " snapshot) VALUES(?, ?, ?, TRUE, TRUE, ?, ?, ?)"
                     " ON CONFLICT(run, n) DO UPDATE SET is_begun = TRUE, is_running = TRUE,"
                     " before = coalesce(run_tenants.before, excluded.before),"
                     " goal = coalesce(excluded.goal, run_tenants.goal),"
                     " snapshot = coalesce(excluded.snapshot, run_tenants.snapshot)",
                     value_int(ledger->writing.run), value_int((int64_t)event->tenant),
                     value_int(TENANT_PENDING), before, goal, value_text(intent->snapshot));
}

bool stored_write_retry(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome outcome = {.error = event->error};
    struct value error;
    int64_t last; /* -1: this is the first */
    if (!stored_error_put(ledger, event->run->chain, &outcome, &error, err) ||
        !stored_series_hold(ledger, err) ||
        !store_get(ledger->store, err, &last, "SELECT max(n) FROM retries WHERE run = ?",
                   value_int(ledger->writing.run)))
        return false;
    return store_run(ledger->store, err,
                     "INSERT INTO retries(run, n, tenant, attempt, error, delay_ms)"
                     " VALUES(?, ?, ?, ?, ?, ?)",
                     value_int(ledger->writing.run), value_int(last + 1),
                     value_int((int64_t)event->tenant), value_int(event->attempt), error,
                     value_int((int64_t)event->delay_ms));
}

/* ---- outcomes ------------------------------------------------------------------------------ */

/* Steps of the rollback, after those of the run itself. */
static bool first_step(struct stored_ledger *ledger, const struct event *event, int64_t *ret_n,
                       struct err *err)
{
    *ret_n = 0;
    return !event->outcome->is_rollback ||
           store_get(ledger->store, err, ret_n,
                     "SELECT count(*) FROM steps WHERE run = ? AND tenant = ?",
                     value_int(ledger->writing.run), value_int((int64_t)event->tenant));
}

static bool write_steps(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct value revision;
    int64_t n;
    if (!outcome->step_count)
        return true;
    if (!first_step(ledger, event, &n, err))
        return false;
    for (const struct step_done *step = outcome->steps; step < outcome->steps + outcome->step_count;
         step++)
        if (!stored_revision_put(ledger, event->run->chain, step->revision, &revision, err) ||
            !store_run(ledger->store, err,
                       "INSERT INTO steps(run, tenant, n, revision, direction, statements,"
                       " duration_ms, is_rollback, batches, rows_changed)"
                       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                       " ON CONFLICT(run, tenant, n) DO UPDATE SET revision = excluded.revision,"
                       " direction = excluded.direction, statements = excluded.statements,"
                       " duration_ms = excluded.duration_ms, is_rollback = excluded.is_rollback,"
                       " batches = excluded.batches, rows_changed = excluded.rows_changed",
                       value_int(ledger->writing.run), value_int((int64_t)event->tenant),
                       value_int(n++), revision, value_int(step->direction),
                       value_int(step->statements), value_real(step->duration_ms),
                       value_int(outcome->is_rollback), value_int((int64_t)step->batches),
                       value_int((int64_t)step->rows)))
            return false;
    return true;
}

/* Where no one else has had the tenant, in this run or in those that it goes on with, what is on record is what was written here. */
static bool remember_known(const struct stored_ledger *ledger, const struct event *event,
                           struct known *ret_known)
{
    const unsigned char *rows = ledger->writing.rows;
    if (!rows || event->epoch != 1 || event->run->resumed_from ||
        rows[event->tenant] == TENANT_HAS_MORE)
        return false;
    bool has_intent = rows[event->tenant] == TENANT_HAS_INTENT;
    *ret_known =
        (struct known){.is_on_record = has_intent, .is_begun = has_intent, .is_open = has_intent};
    return true;
}

/* What the row says so far. */
static bool read_known(struct stored_ledger *ledger, const struct event *event,
                       struct known *ret_known, struct err *err)
{
    struct cursor row;
    if (remember_known(ledger, event, ret_known))
        return true;
    *ret_known = (struct known){0};
    store_query(ledger->store, &row,
                "SELECT outcome, is_begun, is_running, has_changed FROM run_tenants"
                " WHERE run = ? AND n = ?",
                value_int(ledger->writing.run), value_int((int64_t)event->tenant));
    if (cursor_next(&row))
        *ret_known = (struct known){.is_on_record = true,
                                    .has_outcome = !cursor_is_null(&row, 0),
                                    .is_begun = cursor_int(&row, 1) != 0,
                                    .is_open = cursor_int(&row, 2) != 0,
                                    .has_changed = cursor_int(&row, 3) != 0};
    return cursor_end(&row, err);
}

/* What event/known.h decides; ?12 and what follows are its answers. */
static const char outcome_sql[] =
    "INSERT INTO run_tenants(run, n, state, outcome, has_changed, left_at, found, error,"
    " attempts, started_ms, duration_ms, reached, dialect)"
    " VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, CASE WHEN ?15 THEN CAST(?5 AS BIGINT) END, ?17)"
    " ON CONFLICT(run, n) DO UPDATE SET is_running = FALSE, outcome = ?3, has_changed = ?4,"
    " state = CASE WHEN ?14 THEN ?3 ELSE run_tenants.state END,"
    " left_at = CASE WHEN ?13 THEN ?5 ELSE run_tenants.left_at END,"
    " found = CASE WHEN ?11 THEN run_tenants.found ELSE ?6 END,"
    " error = CASE WHEN ?12 THEN ?7 ELSE run_tenants.error END,"
    " attempts = CASE WHEN ?11 THEN run_tenants.attempts ELSE 0 END + ?8,"
    " started_ms = CASE WHEN ?11 THEN run_tenants.started_ms ELSE ?9 END,"
    " duration_ms = CASE WHEN ?11 THEN run_tenants.duration_ms ELSE 0 END + ?10,"
    " reached = CASE WHEN ?15 THEN ?5 WHEN ?16 THEN NULL ELSE run_tenants.reached END,"
    " dialect = CASE WHEN ?11 THEN run_tenants.dialect ELSE ?17 END";

static bool write_row(struct stored_ledger *ledger, const struct event *event, struct value found,
                      struct value left, struct value error, struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct known known;
    if (!read_known(ledger, event, &known, err))
        return false;
    note_row(ledger, event, TENANT_HAS_MORE);
    struct known_change change = known_change(&known, outcome);
    return store_run(
        ledger->store, err, outcome_sql, value_int(ledger->writing.run),
        value_int((int64_t)event->tenant), value_int(outcome->state), value_int(change.has_changed),
        left, found, error, value_int(outcome->attempts), value_real(outcome->started_ms),
        value_real(outcome->duration_ms), value_int(change.is_added), value_int(change.takes_error),
        value_int(change.takes_to), value_int(change.takes_state), value_int(change.takes_reached),
        value_int(change.clears_reached), value_int((int64_t)outcome->dialect));
}

bool stored_write_outcome(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct value found_list, left_list, error;
    return put_rows(ledger, &outcome->from, &found_list, err) &&
           put_rows(ledger, &outcome->to, &left_list, err) &&
           stored_error_put(ledger, event->run->chain, outcome, &error, err) &&
           write_row(ledger, event, found_list, left_list, error, err) &&
           write_steps(ledger, event, err) && stored_write_notices(ledger, event, err);
}
