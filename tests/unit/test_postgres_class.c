/* What errors of PostgreSQL and of proxies mean: a row an error. */
#include "unit/unit.h"

#include "dialect/postgres/class.h"

struct class_case {
    const char *code, *text;
    struct postgres_facts facts;
    enum err_class kind;
    bool is_transient;
    enum err_trouble trouble;
    bool is_lost;
};

static void check(const struct class_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct class_case *one = &cases[i];
        struct err err;
        err_set(&err, ERR_SQL, "%s", one->text);
        snprintf(err.code, sizeof err.code, "%s", one->code);
        postgres_classify(&err, &one->facts);
        if (err.kind != one->kind || err.is_transient != one->is_transient ||
            err.trouble != one->trouble || err.is_connection_lost != one->is_lost)
            fail_msg("%s %s: class %d, transient %d, trouble %d, lost %d", one->code, one->text,
                     err.kind, err.is_transient, (int)err.trouble, err.is_connection_lost);
    }
}

#define CHECK(...)                                                                                 \
    static const struct class_case cases[] = {__VA_ARGS__};                                        \
    (void)state;                                                                                   \
    check(cases, ARRAY_LEN(cases))

#define ALIVE .is_alive = true
#define IN_FUNCTION .is_in_function = true
#define RAISED .routine = "exec_stmt_raise"
#define CONNECTING .is_connecting = true

static void what_speaks_of_the_server(void **state)
{
    CHECK({"57P03",
           "the database system is starting up",
           {CONNECTING},
           ERR_CONNECT,
           true,
           TROUBLE_NOT_READY,
           true},
          {"25006",
           "cannot execute CREATE TABLE",
           {ALIVE, .is_standby = true},
           ERR_CONNECT,
           true,
           TROUBLE_NOT_READY,
           false},
          {"53100",
           "could not extend file",
           {ALIVE, .routine = "mdextend"},
           ERR_SQL,
           false,
           TROUBLE_FULL,
           false},
          {"08P01",
           "server login has been failing, try again later",
           {CONNECTING},
           ERR_CONNECT,
           true,
           TROUBLE_NOT_READY,
           true},
          {"08P01", "pgbouncer is shutting down", {0}, ERR_CONNECT, true, TROUBLE_NOT_READY, true});
}

static void what_speaks_of_one_session_only(void **state)
{
    CHECK({"57P01", "terminating connection", {0}, ERR_CONNECT, true, TROUBLE_NONE, true},
          {"57P05", "idle", {0}, ERR_CONNECT, true, TROUBLE_NONE, true},
          {"08006", "lost", {0}, ERR_CONNECT, true, TROUBLE_NONE, true},
          {"08P01",
           "unsupported startup parameter",
           {CONNECTING},
           ERR_CONNECT,
           true,
           TROUBLE_NONE,
           true},
          {"25006", "cannot execute CREATE TABLE", {ALIVE}, ERR_SQL, true, TROUBLE_NONE, false},
          {"55000",
           "not currently accepting connections",
           {CONNECTING},
           ERR_CONNECT,
           false,
           TROUBLE_NONE,
           false},
          {"53400", "temporary file size exceeds", {ALIVE}, ERR_SQL, false, TROUBLE_NONE, false},
          {"28P01",
           "password authentication failed",
           {CONNECTING},
           ERR_AUTH,
           false,
           TROUBLE_NONE,
           false},
          {"3D000", "does not exist", {CONNECTING}, ERR_CONNECT, false, TROUBLE_NONE, false});
}

static void what_a_revision_raises_itself(void **state)
{
    CHECK(
        {"28000", "x", {ALIVE, RAISED}, ERR_SQL, false, TROUBLE_NONE, false},
        {"25006",
         "x",
         {ALIVE, .routine = "exec_stmt_raise", .is_standby = true},
         ERR_SQL,
         true,
         TROUBLE_NONE,
         false},
        {"57P01", "x", {ALIVE, .routine = "exec_stmt_raise"}, ERR_SQL, true, TROUBLE_NONE, false},
        {"57P03",
         "is starting up",
         {ALIVE, .routine = "exec_stmt_raise"},
         ERR_SQL,
         true,
         TROUBLE_NONE,
         false},
        {"53300",
         "too many clients",
         {ALIVE, .routine = "exec_stmt_raise"},
         ERR_SQL,
         true,
         TROUBLE_NONE,
         false},
        {"53100", "x", {ALIVE, .routine = "exec_stmt_raise"}, ERR_SQL, false, TROUBLE_NONE, false},
        {"40001", "x", {ALIVE, .routine = "exec_stmt_raise"}, ERR_LOCK, true, TROUBLE_NONE, false});
}

static void who_has_no_connection_left(void **state)
{
    CHECK({"53300",
           "sorry, too many clients already",
           {CONNECTING, .routine = "InitProcess"},
           ERR_CONNECT,
           true,
           TROUBLE_CROWDED_SERVER,
           false},
          {"53300",
           "plus de connexions",
           {CONNECTING, .routine = "CheckMyDatabase"},
           ERR_CONNECT,
           true,
           TROUBLE_CROWDED_DATABASE,
           false},
          {"53300",
           "too many connections for role \"x\"",
           {CONNECTING, .routine = "InitializeSessionUserId"},
           ERR_CONNECT,
           true,
           TROUBLE_CROWDED_LOGIN,
           false},
          {"08P01",
           "no more connections allowed (max_client_conn)",
           {CONNECTING},
           ERR_CONNECT,
           true,
           TROUBLE_CROWDED_SERVER,
           true},
          {"08P01", "query_wait_timeout", {0}, ERR_CONNECT, true, TROUBLE_CROWDED_SERVER, true},
          {"08P01",
           "server login failed: FATAL too many connections for database \"x\"",
           {0},
           ERR_CONNECT,
           true,
           TROUBLE_CROWDED_DATABASE,
           true},
          {"XX000",
           "Max client connections reached",
           {CONNECTING},
           ERR_CONNECT,
           true,
           TROUBLE_CROWDED_SERVER,
           false});
}

static void what_only_a_conflict_explains(void **state)
{
    CHECK({"XX000", "tuple concurrently updated", {ALIVE}, ERR_SQL, true, TROUBLE_CONFLICT, false},
          {"XX000", "tuple concurrently deleted", {ALIVE}, ERR_SQL, true, TROUBLE_CONFLICT, false},
          {"XX000",
           "cache lookup failed for function 1",
           {ALIVE},
           ERR_SQL,
           true,
           TROUBLE_CONFLICT,
           false},
          {"XX000", "tuple already updated by self", {ALIVE}, ERR_SQL, false, TROUBLE_NONE, false},
          {"23505",
           "pg_proc_…",
           {ALIVE, .schema = "pg_catalog"},
           ERR_SQL,
           true,
           TROUBLE_CONFLICT,
           false},
          {"XX000",
           "could not open relation with OID 5",
           {ALIVE},
           ERR_SQL,
           true,
           TROUBLE_CONFLICT,
           false},
          {"42704",
           "x",
           {ALIVE, .routine = "shdepLockAndCheckObject"},
           ERR_SQL,
           true,
           TROUBLE_CONFLICT,
           false},
          {"40P01", "deadlock detected", {ALIVE}, ERR_LOCK, true, TROUBLE_CONFLICT, false},
          {"53200", "out of shared memory", {ALIVE}, ERR_SQL, true, TROUBLE_CONFLICT, false},
          {"55006",
           "source database is being accessed",
           {ALIVE, .routine = "createdb"},
           ERR_SQL,
           true,
           TROUBLE_NONE,
           false},
          {"55006", "pending trigger events", {ALIVE}, ERR_SQL, false, TROUBLE_NONE, false});
}

static void what_a_conflict_may_explain(void **state)
{
    CHECK({"42710",
           "x",
           {ALIVE, .sql = "CREATE EXTENSION IF NOT EXISTS x"},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42P06",
           "x",
           {ALIVE, .sql = "create schema if\n not  exists x"},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42723",
           "x",
           {ALIVE, .sql = "DROP FUNCTION IF EXISTS f(); CREATE FUNCTION f()"},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42P07",
           "x",
           {ALIVE, .sql = "CREATE TABLE x (id int)"},
           ERR_SQL,
           false,
           TROUBLE_NONE,
           false},
          {"42P07",
           "x",
           {ALIVE, .sql = "CREATE TABLE notexists (if int)"},
           ERR_SQL,
           false,
           TROUBLE_NONE,
           false},
          {"42P07", "x", {ALIVE}, ERR_SQL, false, TROUBLE_NONE, false},
          {"42723",
           "x",
           {ALIVE, .sql = "create OR\nreplace view v"},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42701",
           "x",
           {ALIVE, .sql = "DO IF NOT EXISTS", IN_FUNCTION},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42703",
           "x",
           {ALIVE, .sql = "DO IF EXISTS", IN_FUNCTION},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42P01",
           "x",
           {ALIVE, .sql = "DO IF NOT FOUND", IN_FUNCTION},
           ERR_SQL,
           false,
           TROUBLE_CONFLICT,
           false},
          {"42703",
           "x",
           {ALIVE, .sql = "DO IF n THEN", IN_FUNCTION},
           ERR_SQL,
           false,
           TROUBLE_NONE,
           false},
          {"42703",
           "x",
           {ALIVE, .sql = "DROP TABLE IF EXISTS a"},
           ERR_SQL,
           false,
           TROUBLE_NONE,
           false},
          {"42601",
           "x",
           {ALIVE, .sql = "CREATE TABLE IF NOT EXISTS"},
           ERR_SQL,
           false,
           TROUBLE_NONE,
           false});
}

/* Whether it is one depends on whose table it is. */
static void what_is_a_conflict_in_a_shared_table(void **state)
{
    CHECK({"23505", "pkey", {ALIVE, .schema = "public"}, ERR_SQL, false, TROUBLE_SHARED, false},
          {"23503", "fkey", {ALIVE, .schema = "s1"}, ERR_SQL, false, TROUBLE_SHARED, false},
          {"23514", "domain", {ALIVE}, ERR_SQL, false, TROUBLE_NONE, false},
          {"23505",
           "raised",
           {ALIVE, RAISED, .schema = "public"},
           ERR_SQL,
           false,
           TROUBLE_NONE,
           false});
}

/* Who holds the lock is asked while a statement waits: one that does not wait may have met another tenant. */
static void what_does_not_wait_for_a_lock(void **state)
{
    CHECK({"55P03",
           "no",
           {ALIVE, .routine = "RangeVarGetRelidExtended"},
           ERR_LOCK,
           true,
           TROUBLE_CONFLICT,
           false},
          {"55P03",
           "timeout",
           {ALIVE, .routine = "ProcessInterrupts"},
           ERR_LOCK,
           true,
           TROUBLE_NONE,
           false},
          {"55P03", "raised", {ALIVE, RAISED}, ERR_LOCK, true, TROUBLE_NONE, false});
}

/* Its lines begin with the numbers of the sessions, in every language. */
static void who_was_in_a_deadlock(void **state)
{
    static const char *const details[] = {
        "Process 4711 waits for ShareLock on transaction 745; blocked by process 12.\n"
        "Process 12 waits for ShareLock on transaction 744; blocked by process 4711.",
        "Le processus 4711 attend ShareLock sur transaction 745 ; bloqué par le processus 12.\n"
        "Le processus 12 attend ShareLock sur transaction 744 ; bloqué par le processus 4711.",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(details); i++) {
        struct err err = {.code = "40P01"};
        postgres_classify(&err, &(struct postgres_facts){ALIVE, .detail = details[i]});
        assert_int_equal(err.sessions[0], 4711);
        assert_int_equal(err.sessions[1], 12);
        assert_int_equal(err.sessions[2], 0);
    }
    struct err other = {.code = "23505"};
    postgres_classify(&other, &(struct postgres_facts){ALIVE, .detail = "Key (id)=(5) exists."});
    assert_int_equal(other.sessions[0], 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_speaks_of_the_server),
    cmocka_unit_test(what_speaks_of_one_session_only),
    cmocka_unit_test(what_a_revision_raises_itself),
    cmocka_unit_test(who_has_no_connection_left),
    cmocka_unit_test(what_only_a_conflict_explains),
    cmocka_unit_test(what_a_conflict_may_explain),
    cmocka_unit_test(what_is_a_conflict_in_a_shared_table),
    cmocka_unit_test(what_does_not_wait_for_a_lock),
    cmocka_unit_test(who_was_in_a_deadlock),
};

UNIT_MAIN(tests)
