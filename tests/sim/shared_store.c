#include "sim/shared_store.h"

#include <assert.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ledger/ledger.h"
#include "ledger/store_kind.h"
#include "sim/fake_uv.h"

enum { KEPT_MAX = 160, EPOCH_MS = 1000000 };

enum hold { HOLDS_NOTHING, HOLDS_ALONE, HOLDS_WITH_OTHERS };

/* A session of a process. */
struct session_store {
    struct store base;
    struct session_store *next;
    unsigned process;
    bool is_ended; /* by the server */
    enum hold hold;
    struct ledger_holder holder;
};

/* There is one, as there is one loop. The databases are the process's: only what is in them is the case's. */
static struct {
    sqlite3 *handle;
    sqlite3 *standby; /* what it had last */
    struct kept {
        const char *sql;
        sqlite3_stmt *stmt;
    } kept[KEPT_MAX];
    size_t kept_count;
    struct session_store *sessions;
    struct rng rng;
    bool is_cut[LOOP_PROCESSES_MAX];
    bool is_down;
    uint32_t loses_percent;
    void (*on_commit)(void *ctx);
    void *ctx;
} server;

static struct session_store *session_of(struct store *store)
{
    return (struct session_store *)store;
}

/* ---- the server ---------------------------------------------------------------------------- */

static void now_ms(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count, (void)values;
    sqlite3_result_int64(context, (sqlite3_int64)(loop_now_ms() + EPOCH_MS));
}

static sqlite3 *open_database(void)
{
    sqlite3 *handle = NULL;
    int rc =
        sqlite3_open_v2(":memory:", &handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK ||
        sqlite3_create_function(handle, "sim_now_ms", 0, SQLITE_UTF8, NULL, now_ms, NULL, NULL)) {
        fprintf(stderr, "sim: a database in memory: %s\n", sqlite3_errmsg(handle));
        abort();
    }
    return handle;
}

static void copy_database(sqlite3 *to, sqlite3 *from)
{
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
    int rc = copy ? sqlite3_backup_step(copy, -1) : SQLITE_ERROR;
    if (copy)
        sqlite3_backup_finish(copy);
    if (rc != SQLITE_DONE) {
        fprintf(stderr, "sim: a copy of a database in memory: %s\n", sqlite3_errmsg(to));
        abort();
    }
}

/* The tables stay, so that statements do not have to be prepared once more. */
static void empty_tables(void)
{
    static const char tables[] = "SELECT group_concat('DELETE FROM ' || name, ';')"
                                 " FROM sqlite_schema WHERE type = 'table'";
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(server.handle, tables, -1, &stmt, NULL);
    sqlite3_step(stmt);
    const char *sql = (const char *)sqlite3_column_text(stmt, 0);
    char *copy = sql ? xstrdup(sql) : NULL;
    sqlite3_finalize(stmt);
    if (copy && sqlite3_exec(server.handle, copy, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "sim: a ledger is emptied: %s\n", sqlite3_errmsg(server.handle));
        abort();
    }
    free(copy);
}

/* A case draws the same whether it is the first: someone has made the ledger's tables before. */
static void open_databases(void)
{
    struct err err;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    server.handle = open_database();
    server.standby = open_database();
    struct ledger *ledger = ledger_open(SHARED_STORE, LEDGER_WRITE, &err);
    if (!ledger) {
        fprintf(stderr, "sim: a ledger is made: %s\n", err.text);
        abort();
    }
    ledger_close(ledger);
}

void shared_store_begin(struct rng rng)
{
    if (!server.handle)
        open_databases();
    empty_tables();
    server.sessions = NULL;
    server.rng = rng;
    memset(server.is_cut, 0, sizeof server.is_cut);
    server.is_down = false;
    server.loses_percent = 0;
    server.on_commit = NULL;
}

void shared_store_watch(void (*on_commit)(void *ctx), void *ctx)
{
    server.on_commit = on_commit;
    server.ctx = ctx;
}

struct sqlite3 *shared_store_handle(void)
{
    return server.handle;
}

static void end_sessions(int process)
{
    for (struct session_store *at = server.sessions; at; at = at->next)
        if (process < 0 || at->process == (unsigned)process)
            at->is_ended = true;
}

void shared_store_forget(unsigned process)
{
    end_sessions((int)process);
}

void shared_store_cut(unsigned process, bool is_cut)
{
    server.is_cut[process] = is_cut;
}

void shared_store_go_down(bool is_down)
{
    server.is_down = is_down;
    end_sessions(-1);
}

void shared_store_lose_answers(uint32_t percent)
{
    server.loses_percent = percent;
}

void shared_store_keep(void)
{
    copy_database(server.standby, server.handle);
}

void shared_store_fall_back(void)
{
    copy_database(server.handle, server.standby);
    end_sessions(-1);
}

/* ---- errors -------------------------------------------------------------------------------- */

static bool fail_lost(struct err *err)
{
    err_set(err, ERR_LEDGER, "ledger: the connection was lost");
    snprintf(err->code, sizeof err->code, "08006");
    return false;
}

/* What the store's own SQL does wrong is no trouble of the case. */
static bool fail_sql(const char *sql)
{
    fprintf(stderr, "sim: the ledger: %s: %s\n", sql, sqlite3_errmsg(server.handle));
    abort();
}

static bool is_reached(const struct session_store *session)
{
    return !session->is_ended && !server.is_down && !server.is_cut[session->process];
}

/* ---- statements ---------------------------------------------------------------------------- */

static sqlite3_stmt *prepare(const char *sql)
{
    struct buf text;
    for (size_t i = 0; i < server.kept_count; i++)
        if (server.kept[i].sql == sql)
            return server.kept[i].stmt;
    assert(server.kept_count < KEPT_MAX);
    struct kept *kept = &server.kept[server.kept_count];
    buf_init(&text, BUF_MAX_DEFAULT);
    store_add_sql(&text, &store_postgres, sql);
    if (sqlite3_prepare_v3(server.handle, text.data, -1, SQLITE_PREPARE_PERSISTENT, &kept->stmt,
                           NULL) != SQLITE_OK)
        fail_sql(text.data);
    buf_done(&text);
    kept->sql = sql;
    server.kept_count++;
    return kept->stmt;
}

static sqlite3_stmt *bind(const char *sql, const struct value *values, size_t count)
{
    sqlite3_stmt *stmt = prepare(sql);
    for (size_t i = 0; i < count; i++)
        switch (values[i].type) {
        case VALUE_NULL: sqlite3_bind_null(stmt, (int)i + 1); break;
        case VALUE_INT: sqlite3_bind_int64(stmt, (int)i + 1, values[i].integer); break;
        case VALUE_REAL: sqlite3_bind_double(stmt, (int)i + 1, values[i].real); break;
        case VALUE_TEXT:
            sqlite3_bind_text(stmt, (int)i + 1, values[i].text, -1, SQLITE_STATIC);
            break;
        }
    return stmt;
}

static bool run_statement(struct store *store, struct err *err, const char *sql,
                          const struct value *values, size_t count)
{
    if (!is_reached(session_of(store)))
        return fail_lost(err);
    sqlite3_stmt *stmt = bind(sql, values, count);
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return rc == SQLITE_DONE || rc == SQLITE_ROW || fail_sql(sql);
}

static bool exec_statements(struct store *store, struct err *err, const char *sql)
{
    if (!is_reached(session_of(store)))
        return fail_lost(err);
    return sqlite3_exec(server.handle, sql, NULL, NULL, NULL) == SQLITE_OK || fail_sql(sql);
}

/* `answer` NULL: it was not reached. */
static void begin_query(struct cursor *cursor, const char *sql, const struct value *values,
                        size_t count)
{
    bool can = is_reached(session_of(cursor->store));
    cursor->answer = can ? bind(sql, values, count) : NULL;
}

static bool next_row(struct cursor *cursor)
{
    int rc = cursor->answer ? sqlite3_step(cursor->answer) : SQLITE_DONE;
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        fail_sql(sqlite3_sql(cursor->answer));
    return rc == SQLITE_ROW;
}

static bool end_query(struct cursor *cursor, struct err *err)
{
    if (!cursor->answer)
        return fail_lost(err);
    sqlite3_reset(cursor->answer);
    return true;
}

static int64_t int_at(const struct cursor *cursor, int column)
{
    return sqlite3_column_int64(cursor->answer, column);
}

static double real_at(const struct cursor *cursor, int column)
{
    return sqlite3_column_double(cursor->answer, column);
}

static bool is_null_at(const struct cursor *cursor, int column)
{
    return sqlite3_column_type(cursor->answer, column) == SQLITE_NULL;
}

static const char *text_at(const struct cursor *cursor, int column)
{
    return (const char *)sqlite3_column_text(cursor->answer, column);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static struct store *shared_open(const char *where, enum ledger_access access, struct err *err)
{
    (void)where, (void)access;
    if (server.is_down || server.is_cut[loop_process()]) {
        fail_lost(err);
        return NULL;
    }
    struct session_store *session = xcalloc(1, sizeof *session);
    session->base.kind = &store_postgres;
    session->base.name = SHARED_STORE;
    session->process = loop_process();
    session->next = server.sessions;
    server.sessions = session;
    return &session->base;
}

static void shared_close(struct store *store)
{
    struct session_store **link = &server.sessions;
    while (*link != session_of(store))
        link = &(*link)->next;
    *link = session_of(store)->next;
    free(session_of(store));
}

static bool shared_settle(struct store *store, enum ledger_access access, struct err *err)
{
    (void)access;
    return is_reached(session_of(store)) || fail_lost(err);
}

static bool shared_identify(struct store *store, int64_t *ret_version, struct err *err)
{
    return store_get_plain(store, err, ret_version, "PRAGMA user_version");
}

static bool shared_set_version(struct store *store, int version, struct err *err)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
    return exec_statements(store, err, sql);
}

static bool is_fine(struct store *store, struct err *err)
{
    return is_reached(session_of(store)) || fail_lost(err);
}

/* Whether another session that is alive has it so. */
static const struct session_store *find_holder(const struct session_store *session, enum hold hold)
{
    for (const struct session_store *at = server.sessions; at; at = at->next)
        if (at != session && !at->is_ended && at->hold == hold)
            return at;
    return NULL;
}

static bool fail_held(struct err *err)
{
    err_set(err, ERR_LEDGER, "ledger: another run holds it");
    snprintf(err->code, sizeof err->code, "%s", LEDGER_HELD);
    return false;
}

static bool shared_lock(struct store *store, const struct ledger_holder *holder,
                        struct ledger_holder *ret_other, struct err *err)
{
    struct session_store *session = session_of(store);
    const struct session_store *other = find_holder(session, HOLDS_ALONE);
    if (!is_reached(session))
        return fail_lost(err);
    if (!other)
        other = find_holder(session, HOLDS_WITH_OTHERS);
    if (other) {
        *ret_other = other->holder;
        return fail_held(err);
    }
    session->hold = HOLDS_ALONE;
    session->holder = *holder;
    return true;
}

static void shared_unlock(struct store *store)
{
    session_of(store)->hold = HOLDS_NOTHING;
}

static bool shared_is_held(struct store *store)
{
    const struct session_store *session = session_of(store);
    return find_holder(session, HOLDS_ALONE) || find_holder(session, HOLDS_WITH_OTHERS);
}

static bool shared_share(struct store *store, struct err *err)
{
    if (!is_reached(session_of(store)))
        return fail_lost(err);
    session_of(store)->hold = HOLDS_WITH_OTHERS;
    return true;
}

static bool shared_join(struct store *store, struct err *err)
{
    if (find_holder(session_of(store), HOLDS_ALONE))
        return fail_held(err);
    return shared_share(store, err);
}

static bool shared_may_come_back(const struct store *store, const struct err *death)
{
    (void)store;
    return strncmp(death->code, "08", 2) == 0;
}

/* ---- transactions -------------------------------------------------------------------------- */

static bool shared_begin(struct store *store, struct err *err)
{
    return exec_statements(store, err, "BEGIN");
}

static void shared_roll_back(struct store *store)
{
    (void)store;
    if (!sqlite3_get_autocommit(server.handle))
        sqlite3_exec(server.handle, "ROLLBACK", NULL, NULL, NULL);
}

static bool shared_commit(struct store *store, struct err *err)
{
    struct session_store *session = session_of(store);
    bool is_lost = rng_chance(&server.rng, server.loses_percent);
    bool is_done = !is_lost || rng_chance(&server.rng, 50);
    if (!is_done || !exec_statements(store, err, "COMMIT"))
        return fail_lost(err);
    if (server.on_commit)
        server.on_commit(server.ctx);
    session->is_ended = is_lost;
    return !is_lost || fail_lost(err);
}

static void shared_give_up(struct store *store)
{
    (void)store;
}

static const struct store_word words[] = {
    {"{int}", "INTEGER"},
    {"{real}", "REAL"},
    {"{bool}", "INTEGER"},
    {"{key}", "INTEGER PRIMARY KEY"},
    {"{no}", "0"},
    {"{joined}", "group_concat(item)"},
    {"{rows}", " STRICT"},
    {"{keyed}", " STRICT, WITHOUT ROWID"},
    {"{now_ms}", "sim_now_ms()"},
    {"{locking}", ""},
    {"{any_of}", "IN ("},
    {"{end}", ")"},
    {"{skipping}", ""},
    {NULL, NULL},
};

const struct store_kind store_postgres = {
    .words = words,
    .open = shared_open,
    .settle = shared_settle,
    .close = shared_close,
    .identify = shared_identify,
    .set_version = shared_set_version,
    .set_apart = is_fine,
    .lock = shared_lock,
    .unlock = shared_unlock,
    .is_held = shared_is_held,
    .share = shared_share,
    .join = shared_join,
    .may_come_back = shared_may_come_back,
    .begin = shared_begin,
    .commit = shared_commit,
    .hold_numbers = is_fine,
    .look = shared_begin,
    .roll_back = shared_roll_back,
    .give_up = shared_give_up,
    .check_place = is_fine,
    .inspect = is_fine,
    .run = run_statement,
    .exec = exec_statements,
    .query = begin_query,
    .next = next_row,
    .end = end_query,
    .int_at = int_at,
    .real_at = real_at,
    .is_null_at = is_null_at,
    .text_at = text_at,
};
