/* The driver of the made-up database: a client that looks now and then how far the server is. */
#include "driver/fake_private.h"

#include "base/buf.h"
#include "dialect/probe.h"
#include "dialect/split.h"
#include "dialect/template.h"
#include "dialect/weigh.h"
#include "schema/reader.h"

struct conn {
    struct conn_params params;
    enum fake_shape shape;
    bool is_created;              /* the database, by connecting to it */
    struct fake_world *world;     /* NULL: no server answers there */
    struct fake_session *session; /* NULL: not connected */
    const struct op *op;
    struct conn_info info;
    const struct fake_fault *fault; /* that connecting met */
    uint64_t connect_ms;            /* when the server answers */
    struct op reset;                /* an OP_RESET, as the statement that does it */
};

/* ---- connecting ---------------------------------------------------------------------------- */

static struct conn *open_as(const struct conn_params *params, enum fake_shape shape)
{
    struct conn *conn = xcalloc(1, sizeof *conn);
    conn->params = *params;
    conn->shape = shape;
    for (size_t i = 0; i < params->url->param_count; i++)
        if (strcmp(params->url->params[i].key, "world") == 0)
            conn->world = (struct fake_world *)(uintptr_t)params->url->params[i].value;
    return conn;
}

static struct conn *plain_open(const struct conn_params *params)
{
    return open_as(params, FAKE_PLAIN);
}

static struct conn *joins_open(const struct conn_params *params)
{
    return open_as(params, FAKE_JOINS);
}

static struct conn *on_worker_open(const struct conn_params *params)
{
    return open_as(params, FAKE_ON_WORKER);
}

static struct conn *no_ddl_open(const struct conn_params *params)
{
    return open_as(params, FAKE_NO_DDL);
}

static const char *database_of(const struct conn *conn)
{
    return conn->params.database ? conn->params.database : conn->params.url->database;
}

static struct want over(void)
{
    return (struct want){.bits = WANT_NOTHING};
}

/* In slices, since the session that waits may be cancelled meanwhile. Where drivers have sockets there is one
 * too, another while connecting; nothing ever comes on it, but callers may have been told otherwise. */
static struct want wait_until(const struct conn *conn, uint64_t wake_ms)
{
    enum { FIRST_FD = 3 };
    uint64_t now_ms = conn->world->now_ms;
    uint64_t left_ms = wake_ms > now_ms ? wake_ms - now_ms : 1;
    struct want want = {.bits = WANT_TIMER,
                        .timeout_ms = left_ms < FAKE_TICK_MS ? left_ms : FAKE_TICK_MS};
    if (conn->shape == FAKE_JOINS) {
        want.bits |= now_ms % 3 ? WANT_READ : WANT_READ | WANT_WRITE;
        want.fd = FIRST_FD + (conn->session ? (int)conn->session->id : 0);
    }
    return want;
}

static struct want start_connect(struct conn *conn)
{
    if (!conn->world) {
        fake_fail(op_make_err(conn->op), "08001", "nobody answers");
        return over();
    }
    struct fake_db *db = fake_db_find(conn->world, database_of(conn));
    conn->connect_ms = conn->world->now_ms + conn->world->latency_ms;
    conn->fault = db ? fake_strike(db, FAKE_CONNECT, NULL) : NULL;
    if (conn->fault && conn->fault->act == FAKE_DELAY)
        conn->connect_ms += conn->fault->delay_ms;
    return wait_until(conn, conn->connect_ms);
}

/* A proxy invents the number of the handshake; where there are none, it says what it is. */
static void take_session(struct conn *conn, struct fake_db *db)
{
    enum { INVENTED = 1000000 };
    if (conn->session)
        fake_session_end(conn->session); /* of the database before */
    conn->session = fake_session_new(db, conn->shape);
    bool has_pids = conn->shape == FAKE_JOINS;
    uint32_t pid = conn->session->id + (db->is_pooled ? INVENTED : 0);
    conn->info = (struct conn_info){
        .is_pooled = db->is_pooled && !has_pids,
        .is_read_only = db->is_read_only,
        .is_created = conn->is_created,
        .backend_pid = has_pids ? pid : 0,
        .watches_client = has_pids,
        .server_version = 10000,
    };
    conn->op->answer->info = &conn->info;
}

static struct want step_connect(struct conn *conn)
{
    const struct op *op = conn->op;
    struct fake_db *db = fake_db_find(conn->world, database_of(conn));
    if (conn->world->now_ms < conn->connect_ms)
        return wait_until(conn, conn->connect_ms);
    if (conn->session && conn->session->is_lost) { /* the server's end of it, before it was moved */
        fake_lose(op_make_err(op));
        return over();
    }
    if (!db) {
        op->answer->is_missing = true;
        fake_fail(op_make_err(op), "3D000", "database \"%s\" does not exist", database_of(conn));
        return over();
    }
    if (conn->fault && conn->fault->act == FAKE_REFUSE) {
        fake_fail(op_make_err(op), conn->fault->code, "refused with %s", conn->fault->code);
        return over();
    }
    if (conn->fault && conn->fault->act != FAKE_DELAY) {
        fake_lose(op_make_err(op));
        op_make_err(op)->trouble = TROUBLE_DOWN; /* it was never reached */
        return over();
    }
    take_session(conn, db);
    return over();
}

/* ---- operations ---------------------------------------------------------------------------- */

/* The connection is lost: the op of which the client heard last has the error. */
static void lose(struct conn *conn)
{
    struct fake_session *session = conn->session;
    const struct op *op = conn->op;
    while (session->id % 2 && op->joined && op->answer->is_over)
        op = op->joined;
    if (!session->is_kept)
        fake_session_leave(session);
    fake_lose(op_make_err(op));
}

/* What the server has come to. */
static struct want look(struct conn *conn)
{
    struct fake_session *session = conn->session;
    if (session->is_lost) {
        lose(conn);
        return over();
    }
    if (session->is_running)
        return wait_until(conn, session->wake_ms);
    bool has_more = session->op == session->last && op_err(session->op)->kind == ERR_NONE &&
                    session->op->joined;
    if (!has_more)
        return over();
    fake_session_start(session, session->op->joined);
    return look(conn);
}

static struct want fake_start(struct conn *conn, const struct op *op)
{
    conn->op = op;
    if (op->kind == OP_CONNECT)
        return start_connect(conn);
    if (op->kind == OP_RESET) {
        conn->reset = *op;
        conn->reset.kind = OP_QUERY;
        conn->reset.sql = "forget";
        conn->reset.sql_len = strlen(conn->reset.sql);
        conn->op = op = &conn->reset;
    }
    if (!conn->session->is_lost)
        fake_session_start(conn->session, op);
    return look(conn);
}

static struct want fake_step(struct conn *conn, unsigned ready)
{
    (void)ready;
    if (conn->op->kind == OP_CONNECT)
        return step_connect(conn);
    if (!conn->session->is_lost)
        fake_session_run(conn->session);
    return look(conn);
}

static void fake_work(struct conn *conn)
{
    (void)conn; /* never wanted */
}

struct token {
    struct fake_world *world;
    uint32_t session;
};

static void *fake_cancel_token(struct conn *conn)
{
    if (!conn->session)
        return NULL;
    struct token *token = xmalloc(sizeof *token);
    *token = (struct token){conn->world, conn->session->id};
    return token;
}

static void fake_cancel(void *ctx)
{
    struct token *token = ctx;
    struct fake_session *session = fake_session_find(token->world, token->session);
    if (session)
        session->is_cancelled = true;
    free(token);
}

static bool fake_is_in_transaction(const struct conn *conn)
{
    return conn->session && conn->session->in_transaction;
}

static void fake_move(struct conn *conn, const struct conn_params *params)
{
    conn->params = *params;
}

static void fake_close(struct conn *conn)
{
    if (conn->session && !conn->session->is_lost)
        fake_session_leave(conn->session);
    free(conn);
}

void fake_leave(struct conn *conn)
{
    if (conn->session && !conn->session->is_lost)
        fake_session_leave(conn->session);
}

void fake_fall_silent(struct conn *conn, bool is_long)
{
    if (conn->shape != FAKE_ON_WORKER && (is_long || conn->shape != FAKE_NO_DDL))
        fake_leave(conn);
}

static bool fake_split(struct arena *arena, const char *sql, size_t len,
                       struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    struct split_list list = {.arena = arena, .sql = sql, .line = 1};
    (void)err; /* any text can be split */
    for (size_t at = 0; (at = split_skip(sql, len, at, false)) < len;) {
        size_t end = fake_statement_end(sql, len, at);
        split_add(&list, at, end - at);
        at = end;
    }
    *ret_statements = list.items;
    *ret_count = list.count;
    return true;
}

/* ---- on a worker --------------------------------------------------------------------------- */

static bool fail_to_find(struct conn *conn)
{
    conn->op->answer->is_missing = !conn->params.may_create;
    fake_fail(op_make_err(conn->op), "14", "no such file");
    return false;
}

/* The file may be made, and a session that only looks sees an empty one instead. */
static struct fake_db *find_file(struct conn *conn)
{
    struct fake_world *world = conn->world;
    const char *name = database_of(conn);
    struct fake_db *db = fake_db_find(world, name);
    if (db || !conn->params.may_create)
        return db;
    for (size_t i = 0; i < world->db_count; i++)
        if (strcmp(world->dbs[i]->name, name) == 0)
            db = world->dbs[i];
    if (conn->params.is_read_only) { /* in memory */
        struct fake_db *empty = arena_alloc(&world->arena, sizeof *empty);
        *empty = (struct fake_db){.world = world, .name = name, .search_path = FAKE_SCHEMA};
        empty->store = arena_alloc(&world->arena, sizeof *empty->store);
        fake_store_add_schema(&world->arena, empty->store, FAKE_SCHEMA);
        return empty;
    }
    conn->is_created = true;
    if (!db)
        return fake_db_new(world, name);
    fake_tell_write(db, FAKE_SCHEMA, false);
    db->is_missing = false;
    return db;
}

static void connect_on_thread(struct conn *conn)
{
    const struct op *op = conn->op;
    struct fake_db *db = conn->world ? find_file(conn) : NULL;
    const struct fake_fault *fault = db ? fake_strike(db, FAKE_CONNECT, NULL) : NULL;
    if (!db)
        fail_to_find(conn);
    else if (fault && fault->act == FAKE_REFUSE)
        fake_fail(op_make_err(op), fault->code, "refused with %s", fault->code);
    else
        take_session(conn, db);
    if (!conn->session && conn->is_created)
        db->is_missing = true;
}

static void lock_on_thread(struct conn *conn)
{
    const struct fake_fault *fault = fake_strike(conn->session->db, FAKE_LOCK, NULL);
    conn->session->is_busy = fault && fault->act == FAKE_BUSY;
    if (fault && fault->act == FAKE_REFUSE)
        fake_fail(op_make_err(conn->op), fault->code, "refused with %s", fault->code);
    else
        conn->op->answer->is_locked =
            fake_take_lock(conn->session, (struct fake_lock){.key = "file"}) == FAKE_DONE;
    if (!conn->op->answer->is_locked && conn->op->flags & OP_SAYS_HOLDER)
        conn->op->answer->holder = "somebody";
}

static struct fake_copy *find_copy(struct fake_world *world, const char *path)
{
    for (size_t i = 0; i < world->copy_count; i++)
        if (strcmp(world->copies[i].path, path) == 0)
            return &world->copies[i];
    return NULL;
}

static void snapshot_on_thread(struct conn *conn)
{
    struct fake_world *world = conn->world;
    struct fake_copy *copy = find_copy(world, conn->op->sql);
    if (!copy) {
        copy = ARENA_PUSH(&world->arena, world->copies, world->copy_count, world->copy_capacity);
        copy->path = arena_strdup(&world->arena, conn->op->sql);
    }
    copy->db = conn->session->db;
    copy->store = conn->session->db->store;
}

static void restore_on_thread(struct conn *conn)
{
    struct fake_db *db = conn->session->db;
    const struct fake_copy *copy = find_copy(conn->world, conn->op->sql);
    if (!copy) {
        conn->op->answer->is_missing = true;
        fake_fail(op_make_err(conn->op), "14", "no such copy");
        return;
    }
    conn->world->foreign_copies += copy->db != db;
    if (copy->store == db->store)
        return; /* nothing was changed since */
    fake_tell_write(db, FAKE_SCHEMA, false);
    db->unlocked_writes += db->lock_count == 0;
    db->store = copy->store; /* it never changes */
}

static void copy_on_thread(struct conn *conn)
{
    struct fake_db *db = conn->session->db;
    const struct fake_fault *fault = fake_strike(db, FAKE_COPY, NULL);
    if (fault && fault->act == FAKE_REFUSE)
        fake_fail(op_make_err(conn->op), fault->code, "refused with %s", fault->code);
    else
        (conn->op->kind == OP_SNAPSHOT ? snapshot_on_thread : restore_on_thread)(conn);
}

static bool runs_statements(const struct op *op)
{
    return op->kind == OP_QUERY || op->kind == OP_SCRIPT;
}

static struct want on_worker_start(struct conn *conn, const struct op *op)
{
    conn->op = op;
    if (runs_statements(op))
        fake_session_start(conn->session, op);
    return (struct want){.bits = WANT_WORKER};
}

static void on_worker_work(struct conn *conn)
{
    switch (conn->op->kind) {
    case OP_CONNECT: connect_on_thread(conn); break;
    case OP_LOCK: lock_on_thread(conn); break;
    case OP_SNAPSHOT:
    case OP_RESTORE: copy_on_thread(conn); break;
    case OP_QUERY:
    case OP_SCRIPT:
    case OP_RESET:
    case OP_WATCH:
    case OP_CHECK:
    case OP__COUNT: fake_session_run(conn->session); break;
    }
}

/* What waits does so by the caller's timer, and then wants a worker again. */
static struct want on_worker_step(struct conn *conn, unsigned ready)
{
    if (ready & WANT_TIMER)
        return (struct want){.bits = WANT_WORKER};
    if (!runs_statements(conn->op) || !conn->session->is_running)
        return over();
    return wait_until(conn, conn->session->wake_ms);
}

static void *on_worker_cancel_token(struct conn *conn)
{
    if (conn->session)
        conn->session->is_cancelled = true;
    return NULL;
}

/* A file that we made, and that nothing was committed to, goes again. */
static void on_worker_close(struct conn *conn)
{
    if (conn->session) {
        struct fake_db *db = conn->session->db;
        fake_session_end(conn->session);
        bool is_empty = !db->store->table_count && !db->store->effect_count;
        db->is_missing = db->is_missing || (conn->is_created && is_empty && !db->lock_count);
    }
    free(conn);
}

/* What the catalog tells: of `build` alone, for all else is taken back as a whole where it fails. */
static void fake_probe(struct arena *arena, const char *statement, struct probe *ret_probe)
{
    struct fake_word words[FAKE_WORDS_MAX];
    size_t count =
        fake_words(arena, statement, 0, fake_statement_end(statement, strlen(statement), 0), words);
    if (count < 3 || strcmp(words[0].text, "build") != 0)
        return;
    ret_probe->remains = REMAINS_TOLD;
    ret_probe->sql = arena_printf(arena, "probe '%s' '%s'", words[1].text, words[2].text);
}

/* Two rounds of two questions; what is made of the answers has nothing in it. */
static void ask_catalog(struct reading *reading)
{
    static const struct grid_shape shape = {".", 0};
    reading_ask(reading, "identity", &shape);
    reading_ask(reading, "who", &shape);
}

static bool take_catalog(struct reading *reading, const struct grid *answers, size_t count,
                         struct err *err)
{
    (void)answers, (void)count, (void)err;
    for (size_t i = 0; i < reading->part_count; i++)
        reading->parts[i].catalog->group = "fake";
    return true;
}

static const struct catalog_reader catalog_reader = {
    .rounds = 2, .ask = ask_catalog, .take = take_catalog};

/* `build` takes as long as there is much of what it is built from. */
static bool fake_has_weight(struct arena *arena, const char *statement)
{
    (void)arena;
    return strncmp(statement, "build", strlen("build")) == 0;
}

static const char *fake_weigh(struct arena *arena, const struct weigh_request *request)
{
    return arena_printf(arena, "weigh %zu", request->count);
}

/* ---- the dialects -------------------------------------------------------------------------- */

/* What all of them say alike. */
#define COMMON_SQL                                                                                 \
    [SQL_PART_CURRENT_SCHEMA] = "pg_catalog.current_schema()",                                     \
    [SQL_VERSIONS] = "versions {version}", [SQL_HISTORY] = "history {history}",                    \
    [SQL_HISTORY_NEWEST] = "newest {history}", [SQL_BEGIN] = "begin",                              \
    [SQL_TABLES] = "tables {rows}", [SQL_VERSION_CREATE] = "make {version}",                       \
    [SQL_HISTORY_CREATE] = "make {history}", [SQL_VERSION_INSERT] = "insert {version} {to}",       \
    [SQL_VERSION_UPDATE] = "update {version} {from} {to}",                                         \
    [SQL_VERSION_DELETE] = "delete {version} {from}",                                              \
    [SQL_HISTORY_INSERT] = "record {history} {revision} {direction} {checksum} {statements} "      \
                           "{state} {run}",                                                        \
    [SQL_HISTORY_MARK] =                                                                           \
        "mark {history} {revision} {direction} {checksum} {statements} {state} {run}",             \
    [SQL_HISTORY_RENEW] = "renew {history} {history_id} {revision} {checksum} {from}",             \
    [SQL_COMMIT] = "commit", [SQL_ROLLBACK] = "rollback"

/* A file has a worker for it, which heeds OP_ONLY_READS. */
#define READING [SQL_BEGIN_READING] = "begin_reading {statement_timeout}"

#define INSPECT "inspect {asked_schema} {version_name}"

static const char *const plain_sql[SQL__COUNT] = {
    COMMON_SQL,
    READING,
    [SQL_LOCK] = "lock {key}",
    [SQL_PRESSURE] = "pressure",
    [SQL_LOCK_POOLED] = "begin; lock_tx {key}",
    [SQL_RESET] = "forget",
    [SQL_INSPECT] = INSPECT,
    [SQL_SCHEMA_CREATE] = "schema {schema}",
    [SQL_SETUP_LOCAL] = "nonce {nonce}; local_path {search_path}",
    [SQL_SETUP] = "setup {search_path}",
    [SQL_GUARD] = "guard {nonce} {search_path}",
    [SQL_CREATE_DATABASE] = "database {database}",
};

static const char *const joins_sql[SQL__COUNT] = {
    COMMON_SQL,
    READING,
    [SQL_LOCK] = "lock {key} {backend_pid}",
    [SQL_PRESSURE] = "pressure",
    [SQL_LOCK_POOLED] = "begin; lock_tx {key}",
    [SQL_LOCK_HOLDER] = "holder {key}",
    [SQL_BLOCKERS] = "blockers {backend_pid}",
    [SQL_PROGRESS] = "progress {backend_pid}",
    [SQL_RESET] = "forget",
    [SQL_INSPECT] = INSPECT,
    [SQL_LOCATE] = "locate {asked_schema} {version_name}",
    [SQL_SURVEY] = "begin_reading {statement_timeout}; survey {version_name} {rows}",
    [SQL_SURVEY_NEWEST] = "begin_reading {statement_timeout}; survey_newest {version_name} {rows}",
    [SQL_SURVEY_END] = "commit",
    [SQL_IDENTITY] = "identity",
    [SQL_SCHEMA_CREATE] = "schema {schema}",
    [SQL_SETUP_LOCAL] = "nonce {nonce}; local_path {search_path}",
    [SQL_SETUP_AGAIN] = "reset_role; nonce {nonce}; local_path {search_path}",
    [SQL_SETUP] = "setup {search_path}",
    [SQL_HISTORY_ROW] = "{history_id} {statements} {revision} {direction} {checksum}",
    [SQL_HISTORY_ROWS] = "records {history} {run} {state} {steps}",
    [SQL_GUARD] = "guard {nonce} {search_path}",
    [SQL_GUARD_PREPARE] = "prepare_guard {nonce} {search_path}",
    [SQL_GUARD_PREPARED] = "run_guard",
    [SQL_REHEARSE_BEFORE] = "relations",
    [SQL_REHEARSE_SEEN] = "locked_relations",
    [SQL_REHEARSE_WAITING] = "waiting {backend_pid}",
    [SQL_REHEARSE_SETTLE] = "settle",
    [SQL_CREATE_DATABASE] = "database {database}",
};

static const char *const on_worker_sql[SQL__COUNT] = {
    COMMON_SQL,
    [SQL_INSPECT] = "begin; " INSPECT,
    [SQL_READ_END] = "commit",
};

static const char *const no_ddl_sql[SQL__COUNT] = {
    COMMON_SQL,
    READING,
    [SQL_LOCK] = "lock_server {key}",
    [SQL_PRESSURE] = "pressure",
    [SQL_INSPECT] = INSPECT,
    [SQL_SURVEY_SERVER] = "server_identity",
    [SQL_SURVEY_PLACES] = "survey_places {version_name} {rows}",
    [SQL_SURVEY] = "survey_databases {places}",
    [SQL_SURVEY_NEWEST] = "survey_databases_newest {places_newest}",
    [SQL_SURVEY_USE] = "use {database}",
    [SQL_PART_PLACE_VERSIONS] = "{row_number} {version}",
    [SQL_PART_PLACE_HISTORY] = "{row_number} {history}",
    [SQL_PART_PLACE_NEWEST] = "{row_number} {history}",
    [SQL_SCHEMA_CREATE] = "schema {schema}",
    [SQL_SETUP] = "setup {search_path}",
    [SQL_CREATE_DATABASE] = "database {database}",
};

/* ---- dialects and drivers ------------------------------------------------------------------ */

static const char *const transaction_words[] = {"begin", "start", "commit", "end", "abort", NULL};
static const char *const block_words[] = {"do", "call", NULL};
static const struct session_word session_words[] = {
    {"role", PART_SETUP},
    {"authorization", PART_SETUP},
    {"lock_timeout", PART_SETUP},
    {"statement_timeout", PART_SETUP},
    {"idle_in_transaction", PART_SETUP},
    {"reset", PART_SETUP},
    {"reset", PART_ALL},
    {"set_config", PART_SETUP},
    {"set local", PART_SETUP},
    {"set session", PART_SETUP},
    {"set time zone", PART_SETUP},
    {"timezone", PART_SETUP},
    {"datestyle", PART_SETUP},
    {"intervalstyle", PART_SETUP},
    {"row_security", PART_SETUP},
    {"check_function_bodies", PART_SETUP},
    {"standard_conforming_strings", PART_PARSER},
    {"backslash_quote", PART_PARSER},
    {"client_encoding", PART_PARSER},
    {"set names", PART_PARSER},
    {"deallocate", PART_PREPARED},
    {"discard", PART_PREPARED},
    {NULL, 0},
};

static bool sets_session(const char *sql, size_t len)
{
    char word[SPLIT_WORD_SIZE];
    split_word(sql, len, 0, word);
    return strcmp(word, "set") == 0 || strcmp(word, "reset") == 0;
}

/* `merge` is the one that says how many rows it has changed, and ends. */
static void read_words(const char *sql, size_t len, sql_word_fn *take, void *ctx)
{
    char verb[SPLIT_WORD_SIZE];
    size_t end = split_word(sql, len, 0, verb);
    take(ctx, sql, (struct sql_word){SQL_WORD, end - strlen(verb), end});
}

/* What all of the made-up dialects have in common. */
#define DIALECT                                                                                    \
    .transaction_words = transaction_words, .block_words = block_words,                            \
    .session_words = session_words, .maintenance_database = "postgres",                            \
    .code_database_exists = "42P04", .add_literal = sql_add_literal,                               \
    .add_identifier = sql_add_identifier, .split = fake_split, .sets_session = sets_session,       \
    .read_words = read_words

static const struct dialect plain_dialect = {
    .name = "fake",
    .id = DIALECT_POSTGRESQL,
    .traits = DIALECT_DDL_IN_TRANSACTION,
    .sql = plain_sql,
    DIALECT,
};

static const struct dialect joins_dialect = {
    .catalog = &catalog_reader,
    .name = "fake_joins",
    .id = DIALECT_POSTGRESQL,
    .traits = DIALECT_DDL_IN_TRANSACTION,
    .sql = joins_sql,
    .probe = fake_probe,
    DIALECT,
};

static const struct dialect no_ddl_dialect = {
    .catalog = &catalog_reader,
    .has_weight = fake_has_weight,
    .weigh = fake_weigh,
    .name = "fake_no_ddl",
    .id = DIALECT_MYSQL,
    .traits = DIALECT_LOCKS_SERVER | DIALECT_SURVEYS_DATABASES,
    .sql = no_ddl_sql,
    .probe = fake_probe,
    DIALECT,
};

static const struct dialect on_worker_dialect = {
    .catalog = &catalog_reader,
    .name = "fake_on_worker",
    .id = DIALECT_SQLITE,
    .traits = DIALECT_DDL_IN_TRANSACTION,
    .sql = on_worker_sql,
    DIALECT,
};

/* What all drivers of a made-up server have in common. */
#define SERVER                                                                                     \
    .start = fake_start, .step = fake_step, .work = fake_work, .cancel_token = fake_cancel_token,  \
    .cancel = fake_cancel, .is_in_transaction = fake_is_in_transaction, .close = fake_close

const struct driver fake_driver = {
    .dialect = &plain_dialect,
    .traits = DRIVER_IS_SERVER,
    .open = plain_open,
    SERVER,
};

const struct driver fake_joins = {
    .dialect = &joins_dialect,
    .traits = DRIVER_IS_SERVER | DRIVER_JOINS,
    .open = joins_open,
    SERVER,
};

const struct driver fake_no_ddl = {
    .dialect = &no_ddl_dialect,
    .traits = DRIVER_IS_SERVER | DRIVER_JOINS_ALL | DRIVER_RESETS,
    .open = no_ddl_open,
    .move = fake_move,
    SERVER,
};

const struct driver fake_on_worker = {
    .dialect = &on_worker_dialect,
    .traits = DRIVER_CREATES_ON_CONNECT | DRIVER_ON_WORKER | DRIVER_SNAPSHOTS,
    .open = on_worker_open,
    .start = on_worker_start,
    .step = on_worker_step,
    .work = on_worker_work,
    .cancel_token = on_worker_cancel_token,
    .cancel = free,
    .is_in_transaction = fake_is_in_transaction,
    .close = on_worker_close,
};
