/* What PostgreSQL is asked, as templates. Names are qualified: a tenant's search_path is its own affair. */
#include "dialect/postgres/templates.h"

#include "base/buf.h"
#include "dialect/template.h"

/* What decides what a statement means, as the manual has it by default, whatever the server, the database, the
 * role or the environment says: docs/revisions.md has the list, and what is left alone. An ordinary role may set
 * each of them. */
#define KNOWN(set)                                                                                 \
    set "TimeZone = 'UTC'; " set "DateStyle = ISO, MDY; " set "IntervalStyle = postgres; " set     \
        "standard_conforming_strings = on; " set "extra_float_digits = 1; " set                    \
        "bytea_output = hex; " set "xmlbinary = base64; " set "xmloption = content; " set          \
        "array_nulls = on; " set "transform_null_equals = off; " set "row_security = on; " set     \
        "check_function_bodies = on; " set "quote_all_identifiers = off; " set                     \
        "lc_numeric = 'C'; " set "lc_time = 'C'; " set                                             \
        "default_transaction_isolation = 'read committed'; " set                                   \
        "default_transaction_deferrable = off; "

/* What may need a superuser, or read a file, is set where it is another alone. */
#define KNOWN_WHERE_OTHER(name, value, is_local)                                                   \
    "CASE pg_catalog.current_setting('" name "') WHEN '" value "' THEN '' ELSE "                   \
    "pg_catalog.set_config('" name "', '" value "', " is_local ") END"

/* A machine that is paused must not hold the tenant's lock for ever, which outlasts transactions; older servers than 14 have no such
 * setting. */
#define IDLE_SESSION(is_local)                                                                     \
    "CASE WHEN {idle_timeout} > 0 AND pg_catalog.current_setting('idle_session_timeout', true) "   \
    "IS NOT NULL THEN pg_catalog.set_config('idle_session_timeout', '{idle_timeout}', " is_local   \
    ") END"

/* SET costs the server half of what set_config in a SELECT does; a search path is a list, and comes
 * as one text. With synchronous_commit off, a crash of the server would take back what it has said to be
 * committed, and what the ledger then has as done. */
#define SETTINGS(set, client_check, is_local, own)                                                 \
    set "lock_timeout = {lock_timeout}; " set "statement_timeout = {statement_timeout}; " set      \
        "idle_in_transaction_session_timeout = {idle_timeout}; " client_check                      \
        KNOWN(set) "SELECT pg_catalog.set_config('search_path', {search_path}, " is_local "), "    \
                   "CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN "        \
                   "pg_catalog.set_config('synchronous_commit', 'on', " is_local                   \
                   ") END, " KNOWN_WHERE_OTHER(                                                    \
                       "timezone_abbreviations", "Default",                                        \
                       is_local) ", " KNOWN_WHERE_OTHER("session_replication_role", "origin",      \
                                                        is_local) ", " IDLE_SESSION(is_local) own

#define SETTINGS_LOCAL SETTINGS("SET LOCAL ", "{client_check_local}", "true", "{own_local}")

/* A session, as told to a person: one line, no values that stand in quotes (they may be secrets), and no
 * more of the query than its beginning. What we may not know of others is NULL and left out. Only UTF-8 is sure
 * to reach us as it is, and this must not fail: other encodings show their ASCII. */
#define QUERY_BEGINNING                                                                            \
    "pg_catalog.left(pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.regexp_replace("        \
    "query, '''[^'']*(''|$)|[$][[:alnum:]_]*[$].*', '''...''', 'g'), "                             \
    "CASE pg_catalog.current_setting('server_encoding') WHEN 'UTF8' THEN '[[:space:]]+' "          \
    "ELSE '[^!-~]+' END, ' ', 'g')), 60)"
#define SESSION_IN_WORDS                                                                           \
    "pg_catalog.concat('process ', pid, ' (', pg_catalog.concat_ws(', ', 'user ' || usename, "     \
    "'''' || nullif(application_name, '') || '''', state || pg_catalog.concat(' for ', "           \
    "extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(xact_start, state_change))"        \
    "::bigint, ' s')), ': ' || nullif(" QUERY_BEGINNING ", ''), ')')"

/* Fails where the nonce is not that of our transaction: date_part knows no such unit. */
#define GUARD                                                                                      \
    "SELECT CASE pg_catalog.current_setting('search_path') WHEN {search_path} THEN '' ELSE "       \
    "pg_catalog.set_config('search_path', {search_path}, true) END AS skein_guard, "               \
    "pg_catalog.date_part(CASE pg_catalog.current_setting('skein.tx', true) WHEN {nonce} THEN "    \
    "'epoch' ELSE 'a transaction that is not ours' END, pg_catalog.clock_timestamp())"

#define BEGIN_READ_COMMITTED "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

/* Of a schema and its version table, a row a record: query_to_xml escapes it. Two plain queries cost the server half of one that
 * joins both. */
#define SURVEYED_VERSIONS                                                                          \
    "SELECT ROW(0, pg_catalog.left(version_num::pg_catalog.text, 256)) AS x FROM %I.%I LIMIT 10001"
#define SURVEYED_HISTORY                                                                           \
    "SELECT ROW(1, revision, direction, checksum, statements, state, run_id, id) AS x FROM "       \
    "%I.skein_history ORDER BY id"
#define ROWS_OF(query, names)                                                                      \
    "pg_catalog.query_to_xml(pg_catalog.format('" query "', " names "), false, true, "             \
    "'')::pg_catalog.text"

/* A schema has what is usual, and the login may read it: else the tenant is looked at by itself. No column is named that
 * is not there, since that would fail the others too. */
#define MAY_BE_READ(table, columns)                                                                \
    table ".relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(" table                       \
          ".oid, 'SELECT') AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute WHERE "    \
          "attrelid = " table ".oid AND NOT attisdropped AND attname IN (" columns ")) = "
#define SURVEY(newest)                                                                                                                                                                                                            \
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off; SET LOCAL lock_timeout = {lock_timeout}; "                                                                                                             \
    "SET LOCAL statement_timeout = {statement_timeout}; SELECT asked.number, pg_catalog.pg_backend_pid(), h.oid IS NOT NULL, "                                                                                                    \
    "CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND " MAY_BE_READ("v", "'version_num'") "1 AND (h.oid IS NULL OR " MAY_BE_READ(                                                                                    \
        "h",                                                                                                                                                                                                                      \
        "'revision', 'direction', "                                                                                                                                                                                               \
        "'checksum', 'statements', "                                                                                                                                                                                              \
        "'state', 'run_id', "                                                                                                                                                                                                     \
        "'id'") "7) THEN pg_catalog.concat(" ROWS_OF(SURVEYED_VERSIONS,                                                                                                                                                           \
                                                     "n.nspname, v.relname") ", CASE WHEN h.oid IS NOT NULL THEN " ROWS_OF(SURVEYED_HISTORY                                                                                       \
                                                                                                                               newest,                                                                                            \
                                                                                                                           "n.nspname") " END) END FROM pg_catalog.unnest(ARRAY[{rows}]::pg_catalog.text[]) WITH "                \
                                                                                                                                        "ORDINALITY AS asked (name, number) JOIN pg_catalog.pg_namespace n ON n.nspname = "       \
                                                                                                                                        "asked.name JOIN pg_catalog.pg_class v ON v.relnamespace = n.oid AND v.relname = "        \
                                                                                                                                        "{version_name} LEFT JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND h.relname " \
                                                                                                                                        "= 'skein_history'"

const char *const postgres_sql[SQL__COUNT] = {
    /* Tried, never waited for: a waiter's snapshot deadlocks with CREATE INDEX
       CONCURRENTLY. */
    [SQL_LOCK] =
        "{parser_session}{peer_check}SELECT CASE pg_catalog.pg_backend_pid() WHEN {backend_pid} THEN "
        "pg_catalog.pg_try_advisory_lock({key}) END",
    [SQL_LOCK_POOLED] =
        BEGIN_READ_COMMITTED "; {parser_local}SELECT pg_catalog.pg_try_advisory_xact_lock({key})",
    [SQL_LOCK_HOLDER] = "SELECT pid = pg_catalog.pg_backend_pid(), " SESSION_IN_WORDS
                        " FROM pg_catalog.pg_locks JOIN pg_catalog.pg_stat_activity USING (pid) "
                        "WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND "
                        "database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
                        "pg_catalog.current_database()) AND "
                        "(classid::bigint << 32 | objid::bigint) = {key}",
    /* A prepared transaction has no session: its PID is 0. */
    [SQL_BLOCKERS] =
        "SELECT CASE pid WHEN 0 THEN 'a prepared transaction' ELSE " SESSION_IN_WORDS
        " END, pid FROM (SELECT DISTINCT "
        "pg_catalog.unnest(pg_catalog.pg_blocking_pids({backend_pid})) AS pid) AS blocking "
        "LEFT JOIN pg_catalog.pg_stat_activity USING (pid) ORDER BY xact_start LIMIT 3",
    [SQL_PROGRESS] =
        /* The views of all of these are there since PostgreSQL 14. What none knows may wait for a lock. */
    "SELECT words, share FROM (SELECT 1 AS place, pg_catalog.concat(command, ': ', phase) AS words, "
    "coalesce(tuples_done::float8 / nullif(tuples_total, 0), blocks_done::float8 / "
    "nullif(blocks_total, 0), lockers_done::float8 / nullif(lockers_total, 0)) AS share "
    "FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {backend_pid} "
    "UNION ALL SELECT 2, pg_catalog.concat(command, ': ', phase), heap_blks_scanned::float8 / "
    "nullif(heap_blks_total, 0) FROM pg_catalog.pg_stat_progress_cluster WHERE pid = {backend_pid} "
    "UNION ALL SELECT 3, pg_catalog.concat(command, ': ', tuples_processed, ' rows'), "
    "bytes_processed::float8 / nullif(bytes_total, 0) FROM pg_catalog.pg_stat_progress_copy "
    "WHERE pid = {backend_pid} "
    "UNION ALL SELECT 4, pg_catalog.concat('VACUUM: ', phase), heap_blks_scanned::float8 / "
    "nullif(heap_blks_total, 0) FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = {backend_pid} "
    "UNION ALL SELECT 5, pg_catalog.concat('ANALYZE: ', phase), sample_blks_scanned::float8 / "
    "nullif(sample_blks_total, 0) FROM pg_catalog.pg_stat_progress_analyze WHERE pid = {backend_pid} "
    "UNION ALL SELECT 6, pg_catalog.concat('waits for a lock (', wait_event, ')'), NULL "
    "FROM pg_catalog.pg_stat_activity WHERE pid = {backend_pid} AND wait_event_type = 'Lock') "
    "AS told ORDER BY place LIMIT 1",
    /* A base backup and a receiver of WAL replay nothing: they have no such place. */
    [SQL_PRESSURE] =
        "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN "
        "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::bigint END, "
        "min(pg_catalog.pg_wal_lsn_diff(replay_lsn, '0/0'))::bigint, "
        "max(extract(epoch FROM replay_lag) * 1000)::bigint, "
        "CASE WHEN count(*) > count(state) THEN 1 ELSE 0 END, "
        "(SELECT count(DISTINCT pid) FROM pg_catalog.pg_locks WHERE NOT granted), "
        "(SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND backend_type = "
        "'client backend' AND pid <> pg_catalog.pg_backend_pid()) "
        "FROM pg_catalog.pg_stat_replication",
    /* A trigger before each row locks it, and so does FOR UPDATE: both need a number for the transaction. */
    [SQL_BATCH_END] =
        "SELECT CASE WHEN pg_catalog.txid_current_if_assigned() IS NOT NULL THEN 1 WHEN EXISTS "
        "(SELECT 1 FROM pg_catalog.pg_rewrite WHERE ev_class = pg_catalog.to_regclass({changed}) AND "
        "is_instead AND ev_enabled <> 'D' AND ev_type = CASE {verb} WHEN 'update' THEN '2' WHEN "
        "'insert' THEN '3' WHEN 'delete' THEN '4' END) THEN 2 ELSE 0 END",
    [SQL_REPLICA] =
        "SELECT pg_catalog.pg_is_in_recovery() AS follows, CASE WHEN pg_catalog.pg_is_in_recovery() "
        "THEN pg_catalog.pg_is_wal_replay_paused() END AS is_paused, "
        "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::bigint AS replayed",
    [SQL_RESET] = "DISCARD ALL",
    [SQL_INSPECT] =
        /* Few functions: each one that a fresh session looks up costs it as much as a
           statement, and planning a query of pg_class more than all of this. No schema
           (NULL) is no table, and not the error that format() makes of it. */
    "SELECT {found_schema}, pg_catalog.to_regclass({version_lookup}), "
    "pg_catalog.to_regclass(pg_catalog.quote_ident({asked_schema}) OPERATOR(pg_catalog.||) '.' "
    "OPERATOR(pg_catalog.||) pg_catalog.quote_ident({version_name})), "
    "pg_catalog.to_regclass(pg_catalog.quote_ident({asked_schema}) OPERATOR(pg_catalog.||) "
    "'.skein_history'), "
    "pg_catalog.current_setting('search_path'), pg_catalog.pg_backend_pid(), "
    "pg_catalog.strpos(pg_catalog.version(), 'linux')",
    [SQL_LOCATE] = "SELECT nspname, pg_catalog.to_regclass(pg_catalog.format('%I.skein_history', "
                   "nspname)) FROM pg_catalog.pg_namespace WHERE oid = (SELECT relnamespace FROM "
                   "pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass({version_lookup}))",
    [SQL_IDENTITY] =
        /* No two servers started in the same microsecond; after a restart it only is
           unknown. */
    "SELECT pg_catalog.concat(extract(epoch FROM "
    "pg_catalog.pg_postmaster_start_time()), '/', pg_catalog.current_database())",
    [SQL_SCHEMA_CREATE] = "CREATE SCHEMA IF NOT EXISTS {schema}",
    [SQL_VERSIONS] =
        "SELECT pg_catalog.left(version_num::pg_catalog.text, 256) FROM {version} LIMIT "
        "10001",
    [SQL_TABLES] =
        "SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON "
        "pg_namespace.oid = relnamespace WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND nspname "
        "NOT IN ('pg_catalog', 'information_schema') AND (relname IN ({rows}) OR "
        "pg_catalog.concat(nspname, '.', relname) IN ({rows})) LIMIT 1",
    [SQL_HISTORY] = HISTORY_SELECT,
    [SQL_SURVEY] = SURVEY(""),
    [SQL_SURVEY_NEWEST] = SURVEY(" DESC LIMIT 1"),
    [SQL_SURVEY_END] = "COMMIT",
    [SQL_HISTORY_NEWEST] = HISTORY_SELECT " DESC LIMIT 1",
    [SQL_BEGIN] = BEGIN_READ_COMMITTED,
    [SQL_BEGIN_READING] =
        "BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = {statement_timeout}",
    [SQL_BEGIN_ASKING] = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
    /* what a policy hides must not pass for rows that are not there */
    [SQL_SETUP_ASKING] = "SET LOCAL row_security = off",
    [SQL_SETUP_LOCAL] = SETTINGS_LOCAL "; SET LOCAL skein.tx = {nonce}",
    [SQL_SETUP_MARK] = "SET LOCAL skein.tx = {nonce}",
    /* Only the role's own reset brings back one that the login has by default. The nonce stays what it is: the
       guard has yet to look at it. */
    [SQL_SETUP_AGAIN] = "RESET SESSION AUTHORIZATION; RESET ROLE; " SETTINGS_LOCAL,
    [SQL_SETUP] = SETTINGS("SET ", "{client_check_session}", "false", "{own_session}"),
    [SQL_VERSION_CREATE] =
        "CREATE TABLE {if_not_exists}{version} (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT {version_pkc} PRIMARY KEY (version_num))",
    [SQL_HISTORY_CREATE] =
        "CREATE TABLE {if_not_exists}{history} (id bigint PRIMARY KEY, "
        "run_id varchar(64) NOT NULL, revision varchar(32) NOT NULL, direction varchar(8) "
        "NOT "
        "NULL, checksum varchar(64) NOT NULL, statements integer NOT NULL, "
        "duration_ms double precision NOT NULL, applied_at timestamptz NOT NULL, "
        "state varchar(16) NOT NULL)",
    [SQL_VERSION_INSERT] = "INSERT INTO {version} (version_num) VALUES ({to})",
    [SQL_VERSION_UPDATE] = "UPDATE {version} SET version_num = {to} WHERE version_num = {from}",
    [SQL_VERSION_DELETE] = "DELETE FROM {version} WHERE version_num = {from}",
    /* Numbered and dated by hand: the tenant's lock is held, and a sequence or a default
     * would be objects more to make in every tenant. */
    [SQL_HISTORY_INSERT] =
        "INSERT INTO {history} (id, run_id, revision, direction, checksum, statements, "
        "duration_ms, applied_at, state) SELECT coalesce(max(id), 0) + 1, {run}, "
        "{revision}, {direction}, {checksum}, {statements}, {duration}, pg_catalog.clock_timestamp(), "
        "{state} "
        "FROM {history}",
    /* What is the same in each of them stands once: the server then has half as much to read. */
    [SQL_HISTORY_ROW] = "({history_id}, {revision}, {direction}, {checksum}, {statements}, "
                        "'{duration}'::pg_catalog.float8)",
    [SQL_HISTORY_ROWS] =
        "INSERT INTO {history} (id, run_id, revision, direction, checksum, statements, "
        "duration_ms, applied_at, state) SELECT id, {run}, revision, direction, checksum, "
        "statements, duration_ms, pg_catalog.clock_timestamp(), {state} FROM (VALUES {steps}) "
        "AS step (id, revision, direction, checksum, statements, duration_ms)",
    [SQL_HISTORY_RENEW] =
        "UPDATE {history} SET checksum = {checksum} WHERE id = {history_id} AND revision = "
        "{revision} AND checksum = {from}",
    [SQL_HISTORY_MARK] =
        "UPDATE {history} SET statements = {statements}, checksum = {checksum}, "
        "duration_ms = duration_ms + {duration}, "
        "state = {state}, run_id = {run}, applied_at = pg_catalog.clock_timestamp() "
        "WHERE id = (SELECT max(id) FROM {history} WHERE revision = {revision} AND direction = "
        "{direction} AND state IN ('running', 'partial'))",
    [SQL_GUARD] = GUARD,
    [SQL_GUARD_PREPARE] = "PREPARE skein_guard AS " GUARD,
    [SQL_GUARD_PREPARED] = "EXECUTE skein_guard",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    /* Without what this transaction has made, as skein's own tables: no one else knows of it. */
    [SQL_REHEARSE_BEFORE] =
        "SELECT c.oid, n.nspname, c.relname, c.relkind OPERATOR(pg_catalog.=) 'S', "
        "pg_catalog.pg_relation_filenode(c.oid) FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
        "WHERE c.relkind IN ('r', 'm', 'p', 'f', 'v', 'S') AND c.oid OPERATOR(pg_catalog.>=) 16384 "
        "AND c.relpersistence OPERATOR(pg_catalog.<>) 't' AND c.xmin::pg_catalog.text "
        "OPERATOR(pg_catalog.<>) (pg_catalog.txid_current() OPERATOR(pg_catalog.%) 4294967296)::pg_catalog.text "
        "ORDER BY c.oid",
    /* Its size is asked for where we hold the lock that this waits for. */
    [SQL_REHEARSE_SEEN] =
        "SELECT relation, pg_catalog.upper(pg_catalog.regexp_replace(pg_catalog.replace(mode, 'Lock', ''), "
        "'([a-z])([A-Z])', '\\1 \\2', 'g')), CASE mode WHEN 'AccessExclusiveLock' THEN 3 WHEN 'ExclusiveLock' "
        "THEN 2 WHEN 'ShareRowExclusiveLock' THEN 2 WHEN 'ShareLock' THEN 2 WHEN 'ShareUpdateExclusiveLock' "
        "THEN 1 ELSE 0 END, pg_catalog.pg_relation_filenode(relation), CASE mode WHEN 'AccessExclusiveLock' "
        "THEN pg_catalog.pg_total_relation_size(relation) END, (SELECT pg_catalog.count(*) FROM "
        "pg_catalog.pg_locks w WHERE NOT w.granted AND pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) "
        "ANY (pg_catalog.pg_blocking_pids(w.pid))) FROM pg_catalog.pg_locks WHERE pid "
        "OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() AND locktype OPERATOR(pg_catalog.=) 'relation' "
        "AND granted AND relation OPERATOR(pg_catalog.>=) 16384 AND mode NOT IN ('AccessShareLock', "
        "'RowShareLock') ORDER BY 3 DESC",
    /* An advisory lock is the tenant's, for which another run of ours waits. */
    [SQL_REHEARSE_WAITING] =
        "SELECT pg_catalog.count(DISTINCT pid) FROM pg_catalog.pg_locks WHERE NOT granted AND locktype <> "
        "'advisory' AND {backend_pid} = ANY (pg_catalog.pg_blocking_pids(pid))",
    /* The constraints that are deferred by default are so again for what comes after. */
    [SQL_REHEARSE_SETTLE] =
        "SET CONSTRAINTS ALL IMMEDIATE; DO $skein$ DECLARE names text; BEGIN SELECT pg_catalog.string_agg("
        "pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') INTO names FROM pg_catalog.pg_constraint c "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace WHERE c.condeferred; IF names IS NOT NULL "
        "THEN EXECUTE 'SET CONSTRAINTS ' || names || ' DEFERRED'; END IF; END $skein$",
    [SQL_ASIDE] = "SAVEPOINT skein_aside; {query}\n; ROLLBACK TO SAVEPOINT skein_aside; "
                  "RELEASE SAVEPOINT skein_aside",
    [SQL_CREATE_DATABASE] = "CREATE DATABASE {database}",
    [SQL_SCRATCH_CREATE] = "CREATE DATABASE {database} TEMPLATE template0",
    [SQL_SCRATCH_DROP] = "DROP DATABASE IF EXISTS {database} WITH (FORCE)",
    [SQL_SCRATCHES] = "SELECT datname FROM pg_catalog.pg_database WHERE "
                      "pg_catalog.starts_with(datname::text, 'skein_scratch_')",
    /* DO: a SELECT would print a row. */
    [SQL_SCRIPT_BEGIN] = "DO $skein$ BEGIN PERFORM pg_catalog.set_config('skein.search_path', "
                         "pg_catalog.current_setting('search_path'), false); END $skein$",
    [SQL_SCRIPT_SETUP] = KNOWN("SET ") "DO $skein$ BEGIN PERFORM " KNOWN_WHERE_OTHER(
        "timezone_abbreviations", "Default",
        "false") ", " KNOWN_WHERE_OTHER("session_replication_role", "origin",
                                        "false") "{own_session}; END $skein$",
    [SQL_SCRIPT_SCHEMA] = "SET search_path = {path}",
    [SQL_SCRIPT_RESTORE] = "DO $skein$ BEGIN PERFORM pg_catalog.set_config('search_path', "
                           "pg_catalog.current_setting('skein.search_path'), false); END $skein$",
    [SQL_SCRIPT_EXPECT] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE (SELECT count(*) FROM {version}) "
        "<> {row_count} OR (SELECT count(*) FROM {version} WHERE version_num IN ({rows})) <> "
        "{row_count}",
    [SQL_SCRIPT_FINISHED] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE (SELECT state FROM {history} "
        "ORDER BY id DESC LIMIT 1) IN ('running', 'partial')",
    [SQL_SCRIPT_PURGE] = "DELETE FROM {version}",
    [SQL_SCRIPT_VERIFY] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE NOT EXISTS ({query}\n)",
    [SQL_PART_CURRENT_SCHEMA] = "pg_catalog.current_schema()",
    [SQL_PART_FOUND_SCHEMA] = "pg_catalog.to_regnamespace({schema_lookup})",
    [SQL_PART_CLIENT_CHECK_LOCAL] = "SET LOCAL client_connection_check_interval = 1000; ",
    [SQL_PART_CLIENT_CHECK_SESSION] = "SET client_connection_check_interval = 1000; ",
    [SQL_PART_PEER_CHECK] =
        "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_user_timeout = 30000; ",
    [SQL_PART_PARSER_LOCAL] = "SET LOCAL standard_conforming_strings = on; ",
    [SQL_PART_PARSER_SESSION] = "SET standard_conforming_strings = on; ",
};

/* Without standard_conforming_strings a backslash would escape the quote: E'' means the same with
 * and without. */
void postgres_add_literal(struct buf *buf, const char *text)
{
    if (!strchr(text, '\\')) {
        sql_add_literal(buf, text);
        return;
    }
    buf_adds(buf, " E");
    sql_add_escaped_literal(buf, text);
}

/* A list such as DateStyle's comes as one text. */
void postgres_add_setting(struct buf *buf, const struct session_setting *setting, bool is_local)
{
    buf_adds(buf, ", pg_catalog.set_config(");
    postgres_add_literal(buf, setting->name);
    buf_adds(buf, ", ");
    postgres_add_literal(buf, setting->value);
    buf_addf(buf, ", %s)", is_local ? "true" : "false");
}
