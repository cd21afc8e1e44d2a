/* Statements that repeat: their options, their words, and when the next batch waits. */
#include "unit/unit.h"

#include "base/buf.h"
#include "chain/repeat.h"
#include "dialect/dialects.h"
#include "dialect/repeated.h"
#include "rollout/pressure.h"

static void options_are_written_as_they_are_read(void **state)
{
    struct repeat repeat = {0};
    const char *form;
    struct buf buf;
    (void)state;
    assert_int_equal(repeat_option("repeat"), 0);
    assert_int_equal(repeat_option("transaction"), -1);
    assert_true(repeat_set(&repeat, 0, "until-no-rows", &form));
    assert_true(repeat_set(&repeat, repeat_option("pause"), "1s", &form));
    assert_true(repeat_set(&repeat, repeat_option("max_lag"), "0", &form));
    assert_true(repeat_set(&repeat, repeat_option("max_batches"), "7", &form));
    assert_true(repeat_set(&repeat, repeat_option("timeout"), "30s", &form));
    assert_int_equal(repeat.pause_ms, 1000);
    buf_init(&buf, BUF_MAX_DEFAULT);
    repeat_write(&buf, &repeat);
    assert_string_equal(
        buf.data, " repeat:until-no-rows pause:1000ms max_lag:0ms timeout:30000ms max_batches:7");
    buf_done(&buf);
}

static void what_a_section_does_not_say_the_inventory_does(void **state)
{
    struct repeat section = {0}, usual = repeat_defaults();
    const char *form;
    (void)state;
    assert_true(repeat_set(&section, repeat_option("max_lag"), "0", &form));
    assert_true(repeat_set(&section, repeat_option("max_active"), "9", &form));
    usual.max_lag_ms = 7000;
    usual.pause_ms = 70;
    usual.max_waiting = 7;
    struct repeat joined = repeat_join(&section, &usual);
    assert_int_equal(joined.max_lag_ms, 0);
    assert_int_equal(joined.max_active, 9);
    assert_int_equal(joined.pause_ms, 70);
    assert_int_equal(joined.max_waiting, 7);
    assert_int_equal(joined.max_wait_ms, usual.max_wait_ms);
}

struct words_case {
    const struct dialect *dialect; /* NULL: all */
    const char *sql;
    const char *refusal; /* a part of it; NULL: none */
    const char *table;   /* NULL: none */
    bool is_bounded;
    const char *skip; /* what stands there; NULL: nothing */
};

static void check_words(const struct dialect *dialect, const struct words_case *wanted)
{
    struct repeated words;
    repeated_read(dialect, wanted->sql, strlen(wanted->sql), &words);
    const char *refusal = repeated_refuse(&words);
    if ((refusal != NULL) != (wanted->refusal != NULL) ||
        (refusal && !strstr(refusal, wanted->refusal)))
        fail_msg("%s, %s: %s", dialect->name, wanted->sql, refusal ? refusal : "taken");
    if (refusal)
        return;
    size_t len = words.table_end - words.table_begin;
    const char *table = wanted->table ? wanted->table : "";
    if (len != strlen(table) || memcmp(wanted->sql + words.table_begin, table, len) != 0)
        fail_msg("%s, %s: the table is '%.*s'", dialect->name, wanted->sql, (int)len,
                 wanted->sql + words.table_begin);
    assert_int_equal(words.is_bounded, wanted->is_bounded);
    len = words.skip_end - words.skip_begin;
    assert_int_equal(len, wanted->skip ? strlen(wanted->skip) : 0);
    if (len)
        assert_memory_equal(wanted->sql + words.skip_begin, wanted->skip, len);
}

static void words_say_what_a_statement_does(void **state)
{
    static const struct words_case cases[] = {
        {NULL, "UPDATE t SET a = 1 WHERE a IS NULL", NULL, "t", false, NULL},
        {NULL, "/* UPDATE */ update t SET a = (SELECT 1 LIMIT 1) WHERE a IS NULL -- where", NULL,
         "t", true, NULL},
        {NULL, "DELETE FROM t", NULL, "t", false, NULL},
        {NULL, "DELETE FROM s.t WHERE id IN (SELECT id FROM u LIMIT 10)", NULL, "s.t", true, NULL},
        {NULL, "UPDATE t SET a = 1 FROM u JOIN v ON u.id = v.id", "without WHERE", NULL, false,
         NULL},
        {NULL, "UPDATE t SET a = 'x where y'", "without WHERE", NULL, false, NULL},
        {NULL, "UPDATE t SET a = (SELECT 1 FROM u WHERE 1 = 1)", "without WHERE", NULL, false,
         NULL},
        {NULL, "INSERT INTO s.t (a) SELECT a FROM u WHERE b", NULL, "s.t", false, NULL},
        {NULL, "INSERT INTO t VALUES (1)", "same rows", NULL, false, NULL},
        {NULL, "SELECT f()", "no count", NULL, false, NULL},
        {NULL, "WITH x AS (SELECT 1) SELECT * FROM x", "no count", NULL, false, NULL},
        {NULL, "CREATE TABLE t (a int)", "no count", NULL, false, NULL},
        {NULL, "CALL p()", "no count", NULL, false, NULL},
        {NULL, "UPDATE t SET a = 1 WHERE a IS NULL RETURNING id", "RETURNING", NULL, false, NULL},
        {NULL, "DELETE FROM t WHERE a returning id", "RETURNING", NULL, false, NULL},
        {&dialect_postgres,
         "WITH x AS (DELETE FROM t WHERE a RETURNING id) INSERT INTO s SELECT id FROM x", NULL, "s",
         false, NULL},
        {&dialect_postgres, "WITH x AS (DELETE FROM t WHERE a RETURNING id) SELECT count(*) FROM x",
         "no count", NULL, false, NULL},
        {&dialect_postgres,
         "WITH x AS (SELECT id FROM t WHERE a LIMIT 10 FOR UPDATE Skip  LOCKED) UPDATE ONLY \"S t\".t SET a = 1 "
         "FROM x WHERE t.id = x.id",
         NULL, "\"S t\".t", true, "Skip  LOCKED"},
        {&dialect_postgres,
         "UPDATE t SET a = $$ SKIP LOCKED $$ WHERE id IN (SELECT 1 FETCH FIRST 1 ROW ONLY)", NULL,
         "t", true, NULL},
        {&dialect_postgres, "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE", NULL,
         "t", false, NULL},
        {&dialect_mariadb,
         "UPDATE LOW_PRIORITY IGNORE `a b`.`t` SET a = 1 WHERE a IS NULL LIMIT 10", NULL,
         "`a b`.`t`", true, NULL},
        {&dialect_mariadb,
         "UPDATE t JOIN (SELECT id FROM t WHERE a IS NULL LIMIT 9) b ON b.id = t.id SET t.a = 1",
         NULL, "t", true, NULL},
        {&dialect_mariadb, "UPDATE t JOIN u USING (id) SET t.a = 1", NULL, "t", false, NULL},
        {&dialect_mariadb, "UPDATE t JOIN u SET t.a = u.a", "without WHERE", NULL, false, NULL},
        {&dialect_mariadb, "REPLACE INTO t (a) SELECT a FROM u", NULL, "t", false, NULL},
        {&dialect_sqlite,
         "UPDATE OR IGNORE [a b] SET a = 1 WHERE rowid IN (SELECT rowid FROM [a b] LIMIT 5)", NULL,
         "[a b]", true, NULL},
        {&dialect_sqlite, "WITH RECURSIVE n(i) AS (SELECT 1) INSERT INTO t SELECT i FROM n", NULL,
         "t", false, NULL},
    };
    static const struct dialect *const dialects[] = {&dialect_sqlite, &dialect_postgres,
                                                     &dialect_mariadb};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (size_t d = 0; d < ARRAY_LEN(dialects); d++)
            if (!cases[i].dialect || cases[i].dialect == dialects[d])
                check_words(dialects[d], &cases[i]);
}

/* Each row: what the server says at that time, and what comes of it. */
struct pressure_step {
    uint64_t now_ms;
    struct pressure pressure;
    enum pressure_verdict verdict;
};

static void check_steps(const struct repeat *repeat, const struct pressure_step *steps,
                        size_t count)
{
    struct pressure_watch watch = {0};
    for (size_t i = 0; i < count; i++)
        if (pressure_judge(&watch, repeat, &steps[i].pressure, steps[i].now_ms) != steps[i].verdict)
            fail_msg("step %zu", i);
}

#define AT(place, done, ms)                                                                        \
    {                                                                                              \
        .has_replicas = true, .position = (place), .replayed = (done), .lag_ms = (ms)              \
    }

static void replicas_are_waited_for_until_they_have_replayed(void **state)
{
    static const struct repeat repeat = {.max_lag_ms = 2000};
    static const struct pressure_step steps[] = {
        {1000, AT(100, 90, 0), PRESSURE_NONE},     /* 100 is noted */
        {3000, AT(200, 95, 0), PRESSURE_NONE},     /* two seconds are allowed */
        {3001, AT(300, 95, 0), PRESSURE_LAG},      /* it stands still, and says nothing of it */
        {4000, AT(300, 100, 0), PRESSURE_NONE},    /* there; 300 is noted */
        {4500, AT(300, 250, 2500), PRESSURE_LAG},  /* the server's own word */
        {4600, AT(300, 300, 2500), PRESSURE_NONE}, /* an old one: it has replayed all */
        {9000, {.is_blind = true}, PRESSURE_NONE},
        {99000, AT(900, 300, 0),
         PRESSURE_NONE}, /* what was noted before it was gone is forgotten */
    };
    (void)state;
    check_steps(&repeat, steps, ARRAY_LEN(steps));
}

static void those_at_work_are_given_way_to(void **state)
{
    static const struct repeat repeat = {.max_waiting = 2, .max_active = 10, .max_wait_ms = 500};
    static const struct pressure_step steps[] = {
        {1, {.waiting = 2, .active = 10}, PRESSURE_NONE},
        {2, {.waiting = 3, .active = 11}, PRESSURE_WAITERS},
        {3, {.waiting = 0, .active = 11}, PRESSURE_CROWD},
        {4, AT(100, 0, 99999), PRESSURE_NONE}, /* replicas are not asked about */
    };
    struct pressure_watch watch = {0};
    (void)state;
    check_steps(&repeat, steps, ARRAY_LEN(steps));
    uint64_t delays[8];
    for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
        assert_true(pressure_judge(&watch, &repeat, &steps[1].pressure, 1000) != PRESSURE_NONE);
        delays[i] = pressure_delay_ms(&watch);
    }
    assert_int_equal(delays[0], 100);
    assert_int_equal(delays[1], 200);
    assert_int_equal(delays[7], 5000);
    assert_false(pressure_is_too_long(&watch, &repeat, 1500));
    assert_true(pressure_is_too_long(&watch, &repeat, 1501));
    assert_int_equal(pressure_judge(&watch, &repeat, &steps[0].pressure, 1502), PRESSURE_NONE);
    assert_false(pressure_is_too_long(&watch, &repeat, 999999));
}

static void named_replicas_hold_batches_up(void **state)
{
    static const struct {
        struct pressure pressure; /* of the server */
        bool is_known;
        struct replica_standing standing;
        const char *words;
    } cases[] = {
        {{0}, false, {0}, "the replica 'db2:3306' has not answered yet"},
        {{0}, true, {0}, ""},
        {{0}, true, {.lag_ms = 2000}, ""},
        {{0}, true, {.lag_ms = 12000}, "the replica 'db2:3306' is 12 s late"},
        {{0},
         true,
         {.trouble = "it is no replica"},
         "the replica 'db2:3306' does not follow its primary: it is no replica"},
        {{.has_position = true, .position = 100}, true, {.has_place = true, .replayed = 100}, ""},
        {{.has_position = true, .position = 100},
         true,
         {.has_place = true, .replayed = 90},
         "the replicas are late"},
        {{.has_position = true, .has_replicas = true, .position = 100, .replayed = 95},
         true,
         {.has_place = true, .replayed = 99},
         "the replicas are late"},
        {{.waiting = 3}, true, {0}, "too many sessions wait for locks"},
    };
    static const struct repeat repeat = {.max_lag_ms = 2000, .max_waiting = 2};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pressure_watch watch = {.has_mark = true, .mark = 100, .mark_ms = 1000};
        struct pressure pressure = cases[i].pressure;
        char words[PRESSURE_TEXT];
        pressure_add_replica(&pressure, "db2:3306", cases[i].is_known ? &cases[i].standing : NULL);
        pressure_tell(pressure_judge(&watch, &repeat, &pressure, 4000), &pressure, words);
        if (strcmp(words, cases[i].words) != 0)
            fail_msg("case %zu: %s", i, words);
    }
}

/* A server says it under the names of its version, and has a row for each primary that it follows. */
static void what_a_replica_says_is_read(void **state)
{
    static const char *const older[] = {"Connection_name",   "Slave_IO_Running",
                                        "Slave_SQL_Running", "Last_IO_Error",
                                        "Last_SQL_Error",    "Seconds_Behind_Master"};
    static const char *const newer[] = {"Source_Host",         "Replica_IO_Running",
                                        "Replica_SQL_Running", "Last_IO_Error",
                                        "Last_SQL_Error",      "Seconds_Behind_Source"};
    static const struct {
        const char *values[12];
        size_t rows;
        const char *trouble;
        uint64_t lag_ms;
    } cases[] = {
        {{NULL}, 0, "it is no replica", 0},
        {{"", "Yes", "Yes", "", "", "7"}, 1, NULL, 7000},
        {{"a", "Yes", "Yes", "", "", "0", "b", "Yes", "Yes", "", "", "3"}, 2, NULL, 3000},
        {{"", "Yes", "No", "", "", NULL}, 1, "its SQL thread is stopped", 0},
        {{"", "Yes", "No", "", "Error 'x' on query", NULL}, 1, "Error 'x' on query", 0},
        {{"", "Connecting", "Yes", "error connecting to master", "", NULL},
         1,
         "error connecting to master",
         0},
        {{"", "No", "Yes", "", "", "5"}, 1, "its I/O thread is not connected to the primary", 5000},
        {{"a", "Yes", "Yes", "", "", "1", "b", "Yes", "Yes", "", "", NULL},
         2,
         "it does not say how late it is",
         1000},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases) * 2; i++) {
        const struct grid rows = {cases[i / 2].values, cases[i / 2].rows, 6};
        struct replica_standing standing =
            dialect_mariadb.read_replica(&rows, i % 2 ? older : newer);
        const char *wanted = cases[i / 2].trouble;
        if (strcmp(standing.trouble ? standing.trouble : "", wanted ? wanted : "") != 0 ||
            standing.lag_ms != cases[i / 2].lag_ms || standing.has_place)
            fail_msg("case %zu: %s", i, standing.trouble);
    }
}

static void an_answer_is_read(void **state)
{
    static const char *const all[] = {"300", "200", "1500", "0", "4", "12"};
    static const char *const none[] = {"300", NULL, NULL, "1", "0", "3"};
    struct pressure pressure = pressure_read(&(struct grid){all, 1, 6});
    (void)state;
    assert_true(pressure.has_replicas && !pressure.is_blind && pressure.position == 300 &&
                pressure.replayed == 200 && pressure.lag_ms == 1500 && pressure.waiting == 4 &&
                pressure.active == 12);
    pressure = pressure_read(&(struct grid){none, 1, 6});
    assert_true(!pressure.has_replicas && pressure.is_blind);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(options_are_written_as_they_are_read),
    cmocka_unit_test(what_a_section_does_not_say_the_inventory_does),
    cmocka_unit_test(words_say_what_a_statement_does),
    cmocka_unit_test(replicas_are_waited_for_until_they_have_replayed),
    cmocka_unit_test(those_at_work_are_given_way_to),
    cmocka_unit_test(an_answer_is_read),
    cmocka_unit_test(named_replicas_hold_batches_up),
    cmocka_unit_test(what_a_replica_says_is_read),
};

UNIT_MAIN(tests)
