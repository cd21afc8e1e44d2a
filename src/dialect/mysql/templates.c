/* What MySQL and MariaDB are asked, as templates. What only one of the two knows stands in a comment that the other
 * leaves out: `M!` is MariaDB's, and numbers from 50700 to 99999 are MySQL's. */
#include "dialect/mysql/templates.h"

#include "base/buf.h"
#include "base/grid.h"
#include "dialect/template.h"

/* Locks are the server's, so the name is that of the database, as the server itself writes it. */
#define LOCK_NAME "CONCAT('skein.', SHA1(CONCAT(DATABASE(), '/', {key})))"

/* The server waits in whole seconds, and 0 is not to wait: a fraction counts as a second more, and none as a
 * year. */
#define LOCK_SECONDS "IF({lock_timeout}, ({lock_timeout} + 999) DIV 1000, 31536000)"

/* No mode, and so an error with these words: nothing else can be one by a condition, on both servers. */
#define ANOTHER "'none: a proxy has handed the statement to another session than that of the lock'"

/* What decides how a statement is read and what it means is set whatever the server or the account says by
 * default; docs/mysql.md has the list. An idle session's locks must not outlive its client by hours. */
#define SETTINGS                                                                                   \
    "SET SESSION sql_mode = IF({backend_pid} IN (0, CONNECTION_ID()), " SQL_MODE ", " ANOTHER      \
    "), time_zone = '+00:00', lock_wait_timeout = " LOCK_SECONDS                                   \
    ", innodb_lock_wait_timeout = " LOCK_SECONDS ", foreign_key_checks = 1, unique_checks = 1, "   \
    "sql_safe_updates = 0, wait_timeout = 120 /*M!100101 , max_statement_time = "                  \
    "{statement_timeout} / 1000 */{own_session}"

/* The server's, without the modes that change how a text is split. Some names stand for several. */
#define SQL_MODE                                                                                   \
    "TRIM(BOTH ',' FROM REGEXP_REPLACE(@@GLOBAL.sql_mode, "                                        \
    "'(^|,)(ANSI|ANSI_QUOTES|NO_BACKSLASH_ESCAPES|ORACLE|MSSQL|DB2|POSTGRESQL|MAXDB)(?=,|$)', "    \
    "''))"

/* Names of things have no characters beyond the first plane, and a literal of ours may: it must not be an error. */
#define VERSION_NAME "CONVERT({version_name} USING utf8)"

/* Where names of tables know the case of letters, another case is another table. */
#define IS_VERSION_TABLE                                                                           \
    "table_name = " VERSION_NAME " AND (@@lower_case_table_names OR BINARY table_name = "          \
    "{version_name})"

/* What is written there could not be taken back with the rows that it is written beside. By name: to ask
 * information_schema.engines would double what a look takes. */
#define TABLE_FAULT                                                                                \
    "MAX(IF(engine IN ('MyISAM', 'Aria', 'MEMORY', 'CSV', 'ARCHIVE', 'BLACKHOLE', 'MRG_MyISAM'), " \
    "CONCAT('the engine of its table ''', table_name, ''' is ', engine, ', which takes no "        \
    "change back: say ALTER TABLE ', table_name, ' ENGINE=InnoDB'), NULL))"

/* The newest row that is unfinished, unless a run that came to another node has taken it over: the server looks from
 * the end, and at few others. */
#define UNFINISHED                                                                                 \
    "WHERE revision = BINARY {revision} AND direction = {direction} AND state IN ('running', "     \
    "'partial') AND run_id IN ({run}, COALESCE({owner}, run_id)) ORDER BY id DESC LIMIT 1"

#define SERVER_IDENTITY "/*M!101109 @@server_uid, */ /*!50700 @@server_uuid, */ @@hostname, @@port"

#define HISTORY_COLUMNS                                                                            \
    "(id, run_id, revision, direction, checksum, statements, duration_ms, applied_at, state, definition)"

/* A session, as told to a person: one line, no values that stand in quotes (they may be secrets), and no more of the
 * query than its beginning. */
#define QUERY_BEGINNING                                                                            \
    "LEFT(REGEXP_REPLACE(REGEXP_REPLACE(p.info, '''[^'']*(''|$)|\"[^\"]*(\"|$)', '...'), "         \
    "'[[:space:]]+', ' '), 60)"
#define SESSION_IN_WORDS                                                                           \
    "CONCAT('connection ', p.id, ' (user ', p.user, ', ', LOWER(p.command), ' for ', p.time, "     \
    "' s', COALESCE(CONCAT(': ', NULLIF(" QUERY_BEGINNING ", '')), ''), ')')"

/* super_read_only sets read_only as well; a reader of Aurora has innodb_read_only. A user that may not see others' threads
 * sees none. */
#define SESSION_BEGIN(settings, is_node)                                                                                \
    "SET SESSION sql_mode = " SQL_MODE ", autocommit = 1, completion_type = 0" settings                                 \
    "; SELECT CONNECTION_ID(), @@GLOBAL.read_only OR @@GLOBAL.innodb_read_only, "                                       \
    "@@max_allowed_packet, VERSION() LIKE '%MariaDB%', p.replicas, COALESCE(p.client, ''), @@GLOBAL.init_connect = '' " \
    "/*M!100101 AND @@max_statement_time = @@GLOBAL.max_statement_time */, SHA1(CONCAT_WS('/', CURRENT_USER(), "        \
    "/*M!100005 COALESCE(CURRENT_ROLE(), ''), */ /*!80000 COALESCE(CURRENT_ROLE(), ''), */ @@character_set_client, "    \
    "@@character_set_results, @@collation_connection)), " is_node                                                       \
    " FROM (SELECT COALESCE(SUM(user = 'system user' AND command IN ('Slave_IO', 'Slave_SQL', 'Connect')), 0) AS "      \
    "replicas, MAX(IF(id = CONNECTION_ID(), host, NULL)) AS client FROM information_schema.processlist) AS p"

/* What another node has committed must be seen before it is built upon. */
const char mysql_session_begin[] =
    SESSION_BEGIN(" /*M!100200 , wsrep_sync_wait = 7 */", "0 /*M!100200 + @@GLOBAL.wsrep_on */");

const char mysql_session_begin_alone[] = SESSION_BEGIN("", "0");

const struct grid_shape mysql_session_shape = {"!!!!!!!!!", 1};

/* It fails in every sql_mode and prints nothing; DO would hide the error. */
#define FAIL_IF(condition) "SET @skein_check = ~0 + (" condition ")"

/* ---- a survey: which tables are there, and then what they hold, in one flat statement each ------- */

/* One of both tables of one database. By `=` of both names the server opens that table alone. What is made of a column
 * costs the server more than to read it: names are compared by who asks. */
#define TABLE_OF_PLACE(is_history, table)                                                          \
    "SELECT {row_number}, CONNECTION_ID(), " is_history                                            \
    ", COALESCE(engine, '') = 'InnoDB' AND table_type = 'BASE TABLE', table_schema, table_name "   \
    "FROM information_schema.tables WHERE table_schema = {row} AND table_name = " table

/* What is no text is told as it is. */
#define VERSION_OF_PLACE                                                                           \
    "IF(CHARSET(version_num) = 'binary', LEFT(version_num, 256), CONVERT(LEFT(version_num, 256) "  \
    "USING utf8mb4))"

#define HISTORY_OF_PLACE(order)                                                                    \
    "(SELECT {row_number}, CONNECTION_ID(), 't', NULL, revision, direction, checksum, "            \
    "statements, state, run_id, id FROM {history} ORDER BY id" order ")"

/* Of all statuses, these; the two servers keep them in different places. */
#define STATUS(name)                                                                               \
    "CAST(COALESCE(SUM(IF(variable_name = '" name "', variable_value, 0)), 0) AS UNSIGNED)"

/* A server knows what it has sent to its replicas, and not what they have done with it. */
#define PRESSURE                                                                                                                  \
    "SELECT 1, p.sent, NULL, IF(s.replicas > p.seen, 1, 0), s.waiting, "                                                          \
    "IF(s.active > 1, s.active - 1, 0) FROM (SELECT COUNT(*) AS seen, MIN(state LIKE '%has sent "                                 \
    "all binlog%') AS sent FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%')"                                \
    " AS p, (SELECT " STATUS("SLAVES_CONNECTED") " AS replicas, " STATUS("INNODB_ROW_LOCK_CURRENT_WAITS") " AS waiting, " STATUS( \
        "THREADS_RUNNING") " AS active "                                                                                          \
                           "FROM /*M!100000 information_schema */ /*!50700 performance_schema */ .global_status WHERE "           \
                           "variable_name IN ('SLAVES_CONNECTED', 'INNODB_ROW_LOCK_CURRENT_WAITS', 'THREADS_RUNNING')) "          \
                           "AS s"

const char *const mysql_sql[SQL__COUNT] = {
    [SQL_PRESSURE] = PRESSURE,
    [SQL_REPLICA] = "SHOW /*M!100000 ALL SLAVES STATUS */ /*!80022 REPLICA STATUS */",
    [SQL_REPLICA_SECOND] = "SHOW SLAVE STATUS",
    [SQL_LOCK] =
        "SELECT IF(CONNECTION_ID() = {backend_pid}, COALESCE(GET_LOCK(" LOCK_NAME ", 0), 0), NULL)",
    [SQL_LOCK_HOLDER] =
        "SELECT l.id = CONNECTION_ID(), CONCAT('connection ', l.id, COALESCE(CONCAT(' (user ', "
        "p.user, ', ', LOWER(p.command), ' for ', p.time, ' s)'), '')) FROM (SELECT "
        "IS_USED_LOCK(" LOCK_NAME ") AS id) AS l LEFT JOIN information_schema.processlist AS p ON "
        "p.id = l.id WHERE l.id IS NOT NULL",
    /* Exact, where a MariaDB has the plugin: who holds locks of the table of which the waiting session holds one. */
    [SQL_BLOCKERS] =
        "SELECT DISTINCT COALESCE(" SESSION_IN_WORDS
        ", CONCAT('connection ', h.thread_id)), h.thread_id FROM "
        "information_schema.metadata_lock_info AS w JOIN information_schema.metadata_lock_info AS h ON h.table_schema "
        "= w.table_schema AND h.table_name = w.table_name AND h.lock_type = w.lock_type AND h.thread_id <> "
        "w.thread_id LEFT JOIN information_schema.processlist AS p ON p.id = h.thread_id WHERE w.thread_id = "
        "{backend_pid} AND w.table_name <> '' ORDER BY p.time DESC LIMIT 3",
    /* Exact, where that is switched on (on a MySQL it is) and may be read. */
    [SQL_BLOCKERS_SECOND] =
        "SELECT DISTINCT " SESSION_IN_WORDS
        ", p.id FROM performance_schema.threads AS own JOIN performance_schema.metadata_locks AS w ON "
        "w.owner_thread_id = own.thread_id AND w.lock_status = 'PENDING' JOIN performance_schema.metadata_locks AS h "
        "ON h.object_type = w.object_type AND h.object_schema <=> w.object_schema AND h.object_name <=> w.object_name "
        "AND h.lock_status = 'GRANTED' AND h.owner_thread_id <> w.owner_thread_id JOIN (SELECT thread_id, "
        "processlist_id AS id, processlist_user AS user, processlist_command AS command, processlist_time AS time, "
        "processlist_info AS info FROM performance_schema.threads) AS p ON p.thread_id = h.owner_thread_id WHERE "
        "own.processlist_id = {backend_pid} ORDER BY p.time DESC LIMIT 3",
    /* A guess, of the transactions that have been open for longest, those of this database first. */
    [SQL_BLOCKERS_THIRD] =
        "SELECT " SESSION_IN_WORDS ", p.id FROM information_schema.innodb_trx JOIN "
        "information_schema.processlist AS p ON p.id = trx_mysql_thread_id WHERE p.id NOT IN "
        "(CONNECTION_ID(), {backend_pid}) AND EXISTS (SELECT 1 FROM information_schema.processlist "
        "AS own LEFT JOIN information_schema.innodb_trx AS waits ON waits.trx_mysql_thread_id = "
        "own.id WHERE own.id = {backend_pid} AND (own.state LIKE 'Waiting for%lock%' OR "
        "waits.trx_state = 'LOCK WAIT')) ORDER BY p.db <=> DATABASE() DESC, trx_started LIMIT 3",
    /* MariaDB's own; a MySQL has no such columns, and refuses it. A share is that of one stage. */
    [SQL_PROGRESS] =
        "SELECT CONCAT(state, IF(max_stage > 1, CONCAT(', stage ', stage, ' of ', max_stage), '')), "
        "IF(max_stage > 0, (stage - 1 + progress / 100) / max_stage, NULL) FROM "
        "information_schema.processlist WHERE id = {backend_pid} AND state <> '' LIMIT 1",
    [SQL_INSPECT] =
        "SELECT DATABASE(), MAX(IF(" IS_VERSION_TABLE ", table_name, NULL)), "
        "MAX(IF(" IS_VERSION_TABLE ", table_name, NULL)), "
        "MAX(IF(table_name = 'skein_history', table_name, NULL)), NULL, CONNECTION_ID(), NULL, " TABLE_FAULT
        " FROM "
        "information_schema.tables WHERE table_schema = DATABASE() AND table_name IN "
        "(" VERSION_NAME ", 'skein_history')",
    /* Never asked: the version table is found in the tenant's own database alone. */
    [SQL_LOCATE] = "SELECT NULL, NULL LIMIT 0",
    [SQL_IDENTITY] = "SELECT CONCAT_WS('/', " SERVER_IDENTITY ", DATABASE())",
    [SQL_VERSIONS] = "SELECT LEFT(version_num, 256) FROM {version} LIMIT 10001",
    [SQL_TABLES] =
        "SELECT table_name FROM information_schema.tables WHERE table_schema = "
        "DATABASE() AND (CONVERT(table_name USING utf8mb4) IN ({rows}) OR "
        "CONVERT(CONCAT(table_schema, '.', table_name) USING utf8mb4) IN ({rows})) LIMIT 1",
    [SQL_HISTORY] = HISTORY_SELECT,
    /* Read are those that have what is usual: both tables or the version table alone, of the engine that takes changes
     * back. What the login may not see is not there; what it may see and not read fails the statement. Nothing is
     * written, nothing is waited for, and nothing stays locked from one statement to the next. */
    [SQL_SURVEY_SERVER] =
        "SELECT @@lower_case_table_names = 0, CONCAT_WS('/', " SERVER_IDENTITY ")",
    [SQL_SURVEY_PLACES] =
        "SET SESSION lock_wait_timeout = 0 /*M!100101 , max_statement_time = "
        "{statement_timeout} / 1000 */; SET SESSION TRANSACTION READ ONLY; {surveyed}",
    [SQL_SURVEY] = "{places}",
    [SQL_SURVEY_NEWEST] = "{places_newest}",
    [SQL_SURVEY_USE] = "USE {database}",
    [SQL_PART_SURVEYED] =
        TABLE_OF_PLACE("'f'", VERSION_NAME) " UNION ALL " TABLE_OF_PLACE("'t'", "'skein_history'"),
    [SQL_PART_PLACE_VERSIONS] =
        "(SELECT {row_number}, CONNECTION_ID(), 'f', " VERSION_OF_PLACE
        ", NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM {version} LIMIT 10001)",
    /* With a limit, for without one the server leaves the order to chance. */
    [SQL_PART_PLACE_HISTORY] = HISTORY_OF_PLACE(" LIMIT 18446744073709551615"),
    [SQL_PART_PLACE_NEWEST] = HISTORY_OF_PLACE(" DESC LIMIT 1"),
    [SQL_HISTORY_NEWEST] = HISTORY_SELECT " DESC LIMIT 1",
    [SQL_BEGIN] = "START TRANSACTION",
    [SQL_BEGIN_READING] = "SET SESSION /*M!100101 max_statement_time = {statement_timeout} / 1000, "
                          "*/autocommit = 1; START TRANSACTION READ ONLY",
    [SQL_BEGIN_ASKING] = "START TRANSACTION READ ONLY",
    [SQL_SETUP_LOCAL] = SETTINGS,
    [SQL_SETUP] = SETTINGS,
    /* As Alembic makes it, in the database's collation; but the engine must know transactions. */
    [SQL_VERSION_CREATE] =
        "CREATE TABLE {if_not_exists}{version} (version_num VARCHAR(32) NOT "
        "NULL, CONSTRAINT {version_pkc} PRIMARY KEY (version_num)) ENGINE=InnoDB",
    [SQL_HISTORY_CREATE] =
        "CREATE TABLE {if_not_exists}{history} (id BIGINT PRIMARY KEY, run_id VARCHAR(64) NOT "
        "NULL, revision VARCHAR(32) NOT NULL, direction VARCHAR(8) NOT NULL, checksum "
        "VARCHAR(64) NOT NULL, statements INTEGER NOT NULL, duration_ms DOUBLE NOT NULL, "
        "applied_at DATETIME(6) NOT NULL, state VARCHAR(16) NOT NULL, definition CHAR(40)) ENGINE=InnoDB DEFAULT "
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    [SQL_VERSION_INSERT] = "INSERT INTO {version} (version_num) VALUES ({to})",
    /* Most collations take letters of both cases for the same. */
    [SQL_VERSION_UPDATE] =
        "UPDATE {version} SET version_num = {to} WHERE version_num = {from} AND BINARY "
        "CONVERT(version_num USING utf8mb4) = BINARY {from}",
    [SQL_VERSION_DELETE] = "DELETE FROM {version} WHERE version_num = {from} AND BINARY "
                           "CONVERT(version_num USING utf8mb4) = BINARY {from}",
    /* Numbered by hand: where several nodes take writes, two runs that were both given the tenant's lock make the
     * same number, and one of them fails. */
    [SQL_HISTORY_INSERT] =
        "INSERT INTO {history} " HISTORY_COLUMNS " SELECT COALESCE(MAX(id), 0) + 1, {run}, "
        "{revision}, {direction}, {checksum}, {statements}, {duration}, UTC_TIMESTAMP(6), {state}, "
        "{definition} FROM {history}",
    [SQL_HISTORY_ROW] = "({history_id}, {run}, {revision}, {direction}, {checksum}, {statements}, "
                        "{duration}, UTC_TIMESTAMP(6), {state}, NULL)",
    [SQL_HISTORY_ROWS] = "INSERT INTO {history} " HISTORY_COLUMNS " VALUES {steps}",
    [SQL_HISTORY_RENEW] =
        "UPDATE {history} SET checksum = {checksum} WHERE id = {history_id} AND revision = "
        "{revision} AND checksum = {from}",
    [SQL_HISTORY_MARK] =
        "UPDATE {history} SET statements = {statements}, checksum = {checksum}, duration_ms = "
        "duration_ms + {duration}, state = {state}, run_id = {run}, applied_at = "
        "UTC_TIMESTAMP(6), definition = {definition} " UNFINISHED,
    [SQL_ROW_GUARD] = FAIL_IF("ROW_COUNT() <> 1"),
    /* Whatever completion_type says. */
    [SQL_COMMIT] = "COMMIT AND NO CHAIN NO RELEASE",
    [SQL_ROLLBACK] = "ROLLBACK AND NO CHAIN NO RELEASE",
    [SQL_CREATE_DATABASE] = "CREATE DATABASE {database}",
    [SQL_SCRATCH_CREATE] = "CREATE DATABASE {database}",
    [SQL_SCRATCH_DROP] = "DROP DATABASE IF EXISTS {database}",
    [SQL_SCRATCHES] = "SELECT schema_name FROM information_schema.schemata WHERE "
                      "LEFT(schema_name, 14) = 'skein_scratch_'",
    [SQL_SCRIPT_SETUP] =
        "SET SESSION sql_mode = " SQL_MODE ", autocommit = 1, completion_type = 0, "
        "time_zone = '+00:00', foreign_key_checks = 1, unique_checks = 1, "
        "sql_safe_updates = 0{own_session}",
    [SQL_SCRIPT_EXPECT] =
        FAIL_IF("(SELECT COUNT(*) FROM {version}) <> {row_count} OR (SELECT COUNT(*) "
                "FROM {version} WHERE version_num IN ({rows})) <> {row_count}"),
    [SQL_SCRIPT_FINISHED] =
        FAIL_IF("(SELECT state FROM {history} ORDER BY id DESC LIMIT 1) IN ('running', 'partial')"),
    [SQL_SCRIPT_PURGE] = "DELETE FROM {version}",
    [SQL_SCRIPT_VERIFY] = FAIL_IF("NOT EXISTS ({query}\n)"),
};

/* A session of ours never has NO_BACKSLASH_ESCAPES. */
void mysql_add_literal(struct buf *buf, const char *text)
{
    sql_add_escaped_literal(buf, text);
}

void mysql_add_identifier(struct buf *buf, const char *name)
{
    sql_add_quoted(buf, name, '`');
}
