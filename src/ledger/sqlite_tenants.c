/* What is written of one tenant: its standing, which a run takes over from the one it goes on with,
 * and what this run says of it. */
#include "ledger/sqlite_private.h"

#include "chain/chain.h"

static bool put_rows(struct sqlite_ledger *ledger, const struct rows *rows,
                     struct db_value *ret_list, struct err *err)
{
    *ret_list = db_null();
    return !rows->is_known ||
           sqlite_list_put(ledger, LIST_REVISIONS, rows->ids, rows->count, ret_list, err);
}

static bool is_blank(const struct standing *standing)
{
    return standing->state == TENANT_PENDING && !standing->is_begun && !standing->has_changed &&
           !standing->before.is_known && !standing->goal.is_known && !standing->to.is_known &&
           !standing->snapshot;
}

/* Nothing to say of it: no row. */
bool sqlite_write_standing(struct sqlite_ledger *ledger, size_t tenant,
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
bool sqlite_write_intent(struct sqlite_ledger *ledger, const struct event *event, struct err *err)
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

bool sqlite_write_retry(struct sqlite_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome outcome = {.error = event->error};
    struct db_value error;
    if (!sqlite_error_put(ledger, event->run->chain, &outcome, &error, err))
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
static bool first_step(struct sqlite_ledger *ledger, const struct event *event, int64_t *ret_n,
                       struct err *err)
{
    *ret_n = 0;
    return !event->outcome->is_rollback ||
           db_get(&ledger->db, err, ret_n,
                  "SELECT count(*) FROM steps WHERE run = ? AND tenant = ?",
                  db_int(ledger->writing.run), db_int((int64_t)event->tenant));
}

static bool write_steps(struct sqlite_ledger *ledger, const struct event *event, struct err *err)
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
        if (!sqlite_revision_put(ledger, event->run->chain, step->revision, &revision, err) ||
            !db_run(&ledger->db, err,
                    "INSERT OR REPLACE INTO steps(run, tenant, n, revision, direction, statements,"
                    " duration_ms, is_rollback) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                    db_int(ledger->writing.run), db_int((int64_t)event->tenant), db_int(n++),
                    revision, db_int(step->direction), db_int(step->statements),
                    db_real(step->duration_ms), db_int(outcome->is_rollback)))
            return false;
    return true;
}

/* Keeps the older state where this run could not read a tenant that was begun, unless this run itself had begun
 * to change it. */
#define INSERT_OUTCOME                                                                             \
    "INSERT INTO run_tenants(run, n, state, outcome, has_changed, left_at, found, error,"          \
    " attempts, started_ms, duration_ms, reached)"                                                 \
    " VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"                                    \
    " ON CONFLICT(run, n) DO UPDATE SET is_running = 0, outcome = excluded.outcome,"               \
    " state = CASE WHEN is_begun AND NOT is_running AND excluded.found IS NULL THEN state"         \
    "  ELSE excluded.state END, left_at = CASE WHEN excluded.found IS NULL"                        \
    "  THEN coalesce(excluded.left_at, left_at) ELSE excluded.left_at END,"

/* Once changed, changed. */
static const char forward_sql[] =
    INSERT_OUTCOME " has_changed = has_changed OR excluded.has_changed,"
                   " reached = coalesce(excluded.reached, reached),"
                   " found = excluded.found, error = excluded.error, attempts = excluded.attempts,"
                   " started_ms = excluded.started_ms, duration_ms = excluded.duration_ms";

/* One row tells of the run and its rollback, as the report does: where it began, what went wrong there unless the rollback
 * went wrong too, and the effort of both. */
static const char rollback_sql[] = INSERT_OUTCOME
    " has_changed = has_changed AND excluded.has_changed,"
    " reached = CASE WHEN excluded.has_changed THEN reached END,"
    " found = CASE WHEN outcome IS NULL THEN excluded.found ELSE found END,"
    " error = coalesce(excluded.error, error),"
    " attempts = attempts + excluded.attempts, started_ms = CASE WHEN outcome IS NULL"
    "  THEN excluded.started_ms ELSE started_ms END,"
    " duration_ms = duration_ms + excluded.duration_ms";

/* Of a rollback, only a tenant that got back where it stood counts as unchanged again. */
static bool has_changed(const struct outcome *outcome)
{
    if (!outcome->is_rollback)
        return outcome->has_changed;
    return outcome->state != TENANT_ROLLED_BACK && outcome->state != TENANT_UNCHANGED;
}

static bool write_row(struct sqlite_ledger *ledger, const struct event *event,
                      struct db_value found, struct db_value left, struct db_value error,
                      struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct db_value reached = outcome_is_work(outcome) ? left : db_null();
    return db_run_values(&ledger->db, err, outcome->is_rollback ? rollback_sql : forward_sql,
                         DB_VALUES(db_int(ledger->writing.run), db_int((int64_t)event->tenant),
                                   db_int(outcome->state), db_int(has_changed(outcome)), left,
                                   found, error, db_int(outcome->attempts),
                                   db_real(outcome->started_ms), db_real(outcome->duration_ms),
                                   reached));
}

bool sqlite_write_outcome(struct sqlite_ledger *ledger, const struct event *event, struct err *err)
{
    const struct outcome *outcome = event->outcome;
    struct db_value found_list, left_list, error;
    return put_rows(ledger, &outcome->from, &found_list, err) &&
           put_rows(ledger, &outcome->to, &left_list, err) &&
           sqlite_error_put(ledger, event->run->chain, outcome, &error, err) &&
           write_row(ledger, event, found_list, left_list, error, err) &&
           write_steps(ledger, event, err) && sqlite_write_notices(ledger, event, err);
}
