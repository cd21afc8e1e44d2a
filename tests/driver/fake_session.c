/* The server's side of a connection, and the life of a message. */
#include "driver/fake_private.h"

/* ---- sessions ------------------------------------------------------------------------------ */

struct fake_session *fake_session_new(struct fake_db *db)
{
    struct fake_session *session = arena_alloc(&db->world->arena, sizeof *session);
    session->db = db;
    session->id = ++db->world->last_session;
    session->next = db->sessions;
    db->sessions = session;
    return session;
}

struct fake_session *fake_session_find(const struct fake_world *world, uint32_t id)
{
    for (size_t i = 0; i < world->db_count; i++)
        for (struct fake_session *at = world->dbs[i]->sessions; at; at = at->next)
            if (at->id == id)
                return at;
    return NULL;
}

static bool has_lock(const struct fake_session *session)
{
    for (size_t i = 0; i < session->db->lock_count; i++)
        if (session->db->locks[i].owner == session)
            return true;
    return false;
}

void fake_session_unlock(struct fake_session *session, bool of_transaction_only)
{
    struct fake_db *db = session->db;
    size_t kept = 0;
    for (size_t i = 0; i < db->lock_count; i++)
        if (db->locks[i].owner != session ||
            (of_transaction_only && !db->locks[i].is_of_transaction))
            db->locks[kept++] = db->locks[i];
    db->lock_count = kept;
}

static void end_transaction(struct fake_session *session)
{
    if (session->db->writer == session)
        session->db->writer = NULL;
    session->draft = NULL;
    session->nonce = NULL;
    session->in_transaction = session->is_doomed = false;
    fake_session_unlock(session, true);
}

void fake_session_commit(struct fake_session *session)
{
    if (session->draft) {
        session->db->unlocked_writes += !has_lock(session);
        session->db->store = session->draft;
    }
    end_transaction(session);
}

void fake_session_roll_back(struct fake_session *session)
{
    end_transaction(session);
}

void fake_session_end(struct fake_session *session)
{
    struct fake_session **link = &session->db->sessions;
    if (session->is_ended)
        return;
    fake_session_roll_back(session);
    fake_session_unlock(session, false);
    session->is_ended = true;
    session->is_lost = true;
    session->is_running = false;
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
}

void fake_session_leave(struct fake_session *session)
{
    struct arena *arena = &session->db->world->arena;
    if (session->is_ended)
        return;
    if (!session->is_running) {
        fake_session_end(session);
        return;
    }
    session->is_lost = true;
    session->scratch = *session->op;
    session->scratch.arena = arena;
    session->scratch.sql = arena_strndup(arena, session->op->sql, session->op->sql_len);
    session->op = &session->scratch;
}

/* ---- a message ----------------------------------------------------------------------------- */

void fake_session_start(struct fake_session *session, struct op *op)
{
    uint64_t now_ms = session->db->world->now_ms;
    session->op = op;
    session->at = session->end = 0;
    session->is_begun = false;
    session->is_cancelled = false;
    session->is_running = true;
    session->begun_ms = now_ms;
    session->wake_ms = now_ms + session->db->world->latency_ms;
    fake_session_run(session);
}

static void check_transaction(struct fake_session *session)
{
    struct op *op = session->op;
    if (op->tx_after == TX_ANY || session->in_transaction == (op->tx_after == TX_INSIDE))
        return;
    op->is_tx_broken = true;
    if (op_err(op)->kind == ERR_NONE)
        err_set(op_make_err(op), ERR_SQL, "the transaction was %s by the statements themselves",
                session->in_transaction ? "begun" : "ended");
}

static void finish(struct fake_session *session)
{
    struct op *op = session->op;
    const char *value = op->row_count ? op_value(op, 0, 0) : NULL;
    if (op->kind == OP_LOCK)
        op->is_locked = op_err(op)->kind == ERR_NONE && value && *value == 't';
    check_transaction(session);
    session->is_running = false;
    if (session->is_lost)
        fake_session_end(session);
}

static void fail_message(struct fake_session *session)
{
    session->is_doomed = session->in_transaction;
    if (!session->in_transaction)
        fake_session_roll_back(session);
    finish(session);
}

static enum fake_event event_of(const struct fake_session *session, const struct fake_word *word)
{
    if (strcmp(word->text, "commit") == 0)
        return FAKE_COMMIT;
    if (strcmp(word->text, "guard") == 0)
        return FAKE_GUARD;
    if (session->op->kind == OP_LOCK && strncmp(word->text, "lock", 4) == 0)
        return FAKE_LOCK;
    return session->op->kind == OP_SCRIPT ? FAKE_SCRIPT : FAKE_QUERY;
}

static void be_struck(struct fake_session *session, const struct fake_fault *fault)
{
    uint64_t late_ms = session->db->world->now_ms + fault->delay_ms;
    switch (fault->act) {
    case FAKE_REFUSE: session->refusal = fault->code; break;
    case FAKE_BUSY: session->is_busy = true; break;
    case FAKE_LOSE_BEFORE: fake_session_end(session); break;
    case FAKE_LOSE_AFTER: session->loses_after = true; break;
    case FAKE_LOSE_LATE:
        session->is_lost = true;
        session->wake_ms = late_ms;
        break;
    case FAKE_DELAY: session->wake_ms = late_ms; break;
    }
}

/* Moves to the next statement and lets its fault strike. False: there is none. */
static bool begin_statement(struct fake_session *session)
{
    struct fake_word words[FAKE_WORDS_MAX];
    const struct op *op = session->op;
    do {
        session->at = session->end + (session->end > 0);
        if (session->at >= op->sql_len)
            return false;
        session->end = fake_statement_end(op->sql, op->sql_len, session->at);
        session->end += session->end == 0; /* a semicolon by itself, first of all */
    } while (!fake_words(&session->db->world->arena, op->sql, session->at, session->end, words));
    session->is_begun = true;
    session->is_busy = session->loses_after = false;
    session->refusal = NULL;
    session->begun_ms = session->db->world->now_ms;
    const struct fake_fault *fault = fake_strike(session->db, event_of(session, &words[0]));
    if (fault)
        be_struck(session, fault);
    return true;
}

static void end_statement(struct fake_session *session, const struct fake_call *call)
{
    struct op *op = session->op;
    session->is_begun = false;
    if (session->draft && !session->in_transaction)
        fake_session_commit(session);
    if (op->needs_one_row && call->touched >= 0 && call->touched != 1)
        err_set(op_make_err(op), ERR_INTERNAL, "a bookkeeping statement touched %ld rows, not one",
                call->touched);
    op->rows_changed += call->touched > 0 ? (uint64_t)call->touched : 0;
    op->statements_done += op_err(op)->kind == ERR_NONE;
}

static enum fake_outcome run_statement(struct fake_session *session)
{
    struct fake_word words[FAKE_WORDS_MAX];
    struct op *op = session->op;
    struct fake_call call = {.session = session, .op = op, .words = words, .touched = -1};
    if (session->refusal)
        return fake_fail(op_make_err(op), session->refusal, "refused with %s", session->refusal);
    call.count = fake_words(&session->db->world->arena, op->sql, session->at, session->end, words);
    if (session->is_doomed && strcmp(words[0].text, "rollback") != 0 &&
        strcmp(words[0].text, "commit") != 0)
        return fake_fail(op_make_err(op), "25P02", "the transaction is aborted");
    enum fake_outcome outcome = fake_command(&call);
    if (outcome == FAKE_DONE)
        end_statement(session, &call);
    return outcome == FAKE_DONE && op_err(op)->kind != ERR_NONE ? FAKE_FAILED : outcome;
}

/* Is the statement under way to be stopped? Then op->err says why. */
static bool is_stopped(struct fake_session *session)
{
    struct op *op = session->op;
    uint64_t taken_ms = session->db->world->now_ms - session->begun_ms;
    if (session->is_cancelled)
        fake_fail(op_make_err(op), "57014", "canceled on request");
    else if (session->is_begun && op->statement_timeout_ms && taken_ms >= op->statement_timeout_ms)
        fake_fail(op_make_err(op), "57014", "canceled by the statement timeout");
    return op_err(op)->kind != ERR_NONE;
}

/* Goes on with the message as far as the time allows. */
void fake_session_run(struct fake_session *session)
{
    while (session->is_running) {
        if (is_stopped(session)) {
            fail_message(session);
            return;
        }
        if (session->db->world->now_ms < session->wake_ms)
            return;
        if (!session->is_begun) {
            if (!begin_statement(session))
                finish(session);
            continue;
        }
        enum fake_outcome outcome = run_statement(session);
        if (outcome == FAKE_WAIT)
            return;
        if (session->loses_after && outcome == FAKE_DONE)
            fake_session_end(session);
        else if (outcome == FAKE_FAILED)
            fail_message(session);
    }
}
