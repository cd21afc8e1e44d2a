/* What SQLite is asked, as templates. */
#include "dialect/sqlite/templates.h"

#include "dialect/template.h"

const char *const sqlite_sql[SQL__COUNT] = {
    /* One transaction for all that is read: one snapshot, and SQLite takes its file locks once. */
    [SQL_INSPECT] =
        "BEGIN; SELECT 'main', max(name) FILTER (WHERE name = {version_name} COLLATE NOCASE), "
        "max(name) FILTER (WHERE name = {version_name} COLLATE NOCASE), "
        "max(name) FILTER (WHERE name = 'skein_history' COLLATE NOCASE), NULL, NULL, NULL "
        "FROM main.sqlite_schema WHERE type = 'table'",
    [SQL_VERSIONS] = "SELECT substr(version_num, 1, 256) FROM {version} LIMIT 10001",
    [SQL_TABLES] = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name "
                   "COLLATE NOCASE IN ({rows}) LIMIT 1",
    [SQL_HISTORY] = HISTORY_SELECT,
    [SQL_HISTORY_NEWEST] = HISTORY_SELECT " DESC LIMIT 1",
    [SQL_READ_END] = "COMMIT",
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_ASKING] = "BEGIN",
    [SQL_VERSION_CREATE] =
        "CREATE TABLE {if_not_exists}{version} (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT {version_pkc} PRIMARY KEY (version_num))",
    [SQL_HISTORY_CREATE] =
        "CREATE TABLE {if_not_exists}{history} (id INTEGER PRIMARY KEY, run_id VARCHAR(64) NOT NULL, "
        "revision VARCHAR(32) NOT NULL, direction VARCHAR(8) NOT NULL, checksum VARCHAR(64) NOT "
        "NULL, statements INTEGER NOT NULL, duration_ms REAL NOT NULL, "
        "applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), "
        "state VARCHAR(16) NOT NULL)",
    /* REPLACE, and INSERT with ON CONFLICT, may set off the triggers of the other two. */
    [SQL_BATCH_END] =
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND "
        "replace(replace(replace(replace({changed}, '\"', ''), '`', ''), '[', ''), ']', '') COLLATE "
        "NOCASE IN (tbl_name, 'main.' || tbl_name) AND ({verb} NOT IN ('update', 'delete') OR sql LIKE "
        "'%' || {verb} || '%') AND replace(replace(replace(replace(sql, ' ', ''), char(9), ''), "
        "char(10), ''), char(13), '') LIKE '%RAISE(IGNORE)%') THEN 2 ELSE 0 END",
    [SQL_VERSION_INSERT] = "INSERT INTO {version} (version_num) VALUES ({to})",
    [SQL_VERSION_UPDATE] = "UPDATE {version} SET version_num = {to} WHERE version_num = {from}",
    [SQL_VERSION_DELETE] = "DELETE FROM {version} WHERE version_num = {from}",
    [SQL_HISTORY_INSERT] =
        "INSERT INTO {history} (run_id, revision, direction, checksum, statements, duration_ms, "
        "state) VALUES ({run}, {revision}, {direction}, {checksum}, {statements}, {duration}, "
        "{state})",
    [SQL_HISTORY_RENEW] =
        "UPDATE {history} SET checksum = {checksum} WHERE id = {history_id} AND revision = "
        "{revision} AND checksum = {from}",
    [SQL_HISTORY_MARK] =
        "UPDATE {history} SET statements = {statements}, checksum = {checksum}, duration_ms = "
        "duration_ms + {duration}, "
        "state = {state}, run_id = {run}, applied_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
        "WHERE id = (SELECT max(id) FROM {history} WHERE revision = {revision} AND direction = "
        "{direction} AND state IN ('running', 'partial'))",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SCRIPT_EXPECT] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE (SELECT count(*) FROM {version}) "
        "<> {row_count} OR (SELECT count(*) FROM {version} WHERE version_num IN ({rows})) <> "
        "{row_count}",
    [SQL_SCRIPT_FINISHED] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE (SELECT state FROM {history} "
        "ORDER BY id DESC LIMIT 1) IN ('running', 'partial')",
    [SQL_SCRIPT_PURGE] = "DELETE FROM {version}",
    [SQL_SCRIPT_WATCH] =
        "CREATE TEMP TABLE IF NOT EXISTS skein_watch (broken);\n"
        "DELETE FROM temp.skein_watch;\n"
        "INSERT INTO temp.skein_watch SELECT count(*) FROM pragma_foreign_key_check(NULL, 'main')",
    [SQL_SCRIPT_CHECK] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE (SELECT count(*) FROM "
        "pragma_foreign_key_check(NULL, 'main')) > (SELECT broken FROM temp.skein_watch)",
    [SQL_SCRIPT_VERIFY] =
        "INSERT INTO {version} (version_num) SELECT NULL WHERE NOT EXISTS ({query}\n)",
};
