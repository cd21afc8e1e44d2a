#include "driver/subject.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "driver/drivers.h"
#include "driver/fake.h"
#include "driver/stage.h"
#include "dialect/template.h"
#include "unit/unit.h"

/* ---- SQLite -------------------------------------------------------------------------------- */

enum { NOBODY = 65534 };

/* To root a read-only file is like any other. */
static void give_up_root(void)
{
    if (geteuid() == 0)
        assert_int_equal(seteuid(NOBODY), 0);
}

static void make_file(const char *path, mode_t mode)
{
    FILE *file = fopen(path, "wx");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static struct url file_url(struct stage *stage, const char *name)
{
    return (struct url){.scheme = "sqlite",
                        .database = arena_printf(&stage->arena, "%s/%s", (char *)stage->own, name)};
}

static void set_up_sqlite(struct stage *stage)
{
    char *dir = arena_strdup(&stage->arena, "/tmp/skein-conformance-XXXXXX");
    give_up_root();
    stage->own = mkdtemp(dir);
    assert_non_null(stage->own);
    stage->targets[TARGET_GOOD] = file_url(stage, "good.db");
    stage->targets[TARGET_NOWHERE] = file_url(stage, "folder");
    stage->targets[TARGET_MISSING] = file_url(stage, "mis\"sing'; --.db");
    stage->targets[TARGET_READ_ONLY] = file_url(stage, "read_only.db");
    make_file(stage->targets[TARGET_GOOD].database, 0644);
    make_file(stage->targets[TARGET_READ_ONLY].database, 0444);
    assert_int_equal(mkdir(stage->targets[TARGET_NOWHERE].database, 0755), 0);
}

static void tear_down_sqlite(struct stage *stage)
{
    DIR *listing = stage->own ? opendir(stage->own) : NULL;
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        if (unlinkat(dirfd(listing), entry->d_name, 0) != 0)
            unlinkat(dirfd(listing), entry->d_name, AT_REMOVEDIR);
    if (listing)
        closedir(listing);
    if (stage->own)
        rmdir(stage->own);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

/* ---- PostgreSQL ---------------------------------------------------------------------------- */

/* SKEIN_TEST_URL names a server of the test's own (with_postgres.py, with_mariadb.py) and its maintenance database. */
static struct url url_of(struct stage *stage, const char *variable)
{
    const char *text = getenv(variable);
    struct url url;
    struct err err;
    if (!text)
        fail_msg("%s is not set: run this through with_postgres.py or with_mariadb.py", variable);
    if (!url_parse(&stage->arena, text, &url, &err))
        fail_msg("%s", err.text);
    return url;
}

static struct url server_url(struct stage *stage)
{
    return url_of(stage, "SKEIN_TEST_URL");
}

static void on_server(struct stage *stage, const struct url *server, const char *template,
                      const char *database)
{
    const struct driver *driver = stage->subject->driver;
    struct conn *conn =
        driver->open(&(struct conn_params){.url = server, .password = stage->subject->password});
    struct op connect = stage_op(stage, OP_CONNECT, NULL);
    struct op op = stage_op(stage, OP_QUERY, NULL);
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    sql_fill(&sql, driver->dialect, template, &(struct sql_vars){.database = database});
    op.sql = sql.data;
    op.sql_len = sql.len;
    runner_run(&stage->runner, conn, &connect);
    if (op_err(&connect)->kind == ERR_NONE)
        runner_run(&stage->runner, conn, &op);
    driver->close(conn);
    buf_done(&sql);
    if (op_err(&connect)->kind != ERR_NONE || op_err(&op)->kind != ERR_NONE)
        fail_msg("%s%s", op_err(&connect)->text, op_err(&op)->text);
}

/* Makes a database for the case, and names one that is not there; `port` 1 is tcpmux: no server has listened there for
 * decades. */
static struct url set_up_server(struct stage *stage, const char *create, const char *missing)
{
    struct url server = server_url(stage);
    for (int i = 0; i < TARGET__COUNT; i++)
        stage->targets[i] = server;
    stage->targets[TARGET_GOOD].database = "case";
    stage->targets[TARGET_MISSING].database = missing;
    stage->targets[TARGET_NOWHERE].port = 1;
    on_server(stage, &server, create, "case");
    return server;
}

static void drop_databases(struct stage *stage, const char *drop)
{
    struct url server = server_url(stage);
    on_server(stage, &server, drop, "case");
    on_server(stage, &server, drop, stage->targets[TARGET_MISSING].database);
}

static void set_up_postgres(struct stage *stage)
{
    static const struct url_param read_only[] = {
        {"options", "-c default_transaction_read_only=on"}};
    struct url server =
        set_up_server(stage, "CREATE DATABASE {database} TEMPLATE template0", "mis\"sing\\'; --");
    server.database = "case";
    server.params = read_only;
    server.param_count = ARRAY_LEN(read_only);
    stage->targets[TARGET_READ_ONLY] = server;
}

static void tear_down_postgres(struct stage *stage)
{
    drop_databases(stage, "DROP DATABASE IF EXISTS {database} WITH (FORCE)");
}

/* ---- MariaDB ------------------------------------------------------------------------------- */

static const char *const mysql_refused_names[] = {
    " ", /* none ends in what is blank */
    "line\nbreak\ttab\r\n",
    "äö€😀\u202e", /* nor has characters beyond the first plane */
    NULL,
};

static void set_up_mysql(struct stage *stage)
{
    (void)set_up_server(stage, "CREATE DATABASE {database} CHARACTER SET utf8mb4",
                        "mis`sing\\'; --");
    stage->targets[TARGET_READ_ONLY] = url_of(stage, "SKEIN_TEST_READ_ONLY_URL");
}

static void tear_down_mysql(struct stage *stage)
{
    drop_databases(stage, "DROP DATABASE IF EXISTS {database}");
}

/* ---- the made-up database ------------------------------------------------------------------ */

static uint64_t fake_now_ms(void *ctx)
{
    return fake_time(ctx);
}

static void fake_sleep_ms(void *ctx, uint64_t ms)
{
    fake_set_time(ctx, fake_time(ctx) + ms);
}

static void set_up_fake(struct stage *stage)
{
    struct fake_world *world = fake_world_new();
    const struct driver *driver = stage->subject->driver;
    stage->own = world;
    stage->runner.now_ms = fake_now_ms;
    stage->runner.sleep_ms = fake_sleep_ms;
    stage->runner.ctx = world;
    fake_db_new(world, "maintenance");
    fake_db_new(world, "case");
    fake_set_read_only(fake_db_new(world, "standby"), true);
    stage->targets[TARGET_GOOD] = fake_url_of(world, driver, "case");
    stage->targets[TARGET_MISSING] = fake_url_of(world, driver, "mis\"sing\\'; --");
    stage->targets[TARGET_READ_ONLY] = fake_url_of(world, driver, "standby");
    stage->targets[TARGET_NOWHERE] = (struct url){.database = "case"};
}

static void tear_down_fake(struct stage *stage)
{
    fake_world_free(stage->own);
}

/* ---- the table ----------------------------------------------------------------------------- */

/* What all that speak SQL say alike. */
#define COMMON_SQL                                                                                 \
    [SAY_PREPARE] = "CREATE TABLE t (id INTEGER PRIMARY KEY, x VARCHAR(200))",                     \
    [SAY_CHANGE] = "INSERT INTO t (id, x) SELECT coalesce(max(id), 0) + 1, 'x' FROM t",            \
    [SAY_COUNT] = "SELECT count(*) FROM t",                                                        \
    [SAY_TOUCH_NONE] = "UPDATE t SET x = 'y' WHERE id < 0",                                        \
    [SAY_TOUCH_ALL] = "UPDATE t SET x = 'y'",                                                      \
    [SAY_VIOLATE] = "INSERT INTO t (id, x) SELECT id, 'twice' FROM t",                             \
    [SAY_ROWS] = "SELECT 'a' AS first, NULL AS second UNION ALL SELECT 'b', '' ORDER BY 1",        \
    [SAY_ONE] = "SELECT 'one'", [SAY_LITERAL] = "SELECT ", [SAY_IDENTIFIER] = "SELECT 1 AS ",      \
    [SAY_UNKNOWN] = "SELECT 'äö€😀', nosuch FROM t", [SAY_SYNTAX] = "SELEC 'ä'"

/* What all made-up databases say alike. */
#define FAKE_SQL                                                                                   \
    [SAY_PREPARE] = "effect table", [SAY_CHANGE] = "effect x", [SAY_COUNT] = "count x",            \
    [SAY_TOUCH_NONE] = "touch 0", [SAY_TOUCH_ALL] = "touch 2", [SAY_VIOLATE] = "once x",           \
    [SAY_ROWS] = "rows", [SAY_ONE] = "select 'one'", [SAY_LITERAL] = "select ",                    \
    [SAY_IDENTIFIER] = "name ", [SAY_UNKNOWN] = "select 'äö€😀' nosuch",                            \
    [SAY_SYNTAX] = "SELEC 'ä'", [SAY_SLOW] = "sleep 30000",                                        \
    [SAY_SCRIPT] = "-- one; no statement\n"                                                        \
                   "effect 'a;b''c;'; ;\n"                                                         \
                   "effect x -- and; it goes on\n;\n"                                              \
                   "effect \";\"\"\"; /* no; */ effect x;\n"                                       \
                   "touch 3;\n"                                                                    \
                   "effect 'ä€😀' -- no semicolon; at the end"

#define FAKE_CONNECTIONS [SAY_WHO] = "who", [SAY_KILL] = "kill %s"

static const struct subject subjects[] = {
    {
        .name = "sqlite",
        .driver = &driver_sqlite,
        .abilities = HAS_PLACES | HAS_EXACT_TEXT | HAS_CREATION_ON_CONNECT |
                     HAS_DDL_IN_TRANSACTION | HAS_TABLES,
        .missing_code = "14", /* SQLITE_CANTOPEN */
        .set_up = set_up_sqlite,
        .tear_down = tear_down_sqlite,
        .say =
            {
                COMMON_SQL,
                [SAY_SLOW] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
                             "300000000) SELECT count(*) FROM n",
                [SAY_SCRIPT] =
                    "-- one; no statement\n"
                    "INSERT INTO t VALUES (101, 'a;b''c;'); ;\n"
                    "/* two; /* not nested */ INSERT INTO t VALUES (102, \"x;\") /* in; it */\n"
                    "  ON CONFLICT DO NOTHING;\n"
                    "CREATE TRIGGER tr AFTER INSERT ON t WHEN new.id = 103 BEGIN\n"
                    "  UPDATE t SET x = CASE WHEN id = 103 THEN 'c;' END WHERE id = 103; -- end;\n"
                    "  INSERT INTO t VALUES (1103, 'END;');\n"
                    "END;\n"
                    "INSERT INTO t SELECT 103, x FROM [t] WHERE id = 101;\n"
                    "CREATE INDEX `i;i` ON t (x);\n"
                    "INSERT INTO t VALUES (104, 'ä€😀') -- no semicolon; at the end",
            },
    },
    {
        .name = "postgres",
        .driver = &driver_postgres,
        .abilities = HAS_PLACES | HAS_EXACT_TEXT | HAS_PASSWORDS | HAS_POOLING_PROXIES |
                     HAS_HISTORY_ROWS | HAS_SEVERAL_PLACES | HAS_GUARD | HAS_RESET | HAS_COPY |
                     HAS_MORTAL_CONNECTIONS | HAS_DDL_IN_TRANSACTION | HAS_JOINED_OPS | HAS_PIDS |
                     HAS_TABLES,
        .is_doomed_by_error = true,
        .missing_code = "3D000",
        .password = "superuser-secret", /* harness.py's */
        .maintenance = "postgres",
        .set_up = set_up_postgres,
        .tear_down = tear_down_postgres,
        .say =
            {
                COMMON_SQL,
                [SAY_SLOW] = "SELECT pg_sleep(30)",
                [SAY_SCRIPT] =
                    "-- one; no statement\n"
                    "INSERT INTO t VALUES (101, 'a;b''c;'); ;\n"
                    "/* two; /* nested; */ INSERT */ INSERT INTO t VALUES (102, E'x\\';');\n"
                    "DO $do$ BEGIN INSERT INTO t VALUES (1102, $$;$$); END; $do$;\n"
                    "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC\n"
                    "  SELECT 1; SELECT count(*) FROM t; -- end;\n"
                    "END;\n"
                    "CREATE INDEX \"i;i\" ON t (x);\n"
                    "INSERT INTO t SELECT 103 + f(), 'ä€😀' -- no semicolon; at the end",
                [SAY_QUIRK] = "SET standard_conforming_strings = off; "
                              "SET escape_string_warning = off",
                [SAY_COPY_IN] = "COPY t FROM STDIN",
                [SAY_COPY_OUT] = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 5000)) "
                                 "TO STDOUT",
                [SAY_WHERE] = "SELECT current_schema()",
                [SAY_WANDER] = "SET search_path = pg_catalog",
                [SAY_WHO] = "SELECT pg_backend_pid()",
                [SAY_KILL] = "SELECT pg_terminate_backend(%s)",
            },
    },
    {
        .name = "mysql",
        .driver = &driver_mysql,
        .abilities = HAS_PASSWORDS | HAS_HISTORY_ROWS | HAS_MORTAL_CONNECTIONS | HAS_TABLES |
                     HAS_PIDS | HAS_JOINED_CHAINS | HAS_RESET | HAS_MOVES,
        .missing_code = "1049",
        .password = "superuser-secret", /* harness.py's */
        .maintenance = "information_schema",
        .refused_names = mysql_refused_names,
        .set_up = set_up_mysql,
        .tear_down = tear_down_mysql,
        .say =
            {
                COMMON_SQL,
                [SAY_SLOW] = "SELECT SLEEP(30)",
                [SAY_SCRIPT] =
                    "-- one; no statement\n"
                    "INSERT INTO t VALUES (101, 'a;b\\';''c;');\n"
                    "/* two; /* not nested */ INSERT INTO t VALUES (102, \"x;\\\";\") # in; it\n"
                    "  ON DUPLICATE KEY UPDATE x = 'y';\n"
                    "BEGIN NOT ATOMIC\n"
                    "  DECLARE n INT DEFAULT 0; -- end;\n"
                    "  WHILE n < 2 DO SET n = n + 1; END WHILE;\n"
                    "  IF n THEN INSERT INTO t SELECT 1103, CASE n WHEN 2 THEN 'END;' END; END IF;\n"
                    "END;\n"
                    "/*!50100 INSERT INTO t SELECT 103, x FROM t AS `t;` WHERE id = 101 */;\n"
                    "CREATE TEMPORARY TABLE IF NOT EXISTS `t;` (x INT);\n"
                    "INSERT INTO t VALUES (104, 'ä€😀') -- no semicolon; at the end",
                [SAY_WHO] = "SELECT CONNECTION_ID()",
                [SAY_KILL] = "KILL %s",
            },
    },
    {
        .name = "fake",
        .driver = &fake_driver,
        .abilities = HAS_PLACES | HAS_EXACT_TEXT | HAS_POOLING_PROXIES | HAS_GUARD | HAS_RESET |
                     HAS_MORTAL_CONNECTIONS | HAS_DDL_IN_TRANSACTION | HAS_TABLES,
        .is_doomed_by_error = true,
        .missing_code = "3D000",
        .maintenance = "maintenance",
        .set_up = set_up_fake,
        .tear_down = tear_down_fake,
        .say = {FAKE_SQL, FAKE_CONNECTIONS},
    },
    {
        .name = "fake_joins",
        .driver = &fake_joins,
        .abilities = HAS_PLACES | HAS_EXACT_TEXT | HAS_POOLING_PROXIES | HAS_HISTORY_ROWS |
                     HAS_SEVERAL_PLACES | HAS_GUARD | HAS_RESET | HAS_MORTAL_CONNECTIONS |
                     HAS_DDL_IN_TRANSACTION | HAS_JOINED_OPS | HAS_PIDS | HAS_TABLES,
        .is_doomed_by_error = true,
        .missing_code = "3D000",
        .maintenance = "maintenance",
        .set_up = set_up_fake,
        .tear_down = tear_down_fake,
        .say = {FAKE_SQL, FAKE_CONNECTIONS, [SAY_WHERE] = "where", [SAY_WANDER] = "wander"},
    },
    {
        .name = "fake_on_worker",
        .driver = &fake_on_worker,
        .abilities = HAS_PLACES | HAS_EXACT_TEXT | HAS_CREATION_ON_CONNECT |
                     HAS_DDL_IN_TRANSACTION | HAS_TABLES,
        .missing_code = "14",
        .set_up = set_up_fake,
        .tear_down = tear_down_fake,
        .say = {FAKE_SQL},
    },
    {
        .name = "fake_no_ddl",
        .driver = &fake_no_ddl,
        .abilities = HAS_PLACES | HAS_EXACT_TEXT | HAS_MORTAL_CONNECTIONS | HAS_JOINED_CHAINS |
                     HAS_TABLES | HAS_RESET | HAS_MOVES,
        .is_doomed_by_error = true,
        .missing_code = "3D000",
        .maintenance = "maintenance",
        .set_up = set_up_fake,
        .tear_down = tear_down_fake,
        .say = {FAKE_SQL, FAKE_CONNECTIONS},
    },
};

const struct subject *subject_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++)
        if (strcmp(subjects[i].name, name) == 0)
            return &subjects[i];
    return NULL;
}
