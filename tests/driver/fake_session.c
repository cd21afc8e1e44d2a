/* The server's side of a connection, and the life of a message. */
#include "driver/fake_private.h"

/* ---- sessions ------------------------------------------------------------------------------ */

struct fake_session *fake_session_new(struct fake_db *db, enum fake_shape shape)
{
    struct fake_session *session = arena_alloc(&db->world->arena, sizeof *session);
    session->db = db;
    session->shape = shape;
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

/* ---- where unqualified names lead ---------------------------------------------------------- */

/* After the identifier's closing quote; a doubled one is none. */
static size_t quoted_len(const char *text)
{
    size_t len = 1;
    while (text[len] && (text[len] != '"' || text[len + 1] == '"'))
        len += text[len] == '"' ? 2 : 1;
    return len + (text[len] == '"');
}

/* The next name of a search path, quoted or bare; NULL: there is none. */
static const char *next_name(struct arena *arena, const char **at)
{
    struct fake_word words[FAKE_WORDS_MAX];
    const char *begin = *at + strspn(*at, ", ");
    size_t len = *begin == '"' ? quoted_len(begin) : strcspn(begin, ", ");
    if (!*begin)
        return NULL;
    *at = begin + len;
    return fake_words(arena, begin, 0, len, words) ? words[0].text : NULL;
}

static const struct fake_store *store_of(const struct fake_session *session)
{
    return session->draft ? session->draft : session->db->store;
}

/* The first schema of the path that exists, and, unless NULL, has the table. */
static const char *find_schema(const struct fake_session *session, const char *table)
{
    const char *path = session->local_path ? session->local_path : session->path, *name;
    const struct fake_store *store = store_of(session);
    if (!path)
        path = session->db->search_path;
    while ((name = next_name(&session->db->world->arena, &path)))
        if (table ? fake_store_table(store, name, table) != NULL
                  : fake_store_has_schema(store, name))
            return name;
    return NULL;
}

const char *fake_session_schema(const struct fake_session *session)
{
    return find_schema(session, NULL);
}

const char *fake_session_find_table(const struct fake_session *session, const char *table)
{
    return find_schema(session, table);
}

const char *fake_session_target(const struct fake_session *session)
{
    const char *path = session->local_path ? session->local_path : session->path;
    const char *schema = find_schema(session, NULL);
    if (!path)
        path = session->db->search_path;
    return schema ? schema : next_name(&session->db->world->arena, &path);
}

/* ---- transactions -------------------------------------------------------------------------- */

static void end_transaction(struct fake_session *session)
{
    struct fake_db *db = session->db;
    size_t kept = 0;
    for (size_t i = 0; i < db->claim_count; i++)
        if (db->claims[i].owner != session)
            db->claims[kept++] = db->claims[i];
    db->claim_count = kept;
    session->draft = NULL;
    session->nonce = NULL;
    session->local_path = NULL;
    session->in_transaction = session->is_doomed = session->only_reads = false;
    fake_session_unlock(session, true);
}

/* What others have committed meanwhile, in their schemas, stays. */
static void take_draft(struct fake_session *session)
{
    struct fake_db *db = session->db;
    if (db->store == session->base) {
        db->store = session->draft;
        return;
    }
    for (size_t i = 0; i < db->claim_count; i++)
        if (db->claims[i].owner == session)
            db->store =
                fake_store_mix(&db->world->arena, db->store, session->draft, db->claims[i].schema);
}

void fake_session_commit(struct fake_session *session)
{
    if (session->draft) {
        session->db->unlocked_writes += !has_lock(session);
        take_draft(session);
    }
    end_transaction(session);
}

void fake_session_roll_back(struct fake_session *session)
{
    end_transaction(session);
}

static void leave_database(struct fake_session *session)
{
    struct fake_session **link = &session->db->sessions;
    fake_session_roll_back(session);
    fake_session_unlock(session, false);
    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
}

void fake_session_use(struct fake_session *session, struct fake_db *db)
{
    leave_database(session);
    session->db = db;
    session->next = db->sessions;
    db->sessions = session;
}

void fake_session_end(struct fake_session *session)
{
    if (session->is_ended)
        return;
    leave_database(session);
    session->is_ended = true;
    session->is_lost = true;
    session->is_running = false;
}

/* What is left of the message, in memory of the server's own. */
static void keep_message(struct fake_session *session)
{
    struct arena *arena = &session->db->world->arena;
    const struct op *op = session->op, *end = session->last->joined, **link = &session->op;
    for (; op != end; op = op->joined) {
        struct op *copy = arena_alloc(arena, sizeof *copy);
        *copy = *op;
        copy->answer = arena_alloc(arena, sizeof *copy->answer);
        *copy->answer = *op->answer;
        copy->answer->err = NULL;
        copy->arena = arena;
        copy->sql = arena_strndup(arena, op->sql, op->sql_len);
        if (op->limits) {
            struct op_limits *limits = arena_alloc(arena, sizeof *limits);
            *limits = *op->limits;
            copy->limits = limits;
        }
        *link = session->last = copy;
        link = &copy->joined;
    }
    *link = NULL;
    session->is_kept = true;
    session->first = session->op; /* those before it are the client's, and gone */
}

/* A file has no other side that could go on. */
void fake_session_leave(struct fake_session *session)
{
    if (session->is_ended)
        return;
    if (!session->is_running || session->shape == FAKE_ON_WORKER) {
        fake_session_end(session);
        return;
    }
    session->is_lost = true;
    keep_message(session);
}

/* ---- a message ----------------------------------------------------------------------------- */

enum { MESSAGE_MAX = 64 * 1024 };

/* FAKE_NO_DDL: a script ends its message. */
static bool may_follow(const struct fake_session *session, const struct op *op)
{
    bool joins =
        session->shape == FAKE_JOINS || (session->shape == FAKE_NO_DDL && op->kind != OP_SCRIPT);
    return joins && op->joined;
}

static const struct op *last_of_message(const struct fake_session *session, const struct op *op)
{
    size_t len = op->sql_len;
    while (may_follow(session, op) && len + op->joined->sql_len <= MESSAGE_MAX) {
        op = op->joined;
        len += op->sql_len;
    }
    return op;
}

static void check_transaction(struct fake_session *session)
{
    const struct op *op = session->op;
    if (op->tx_after == TX_ANY || session->in_transaction == (op->tx_after == TX_INSIDE))
        return;
    if (op != session->first && !session->first->answer->statements_done)
        return; /* a message that could not be parsed has run nothing */
    op->answer->is_tx_broken = true;
    if (op_err(op)->kind == ERR_NONE)
        err_set(op_make_err(op), ERR_SQL, "the transaction was %s by the statements themselves",
                session->in_transaction ? "begun" : "ended");
}

static void finish_lock(const struct op *op)
{
    struct answer *answer = op->answer;
    const struct grid *rows = &answer->rows;
    const char *value = rows->row_count ? grid_value(rows, 0, 0) : NULL;
    bool is_good = op_err(op)->kind == ERR_NONE;
    if (op->kind != OP_LOCK || !op->sql_len)
        return;
    answer->is_locked = is_good && value && *value == 't';
    answer->is_pooled = is_good && rows->row_count && !value;
    if (value && rows->column_count > 1 && !answer->is_locked)
        answer->holder = grid_value(rows, 0, 1);
}

static void finish(struct fake_session *session)
{
    finish_lock(session->op);
    check_transaction(session);
    session->is_running = false;
    if (session->is_lost)
        fake_session_end(session);
}

static void fail_message(struct fake_session *session)
{
    session->is_doomed = session->in_transaction && session->shape != FAKE_ON_WORKER;
    if (!session->in_transaction)
        fake_session_roll_back(session);
    finish(session);
}

/* The op's statements are done; false: it was the last. */
static bool go_to_next_op(struct fake_session *session)
{
    const struct op *op = session->op;
    op->answer->is_over = true;
    if (op != session->first)
        op->answer->duration_ms = (double)(session->db->world->now_ms - session->op_begun_ms);
    if (op == session->last)
        return false;
    finish_lock(op);
    if (session->shape == FAKE_NO_DDL)
        check_transaction(session);
    session->op = op->joined;
    session->op_begun_ms = session->db->world->now_ms;
    session->at = session->end = 0;
    return true;
}

/* The words of the next statement, at the session's `at` and `end`; 0: there is none. */
static size_t next_statement(struct fake_session *session, struct fake_word *words)
{
    const struct op *op = session->op;
    size_t count;
    do {
        session->at = session->end + (session->end > 0);
        if (session->at >= op->sql_len)
            return 0;
        session->end = fake_statement_end(op->sql, op->sql_len, session->at);
        session->end += session->end == 0; /* a semicolon by itself, first of all */
        count = fake_words(&session->db->world->arena, op->sql, session->at, session->end, words);
    } while (!count);
    return count;
}

/* A server parses a message as a whole before it runs any of it (FAKE_JOINS). False: nothing of it can be run. */
static bool parse_message(struct fake_session *session)
{
    struct fake_word words[FAKE_WORDS_MAX];
    if (session->first == session->last || session->shape == FAKE_NO_DDL)
        return true;
    for (;; session->op = session->op->joined) {
        session->at = session->end = 0;
        while (next_statement(session, words))
            if (!fake_is_command(&words[0])) {
                fake_fail(op_make_err(session->op), "42601", "no such command: '%s'",
                          words[0].text);
                op_make_err(session->op)->offset = words[0].offset + 1;
                return false;
            }
        if (session->op == session->last)
            break;
    }
    session->op = session->first;
    session->at = session->end = 0;
    return true;
}

void fake_session_start(struct fake_session *session, const struct op *op)
{
    uint64_t now_ms = session->db->world->now_ms;
    bool is_remote = session->shape != FAKE_ON_WORKER;
    session->first = session->op = op;
    session->last = last_of_message(session, op);
    session->at = session->end = 0;
    session->is_begun = false;
    session->is_cancelled = false;
    session->is_running = true;
    session->is_kept = false;
    session->begun_ms = now_ms;
    session->wake_ms = now_ms + (is_remote ? session->db->world->latency_ms : 0);
    if (!parse_message(session))
        fail_message(session);
    else if (is_remote)
        fake_session_run(session);
}

static bool is_one_of(const struct fake_word *word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word->text, names[i]) == 0)
            return true;
    return false;
}

static enum fake_event event_of(const struct fake_session *session, const struct fake_word *word)
{
    static const char *const ours[] = {"begin", "make", "setup", "prepare_guard", "schema"};
    static const char *const guards[] = {"guard", "run_guard", "reset_role", "nonce", "local_path"};
    if (strcmp(word->text, "commit") == 0)
        return FAKE_COMMIT;
    if (is_one_of(word, guards, ARRAY_LEN(guards)))
        return FAKE_GUARD;
    if (session->op->kind == OP_LOCK && strncmp(word->text, "lock", 4) == 0)
        return FAKE_LOCK;
    if (is_one_of(word, ours, ARRAY_LEN(ours)))
        return FAKE_QUERY;
    return session->op->kind == OP_SCRIPT ? FAKE_SCRIPT : FAKE_QUERY;
}

static void be_struck(struct fake_session *session, const struct fake_fault *fault)
{
    uint64_t late_ms = session->db->world->now_ms + fault->delay_ms;
    bool is_loss = fault->act == FAKE_LOSE_BEFORE || fault->act == FAKE_LOSE_AFTER ||
                   fault->act == FAKE_LOSE_LATE;
    if (is_loss && session->shape == FAKE_ON_WORKER)
        return; /* no connection to a file is ever lost */
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
    while (!next_statement(session, words))
        if (!go_to_next_op(session))
            return false;
    session->is_begun = true;
    session->is_busy = session->loses_after = false;
    session->refusal = NULL;
    session->begun_ms = session->db->world->now_ms;
    const struct fake_fault *fault =
        fake_strike(session->db, event_of(session, &words[0]), session);
    if (fault)
        be_struck(session, fault);
    return true;
}

static void end_statement(struct fake_session *session, const struct fake_call *call)
{
    const struct op *op = session->op;
    session->is_begun = false;
    if (session->draft && !session->in_transaction)
        fake_session_commit(session);
    op->answer->rows_changed += call->touched > 0 ? (uint64_t)call->touched : 0;
    op->answer->statements_done += op_err(op)->kind == ERR_NONE;
}

/* Where a revision cannot so much as say it. */
static bool is_fenced(const struct fake_session *session, const struct fake_word *word)
{
    static const char *const words[] = {"begin", "commit", "rollback"};
    bool is_fence = session->shape == FAKE_ON_WORKER && session->op->kind == OP_SCRIPT;
    for (size_t i = 0; is_fence && i < ARRAY_LEN(words); i++)
        if (strcmp(words[i], word->text) == 0)
            return true;
    return false;
}

static enum fake_outcome run_statement(struct fake_session *session)
{
    struct fake_word words[FAKE_WORDS_MAX];
    const struct op *op = session->op;
    struct fake_call call = {.session = session, .op = op, .words = words, .touched = -1};
    call.count = fake_words(&session->db->world->arena, op->sql, session->at, session->end, words);
    if (session->refusal && fake_leaves_remains(&call) && fake_leave_remains(&call) == FAKE_DONE)
        fake_session_commit(session);
    if (session->refusal) {
        const struct said said = {.part = {[SAID_DETAIL] = "a value of a row"}};
        fake_fail(op_make_err(op), session->refusal, "refused with %s", session->refusal);
        op_make_err(op)->said = said_copy(op->arena, &said);
        return FAKE_FAILED;
    }
    if (session->is_doomed && strcmp(words[0].text, "rollback") != 0 &&
        strcmp(words[0].text, "commit") != 0)
        return fake_fail(op_make_err(op), "25P02", "the transaction is aborted");
    if (is_fenced(session, &words[0]))
        return fake_fail(op_make_err(op), "23", "skein begins and ends transactions");
    enum fake_outcome outcome = fake_command(&call);
    if (outcome == FAKE_DONE)
        end_statement(session, &call);
    return outcome == FAKE_DONE && op_err(op)->kind != ERR_NONE ? FAKE_FAILED : outcome;
}

/* Is the statement under way to be stopped? Then op->err says why. */
static bool is_stopped(struct fake_session *session)
{
    const struct op *op = session->op;
    uint64_t taken_ms = session->db->world->now_ms - session->begun_ms;
    uint64_t limit_ms = op->limits ? op->limits->statement_timeout_ms : 0;
    if (session->is_cancelled)
        fake_fail(op_make_err(op), "57014", "canceled on request");
    else if (session->is_begun && limit_ms && taken_ms >= limit_ms)
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
