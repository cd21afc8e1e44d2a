/* What src/driver/driver.h promises, asked of every driver alike.
 *
 *     conformance SUBJECT [CASE]      SUBJECT: a row of subjects.c
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "driver/sql.h"
#include "driver/subject.h"
#include "unit/unit.h"

/* Names and values that break out of any quoting that is not whole; at most 32 characters, for the
 * version table's column. `{to}` would be filled in where a value were taken for a template. */
static const char *const hostile[] = {
    "plain",
    "it's",
    "'",
    "''",
    "\\",
    "\\'",
    "x'); DROP TABLE t; --",
    "\"quoted\"",
    "`ticked`",
    "{to} %s %n ?1 $1 :a @b",
    "line\nbreak\ttab\r\n",
    "äö€😀\u202e",
    "/* comment -- */",
    "$$dollar$$ $x$",
    "E'\\'' U&'\\0041' N'x' X'00'",
    "",
    " ",
    "trailing\\",
};

/* ---- a stage ------------------------------------------------------------------------------- */

/* Set once, by main. */
static const struct subject *subject_under_test;

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    stage->subject = subject_under_test;
    stage->runner.driver = stage->subject->driver;
    *state = stage;
    stage->subject->set_up(stage);
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    for (size_t i = 0; i < stage->conn_count; i++)
        if (stage->conns[i])
            stage->subject->driver->close(stage->conns[i]);
    stage->subject->tear_down(stage);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

static const char *say(const struct stage *stage, enum saying saying)
{
    return stage->subject->say[saying];
}

static bool is_server(const struct stage *stage)
{
    return stage->subject->driver->traits & DRIVER_IS_SERVER;
}

/* ---- operations ---------------------------------------------------------------------------- */

static struct conn *open_params(struct stage *stage, const struct conn_params *params)
{
    assert_true(stage->conn_count < CONNS_MAX);
    struct conn *conn = stage->subject->driver->open(params);
    assert_non_null(conn);
    stage->conns[stage->conn_count++] = conn;
    return conn;
}

static struct conn *open_target(struct stage *stage, enum target target)
{
    return open_params(stage, &(struct conn_params){.url = &stage->targets[target]});
}

static void close_conn(struct stage *stage, struct conn *conn)
{
    for (size_t i = 0; i < stage->conn_count; i++)
        if (stage->conns[i] == conn)
            stage->conns[i] = NULL;
    stage->subject->driver->close(conn);
}

static struct op op_of(struct stage *stage, enum op_kind kind, const char *sql)
{
    return (struct op){
        .kind = kind, .sql = sql, .sql_len = sql ? strlen(sql) : 0, .arena = &stage->arena};
}

/* Runs an op made with op_of and changed since. */
static struct op run(struct stage *stage, struct conn *conn, struct op op)
{
    runner_run(&stage->runner, conn, &op);
    return op;
}

static struct op expect_good(struct op op)
{
    if (op.err.kind != ERR_NONE)
        fail_msg("%s\n%s (%s)", op.sql ? op.sql : "", op.err.text, op.err.code);
    return op;
}

static struct op query(struct stage *stage, struct conn *conn, const char *sql)
{
    return expect_good(run(stage, conn, op_of(stage, OP_QUERY, sql)));
}

static struct op script(struct stage *stage, struct conn *conn, const char *sql)
{
    return expect_good(run(stage, conn, op_of(stage, OP_SCRIPT, sql)));
}

static struct op connect_op(struct stage *stage, struct conn *conn)
{
    return run(stage, conn, op_of(stage, OP_CONNECT, NULL));
}

static struct conn *connect_to(struct stage *stage, enum target target)
{
    struct conn *conn = open_target(stage, target);
    expect_good(connect_op(stage, conn));
    return conn;
}

static struct conn *connect_good(struct stage *stage)
{
    return connect_to(stage, TARGET_GOOD);
}

static void expect_only_value(const struct op *op, const char *value)
{
    assert_int_equal(op->row_count, 1);
    assert_non_null(op_value(op, 0, 0));
    assert_string_equal(op_value(op, 0, 0), value);
}

static void expect_count(struct stage *stage, struct conn *conn, const char *count)
{
    struct op op = query(stage, conn, say(stage, SAY_COUNT));
    expect_only_value(&op, count);
}

static const char *joined(struct stage *stage, const char *first, const char *second)
{
    return arena_printf(&stage->arena, "%s; %s", first, second);
}

/* ---- the dialect --------------------------------------------------------------------------- */

static const char *text_of(struct stage *stage, const enum sql_id *ids, size_t count,
                           const struct sql_vars *vars)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        sql_expand(&buf, stage->subject->driver, ids[i], vars);
    const char *text = arena_strndup(&stage->arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

static const char *text_of_one(struct stage *stage, enum sql_id id, const struct sql_vars *vars)
{
    return text_of(stage, &id, 1, vars);
}

/* Runs a template, where the dialect has it. */
static struct op ask(struct stage *stage, struct conn *conn, enum sql_id id,
                     const struct sql_vars *vars)
{
    return query(stage, conn, text_of_one(stage, id, vars));
}

static void begin(struct stage *stage, struct conn *conn, const struct sql_vars *vars)
{
    static const enum sql_id ids[] = {SQL_BEGIN, SQL_SETUP_LOCAL};
    struct op op = op_of(stage, OP_QUERY, text_of(stage, ids, ARRAY_LEN(ids), vars));
    op.tx_after = TX_INSIDE;
    expect_good(run(stage, conn, op));
    assert_true(stage->subject->driver->is_in_transaction(conn));
}

static struct op end(struct stage *stage, struct conn *conn, enum sql_id id)
{
    struct op op = op_of(stage, OP_QUERY, stage->subject->driver->sql[id]);
    op.tx_after = TX_OUTSIDE;
    op.must_commit = id == SQL_COMMIT;
    return run(stage, conn, op);
}

static void commit(struct stage *stage, struct conn *conn)
{
    expect_good(end(stage, conn, SQL_COMMIT));
    assert_false(stage->subject->driver->is_in_transaction(conn));
}

static void rollback(struct stage *stage, struct conn *conn)
{
    expect_good(end(stage, conn, SQL_ROLLBACK));
    assert_false(stage->subject->driver->is_in_transaction(conn));
}

/* What any statement may name, with nothing hostile in it. */
static struct sql_vars plain_vars(void)
{
    return (struct sql_vars){
        .version_table = "alembic_version",
        .run_id = "20261123T101500Z-5f3a9c",
        .revision = "83241ca0f125",
        .direction = "up",
        .checksum = "c0ffee",
        .state = "running",
        .nonce = "run/1/1",
        .lock_key = 42,
    };
}

/* Fills vars->schema and vars->search_path, as a session does. */
static struct op inspect(struct stage *stage, struct conn *conn, struct sql_vars *vars)
{
    struct op op = ask(stage, conn, SQL_INSPECT, vars);
    assert_int_equal(op.row_count, 1);
    assert_int_equal(op.column_count, 4);
    vars->schema = op_value(&op, 0, 1)   ? op_value(&op, 0, 1)
                   : op_value(&op, 0, 0) ? op_value(&op, 0, 0)
                                         : vars->asked_schema;
    vars->search_path = op_value(&op, 0, 3);
    ask(stage, conn, SQL_READ_END, vars);
    assert_false(stage->subject->driver->is_in_transaction(conn));
    return op;
}

static void make_tables(struct stage *stage, struct conn *conn, struct sql_vars *vars)
{
    static const enum sql_id ids[] = {SQL_VERSION_CREATE, SQL_HISTORY_CREATE};
    struct op op = inspect(stage, conn, vars);
    bool has_schema = op_value(&op, 0, 0);
    begin(stage, conn, vars);
    if (!has_schema)
        ask(stage, conn, SQL_SCHEMA_CREATE, vars);
    query(stage, conn, text_of(stage, ids, ARRAY_LEN(ids), vars));
    commit(stage, conn);
}

static struct op change_one(struct stage *stage, struct conn *conn, enum sql_id id,
                            const struct sql_vars *vars)
{
    struct op op = op_of(stage, OP_QUERY, text_of_one(stage, id, vars));
    op.needs_one_row = true;
    return run(stage, conn, op);
}

static void insert_version(struct stage *stage, struct conn *conn, struct sql_vars vars,
                           const char *to)
{
    vars.to = to;
    expect_good(change_one(stage, conn, SQL_VERSION_INSERT, &vars));
}

/* ---- connecting ---------------------------------------------------------------------------- */

static void connects_and_tells_of_the_server(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = open_target(stage, TARGET_GOOD);
    struct op op = expect_good(connect_op(stage, conn));
    assert_true(op.info.server_version > 0);
    assert_false(op.info.is_pooled);
    assert_false(op.info.is_read_only);
    assert_false(op.info.is_created);
    assert_false(stage->subject->driver->is_in_transaction(conn));
    op = query(stage, conn, say(stage, SAY_ONE));
    expect_only_value(&op, "one");
}

static void closes_what_never_connected(void **state)
{
    struct stage *stage = *state;
    close_conn(stage, open_target(stage, TARGET_GOOD));
}

static void says_that_nobody_answers(void **state)
{
    struct stage *stage = *state;
    struct op op = connect_op(stage, open_target(stage, TARGET_NOWHERE));
    assert_int_equal(op.err.kind, ERR_CONNECT);
    assert_int_equal(op.err.is_transient, is_server(stage));
    assert_true(*op.err.text);
}

static void makes_no_database_unasked(void **state)
{
    struct stage *stage = *state;
    for (int i = 0; i < 2; i++) { /* the first attempt must not have made it */
        struct op op = connect_op(stage, open_target(stage, TARGET_MISSING));
        assert_int_equal(op.err.kind, ERR_CONNECT);
        assert_string_equal(op.err.code, stage->subject->missing_code);
        assert_false(op.err.is_transient);
    }
}

static struct conn_params creating(struct stage *stage)
{
    return (struct conn_params){.url = &stage->targets[TARGET_MISSING], .may_create = true};
}

static void create_from_maintenance(struct stage *stage)
{
    struct conn_params params = creating(stage);
    struct sql_vars vars = {.database = params.url->database};
    params.database = stage->subject->maintenance;
    struct conn *conn = open_params(stage, &params);
    expect_good(connect_op(stage, conn));
    ask(stage, conn, SQL_CREATE_DATABASE, &vars);
    close_conn(stage, conn);
}

static void makes_a_database_when_asked(void **state)
{
    struct stage *stage = *state;
    struct conn_params params = creating(stage);
    bool is_on_connect = stage->subject->driver->traits & DRIVER_CREATES_ON_CONNECT;
    if (!is_on_connect)
        create_from_maintenance(stage);
    struct conn *conn = open_params(stage, &params);
    struct op op = expect_good(connect_op(stage, conn));
    assert_int_equal(op.info.is_created, is_on_connect);
    script(stage, conn, say(stage, SAY_PREPARE));
    close_conn(stage, conn);
    expect_count(stage, connect_to(stage, TARGET_MISSING), "0");
}

static void leaves_no_database_that_nothing_was_written_to(void **state)
{
    struct stage *stage = *state;
    struct conn_params params = creating(stage);
    if (!(stage->subject->driver->traits & DRIVER_CREATES_ON_CONNECT))
        skip(); /* made by a statement of its own: see the case before */
    struct conn *conn = open_params(stage, &params);
    struct sql_vars vars = plain_vars();
    expect_good(connect_op(stage, conn));
    begin(stage, conn, &vars);
    script(stage, conn, say(stage, SAY_PREPARE));
    close_conn(stage, conn);
    struct op op = connect_op(stage, open_target(stage, TARGET_MISSING));
    assert_string_equal(op.err.code, stage->subject->missing_code);
    params.is_read_only = true; /* whoever only looks sees an empty one, and makes none */
    expect_good(connect_op(stage, open_params(stage, &params)));
    op = connect_op(stage, open_target(stage, TARGET_MISSING));
    assert_string_equal(op.err.code, stage->subject->missing_code);
}

static void knows_what_it_must_not_write_to(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = open_target(stage, TARGET_READ_ONLY);
    struct op op = expect_good(connect_op(stage, conn));
    assert_true(op.info.is_read_only);
    op = query(stage, conn, say(stage, SAY_ONE));
    expect_only_value(&op, "one");
    op = run(stage, conn, op_of(stage, OP_SCRIPT, say(stage, SAY_PREPARE)));
    assert_int_not_equal(op.err.kind, ERR_NONE);
}

/* ---- the tenant's lock --------------------------------------------------------------------- */

static struct op lock(struct stage *stage, struct conn *conn, uint64_t key)
{
    struct sql_vars vars = {.lock_key = key};
    return expect_good(
        run(stage, conn, op_of(stage, OP_LOCK, text_of_one(stage, SQL_LOCK, &vars))));
}

/* A server notices a moment later that a connection has gone. */
static void expect_lock_soon(struct stage *stage, struct conn *conn, uint64_t key)
{
    for (int i = 0; i < 200; i++) {
        if (lock(stage, conn, key).is_locked)
            return;
        runner_sleep_ms(&stage->runner, 20);
    }
    fail_msg("the lock of a closed connection is not free after four seconds");
}

static void locks_until_it_closes(void **state)
{
    struct stage *stage = *state;
    struct conn *first = connect_good(stage);
    struct conn *second = connect_good(stage);
    const uint64_t key = 0xfedcba9876543210; /* negative as a signed number */
    assert_true(lock(stage, first, key).is_locked);
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    assert_false(lock(stage, second, key).is_locked);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 3000); /* tried, not waited for */
    if (is_server(stage))
        assert_true(lock(stage, second, key + 1).is_locked);
    struct op op = query(stage, second, say(stage, SAY_ONE)); /* looking is free to all */
    expect_only_value(&op, "one");
    close_conn(stage, first);
    expect_lock_soon(stage, second, key);
}

static void locks_with_a_transaction_alone(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    if (!stage->subject->driver->sql[SQL_LOCK_POOLED])
        skip(); /* no proxy pools this database's transactions */
    struct conn *first = connect_good(stage);
    struct conn *second = connect_good(stage);
    struct op op = op_of(stage, OP_LOCK, text_of_one(stage, SQL_LOCK_POOLED, &vars));
    assert_true(expect_good(run(stage, first, op)).is_locked);
    assert_true(stage->subject->driver->is_in_transaction(first));
    assert_false(expect_good(run(stage, second, op)).is_locked);
    rollback(stage, second);
    rollback(stage, first);
    assert_true(expect_good(run(stage, second, op)).is_locked);
}

/* ---- queries ------------------------------------------------------------------------------- */

static void keeps_rows_and_names(void **state)
{
    struct stage *stage = *state;
    struct op op = query(stage, connect_good(stage), say(stage, SAY_ROWS));
    assert_int_equal(op.row_count, 2);
    assert_int_equal(op.column_count, 2);
    assert_string_equal(op.columns[0], "first");
    assert_string_equal(op.columns[1], "second");
    assert_string_equal(op_value(&op, 0, 0), "a");
    assert_null(op_value(&op, 0, 1));
    assert_string_equal(op_value(&op, 1, 0), "b");
    assert_string_equal(op_value(&op, 1, 1), "");
    assert_int_equal(op.statements_done, 1);
}

static void keeps_the_rows_of_the_last_statement_that_has_any(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    struct op op = query(stage, conn, joined(stage, say(stage, SAY_ROWS), say(stage, SAY_ONE)));
    assert_int_equal(op.column_count, 1);
    expect_only_value(&op, "one");
    assert_int_equal(op.statements_done, 2);
    op = query(stage, conn, joined(stage, say(stage, SAY_ONE), say(stage, SAY_CHANGE)));
    expect_only_value(&op, "one");
    expect_count(stage, conn, "1");
}

static void runs_nothing_where_there_is_nothing(void **state)
{
    static const char *const texts[] = {"", " ", ";", " ; ;\n", "-- only a comment"};
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (int kind = OP_QUERY; kind <= OP_SCRIPT; kind++) {
            struct op op = run(stage, conn, op_of(stage, (enum op_kind)kind, texts[i]));
            expect_good(op);
            assert_int_equal(op.row_count, 0);
            assert_int_equal(op.statements_done, 0);
        }
    struct op op = query(stage, conn, say(stage, SAY_ONE));
    expect_only_value(&op, "one");
}

static void counts_the_rows_that_must_be_one(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    script(stage, conn, joined(stage, say(stage, SAY_CHANGE), say(stage, SAY_CHANGE)));
    const struct {
        enum saying saying;
        bool is_one;
    } cases[] = {
        {SAY_CHANGE, true}, {SAY_ONE, true},         {SAY_TOUCH_NONE, false},
        {SAY_ROWS, false},  {SAY_TOUCH_ALL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct op op = op_of(stage, OP_QUERY, say(stage, cases[i].saying));
        op.needs_one_row = true;
        op = run(stage, conn, op);
        assert_int_equal(op.err.kind, cases[i].is_one ? ERR_NONE : ERR_INTERNAL);
        assert_int_equal(op.statements_done, cases[i].is_one);
    }
    struct op op = op_of(stage, OP_QUERY,
                         joined(stage, say(stage, SAY_ONE), say(stage, SAY_TOUCH_NONE)));
    op.needs_one_row = true;
    op = run(stage, conn, op);
    assert_int_equal(op.err.kind, ERR_INTERNAL);
    assert_int_equal(op.statements_done, 1); /* the second one it was */
}

/* An op is used once, but a conn for many: nothing may be left of the one before. */
static void starts_every_operation_afresh(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    struct op op = run(stage, conn, op_of(stage, OP_QUERY, say(stage, SAY_SYNTAX)));
    assert_int_equal(op.err.kind, ERR_SQL);
    op = query(stage, conn, say(stage, SAY_ONE));
    expect_only_value(&op, "one");
    assert_int_equal(op.statements_done, 1);
}

/* ---- scripts ------------------------------------------------------------------------------- */

static void splits_what_it_then_runs(void **state)
{
    struct stage *stage = *state;
    struct statement *statements;
    size_t count;
    struct err err;
    const char *text = say(stage, SAY_SCRIPT);
    struct conn *conn = connect_good(stage);
    assert_true(stage->subject->driver->split(&stage->arena, text, strlen(text), &statements,
                                              &count, &err));
    assert_int_equal(count, SCRIPT_STATEMENTS);
    script(stage, conn, say(stage, SAY_PREPARE));
    struct sql_vars vars = plain_vars();
    begin(stage, conn, &vars);
    struct op whole = script(stage, conn, text);
    assert_int_equal(whole.statements_done, count);
    struct op rows = query(stage, conn, say(stage, SAY_COUNT));
    rollback(stage, conn);
    begin(stage, conn, &vars);
    for (size_t i = 0; i < count; i++) {
        const char *alone =
            arena_strndup(&stage->arena, text + statements[i].offset, statements[i].len);
        assert_int_equal(script(stage, conn, alone).statements_done, 1);
    }
    expect_count(stage, conn, op_value(&rows, 0, 0));
    rollback(stage, conn);
}

static void keeps_no_rows_of_a_script(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    struct op op = script(stage, conn, joined(stage, say(stage, SAY_ROWS), say(stage, SAY_CHANGE)));
    assert_int_equal(op.statements_done, 2);
    assert_int_equal(op.row_count, 0);
    expect_count(stage, conn, "1");
}

/* The byte, from 1, of `word` in `sql`. */
static size_t place_of(const char *sql, const char *word)
{
    const char *found = strstr(sql, word);
    assert_non_null(found);
    return (size_t)(found - sql) + 1;
}

static void points_at_the_fault(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    const char *one = say(stage, SAY_ONE);
    script(stage, conn, say(stage, SAY_PREPARE));
    const char *text = arena_printf(&stage->arena, "%s;\n%s;\n%s;\n%s", one, one,
                                    say(stage, SAY_UNKNOWN), one);
    for (int kind = OP_QUERY; kind <= OP_SCRIPT; kind++) {
        struct op op = run(stage, conn, op_of(stage, (enum op_kind)kind, text));
        assert_int_equal(op.err.kind, ERR_SQL);
        assert_int_equal(op.err.offset, place_of(text, "nosuch"));
        assert_int_equal(op.statements_done, 2);
        assert_true(*op.err.code);
        assert_false(op.err.is_transient);
        assert_false(op.err.is_connection_lost);
    }
    text = arena_printf(&stage->arena, "%s'ä€😀';\n%s", say(stage, SAY_LITERAL),
                        say(stage, SAY_SYNTAX));
    struct op op = run(stage, conn, op_of(stage, OP_SCRIPT, text));
    assert_int_equal(op.err.kind, ERR_SQL);
    assert_int_equal(op.err.offset, place_of(text, "SELEC '"));
}

/* Outside a transaction the statements before the failed one may stand or not, as the database has
 * it; inside one, nothing of it is left. */
static void stops_at_the_first_error(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    struct sql_vars vars = plain_vars();
    const char *change = say(stage, SAY_CHANGE);
    script(stage, conn, say(stage, SAY_PREPARE));
    const char *text =
        arena_printf(&stage->arena, "%s; %s; %s", change, say(stage, SAY_VIOLATE), change);
    begin(stage, conn, &vars);
    struct op op = run(stage, conn, op_of(stage, OP_SCRIPT, text));
    assert_int_equal(op.err.kind, ERR_SQL);
    assert_true(*op.err.code);
    assert_int_equal(op.statements_done, 1);
    assert_true(stage->subject->driver->is_in_transaction(conn));
    if (!stage->subject->is_doomed_by_error)
        expect_count(stage, conn, "1");
    rollback(stage, conn);
    expect_count(stage, conn, "0");
}

/* ---- transactions -------------------------------------------------------------------------- */

static void checks_where_the_transaction_stands(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    struct sql_vars vars = plain_vars();
    const char *begins = text_of_one(stage, SQL_BEGIN, &vars);
    const char *rolls_back = text_of_one(stage, SQL_ROLLBACK, &vars);
    const char *one = say(stage, SAY_ONE);
    const struct {
        const char *sql;
        enum tx_rule rule;
        bool is_broken;
    } steps[] = {
        {one, TX_OUTSIDE, false},      {one, TX_INSIDE, true},         {one, TX_ANY, false},
        {begins, TX_INSIDE, false},    {one, TX_INSIDE, false},        {one, TX_OUTSIDE, true},
        {rolls_back, TX_INSIDE, true}, {begins, TX_OUTSIDE, true},     {one, TX_ANY, false},
        {rolls_back, TX_ANY, false},   {begins, TX_ANY, false},        {rolls_back, TX_OUTSIDE, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct op op = op_of(stage, OP_QUERY, steps[i].sql);
        op.tx_after = steps[i].rule;
        op = run(stage, conn, op);
        if (op.is_tx_broken != steps[i].is_broken)
            fail_msg("step %zu, '%s': is_tx_broken is %d", i, steps[i].sql, op.is_tx_broken);
        assert_int_equal(op.err.kind, steps[i].is_broken ? ERR_SQL : ERR_NONE);
    }
}

/* Refused, or done and told: but never done and not told. */
static void catches_a_script_that_ends_the_transaction(void **state)
{
    static const enum sql_id ids[] = {SQL_COMMIT, SQL_ROLLBACK};
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    const struct driver *driver = stage->subject->driver;
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        begin(stage, conn, &vars);
        struct op op =
            op_of(stage, OP_SCRIPT, joined(stage, say(stage, SAY_CHANGE), driver->sql[ids[i]]));
        op.tx_after = TX_INSIDE;
        op = run(stage, conn, op);
        assert_int_equal(op.err.kind, ERR_SQL);
        assert_int_equal(op.is_tx_broken, !driver->is_in_transaction(conn));
        if (driver->is_in_transaction(conn))
            rollback(stage, conn);
    }
}

static void tells_a_commit_from_what_is_none(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    begin(stage, conn, &vars);
    script(stage, conn, say(stage, SAY_CHANGE));
    commit(stage, conn);
    expect_count(stage, connect_good(stage), "1");
    begin(stage, conn, &vars);
    script(stage, conn, say(stage, SAY_CHANGE));
    assert_int_equal(run(stage, conn, op_of(stage, OP_SCRIPT, say(stage, SAY_VIOLATE))).err.kind,
                     ERR_SQL);
    if (!stage->subject->is_doomed_by_error) {
        rollback(stage, conn);
        return;
    }
    assert_int_equal(end(stage, conn, SQL_COMMIT).err.kind, ERR_SQL);
    expect_count(stage, conn, "1");
}

static void leaves_nothing_behind_a_rollback(void **state)
{
    static const enum sql_id ids[] = {SQL_VERSION_CREATE, SQL_HISTORY_CREATE, SQL_HISTORY_INSERT};
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    if (!(stage->subject->driver->traits & DRIVER_DDL_IN_TRANSACTION))
        skip(); /* what is made stays made: the case is about those that can take it back */
    inspect(stage, conn, &vars);
    begin(stage, conn, &vars);
    query(stage, conn, text_of(stage, ids, ARRAY_LEN(ids), &vars));
    insert_version(stage, conn, vars, "83241ca0f125");
    script(stage, conn, say(stage, SAY_PREPARE));
    script(stage, conn, say(stage, SAY_CHANGE));
    expect_count(stage, conn, "1");
    rollback(stage, conn);
    struct op op = inspect(stage, conn, &vars);
    assert_null(op_value(&op, 0, 1));
    assert_string_equal(op_value(&op, 0, 2), "0");
    script(stage, conn, say(stage, SAY_PREPARE)); /* there is none in the way */
    expect_count(stage, conn, "0");
}

static void rolls_back_what_closes(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    begin(stage, conn, &vars);
    script(stage, conn, say(stage, SAY_CHANGE));
    close_conn(stage, conn);
    expect_count(stage, connect_good(stage), "0");
}

/* ---- the dialect --------------------------------------------------------------------------- */

static void quotes_literals(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    for (int is_quirky = 0; is_quirky < 1 + !!say(stage, SAY_QUIRK); is_quirky++) {
        if (is_quirky)
            query(stage, conn, say(stage, SAY_QUIRK));
        for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
            struct buf buf;
            buf_init(&buf, BUF_MAX_DEFAULT);
            buf_adds(&buf, say(stage, SAY_LITERAL));
            stage->subject->driver->add_literal(&buf, hostile[i]);
            struct op op = query(stage, conn, buf.data);
            expect_only_value(&op, hostile[i]);
            buf_done(&buf);
        }
    }
}

static void quotes_identifiers(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect_good(stage);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct buf buf;
        if (!*hostile[i])
            continue; /* no name is empty */
        buf_init(&buf, BUF_MAX_DEFAULT);
        buf_adds(&buf, say(stage, SAY_IDENTIFIER));
        stage->subject->driver->add_identifier(&buf, hostile[i]);
        struct op op = query(stage, conn, buf.data);
        assert_string_equal(op.columns[0], hostile[i]);
        buf_done(&buf);
    }
}

static void expect_versions(struct stage *stage, struct conn *conn, const struct sql_vars *vars,
                            const char *one, const char *other)
{
    struct op op = ask(stage, conn, SQL_VERSIONS, vars);
    assert_int_equal(op.row_count, (one != NULL) + (other != NULL));
    for (size_t i = 0; i < op.row_count; i++) {
        const char *value = op_value(&op, i, 0);
        bool is_expected = (one && strcmp(value, one) == 0) || (other && strcmp(value, other) == 0);
        if (!is_expected)
            fail_msg("a version row '%s'", value);
    }
}

static void keeps_version_rows(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    make_tables(stage, conn, &vars);
    for (size_t i = 0; i + 1 < ARRAY_LEN(hostile); i++) {
        vars.from = hostile[i];
        vars.to = hostile[i + 1];
        begin(stage, conn, &vars);
        insert_version(stage, conn, vars, hostile[i]);
        expect_versions(stage, conn, &vars, hostile[i], NULL);
        expect_good(change_one(stage, conn, SQL_VERSION_UPDATE, &vars));
        expect_versions(stage, conn, &vars, hostile[i + 1], NULL);
        insert_version(stage, conn, vars, hostile[i]);
        expect_versions(stage, conn, &vars, hostile[i + 1], hostile[i]);
        expect_good(change_one(stage, conn, SQL_VERSION_DELETE, &vars));
        expect_versions(stage, conn, &vars, hostile[i + 1], NULL);
        rollback(stage, conn);
        expect_versions(stage, conn, &vars, NULL, NULL);
    }
}

static void refuses_version_rows_twice_or_missing(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    make_tables(stage, conn, &vars);
    insert_version(stage, conn, vars, "aaaa");
    vars.to = "aaaa";
    struct op op = change_one(stage, conn, SQL_VERSION_INSERT, &vars);
    assert_int_equal(op.err.kind, ERR_SQL);
    assert_true(*op.err.code);
    vars.from = "bbbb";
    assert_int_equal(change_one(stage, conn, SQL_VERSION_UPDATE, &vars).err.kind, ERR_INTERNAL);
    assert_int_equal(change_one(stage, conn, SQL_VERSION_DELETE, &vars).err.kind, ERR_INTERNAL);
    expect_versions(stage, conn, &vars, "aaaa", NULL);
}

/* revision, direction, checksum, statements, state, run_id */
static void expect_history(const struct op *op, size_t row, const struct sql_vars *vars)
{
    char statements[32];
    snprintf(statements, sizeof statements, "%" PRIu64, vars->statements);
    const char *const expected[] = {vars->revision, vars->direction, vars->checksum,
                                    statements,     vars->state,     vars->run_id};
    assert_true(row < op->row_count);
    assert_int_equal(op->column_count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(op_value(op, row, i), expected[i]);
}

static void keeps_history(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    make_tables(stage, conn, &vars);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        vars.run_id = vars.revision = vars.checksum = hostile[i];
        vars.state = "running";
        vars.statements = 0;
        vars.duration_ms = 0.25;
        expect_good(change_one(stage, conn, SQL_HISTORY_INSERT, &vars));
        vars.state = "applied";
        vars.statements = i;
        expect_good(change_one(stage, conn, SQL_HISTORY_MARK, &vars));
        struct op op = ask(stage, conn, SQL_HISTORY, &vars);
        assert_int_equal(op.row_count, i + 1);
        expect_history(&op, i, &vars);
        /* what is applied is marked no more */
        assert_int_equal(change_one(stage, conn, SQL_HISTORY_MARK, &vars).err.kind, ERR_INTERNAL);
    }
}

static void marks_the_newest_row_of_its_kind(void **state)
{
    struct stage *stage = *state;
    struct sql_vars up = plain_vars();
    struct conn *conn = connect_good(stage);
    make_tables(stage, conn, &up);
    struct sql_vars other = up, down = up;
    up.state = "partial";
    down.direction = "down";
    other.revision = "another";
    expect_good(change_one(stage, conn, SQL_HISTORY_INSERT, &up));
    expect_good(change_one(stage, conn, SQL_HISTORY_INSERT, &up));
    expect_good(change_one(stage, conn, SQL_HISTORY_INSERT, &down));
    expect_good(change_one(stage, conn, SQL_HISTORY_INSERT, &other));
    struct sql_vars marked = up;
    marked.statements = 7;
    marked.run_id = "a later run";
    expect_good(change_one(stage, conn, SQL_HISTORY_MARK, &marked));
    struct op op = ask(stage, conn, SQL_HISTORY, &up);
    assert_int_equal(op.row_count, 4);
    expect_history(&op, 0, &up);
    expect_history(&op, 1, &marked);
    expect_history(&op, 2, &down);
    expect_history(&op, 3, &other);
}

/* The version table's name, and the schema's where the dialect has schemas. */
static void survives_hostile_names(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        if (!*hostile[i])
            continue;
        vars.version_table = hostile[i];
        vars.asked_schema = stage->subject->driver->sql[SQL_SCHEMA_CREATE] ? hostile[i] : NULL;
        struct op op = inspect(stage, conn, &vars);
        assert_null(op_value(&op, 0, 1));
        begin(stage, conn, &vars);
        ask(stage, conn, SQL_SCHEMA_CREATE, &vars);
        ask(stage, conn, SQL_VERSION_CREATE, &vars);
        if (!op_value(&op, 0, 2) || *op_value(&op, 0, 2) == '0')
            ask(stage, conn, SQL_HISTORY_CREATE, &vars);
        insert_version(stage, conn, vars, "aaaa");
        commit(stage, conn);
        op = inspect(stage, conn, &vars);
        assert_non_null(op_value(&op, 0, 0));
        assert_non_null(op_value(&op, 0, 1));
        assert_string_equal(op_value(&op, 0, 2), "1");
        if (vars.asked_schema)
            assert_string_equal(op_value(&op, 0, 1), vars.asked_schema);
        expect_versions(stage, conn, &vars, "aaaa", NULL);
    }
}

static void reads_nothing_where_nothing_is(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    struct op op = inspect(stage, conn, &vars);
    assert_non_null(op_value(&op, 0, 0));
    assert_null(op_value(&op, 0, 1));
    assert_string_equal(op_value(&op, 0, 2), "0");
    make_tables(stage, conn, &vars);
    op = inspect(stage, conn, &vars);
    assert_non_null(op_value(&op, 0, 1));
    assert_string_equal(op_value(&op, 0, 2), "1");
    expect_versions(stage, conn, &vars, NULL, NULL);
    assert_int_equal(ask(stage, conn, SQL_HISTORY, &vars).row_count, 0);
}

static void guards_its_own_transaction(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    if (!stage->subject->driver->sql[SQL_GUARD])
        skip(); /* its statements cannot begin or end a transaction at all */
    inspect(stage, conn, &vars);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        vars.nonce = hostile[i];
        begin(stage, conn, &vars);
        if (*vars.nonce) /* an empty one is what any transaction has */
            expect_good(change_one(stage, conn, SQL_GUARD, &vars));
        ask(stage, conn, SQL_RESTORE, &vars);
        vars.nonce = "another";
        assert_int_equal(change_one(stage, conn, SQL_GUARD, &vars).err.kind, ERR_INTERNAL);
        vars.nonce = hostile[i];
        rollback(stage, conn);
        if (*vars.nonce)
            assert_int_equal(change_one(stage, conn, SQL_GUARD, &vars).err.kind, ERR_INTERNAL);
    }
}

static void makes_a_used_connection_like_new(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *first = connect_good(stage);
    struct conn *second = connect_good(stage);
    if (!stage->subject->driver->sql[SQL_RESET])
        skip(); /* a connection is never left to another tenant */
    vars.statement_timeout_ms = 100;
    inspect(stage, first, &vars);
    assert_true(lock(stage, first, vars.lock_key).is_locked);
    ask(stage, first, SQL_SETUP, &vars);
    ask(stage, first, SQL_RESET, &vars);
    assert_true(lock(stage, second, vars.lock_key).is_locked);
    struct op op = op_of(stage, OP_SCRIPT, say(stage, SAY_SLOW)); /* no timeout is left */
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    runner_run_cancelled(&stage->runner, first, &op, 400);
    assert_int_not_equal(op.err.kind, ERR_NONE);
    assert_true(runner_now_ms(&stage->runner) - begun_ms >= 400);
}

/* ---- stopping ------------------------------------------------------------------------------ */

static void stops_when_cancelled(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    script(stage, conn, say(stage, SAY_PREPARE));
    begin(stage, conn, &vars);
    struct op op =
        op_of(stage, OP_SCRIPT, joined(stage, say(stage, SAY_CHANGE), say(stage, SAY_SLOW)));
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    runner_run_cancelled(&stage->runner, conn, &op, 100);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 10000);
    assert_int_not_equal(op.err.kind, ERR_NONE);
    assert_false(op.err.is_connection_lost);
    assert_int_equal(op.statements_done, 1);
    rollback(stage, conn);
    expect_count(stage, conn, "0");
}

static void obeys_the_statement_timeout(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *conn = connect_good(stage);
    inspect(stage, conn, &vars);
    vars.statement_timeout_ms = 150;
    ask(stage, conn, SQL_SETUP, &vars);
    struct op op = op_of(stage, OP_SCRIPT, say(stage, SAY_SLOW));
    op.statement_timeout_ms = vars.statement_timeout_ms;
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    op = run(stage, conn, op);
    assert_true(runner_now_ms(&stage->runner) - begun_ms < 10000);
    assert_int_equal(op.err.kind, ERR_TIMEOUT);
    assert_false(op.err.is_transient);
    assert_false(op.err.is_connection_lost);
}

/* Two writers at one row of one table; the second gives way after its lock_timeout. */
static void obeys_the_lock_timeout(void **state)
{
    static const enum sql_id ids[] = {SQL_BEGIN, SQL_SETUP_LOCAL, SQL_VERSION_UPDATE};
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *first = connect_good(stage);
    struct conn *second = connect_good(stage);
    make_tables(stage, first, &vars);
    insert_version(stage, first, vars, "aaaa");
    vars.from = "aaaa";
    vars.to = "bbbb";
    vars.lock_timeout_ms = 200;
    begin(stage, first, &vars);
    expect_good(change_one(stage, first, SQL_VERSION_UPDATE, &vars));
    struct op op = op_of(stage, OP_QUERY, text_of(stage, ids, ARRAY_LEN(ids), &vars));
    op.lock_timeout_ms = vars.lock_timeout_ms;
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    op = run(stage, second, op);
    uint64_t waited_ms = runner_now_ms(&stage->runner) - begun_ms;
    assert_int_equal(op.err.kind, ERR_LOCK);
    assert_true(op.err.is_transient);
    assert_true(*op.err.code);
    assert_in_range(waited_ms, 100, 10000);
}

static void waits_for_another_writer(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *first = connect_good(stage);
    struct conn *second = connect_good(stage);
    make_tables(stage, first, &vars);
    begin(stage, first, &vars);
    insert_version(stage, first, vars, "aaaa");
    commit(stage, first);
    vars.lock_timeout_ms = 5000;
    begin(stage, second, &vars);
    insert_version(stage, second, vars, "bbbb");
    commit(stage, second);
    expect_versions(stage, first, &vars, "aaaa", "bbbb");
}

static void tells_that_a_connection_died(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = plain_vars();
    struct conn *victim = connect_good(stage);
    struct conn *killer = connect_good(stage);
    if (!say(stage, SAY_KILL))
        skip(); /* there is no connection that could die: a file stays */
    struct op who = query(stage, victim, say(stage, SAY_WHO));
    begin(stage, victim, &vars);
    struct buf kill;
    buf_init(&kill, 256);
    const char *format = say(stage, SAY_KILL);
    size_t before = strcspn(format, "%");
    buf_add(&kill, format, before);
    buf_adds(&kill, op_value(&who, 0, 0));
    buf_adds(&kill, format + before + strlen("%s"));
    query(stage, killer, kill.data);
    buf_done(&kill);
    struct op op = {0};
    for (int i = 0; i < 200 && op.err.kind == ERR_NONE; i++) { /* the signal may take its time */
        op = run(stage, victim, op_of(stage, OP_QUERY, say(stage, SAY_ONE)));
        runner_sleep_ms(&stage->runner, 10);
    }
    assert_int_equal(op.err.kind, ERR_CONNECT);
    assert_true(op.err.is_connection_lost);
    assert_true(op.err.is_transient);
    op = end(stage, victim, SQL_COMMIT); /* and from then on nothing else */
    assert_true(op.err.is_connection_lost);
}

/* ---- all of them --------------------------------------------------------------------------- */

static const struct CMUnitTest tests[] = {
    CASE(connects_and_tells_of_the_server),
    CASE(closes_what_never_connected),
    CASE(says_that_nobody_answers),
    CASE(makes_no_database_unasked),
    CASE(makes_a_database_when_asked),
    CASE(leaves_no_database_that_nothing_was_written_to),
    CASE(knows_what_it_must_not_write_to),
    CASE(locks_until_it_closes),
    CASE(locks_with_a_transaction_alone),
    CASE(keeps_rows_and_names),
    CASE(keeps_the_rows_of_the_last_statement_that_has_any),
    CASE(runs_nothing_where_there_is_nothing),
    CASE(counts_the_rows_that_must_be_one),
    CASE(starts_every_operation_afresh),
    CASE(splits_what_it_then_runs),
    CASE(keeps_no_rows_of_a_script),
    CASE(points_at_the_fault),
    CASE(stops_at_the_first_error),
    CASE(checks_where_the_transaction_stands),
    CASE(catches_a_script_that_ends_the_transaction),
    CASE(tells_a_commit_from_what_is_none),
    CASE(leaves_nothing_behind_a_rollback),
    CASE(rolls_back_what_closes),
    CASE(quotes_literals),
    CASE(quotes_identifiers),
    CASE(keeps_version_rows),
    CASE(refuses_version_rows_twice_or_missing),
    CASE(keeps_history),
    CASE(marks_the_newest_row_of_its_kind),
    CASE(survives_hostile_names),
    CASE(reads_nothing_where_nothing_is),
    CASE(guards_its_own_transaction),
    CASE(makes_a_used_connection_like_new),
    CASE(stops_when_cancelled),
    CASE(obeys_the_statement_timeout),
    CASE(obeys_the_lock_timeout),
    CASE(waits_for_another_writer),
    CASE(tells_that_a_connection_died),
};

int main(int argc, char **argv)
{
    subject_under_test = argc > 1 ? subject_find(argv[1]) : NULL;
    if (!subject_under_test) {
        fprintf(stderr, "usage: %s SUBJECT [CASE]\n", argv[0]);
        return 2;
    }
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    drivers_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
