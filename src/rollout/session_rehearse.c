/* A rehearsal of the plan: in a transaction that is rolled back, or on a copy of the database, which the session goes to. On a
 * copy all is as in a run that changes tenants; in place the work is another (rehearsal.h), and where its transaction would be
 * committed it is rolled back. What can be rehearsed in neither way was rehearsed before the run on a scratch database (rehearsed.h), and
 * is told here. */
#include "base/texts.h"
#include "rollout/session_private.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/human.h"

/* What waits for a rehearsal's locks waits for nothing. */
enum { LOCK_TIMEOUT_MS = 1000, LOOKS_BEFORE_GIVING_WAY = 2 };

static bool is_in_place(const struct session *session)
{
    return session->env->request->rehearses && session->dialect->sql[SQL_REHEARSE_BEFORE];
}

bool session_changes(const struct session *session)
{
    bool may = is_in_place(session) && !session->conn.is_missing;
    return request_changes(session->env->request) || session->rehearsal.copy || may;
}

uint64_t session_lock_timeout(const struct session *session)
{
    uint64_t timeout_ms = session->tenant->settings->lock_timeout_ms;
    bool is_long = !timeout_ms || timeout_ms > LOCK_TIMEOUT_MS;
    return is_in_place(session) && is_long ? LOCK_TIMEOUT_MS : timeout_ms;
}

/* ---- on a copy -------------------------------------------------------------------------------- */

bool session_needs_copy(const struct session *session)
{
    return session->env->request->rehearses && session->driver->traits & DRIVER_SNAPSHOTS &&
           !session->rehearsal.copy && session->work.todo.count;
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Copies that are made at the same time are not counted: who comes last is told by the system. */
static bool has_room(const char *folder, uint64_t bytes, struct err *err)
{
    struct statvfs place;
    struct buf needed;
    if (statvfs(folder, &place) != 0 || bytes <= (uint64_t)place.f_bavail * place.f_frsize)
        return true;
    buf_init(&needed, BUF_MAX_DEFAULT);
    human_add_size(&needed, bytes);
    err_set(err, ERR_CONFIG,
            "a copy of it needs %s, and there is less room in '%s': set TMPDIR to another folder",
            needed.data, folder);
    buf_done(&needed);
    return false;
}

enum session_state session_go_to_copy(struct session *session)
{
    const char *copy = rollout_copy_to_rehearse(session->env->run, session, &session->arena);
    const char *folder = arena_strndup(&session->arena, copy, (size_t)(strrchr(copy, '/') - copy));
    struct err err;
    if (!has_room(folder, size_of(session->tenant->url.database), &err))
        return session_fail(session, &err);
    session->rehearsal.copy = copy;
    return SESSION_SNAPSHOT;
}

enum session_state session_arrive_at_copy(struct session *session)
{
    session->rehearsal.copy_bytes = size_of(session->rehearsal.copy);
    session->conn.after_close = SESSION_LINK;
    return SESSION_CLOSE;
}

static void remove_copy(struct session *session)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal", ".part"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        unlink(arena_printf(&session->arena, "%s%s", session->rehearsal.copy, endings[i]));
}

void session_leave_copy(struct session *session)
{
    struct session_rehearsal *rehearsal = &session->rehearsal;
    if (!rehearsal->copy)
        return;
    uint64_t bytes = size_of(rehearsal->copy), before = rehearsal->copy_bytes;
    struct seen growth = {.kind = SEEN_GROWTH, .count = bytes - before};
    if (rehearsal->at == REHEARSED_ON_COPY && bytes > before && session->work.todo.count)
        rehearsal_note(&rehearsal->seen, &session->work.todo.actions[session->work.todo.count - 1],
                       &growth);
    remove_copy(session);
}

void session_note_rehearsed_commit(struct session *session)
{
    if (!session->rehearsal.copy || session->work.cursor == session->work.batch_end)
        return;
    const struct action *last = &session->work.todo.actions[session->work.batch_end - 1];
    if (last->is_in_transaction)
        rehearsal_take_commit(&session->rehearsal.seen, last);
}

/* ---- on a scratch database -------------------------------------------------------------------- */

/* What came of it there; NULL: nothing is known, or the tenant stands elsewhere by now. */
static const struct rehearsed *find_elsewhere(const struct session *session)
{
    const struct request *request = session->env->request;
    const struct rehearsed *rehearsed =
        request->rehearsed ? request->rehearsed[session->index] : NULL;
    bool is_of_it = rehearsed && rows_are_equal(&rehearsed->from, &session->result.from) &&
                    (rehearsed->reason || !session->doubt.unfinished.revision);
    return is_of_it ? rehearsed : NULL;
}

const struct weighed *session_weighed_elsewhere(const struct session *session,
                                                const struct weighed *weighed)
{
    const struct rehearsed *elsewhere = find_elsewhere(session);
    for (size_t i = 0; elsewhere && i < elsewhere->weighed_count; i++) {
        const struct weighed *other = &elsewhere->weighed[i];
        if (other->revision == weighed->revision && other->direction == weighed->direction &&
            other->line == weighed->line)
            return other;
    }
    return NULL;
}

void session_begin_on_scratch(struct session *session)
{
    rehearsal_begin(&session->rehearsal.seen, &session->arena);
    session->rehearsal.seen.is_on_scratch = true;
    session->rehearsal.at = REHEARSED_ON_SCRATCH;
}

/* Why it is rehearsed nowhere. */
static const char *why_nowhere(struct session *session)
{
    const struct rehearsed *elsewhere = find_elsewhere(session);
    const struct dialect_info *info = dialect_info(session->tenant->url.dialect);
    const char *cannot = session->conn.is_missing ? "its database is still to be made"
                                                  : "this database takes no change of a table back";
    if (elsewhere && elsewhere->reason)
        return arena_printf(&session->arena, "%s, and on a scratch database: %s", cannot,
                            elsewhere->reason);
    if (!session->env->scratch || !session->env->scratch[session->tenant->url.dialect].server)
        return arena_printf(
            &session->arena,
            "%s: add 'scratch: {%s: URL}' to the inventory, a server on which it can "
            "be rehearsed in a database that is thrown away",
            cannot, info->name);
    return arena_printf(&session->arena,
                        "%s, and it did not stand there when scratch databases were made", cannot);
}

static bool went_well(const struct rehearsed *elsewhere)
{
    return elsewhere && !elsewhere->reason && !elsewhere->error;
}

/* From the step `first` on, what the steps took there. */
static void take_times(struct session *session, const struct rehearsed *elsewhere, size_t first)
{
    size_t count = session->result.recorded_count;
    for (size_t i = first; i < count && i < elsewhere->step_count; i++)
        if (session->result.steps[i].revision == elsewhere->steps[i].revision)
            session->result.steps[i].duration_ms = elsewhere->steps[i].duration_ms;
}

static enum session_state fail_as_elsewhere(struct session *session)
{
    const struct rehearsed *elsewhere = find_elsewhere(session);
    if (elsewhere->step_count < session->result.done_count) /* those that went well */
        session->result.done_count = session->result.recorded_count = elsewhere->step_count;
    session->result.err_revision = elsewhere->error_revision;
    session->result.err_statement = elsewhere->error_statement;
    return session_fail(session, elsewhere->error);
}

/* Whose schema the scratch database had. */
static void note_schema(struct session *session, const struct rehearsed *elsewhere)
{
    struct seen *seen = ARENA_PUSH(&session->arena, session->rehearsal.seen.items,
                                   session->rehearsal.seen.count, session->rehearsal.seen.capacity);
    *seen = (struct seen){.kind = SEEN_SCRATCH, .words = scratch_schema_name(elsewhere->schema)};
}

enum session_state session_tell_rehearsed(struct session *session)
{
    struct rehearsal *seen = &session->rehearsal.seen;
    const struct rehearsed *elsewhere = find_elsewhere(session);
    if (!session->env->request->rehearses || !session->work.todo.count)
        return session_after_plan(session);
    rehearsal_begin(seen, &session->arena);
    if (!elsewhere || elsewhere->reason) {
        rehearsal_note(seen, &session->work.todo.actions[0],
                       &(struct seen){.kind = SEEN_SKIPPED, .words = why_nowhere(session)});
        return session_after_plan(session);
    }
    session->rehearsal.at = REHEARSED_ON_SCRATCH;
    note_schema(session, elsewhere);
    take_times(session, elsewhere, 0);
    return elsewhere->error ? fail_as_elsewhere(session) : session_after_plan(session);
}

/* ---- in place --------------------------------------------------------------------------------- */

bool session_gave_way(const struct session *session, struct err *err)
{
    const struct rehearsal *seen = &session->rehearsal.seen;
    if (!session->rehearsal.gives_way)
        return false;
    err_set(
        err, ERR_LOCK,
        "%zu session%s waited for what the rehearsal had locked: it gave way, and was rolled back",
        seen->waiting, seen->waiting == 1 ? "" : "s");
    err->is_transient = true;
    return true;
}

/* One look may find a wait that is about to end. The statement ends here, and its transaction after it. */
static void on_waiting(void *ctx, size_t sessions)
{
    struct session *session = ctx;
    bool is_at_work = session->state == SESSION_BEGIN || session->state == SESSION_APPLY;
    session->rehearsal.looks = sessions ? session->rehearsal.looks + 1 : 0;
    if (session->rehearsal.looks < LOOKS_BEFORE_GIVING_WAY || !is_at_work || session->is_finished)
        return;
    session->rehearsal.seen.waiting = sessions;
    session->rehearsal.gives_way = true;
    io_cancel(session->conn.io);
}

static void watch_waiting(struct session *session)
{
    session->rehearsal.looks = 0;
    session->rehearsal.gives_way = false;
    blockers_watch_waiting(session->conn.blockers,
                           session_lock_timeout(session) / LOOKS_BEFORE_GIVING_WAY, on_waiting,
                           session);
}

bool session_may_rehearse_on(struct session *session, struct err *err)
{
    const struct conn_info *info = io_info(session->conn.io);
    const struct rehearsal *seen = &session->rehearsal.seen;
    if (session->work.todo.count && info->is_read_only)
        return err_set(err, ERR_CONNECT,
                       "the database is read-only%s: nothing can be rehearsed there",
                       info->is_standby ? ", a standby" : "");
    if (session->rehearsal.at != REHEARSED_IN_PLACE || session->state == SESSION_PLAN)
        return true; /* what an attempt before this one met does not count */
    session->rehearsal.looks = seen->waiting ? session->rehearsal.looks : 0;
    session->rehearsal.gives_way =
        session->rehearsal.gives_way || rehearsal_gives_way(seen, session_lock_timeout(session));
    return !session_gave_way(session, err);
}

enum session_state session_begin_rehearsal(struct session *session)
{
    struct rehearsal *seen = &session->rehearsal.seen;
    rehearsal_begin(seen, &session->arena);
    if (!session->work.todo.count)
        return session_after_plan(session);
    session->rehearsal.at = session->rehearsal.copy ? REHEARSED_ON_COPY : REHEARSED_IN_PLACE;
    if (!session->rehearsal.copy) {
        struct work whole = session->work.todo;
        seen->elsewhere = find_elsewhere(session);
        rehearsal_work(seen, session->dialect, &whole, &session->work.todo);
        watch_waiting(session);
    }
    return session_next_work(session);
}

enum session_state session_end_of_transaction(const struct session *session)
{
    return session->rehearsal.at == REHEARSED_IN_PLACE ? SESSION_REHEARSED : SESSION_COMMIT;
}

void session_note_rehearsed(struct session *session, const struct io_op *end)
{
    if (session->rehearsal.at == REHEARSED_NOWHERE)
        return;
    for (const struct io_op *op = session->batch.ops; op < end; op++) {
        const struct action *action = session_action_of(op);
        struct rehearsal_result result = {.duration_ms = op->answer.duration_ms,
                                          .rows_changed = op->answer.rows_changed,
                                          .rows = op->answer.rows};
        if (action)
            rehearsal_take(&session->rehearsal.seen, action, &result);
    }
}

/* Is the error one of the rehearsal's own? NULL: it is the revision's. */
static const char *why_no_further(const struct session *session, const struct action *action,
                                  const char *code)
{
    const struct rehearsal *seen = &session->rehearsal.seen;
    const struct dialect *dialect = session->dialect;
    size_t at = (size_t)(action - session->work.todo.actions);
    if (seen->has_ended && dialect->code_uncommitted &&
        strcmp(code, dialect->code_uncommitted) == 0)
        return "it, and what comes after it, needs what comes before it to be committed";
    if (!rehearsal_may_lack(seen, at) || !dialect->codes_absent ||
        !texts_until_null_have(dialect->codes_absent, code))
        return NULL;
    return went_well(seen->elsewhere)
               ? "it, and what comes after it, needs what runs outside a transaction; on a scratch database, "
                 "without rows, all of it went well"
               : "it, and what comes after it, needs something that is not there, and what was left out "
                 "may make it";
}

/* What needs a commit that a rehearsal does not make, or what it leaves out, is no fault of the revision. */
bool session_rehearses_no_further(struct session *session, const struct io_op *op)
{
    struct rehearsal *seen = &session->rehearsal.seen;
    const struct action *action = session_action_of(op);
    const char *why = session->rehearsal.at == REHEARSED_IN_PLACE && action
                          ? why_no_further(session, action, io_op_err(op)->code)
                          : NULL;
    size_t at = action ? (size_t)(action - session->work.todo.actions) : 0;
    if (session->rehearsal.gives_way)
        return false;
    if (session->rehearsal.at == REHEARSED_IN_PLACE && action && at >= seen->fails_elsewhere)
        return true; /* an upgrade would not come to it */
    if (!why)
        return false;
    seen->left_out++;
    rehearsal_note(seen, action, &(struct seen){.kind = SEEN_SKIPPED, .words = why});
    return true;
}

/* The steps that were not come to. */
static void add_rest(struct session *session)
{
    const struct rehearsed *elsewhere = session->rehearsal.seen.elsewhere;
    size_t at = 0, first = session->result.recorded_count;
    for (size_t i = 0; i < session->work.todo.count; i++) {
        const struct action *action = &session->work.todo.actions[i];
        if (action->kind == ACTION_RECORD && at++ == session->result.recorded_count)
            session_note_step(session, action);
    }
    if (went_well(elsewhere))
        take_times(session, elsewhere, first);
}

static enum asked ask_rehearsed(struct session *session)
{
    session_add_one(session, SQL_ROLLBACK)->op.tx_after = TX_OUTSIDE;
    return ASKED_OPS;
}

static enum session_state answer_rehearsed(struct session *session)
{
    rehearsal_end(&session->rehearsal.seen);
    session->work.step_ms = 0;
    add_rest(session);
    session->result.done_count = session->result.recorded_count;
    if (session->rehearsal.seen.fails_elsewhere != SIZE_MAX)
        return fail_as_elsewhere(session);
    return session_after_plan(session);
}

const struct state_row row_rehearsed = {
    .name = "rehearsed",
    .does = "rolls back what was rehearsed",
    .ask = ask_rehearsed,
    .answer = answer_rehearsed,
    .next = SESSION_RELEASE,
    .exits = TO(WEIGH) | TO_LOOKED | TO_WAY_OUT,
    .error_exits = TO_WAY_OUT,
    .must_finish = true,
};
