/* The made-up server's faults: the conformance suite says that it is a driver as others are. */
#include "unit/unit.h"

#include "base/arena.h"
#include "driver/fake.h"
#include "driver/runner.h"

struct stage {
    struct arena arena;
    struct fake_world *world;
    struct fake_db *db;
    struct url url;
    struct runner runner;
};

static uint64_t now_ms(void *ctx)
{
    return fake_time(ctx);
}

static void sleep_ms(void *ctx, uint64_t ms)
{
    fake_set_time(ctx, fake_time(ctx) + ms);
}

static int set_up(void **state)
{
    struct stage *stage = xcalloc(1, sizeof *stage);
    arena_init(&stage->arena);
    stage->world = fake_world_new();
    stage->db = fake_db_new(stage->world, "acme");
    stage->url = fake_url(stage->world, "acme");
    stage->runner = (struct runner){&fake_driver, now_ms, sleep_ms, stage->world};
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    fake_world_free(stage->world);
    arena_done(&stage->arena);
    free(stage);
    return 0;
}

/* The server may go on with an op that its client has left. */
static struct answer run(struct stage *stage, struct conn *conn, enum op_kind kind, const char *sql)
{
    static const struct op_limits limits = {.lock_timeout_ms = 1000};
    struct op *op = arena_alloc(&stage->arena, sizeof *op);
    *op = (struct op){.kind = kind,
                      .sql = sql,
                      .sql_len = sql ? strlen(sql) : 0,
                      .arena = &stage->arena,
                      .answer = arena_alloc(&stage->arena, sizeof *op->answer),
                      .limits = &limits};
    runner_run(&stage->runner, conn, op);
    return *op->answer;
}

static void run_good(struct stage *stage, struct conn *conn, enum op_kind kind, const char *sql)
{
    struct answer answer = run(stage, conn, kind, sql);
    if (answer_err(&answer)->kind != ERR_NONE)
        fail_msg("%s: %s", sql ? sql : "connecting", answer_err(&answer)->text);
}

static struct conn *connect(struct stage *stage)
{
    struct conn *conn = fake_driver.open(&(struct conn_params){.url = &stage->url});
    run_good(stage, conn, OP_CONNECT, NULL);
    return conn;
}

static bool lock(struct stage *stage, struct conn *conn)
{
    return run(stage, conn, OP_LOCK, "lock 1").is_locked;
}

/* A locked transaction with one effect, not committed. */
static struct conn *begin_work(struct stage *stage)
{
    struct conn *conn = connect(stage);
    assert_true(lock(stage, conn));
    size_t before = fake_effect_count(stage->db, "x");
    run_good(stage, conn, OP_QUERY, "begin");
    run_good(stage, conn, OP_SCRIPT, "effect x");
    assert_int_equal(fake_effect_count(stage->db, "x"), before);
    return conn;
}

static void loses_the_answer_to_a_commit(void **state)
{
    static const struct {
        enum fake_act act;
        size_t at_once, later;
    } cases[] = {{FAKE_LOSE_BEFORE, 0, 0}, {FAKE_LOSE_AFTER, 1, 1}, {FAKE_LOSE_LATE, 0, 1}};
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fake_add_fault(stage->db, &(struct fake_fault){
                                      .at = FAKE_COMMIT, .act = cases[i].act, .delay_ms = 500});
        size_t before = fake_effect_count(stage->db, "x");
        struct conn *conn = begin_work(stage);
        struct answer answer = run(stage, conn, OP_QUERY, "commit");
        assert_true(answer_err(&answer)->is_connection_lost);
        assert_string_equal(answer_err(&answer)->code, "");
        assert_int_equal(fake_effect_count(stage->db, "x") - before, cases[i].at_once);
        fake_driver.close(conn);
        sleep_ms(stage->world, 499);
        assert_int_equal(fake_effect_count(stage->db, "x") - before, cases[i].at_once);
        sleep_ms(stage->world, 1);
        assert_int_equal(fake_effect_count(stage->db, "x") - before, cases[i].later);
        assert_int_equal(fake_session_count(stage->db), 0);
    }
    assert_int_equal(fake_unlocked_writes(stage->db), 0);
}

/* What reliability.md 4.1 is about: who looks without the lock sees neither. */
static void an_orphan_keeps_its_lock_until_it_has_committed(void **state)
{
    struct stage *stage = *state;
    fake_add_fault(stage->db,
                   &(struct fake_fault){.at = FAKE_COMMIT, .act = FAKE_LOSE_LATE, .delay_ms = 500});
    struct conn *conn = begin_work(stage);
    struct answer commit = run(stage, conn, OP_QUERY, "commit");
    assert_true(answer_err(&commit)->is_connection_lost);
    fake_driver.close(conn);
    conn = connect(stage);
    assert_false(lock(stage, conn));
    assert_int_equal(fake_effect_count(stage->db, "x"), 0);
    sleep_ms(stage->world, 500);
    assert_true(lock(stage, conn));
    assert_int_equal(fake_effect_count(stage->db, "x"), 1);
    fake_driver.close(conn);
}

static void goes_on_with_what_a_client_left(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect(stage);
    struct answer answer = {0};
    struct op op = {.kind = OP_SCRIPT, .arena = &stage->arena, .answer = &answer};
    char sql[] = "effect x; sleep 100; effect x";
    op.sql = sql;
    op.sql_len = sizeof sql - 1;
    assert_true(lock(stage, conn));
    assert_int_equal(fake_driver.start(conn, &op).bits, WANT_TIMER);
    sleep_ms(stage->world, 10);
    fake_driver.step(conn, WANT_TIMER);
    fake_driver.close(conn);
    memset(sql, '#', sizeof sql); /* the client's text is gone with it */
    memset(&op, 0xff, sizeof op);
    memset(&answer, 0xff, sizeof answer);
    assert_int_equal(fake_effect_count(stage->db, "x"), 1);
    sleep_ms(stage->world, 200);
    assert_int_equal(fake_effect_count(stage->db, "x"), 2);
    assert_int_equal(fake_session_count(stage->db), 0);
}

static void strikes_the_nth_event_of_its_kind(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect(stage);
    assert_true(lock(stage, conn));
    fake_add_fault(
        stage->db,
        &(struct fake_fault){
            .at = FAKE_SCRIPT, .nth = 3, .times = 2, .act = FAKE_REFUSE, .code = "22012"});
    run_good(stage, conn, OP_QUERY, "count x; count x; count x; count x");
    struct answer answer = run(stage, conn, OP_SCRIPT, "effect x; effect x; effect x");
    assert_int_equal(answer_err(&answer)->kind, ERR_SQL);
    assert_string_equal(answer_err(&answer)->code, "22012");
    assert_int_equal(answer.statements_done, 2);
    assert_int_equal(ended_with(run(stage, conn, OP_SCRIPT, "effect x")), ERR_SQL);
    run_good(stage, conn, OP_SCRIPT, "effect x");
    assert_int_equal(fake_effect_count(stage->db, "x"), 3);
    assert_int_equal(fake_event_count(stage->db, FAKE_SCRIPT), 5);
    assert_int_equal(fake_event_count(stage->db, FAKE_CONNECT | FAKE_LOCK), 2);
    assert_int_equal(fake_event_count(stage->db, FAKE_ANY), 11);
    fake_driver.close(conn);
}

static void refuses_connections(void **state)
{
    static const struct {
        struct fake_fault fault;
        enum err_class kind;
        bool is_transient, is_lost;
    } cases[] = {
        {{.act = FAKE_REFUSE, .code = "53300"}, ERR_CONNECT, true, false},
        {{.act = FAKE_REFUSE, .code = "28P01"}, ERR_AUTH, false, false},
        {{.act = FAKE_LOSE_BEFORE}, ERR_CONNECT, true, true},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake_fault fault = cases[i].fault;
        fault.at = FAKE_CONNECT;
        fake_add_fault(stage->db, &fault);
        struct conn *conn = fake_driver.open(&(struct conn_params){.url = &stage->url});
        struct answer answer = run(stage, conn, OP_CONNECT, NULL);
        assert_int_equal(answer_err(&answer)->kind, cases[i].kind);
        assert_int_equal(answer_err(&answer)->is_transient, cases[i].is_transient);
        assert_int_equal(answer_err(&answer)->is_connection_lost, cases[i].is_lost);
        fake_driver.close(conn);
        fake_driver.close(connect(stage));
    }
}

static void says_that_the_lock_is_held(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect(stage);
    fake_add_fault(stage->db, &(struct fake_fault){.at = FAKE_LOCK, .times = 2, .act = FAKE_BUSY});
    assert_false(lock(stage, conn));
    assert_false(lock(stage, conn));
    assert_true(lock(stage, conn));
    fake_driver.close(conn);
}

static void delays_by_the_clock_alone(void **state)
{
    struct stage *stage = *state;
    fake_set_latency(stage->world, 7);
    fake_add_fault(stage->db,
                   &(struct fake_fault){.at = FAKE_QUERY, .act = FAKE_DELAY, .delay_ms = 30000});
    struct conn *conn = connect(stage);
    assert_int_equal(fake_time(stage->world), 7);
    run_good(stage, conn, OP_QUERY, "count x");
    assert_int_equal(fake_time(stage->world), 30014);
    run_good(stage, conn, OP_QUERY, "count x");
    assert_int_equal(fake_time(stage->world), 30021);
    fake_set_time(stage->world, 5); /* never back */
    assert_int_equal(fake_time(stage->world), 30021);
    fake_driver.close(conn);
}

static void counts_what_was_written_without_the_lock(void **state)
{
    struct stage *stage = *state;
    struct conn *conn = connect(stage);
    run_good(stage, conn, OP_SCRIPT, "effect x");
    run_good(stage, conn, OP_QUERY, "begin; effect x; rollback");
    assert_int_equal(fake_unlocked_writes(stage->db), 1);
    assert_true(lock(stage, conn));
    run_good(stage, conn, OP_SCRIPT, "effect x");
    run_good(stage, conn, OP_QUERY, "begin; effect x; commit");
    assert_int_equal(fake_unlocked_writes(stage->db), 1);
    fake_driver.close(conn);
}

/* The same script comes to the same end, to the millisecond. */
static void is_the_same_every_time(void **state)
{
    struct stage *stage = *state;
    uint64_t times[2];
    for (int i = 0; i < 2; i++) {
        struct fake_world *world = fake_world_new();
        struct stage again = *stage;
        arena_init(&again.arena); /* a copy of the stage's would grow apart from it */
        again.world = world;
        again.db = fake_db_new(world, "acme");
        again.url = fake_url(world, "acme");
        again.runner.ctx = world;
        fake_add_fault(again.db, &(struct fake_fault){
                                     .at = FAKE_ANY, .nth = 3, .act = FAKE_DELAY, .delay_ms = 33});
        struct conn *first = connect(&again), *second = connect(&again);
        run_good(&again, first, OP_QUERY, "begin; effect x");
        assert_int_equal(ended_with(run(&again, second, OP_SCRIPT, "effect y")), ERR_LOCK);
        fake_driver.close(first);
        run_good(&again, second, OP_SCRIPT, "effect y");
        fake_driver.close(second);
        assert_int_equal(fake_effect_count(again.db, "x"), 0);
        assert_int_equal(fake_effect_count(again.db, "y"), 1);
        times[i] = fake_time(world);
        fake_world_free(world);
        arena_done(&again.arena);
    }
    assert_int_equal(times[0], times[1]);
}

static const struct CMUnitTest tests[] = {
    CASE(loses_the_answer_to_a_commit),
    CASE(an_orphan_keeps_its_lock_until_it_has_committed),
    CASE(goes_on_with_what_a_client_left),
    CASE(strikes_the_nth_event_of_its_kind),
    CASE(refuses_connections),
    CASE(says_that_the_lock_is_held),
    CASE(delays_by_the_clock_alone),
    CASE(counts_what_was_written_without_the_lock),
    CASE(is_the_same_every_time),
};

UNIT_MAIN(tests)
