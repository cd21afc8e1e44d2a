/* A rehearsal of the plan: in a transaction that is rolled back, or on a copy of the database, which the session goes to. On a
 * copy all is as in a run that changes tenants; in place the work is another (rehearsal.h), and where its transaction would be
 * committed it is rolled back. */
#include "rollout/session_private.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/human.h"

/* What waits for a rehearsal's locks waits for nothing. */
enum { LOCK_TIMEOUT_MS = 1000 };

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

/* ---- nowhere ---------------------------------------------------------------------------------- */

void session_note_unrehearsed(struct session *session)
{
    struct rehearsal *seen = &session->rehearsal.seen;
    if (!session->env->request->rehearses || !session->work.todo.count)
        return;
    rehearsal_begin(seen, &session->arena);
    rehearsal_note(seen, &session->work.todo.actions[0],
                   &(struct seen){.kind = SEEN_SKIPPED,
                                  .words = session->conn.is_missing
                                               ? "its database is still to be made"
                                               : "this database takes no change of a table back"});
}

/* ---- in place --------------------------------------------------------------------------------- */

bool session_may_rehearse_on(const struct session *session, struct err *err)
{
    const struct conn_info *info = io_info(session->conn.io);
    const struct rehearsal *seen = &session->rehearsal.seen;
    if (session->work.todo.count && info->is_read_only)
        return err_set(err, ERR_CONNECT,
                       "the database is read-only%s: nothing can be rehearsed there",
                       info->is_standby ? ", a standby" : "");
    if (session->rehearsal.at != REHEARSED_IN_PLACE ||
        !rehearsal_gives_way(seen, session_lock_timeout(session)))
        return true;
    err_set(
        err, ERR_LOCK,
        "%zu session%s waited for what the rehearsal had locked: it gave way, and was rolled back",
        seen->waiting, seen->waiting == 1 ? "" : "s");
    err->is_transient = true;
    return false;
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
        rehearsal_work(seen, session->dialect, &whole, &session->work.todo);
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

/* What needs a commit that a rehearsal does not make is no fault of the revision. */
bool session_rehearses_no_further(struct session *session, const struct io_op *op)
{
    struct rehearsal *seen = &session->rehearsal.seen;
    const struct action *action = session_action_of(op);
    const char *code = session->dialect->code_uncommitted;
    if (session->rehearsal.at != REHEARSED_IN_PLACE || !seen->has_ended || !action || !code ||
        strcmp(io_op_err(op)->code, code) != 0)
        return false;
    seen->left_out++;
    rehearsal_note(
        seen, action,
        &(struct seen){
            .kind = SEEN_SKIPPED,
            .words = "it, and what comes after it, needs what comes before it to be committed"});
    return true;
}

/* The steps that were not come to. */
static void add_rest(struct session *session)
{
    size_t at = 0;
    for (size_t i = 0; i < session->work.todo.count; i++) {
        const struct action *action = &session->work.todo.actions[i];
        if (action->kind == ACTION_RECORD && at++ == session->result.recorded_count)
            session_note_step(session, action);
    }
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
    return session_after_plan(session);
}

const struct state_row row_rehearsed = {
    .name = "rehearsed",
    .does = "rolls back what was rehearsed",
    .ask = ask_rehearsed,
    .answer = answer_rehearsed,
    .next = SESSION_RELEASE,
    .exits = TO(WEIGH) | TO_LOOKED,
    .error_exits = TO_WAY_OUT,
    .must_finish = true,
};
