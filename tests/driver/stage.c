#include "driver/stage.h"

#include "base/buf.h"
#include "base/err.h"

/* Set once, before any case. */
static const struct subject *subject_under_test;

void stage_use(const struct subject *subject)
{
    subject_under_test = subject;
}

int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    stage->subject = subject_under_test;
    stage->runner.driver = stage->subject->driver;
    *state = stage;
    stage->subject->set_up(stage);
    return 0;
}

int tear_down(void **state)
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

bool stage_has(const struct stage *stage, enum ability ability, bool is_there)
{
    assert_int_equal(is_there, (stage->subject->abilities & ability) != 0);
    return is_there;
}

const char *stage_say(const struct stage *stage, enum saying saying)
{
    return stage->subject->say[saying];
}

bool stage_is_server(const struct stage *stage)
{
    return stage->subject->driver->traits & DRIVER_IS_SERVER;
}

/* ---- operations ---------------------------------------------------------------------------- */

struct conn *stage_open_params(struct stage *stage, const struct conn_params *params)
{
    assert_true(stage->conn_count < CONNS_MAX);
    struct conn *conn = stage->subject->driver->open(params);
    assert_non_null(conn);
    stage->conns[stage->conn_count++] = conn;
    return conn;
}

struct conn *stage_open(struct stage *stage, enum target target)
{
    return stage_open_params(stage, &(struct conn_params){.url = &stage->targets[target],
                                                          .password = stage->subject->password});
}

void stage_close(struct stage *stage, struct conn *conn)
{
    for (size_t i = 0; i < stage->conn_count; i++)
        if (stage->conns[i] == conn)
            stage->conns[i] = NULL;
    stage->subject->driver->close(conn);
}

struct op stage_op(struct stage *stage, enum op_kind kind, const char *sql)
{
    return (struct op){.kind = kind,
                       .sql = sql,
                       .sql_len = sql ? strlen(sql) : 0,
                       .arena = &stage->arena,
                       .answer = arena_alloc(&stage->arena, sizeof(struct answer))};
}

struct answer stage_run(struct stage *stage, struct conn *conn, struct op op)
{
    *op.answer = (struct answer){0};
    runner_run(&stage->runner, conn, &op);
    return *op.answer;
}

struct answer expect_good(struct answer answer)
{
    if (answer_err(&answer)->kind != ERR_NONE)
        fail_msg("%s (%s)", answer_err(&answer)->text, answer_err(&answer)->code);
    return answer;
}

struct answer stage_query(struct stage *stage, struct conn *conn, const char *sql)
{
    return expect_good(stage_run(stage, conn, stage_op(stage, OP_QUERY, sql)));
}

struct answer stage_script(struct stage *stage, struct conn *conn, const char *sql)
{
    return expect_good(stage_run(stage, conn, stage_op(stage, OP_SCRIPT, sql)));
}

struct answer stage_connect_op(struct stage *stage, struct conn *conn)
{
    return stage_run(stage, conn, stage_op(stage, OP_CONNECT, NULL));
}

struct conn *stage_connect_to(struct stage *stage, enum target target)
{
    struct conn *conn = stage_open(stage, target);
    expect_good(stage_connect_op(stage, conn));
    return conn;
}

struct conn *stage_connect(struct stage *stage)
{
    return stage_connect_to(stage, TARGET_GOOD);
}

void expect_only_value(const struct answer *answer, const char *value)
{
    assert_int_equal(answer->rows.row_count, 1);
    assert_non_null(grid_value(&answer->rows, 0, 0));
    assert_string_equal(grid_value(&answer->rows, 0, 0), value);
}

void expect_count(struct stage *stage, struct conn *conn, const char *count)
{
    struct answer answer = stage_query(stage, conn, stage_say(stage, SAY_COUNT));
    expect_only_value(&answer, count);
}

const char *stage_join(struct stage *stage, const char *first, const char *second)
{
    return arena_printf(&stage->arena, "%s; %s", first, second);
}

/* ---- the dialect --------------------------------------------------------------------------- */

const char *stage_text_of(struct stage *stage, const enum sql_id *ids, size_t count,
                          const struct sql_vars *vars)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count; i++)
        sql_expand(&buf, stage->subject->driver->dialect, ids[i], vars);
    const char *text = arena_strndup(&stage->arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

const char *stage_text(struct stage *stage, enum sql_id id, const struct sql_vars *vars)
{
    return stage_text_of(stage, &id, 1, vars);
}

struct answer stage_ask(struct stage *stage, struct conn *conn, enum sql_id id,
                        const struct sql_vars *vars)
{
    return stage_query(stage, conn, stage_text(stage, id, vars));
}

void stage_begin(struct stage *stage, struct conn *conn, const struct sql_vars *vars)
{
    static const enum sql_id ids[] = {SQL_BEGIN, SQL_SETUP_LOCAL};
    struct op op = stage_op(stage, OP_QUERY, stage_text_of(stage, ids, ARRAY_LEN(ids), vars));
    op.tx_after = TX_INSIDE;
    expect_good(stage_run(stage, conn, op));
    assert_true(stage->subject->driver->is_in_transaction(conn));
}

struct answer stage_end(struct stage *stage, struct conn *conn, enum sql_id id)
{
    struct op op = stage_op(stage, OP_QUERY, stage->subject->driver->dialect->sql[id]);
    op.tx_after = TX_OUTSIDE;
    op.flags = id == SQL_COMMIT ? OP_MUST_COMMIT : 0;
    return stage_run(stage, conn, op);
}

void stage_commit(struct stage *stage, struct conn *conn)
{
    expect_good(stage_end(stage, conn, SQL_COMMIT));
    assert_false(stage->subject->driver->is_in_transaction(conn));
}

void stage_rollback(struct stage *stage, struct conn *conn)
{
    expect_good(stage_end(stage, conn, SQL_ROLLBACK));
    assert_false(stage->subject->driver->is_in_transaction(conn));
}

struct sql_vars stage_vars(void)
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

struct answer stage_inspect(struct stage *stage, struct conn *conn, struct sql_vars *vars)
{
    struct answer answer = stage_ask(stage, conn, SQL_INSPECT, vars);
    assert_int_equal(answer.rows.row_count, 1);
    assert_in_range(answer.rows.column_count, 7, 8);
    vars->schema = vars->asked_schema ? vars->asked_schema : grid_value(&answer.rows, 0, 0);
    vars->search_path = grid_value(&answer.rows, 0, 4);
    stage_ask(stage, conn, SQL_READ_END, vars);
    assert_false(stage->subject->driver->is_in_transaction(conn));
    return answer;
}

void stage_make_tables(struct stage *stage, struct conn *conn, struct sql_vars *vars)
{
    static const enum sql_id ids[] = {SQL_VERSION_CREATE, SQL_HISTORY_CREATE};
    struct answer answer = stage_inspect(stage, conn, vars);
    bool has_schema = grid_value(&answer.rows, 0, 0);
    stage_begin(stage, conn, vars);
    if (!has_schema)
        stage_ask(stage, conn, SQL_SCHEMA_CREATE, vars);
    stage_query(stage, conn, stage_text_of(stage, ids, ARRAY_LEN(ids), vars));
    stage_commit(stage, conn);
}

struct answer stage_change_one(struct stage *stage, struct conn *conn, enum sql_id id,
                               const struct sql_vars *vars)
{
    struct op op = stage_op(stage, OP_QUERY, stage_text(stage, id, vars));
    stage_run(stage, conn, op);
    if (op_err(&op)->kind == ERR_NONE && op.answer->rows_changed != 1)
        err_set(op_make_err(&op), ERR_INTERNAL, "it changed %llu rows, not one",
                (unsigned long long)op.answer->rows_changed);
    return *op.answer;
}

void stage_insert_version(struct stage *stage, struct conn *conn, struct sql_vars vars,
                          const char *to)
{
    vars.to = to;
    expect_good(stage_change_one(stage, conn, SQL_VERSION_INSERT, &vars));
}

struct answer stage_lock(struct stage *stage, struct conn *conn, uint64_t key)
{
    struct sql_vars vars = stage_vars();
    struct answer answer = stage_inspect(stage, conn, &vars);
    const char *pid = grid_value(&answer.rows, 0, 5);
    vars.lock_key = key;
    vars.backend_pid = pid ? strtoul(pid, NULL, 10) : 0;
    return expect_good(
        stage_run(stage, conn, stage_op(stage, OP_LOCK, stage_text(stage, SQL_LOCK, &vars))));
}

void expect_versions(struct stage *stage, struct conn *conn, const struct sql_vars *vars,
                     const char *one, const char *other)
{
    struct answer answer = stage_ask(stage, conn, SQL_VERSIONS, vars);
    assert_int_equal(answer.rows.row_count, (one != NULL) + (other != NULL));
    for (size_t i = 0; i < answer.rows.row_count; i++) {
        const char *value = grid_value(&answer.rows, i, 0);
        bool is_expected = (one && strcmp(value, one) == 0) || (other && strcmp(value, other) == 0);
        if (!is_expected)
            fail_msg("a version row '%s'", value);
    }
}
