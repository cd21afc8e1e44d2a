/* The templates of the dialect, filled with what breaks out of quoting that is not whole. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/err.h"
#include "driver/conformance.h"

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

static bool is_refused(const struct stage *stage, const char *name)
{
    for (const char *const *at = stage->subject->refused_names; at && *at; at++)
        if (strcmp(*at, name) == 0)
            return true;
    return false;
}

/* ---- the dialect --------------------------------------------------------------------------- */

static void quotes_literals(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    for (int is_quirky = 0; is_quirky < 1 + !!stage_say(stage, SAY_QUIRK); is_quirky++) {
        if (is_quirky)
            stage_query(stage, conn, stage_say(stage, SAY_QUIRK));
        for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
            struct buf buf;
            buf_init(&buf, BUF_MAX_DEFAULT);
            buf_adds(&buf, stage_say(stage, SAY_LITERAL));
            stage->subject->driver->dialect->add_literal(&buf, hostile[i]);
            struct answer answer = stage_query(stage, conn, buf.data);
            expect_only_value(&answer, hostile[i]);
            buf_done(&buf);
        }
    }
}

static void quotes_identifiers(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = stage_connect(stage);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct buf buf;
        if (!*hostile[i])
            continue; /* no name is empty */
        buf_init(&buf, BUF_MAX_DEFAULT);
        buf_adds(&buf, stage_say(stage, SAY_IDENTIFIER));
        stage->subject->driver->dialect->add_identifier(&buf, hostile[i]);
        struct answer answer = stage_run(stage, conn, stage_op(stage, OP_QUERY, buf.data));
        if (!is_refused(stage, hostile[i]))
            assert_string_equal(expect_good(answer).columns[0], hostile[i]);
        buf_done(&buf);
    }
}

static void keeps_version_rows(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    bool has_exact_text = stage->subject->abilities & HAS_EXACT_TEXT;
    stage_make_tables(stage, conn, &vars);
    for (size_t i = 0; i + 1 < ARRAY_LEN(hostile); i++) {
        vars.from = hostile[i];
        vars.to = hostile[i + 1];
        if (!has_exact_text && strspn(vars.from, " ") == strlen(vars.from))
            continue; /* it is the same key as what follows, and no revision's id */
        stage_begin(stage, conn, &vars);
        stage_insert_version(stage, conn, vars, hostile[i]);
        expect_versions(stage, conn, &vars, hostile[i], NULL);
        expect_good(stage_change_one(stage, conn, SQL_VERSION_UPDATE, &vars));
        expect_versions(stage, conn, &vars, hostile[i + 1], NULL);
        stage_insert_version(stage, conn, vars, hostile[i]);
        expect_versions(stage, conn, &vars, hostile[i + 1], hostile[i]);
        expect_good(stage_change_one(stage, conn, SQL_VERSION_DELETE, &vars));
        expect_versions(stage, conn, &vars, hostile[i + 1], NULL);
        stage_rollback(stage, conn);
        expect_versions(stage, conn, &vars, NULL, NULL);
    }
}

static size_t count_found(struct stage *stage, struct conn *conn, struct sql_vars vars,
                          const char *table)
{
    const char *const rows[] = {"no'such", table};
    vars.rows = rows;
    vars.row_count = ARRAY_LEN(rows);
    return stage_query(stage, conn, stage_text(stage, SQL_TABLES, &vars)).rows.row_count;
}

static void finds_tables_that_are_there(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    if (!stage_has(stage, HAS_TABLES, stage->subject->driver->dialect->sql[SQL_TABLES]))
        return;
    assert_int_equal(count_found(stage, conn, vars, "skein_history"), 0);
    stage_make_tables(stage, conn, &vars);
    assert_int_equal(count_found(stage, conn, vars, "skein_history"), 1);
    assert_int_equal(count_found(stage, conn, vars, "nosuch.skein_history"), 0);
    assert_int_equal(count_found(stage, conn, vars, "pg_class"), 0);
    assert_int_equal(count_found(stage, conn, vars, "tables"), 0);
    if (!stage_say(stage, SAY_WHERE))
        return;
    struct answer where = stage_query(stage, conn, stage_say(stage, SAY_WHERE));
    char name[256];
    snprintf(name, sizeof name, "%s.skein_history", grid_value(&where.rows, 0, 0));
    assert_int_equal(count_found(stage, conn, vars, name), 1);
}

static void refuses_version_rows_twice_or_missing(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_make_tables(stage, conn, &vars);
    stage_insert_version(stage, conn, vars, "aaaa");
    vars.to = "aaaa";
    struct answer answer = stage_change_one(stage, conn, SQL_VERSION_INSERT, &vars);
    assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
    assert_true(*answer_err(&answer)->code);
    vars.from = "bbbb";
    assert_int_equal(ended_with(stage_change_one(stage, conn, SQL_VERSION_UPDATE, &vars)),
                     ERR_INTERNAL);
    assert_int_equal(ended_with(stage_change_one(stage, conn, SQL_VERSION_DELETE, &vars)),
                     ERR_INTERNAL);
    expect_versions(stage, conn, &vars, "aaaa", NULL);
}

/* revision, direction, checksum, statements, state, run_id, id */
static void expect_history(const struct answer *answer, size_t row, const struct sql_vars *vars)
{
    char statements[32], id[32];
    snprintf(statements, sizeof statements, "%" PRIu64, vars->statements);
    snprintf(id, sizeof id, "%zu", row + 1);
    const char *const expected[] = {
        vars->revision, vars->direction, vars->checksum, statements, vars->state, vars->run_id, id};
    assert_true(row < answer->rows.row_count);
    assert_int_equal(answer->rows.column_count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(grid_value(&answer->rows, row, i), expected[i]);
}

static void keeps_history(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_make_tables(stage, conn, &vars);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        vars.run_id = vars.revision = vars.checksum = hostile[i];
        vars.state = "running";
        vars.statements = 0;
        vars.duration_ms = 0.25;
        expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &vars));
        vars.state = "applied";
        vars.statements = i;
        expect_good(stage_change_one(stage, conn, SQL_HISTORY_MARK, &vars));
        struct answer answer = stage_ask(stage, conn, SQL_HISTORY, &vars);
        assert_int_equal(answer.rows.row_count, i + 1);
        expect_history(&answer, i, &vars);
        struct answer newest = stage_ask(stage, conn, SQL_HISTORY_NEWEST, &vars);
        assert_int_equal(newest.rows.row_count, 1);
        assert_int_equal(newest.rows.column_count, answer.rows.column_count);
        for (size_t c = 0; c < answer.rows.column_count; c++)
            assert_string_equal(grid_value(&newest.rows, 0, c), grid_value(&answer.rows, i, c));
        /* what is applied is marked no more */
        assert_int_equal(ended_with(stage_change_one(stage, conn, SQL_HISTORY_MARK, &vars)),
                         ERR_INTERNAL);
    }
}

static void keeps_the_steps_of_a_transaction_in_one_statement(void **state)
{
    struct stage *stage = *state;
    const struct driver *driver = stage->subject->driver;
    struct sql_vars vars = stage_vars(), first = vars;
    struct conn *conn = stage_connect(stage);
    struct buf rows;
    if (!stage_has(stage, HAS_HISTORY_ROWS, driver->dialect->sql[SQL_HISTORY_ROWS]))
        return; /* one by one */
    stage_make_tables(stage, conn, &vars);
    first.schema = vars.schema;
    expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &first));
    buf_init(&rows, BUF_MAX_DEFAULT);
    vars.run_id = "it's \\ a run";
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        vars.revision = vars.checksum = hostile[i];
        vars.statements = i;
        vars.history_id = i + 2;
        buf_adds(&rows, i ? ", " : "");
        sql_fill(&rows, driver->dialect, driver->dialect->sql[SQL_HISTORY_ROW], &vars);
    }
    vars.steps = rows.data;
    struct answer answer = stage_ask(stage, conn, SQL_HISTORY_ROWS, &vars);
    assert_int_equal(answer.rows_changed, ARRAY_LEN(hostile));
    answer = stage_ask(stage, conn, SQL_HISTORY, &vars);
    assert_int_equal(answer.rows.row_count, 1 + ARRAY_LEN(hostile));
    expect_history(&answer, 0, &first);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        vars.revision = vars.checksum = hostile[i];
        vars.statements = i;
        expect_history(&answer, i + 1, &vars);
    }
    buf_done(&rows);
}

static void marks_the_newest_row_of_its_kind(void **state)
{
    struct stage *stage = *state;
    struct sql_vars up = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_make_tables(stage, conn, &up);
    struct sql_vars other = up, down = up;
    up.state = "partial";
    down.direction = "down";
    other.revision = "another";
    expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &up));
    expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &up));
    expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &down));
    expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &other));
    struct sql_vars marked = up;
    marked.statements = 7;
    marked.run_id = "a later run";
    expect_good(stage_change_one(stage, conn, SQL_HISTORY_MARK, &marked));
    struct answer answer = stage_ask(stage, conn, SQL_HISTORY, &up);
    assert_int_equal(answer.rows.row_count, 4);
    expect_history(&answer, 0, &up);
    expect_history(&answer, 1, &marked);
    expect_history(&answer, 2, &down);
    expect_history(&answer, 3, &other);
}

/* Of the row that says it, and only if that row is still the one that was read. */
static void renews_the_checksum_of_one_row(void **state)
{
    struct stage *stage = *state;
    struct sql_vars first = stage_vars();
    struct conn *conn = stage_connect(stage);
    stage_make_tables(stage, conn, &first);
    struct sql_vars renewed = first;
    for (size_t i = 0; i < 2; i++)
        expect_good(stage_change_one(stage, conn, SQL_HISTORY_INSERT, &first));
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct sql_vars renewal = renewed;
        renewal.history_id = 2;
        renewal.from = renewed.checksum;
        renewal.checksum = hostile[i];
        expect_good(stage_change_one(stage, conn, SQL_HISTORY_RENEW, &renewal));
        renewed.checksum = hostile[i];
        struct answer answer = stage_ask(stage, conn, SQL_HISTORY, &first);
        assert_int_equal(answer.rows.row_count, 2);
        expect_history(&answer, 0, &first);
        expect_history(&answer, 1, &renewed);
    }
    struct sql_vars wrong[3] = {renewed, renewed, renewed};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        wrong[i].history_id = i == 0 ? 3 : 2; /* there is no such row; */
        wrong[i].revision = i == 1 ? "another" : renewed.revision;
        wrong[i].from = i == 2 ? "changed meanwhile" : renewed.checksum;
        wrong[i].checksum = "never";
        assert_int_equal(ended_with(stage_change_one(stage, conn, SQL_HISTORY_RENEW, &wrong[i])),
                         ERR_INTERNAL);
    }
    struct answer answer = stage_ask(stage, conn, SQL_HISTORY, &first);
    expect_history(&answer, 1, &renewed);
}

/* The version table's name, and the schema's where the dialect has schemas. */
static void survives_hostile_names(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        if (!*hostile[i])
            continue;
        vars.version_table = hostile[i];
        vars.asked_schema =
            stage->subject->driver->dialect->sql[SQL_SCHEMA_CREATE] ? hostile[i] : NULL;
        struct answer answer = stage_inspect(stage, conn, &vars);
        assert_null(grid_value(&answer.rows, 0, 1));
        stage_begin(stage, conn, &vars);
        stage_ask(stage, conn, SQL_SCHEMA_CREATE, &vars);
        if (is_refused(stage, hostile[i])) {
            struct op create =
                stage_op(stage, OP_QUERY, stage_text(stage, SQL_VERSION_CREATE, &vars));
            assert_int_equal(ended_with(stage_run(stage, conn, create)), ERR_SQL);
            stage_rollback(stage, conn);
            continue;
        }
        stage_ask(stage, conn, SQL_VERSION_CREATE, &vars);
        if (!grid_value(&answer.rows, 0, 3))
            stage_ask(stage, conn, SQL_HISTORY_CREATE, &vars);
        stage_insert_version(stage, conn, vars, "aaaa");
        stage_commit(stage, conn);
        answer = stage_inspect(stage, conn, &vars);
        assert_non_null(grid_value(&answer.rows, 0, 0));
        assert_non_null(grid_value(&answer.rows, 0, 1));
        assert_string_equal(grid_value(&answer.rows, 0, 1), grid_value(&answer.rows, 0, 2));
        assert_non_null(grid_value(&answer.rows, 0, 3));
        expect_versions(stage, conn, &vars, "aaaa", NULL);
    }
}

static void expect_where(struct stage *stage, struct conn *conn, const char *schema)
{
    struct answer answer = stage_query(stage, conn, stage_say(stage, SAY_WHERE));
    expect_only_value(&answer, schema);
}

/* A revision's unqualified names mean the tenant's schema, whatever the one before it has set. */
static void works_in_the_tenants_schema(void **state)
{
    static const char schema[] = "o\"dd, 'schema\\";
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    struct buf path;
    if (!stage_has(stage, HAS_SEVERAL_PLACES, stage_say(stage, SAY_WHERE)))
        return; /* there is one place only */
    struct answer before = stage_query(stage, conn, stage_say(stage, SAY_WHERE));
    buf_init(&path, 256);
    stage->subject->driver->dialect->add_identifier(&path, schema);
    vars.asked_schema = schema;
    stage_make_tables(stage, conn, &vars);
    vars.search_path = path.data;
    stage_begin(stage, conn, &vars);
    expect_where(stage, conn, schema);
    stage_script(stage, conn, stage_say(stage, SAY_WANDER));
    stage_ask(stage, conn, SQL_GUARD, &vars);
    expect_where(stage, conn, schema);
    stage_rollback(stage, conn);
    expect_where(stage, conn, grid_value(&before.rows, 0, 0)); /* it was the transaction's */
    stage_ask(stage, conn, SQL_SETUP, &vars);
    expect_where(stage, conn, schema);
    buf_done(&path);
}

static void reads_nothing_where_nothing_is(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    struct answer answer = stage_inspect(stage, conn, &vars);
    assert_non_null(grid_value(&answer.rows, 0, 0));
    for (size_t column = 1; column <= 3; column++)
        assert_null(grid_value(&answer.rows, 0, column));
    stage_make_tables(stage, conn, &vars);
    answer = stage_inspect(stage, conn, &vars);
    for (size_t column = 1; column <= 3; column++)
        assert_non_null(grid_value(&answer.rows, 0, column));
    expect_versions(stage, conn, &vars, NULL, NULL);
    assert_int_equal(stage_ask(stage, conn, SQL_HISTORY, &vars).rows.row_count, 0);
}

static struct answer ask_guard(struct stage *stage, struct conn *conn, const struct sql_vars *vars)
{
    return stage_run(stage, conn, stage_op(stage, OP_QUERY, stage_text(stage, SQL_GUARD, vars)));
}

static void guards_its_own_transaction(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *conn = stage_connect(stage);
    if (!stage_has(stage, HAS_GUARD, stage->subject->driver->dialect->sql[SQL_GUARD]))
        return; /* its statements cannot begin or end a transaction at all */
    stage_inspect(stage, conn, &vars);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        vars.nonce = hostile[i];
        stage_begin(stage, conn, &vars);
        if (*vars.nonce) /* an empty one is what any transaction has */
            expect_good(ask_guard(stage, conn, &vars));
        vars.nonce = "another";
        assert_int_equal(ended_with(ask_guard(stage, conn, &vars)), ERR_SQL);
        vars.nonce = hostile[i];
        stage_rollback(stage, conn);
        if (*vars.nonce)
            assert_int_equal(ended_with(ask_guard(stage, conn, &vars)), ERR_SQL);
    }
}

static bool can_reset(const struct stage *stage)
{
    const struct driver *driver = stage->subject->driver;
    return driver->traits & DRIVER_RESETS || driver->dialect->sql[SQL_RESET];
}

static void reset(struct stage *stage, struct conn *conn)
{
    if (stage->subject->driver->traits & DRIVER_RESETS)
        expect_good(stage_run(stage, conn, stage_op(stage, OP_RESET, "")));
    else
        stage_ask(stage, conn, SQL_RESET, &(struct sql_vars){0});
}

static void makes_a_used_connection_like_new(void **state)
{
    struct stage *stage = *state;
    struct sql_vars vars = stage_vars();
    struct conn *first = stage_connect(stage);
    struct conn *second = stage_connect(stage);
    if (!stage_has(stage, HAS_RESET, can_reset(stage)))
        return; /* a connection is never left to another tenant */
    vars.statement_timeout_ms = 100;
    stage_inspect(stage, first, &vars);
    assert_true(stage_lock(stage, first, vars.lock_key).is_locked);
    stage_ask(stage, first, SQL_SETUP, &vars);
    reset(stage, first);
    assert_true(stage_lock(stage, second, vars.lock_key).is_locked);
    struct op op = stage_op(stage, OP_SCRIPT, stage_say(stage, SAY_SLOW)); /* no timeout is left */
    uint64_t begun_ms = runner_now_ms(&stage->runner);
    runner_run_cancelled(&stage->runner, first, &op, 400);
    assert_int_not_equal(op_err(&op)->kind, ERR_NONE);
    assert_true(runner_now_ms(&stage->runner) - begun_ms >= 400);
}

static struct answer move_to(struct stage *stage, struct conn *conn, enum target target)
{
    const struct conn_params params = {.url = &stage->targets[target],
                                       .password = stage->subject->password};
    reset(stage, conn);
    stage->subject->driver->move(conn, &params);
    return stage_connect_op(stage, conn);
}

static void goes_to_another_database(void **state)
{
    struct stage *stage = *state;
    const struct driver *driver = stage->subject->driver;
    struct conn *conns[2];
    if (!stage_has(stage, HAS_MOVES, driver->move))
        return;
    for (size_t i = 0; i < 2; i++) {
        conns[i] = stage_open_params(
            stage, &(struct conn_params){.url = &stage->targets[TARGET_GOOD],
                                         .password = stage->subject->password,
                                         .database = stage->subject->maintenance});
        expect_good(stage_connect_op(stage, conns[i]));
    }
    struct answer answer = expect_good(move_to(stage, conns[0], TARGET_GOOD));
    assert_non_null(answer.info);
    assert_false(answer.info->is_single_use);
    stage_script(stage, conns[0], stage_say(stage, SAY_PREPARE));
    stage_script(stage, conns[0], stage_say(stage, SAY_CHANGE));
    expect_good(move_to(stage, conns[1], TARGET_GOOD));
    expect_count(stage, conns[1], "1");
    expect_good(move_to(stage, conns[1], TARGET_GOOD));
    assert_int_not_equal(ended_with(move_to(stage, conns[0], TARGET_MISSING)), ERR_NONE);
}

int run_dialect_cases(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(quotes_literals),
        CASE(quotes_identifiers),
        CASE(keeps_version_rows),
        CASE(refuses_version_rows_twice_or_missing),
        CASE(finds_tables_that_are_there),
        CASE(keeps_history),
        CASE(keeps_the_steps_of_a_transaction_in_one_statement),
        CASE(marks_the_newest_row_of_its_kind),
        CASE(renews_the_checksum_of_one_row),
        CASE(survives_hostile_names),
        CASE(works_in_the_tenants_schema),
        CASE(reads_nothing_where_nothing_is),
        CASE(guards_its_own_transaction),
        CASE(makes_a_used_connection_like_new),
        CASE(goes_to_another_database),
    };
    return cmocka_run_group_tests_name("dialect", tests, NULL, NULL);
}
