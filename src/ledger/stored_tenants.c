/* What is written of one tenant: its standing, which a run takes over from the one it goes on with,
 * and what this run says of it. */
#include "ledger/stored.h"

#include "chain/chain.h"
#include "event/known.h"

static bool put_rows(struct stored_ledger *ledger, const struct rows *rows,
                     struct db_value *ret_list, struct err *err)
{
    *ret_list = db_null();
    return !rows->is_known ||
           stored_list_put(ledger, LIST_REVISIONS, rows->ids, rows->count, ret_list, err);
}

static bool is_blank(const struct standing *standing)
{
    return standing->state == TENANT_PENDING && !standing->is_begun && !standing->has_changed &&
           !standing->before.is_known && !standing->goal.is_known && !standing->to.is_known &&
           !standing->snapshot;
}

/* Nothing to say of it: no row. */
bool stored_write_standing(struct stored_ledger *ledger, size_t tenant,
                           const struct standing *standing, struct err *err)
{
    struct db_value before, goal, to, reached;
    if (is_blank(standing))
        return true;
    if (!put_rows(ledger, &standing->before, &before, err) ||
        !put_rows(ledger, &standing->goal, &goal, err) ||
        !put_rows(ledger, &standing->to, &to, err) ||
        !put_rows(ledger, &standing->reached, &reached, err))
        return false;
    return db_run(&ledger->db, err,
                  "INSERT INTO run_tenants(run, n, state, is_begun, has_changed, before, goal,"
                  " left_at, reached, snapshot) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  db_int(ledger->writing.run), db_int((int64_t)tenant), db_int(standing->state),
                  db_int(standing->is_begun), db_int(standing->has_changed), before, goal, to,
                  reached, db_text(standing->snapshot));
}

/* The first that knows where the tenant stood is right: later ones look at what was done since. */
bool stored_write_intent(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct intent *intent = event->intent;
    struct db_value before, goal;
    if (!put_rows(ledger, &intent->before, &before, err) ||
        !put_rows(ledger, &intent->goal, &goal, err))
        return false;
    return db_run(&ledger->db, err,
                  "INSERT INTO run_tenants(run, n, state, is_begun, is_running, before, goal,"
                  " snapshot) VALUES(?, ?, ?, 1, 1, ?, ?, ?)"
                  " ON CONFLICT(run, n) DO UPDATE SET is_begun = 1, is_running = 1,"
                  " before = coalesce(before, excluded.before),"
                  " goal = coalesce(excluded.goal, goal),"
                  " snapshot = coalesce(excluded.snapshot, snapshot)",
                  db_int(ledger->writing.run), db_int((int64_t)event->tenant),
                  db_int(TENANT_PENDING), before, goal, db_text(intent->snapshot));
}

bool stored_write_retry(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome outcome = {.error = event->error};
    struct db_value error;
    if (!stored_error_put(ledger, event->run->chain, &outcome, &error, err))
        return false;
    return db_run(&ledger->db, err,
                  "INSERT INTO retries(run, n, tenant, attempt, error, delay_ms)"
                  " VALUES(?, ?, ?, ?, ?, ?)",
                  db_int(ledger->writing.run), db_int(ledger->writing.retries++),
                  db_int((int64_t)event->tenant), db_int(event->attempt), error,
                  db_int((int64_t)event->delay_ms));
}

/* ---- outcomes ------------------------------------------------------------------------------ */

/* Steps of the rollback, after those of the run itself. */
static bool first_step(struct stored_ledger *ledger, const struct event *event, int64_t *ret_n,
                       struct err *err)
{
    *ret_n = 0;
    return !event->outcome->is_rollback ||
           db_get(&ledger->db, err, ret_n,
                  "SELECT count(*) FROM steps WHERE run = ? AND tenant = ?",
                  db_int(ledger->writing.run), db_int((int64_t)event->tenant));
}

static bool write_steps(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct db_value revision;
    int64_t n;
    if (!outcome->step_count)
        return true;
    if (!first_step(ledger, event, &n, err))
        return false;
    for (const struct step_done *step = outcome->steps; step < outcome->steps + outcome->step_count;
         step++)
        if (!stored_revision_put(ledger, event->run->chain, step->revision, &revision, err) ||
            !db_run(&ledger->db, err,
                    "INSERT OR REPLACE INTO steps(run, tenant, n, revision, direction, statements,"
                    " duration_ms, is_rollback) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                    db_int(ledger->writing.run), db_int((int64_t)event->tenant), db_int(n++),
                    revision, db_int(step->direction), db_int(step->statements),
                    db_real(step->duration_ms), db_int(outcome->is_rollback)))
            return false;
    return true;
}

/* What the row says so far. */
static bool read_known(struct stored_ledger *ledger, size_t tenant, struct known *ret_known,
                       struct err *err)
{
    struct db_cursor row;
    *ret_known = (struct known){0};
    db_query(&ledger->db, &row,
             "SELECT outcome, is_begun, is_running, has_changed FROM run_tenants"
             " WHERE run = ? AND n = ?",
             db_int(ledger->writing.run), db_int((int64_t)tenant));
    if (db_next(&row))
        *ret_known = (struct known){.is_on_record = true,
                                    .has_outcome = !db_is_null_at(&row, 0),
                                    .is_begun = db_int_at(&row, 1) != 0,
                                    .is_open = db_int_at(&row, 2) != 0,
                                    .has_changed = db_int_at(&row, 3) != 0};
    return db_end(&row, err);
}

/* What event/known.h decides; ?12 and what follows are its answers. */
static const char outcome_sql[] =
    "INSERT INTO run_tenants(run, n, state, outcome, has_changed, left_at, found, error,"
    " attempts, started_ms, duration_ms, reached)"
    " VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, CASE WHEN ?15 THEN ?5 END)"
    " ON CONFLICT(run, n) DO UPDATE SET is_running = 0, outcome = ?3, has_changed = ?4,"
    " state = CASE WHEN ?14 THEN ?3 ELSE state END,"
    " left_at = CASE WHEN ?13 THEN ?5 ELSE left_at END,"
    " found = CASE WHEN ?11 THEN found ELSE ?6 END,"
    " error = CASE WHEN ?12 THEN ?7 ELSE error END,"
    " attempts = CASE WHEN ?11 THEN attempts ELSE 0 END + ?8,"
    " started_ms = CASE WHEN ?11 THEN started_ms ELSE ?9 END,"
    " duration_ms = CASE WHEN ?11 THEN duration_ms ELSE 0 END + ?10,"
    " reached = CASE WHEN ?15 THEN ?5 WHEN ?16 THEN NULL ELSE reached END";

static bool write_row(struct stored_ledger *ledger, const struct event *event,
                      struct db_value found, struct db_value left, struct db_value error,
                      struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct known known;
    if (!read_known(ledger, event->tenant, &known, err))
        return false;
    struct known_change change = known_change(&known, outcome);
    return db_run(
        &ledger->db, err, outcome_sql, db_int(ledger->writing.run), db_int((int64_t)event->tenant),
        db_int(outcome->state), db_int(change.has_changed), left, found, error,
        db_int(outcome->attempts), db_real(outcome->started_ms), db_real(outcome->duration_ms),
        db_int(change.is_added), db_int(change.takes_error), db_int(change.takes_to),
        db_int(change.takes_state), db_int(change.takes_reached), db_int(change.clears_reached));
}

bool stored_write_outcome(struct stored_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct db_value found_list, left_list, error;
    return put_rows(ledger, &outcome->from, &found_list, err) &&
           put_rows(ledger, &outcome->to, &left_list, err) &&
           stored_error_put(ledger, event->run->chain, outcome, &error, err) &&
           write_row(ledger, event, found_list, left_list, error, err) &&
           write_steps(ledger, event, err) && stored_write_notices(ledger, event, err);
}
