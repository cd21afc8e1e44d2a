/* PostgreSQL's dialect, put together. */
#include "dialect/dialect.h"

#include "base/ascii.h"
#include "dialect/dialects.h"
#include "dialect/postgres/catalog.h"
#include "dialect/postgres/deeds.h"
#include "dialect/postgres/emit.h"
#include "dialect/postgres/judge.h"
#include "dialect/postgres/measure.h"
#include "dialect/postgres/probe.h"
#include "dialect/postgres/question.h"
#include "dialect/postgres/scan.h"
#include "dialect/postgres/settings.h"
#include "dialect/postgres/split.h"
#include "dialect/postgres/templates.h"
#include "dialect/postgres/types.h"
#include "dialect/split.h"
#include "dialect/replica.h"
#include "dialect/template.h"

static const char *const transaction_words[] = {"begin", "start", "commit", "end", "abort", NULL};
static const char *const block_words[] = {"do", "call", NULL};

static const struct session_word session_words[] = {
    {"role", PART_SETUP},
    {"authorization", PART_SETUP},
    {"lock_timeout", PART_SETUP},
    {"statement_timeout", PART_SETUP},
    {"idle_in_transaction", PART_SETUP},
    {"reset", PART_SETUP},
    {"reset", PART_ALL},
    {"set_config", PART_SETUP},
    {"set local", PART_SETUP},
    {"set session", PART_SETUP},
    {"set time zone", PART_SETUP},
    {"timezone", PART_SETUP},
    {"datestyle", PART_SETUP},
    {"intervalstyle", PART_SETUP},
    {"row_security", PART_SETUP},
    {"check_function_bodies", PART_SETUP},
    {"standard_conforming_strings", PART_PARSER},
    {"backslash_quote", PART_PARSER},
    {"client_encoding", PART_PARSER},
    {"set names", PART_PARSER},
    {"deallocate", PART_PREPARED},
    {"discard", PART_PREPARED},
    {NULL, 0},
};

/* "cannot run inside a transaction block". */
static const struct word_pattern stand_alone[] = {
    {"create", "index", "concurrently"}, {"create", "unique", "concurrently"},
    {"drop", "index", "concurrently"},   {"reindex", NULL, "concurrently"},
    {"alter", "table", "concurrently"},  {"vacuum", NULL, NULL},
    {"alter", "system", NULL},           {"create", "database", NULL},
    {"drop", "database", NULL},          {"create", "tablespace", NULL},
    {"drop", "tablespace", NULL},        {NULL, NULL, NULL},
};

/* A value that is added to an enum. */
static const struct word_pattern used_later[] = {{"alter", "type", "value"}, {NULL, NULL, NULL}};

/* Numbers of sequences, other databases, files, other sessions. */
static const struct lasting lasting[] = {
    {NULL, "setval", "sets a sequence"},
    {NULL, "dblink", "reaches another database"},
    {"copy", "program", "runs a program"},
    {"copy", " to '", "writes a file"},
    {NULL, "lo_export", "writes a file"},
    {NULL, "pg_file_", "writes files"},
    {NULL, "pg_terminate_backend", "ends other sessions"},
    {NULL, "pg_cancel_backend", "cancels other sessions"},
    {NULL, "pg_reload_conf", "has the server read its settings"},
    {NULL, "pg_logical_emit_message", "may write a message that replicas see"},
    {NULL, NULL, NULL},
};

/* Alembic writes transactions for no other dialect. */
static const struct script_mark script_marks[] = {{"BEGIN;", true}, {NULL, false}};

static const char *const temporary_schemas[] = {"pg_temp", NULL};

static const char *const timeouts[] = {"lock_timeout", "statement_timeout",
                                       "idle_in_transaction_session_timeout", NULL};

static const char *const harmless_words[] = {
    "alter",  "analyze", "cluster", "comment", "create",  "drop",     "grant",
    "lock",   "notify",  "reindex", "reset",   "revoke",  "security", "set",
    "vacuum", "refresh", "show",    "listen",  "discard", "reassign", NULL};

/* With the session's settings DISCARD ALL takes the tenant's lock. */
static const char *refuse_discard(const char *sql, size_t len)
{
    char first[SPLIT_WORD_SIZE], second[SPLIT_WORD_SIZE];
    size_t at = split_word(sql, len, 0, first);
    split_word(sql, len, at, second);
    return strcmp(first, "discard") == 0 && strcmp(second, "all") == 0
               ? "'DISCARD ALL' would give up the tenant's lock: discard by name what has to go"
               : NULL;
}

/* SET and RESET, and what pg_dump writes: SELECT pg_catalog.set_config(…). */
/* A place in the WAL that it reports means the same as the primary's. */
static struct replica_standing read_replica(const struct grid *rows, const char *const *columns)
{
    static const char *const follows[] = {"follows", NULL}, *const paused[] = {"is_paused", NULL},
                             *const replayed[] = {"replayed", NULL};
    const char *is_standby = rows->row_count ? replica_value(rows, columns, 0, follows) : NULL;
    if (!is_standby || *is_standby != 't')
        return (struct replica_standing){.trouble = "it is no standby"};
    const char *is_paused = replica_value(rows, columns, 0, paused);
    const char *place = replica_value(rows, columns, 0, replayed);
    if (!place || (is_paused && *is_paused == 't'))
        return (struct replica_standing){.trouble = place ? "its replay is paused"
                                                          : "it has replayed nothing so far"};
    return (struct replica_standing){.has_place = true, .replayed = strtoull(place, NULL, 10)};
}

static void read_words(const char *sql, size_t len, sql_word_fn *take, void *ctx)
{
    static const enum sql_word_kind kinds[] = {
        [TOKEN_WORD] = SQL_WORD,     [TOKEN_NAME] = SQL_NAME, [TOKEN_LITERAL] = SQL_TEXT,
        [TOKEN_NUMBER] = SQL_NUMBER, [TOKEN_BYTE] = SQL_SIGN,
    };
    struct postgres_scan scan = {.sql = sql, .len = len};
    struct postgres_token token;
    while (postgres_scan_next(&scan, &token))
        if (token.kind != TOKEN_OPEN)
            take(ctx, sql, (struct sql_word){kinds[token.kind], token.begin, token.end});
}

static bool sets_session(const char *sql, size_t len)
{
    char word[SPLIT_WORD_SIZE];
    size_t at = split_word(sql, len, 0, word);
    if (strcmp(word, "select") != 0)
        return strcmp(word, "set") == 0 || strcmp(word, "reset") == 0;
    at = split_skip(sql, len, at, true);
    static const char schema[] = "pg_catalog.", function[] = "set_config(";
    if (at + strlen(schema) < len && ascii_begins(sql + at, schema))
        at += strlen(schema);
    return at + strlen(function) < len && ascii_begins(sql + at, function);
}

/* A schema, table, column, function, object. */
static const char *const codes_absent[] = {"3F000", "42P01", "42703", "42883", "42704", NULL};

const struct dialect dialect_postgres = {
    .name = "postgresql",
    .id = DIALECT_POSTGRESQL,
    .traits = DIALECT_DDL_IN_TRANSACTION | DIALECT_NESTS_COMMENTS,
    .sql = postgres_sql,
    .maintenance_database = "postgres",
    .code_database_exists = "42P04",
    .transaction_words = transaction_words,
    .block_words = block_words,
    .session_words = session_words,
    .stand_alone = stand_alone,
    .used_later = used_later,
    .script_marks = script_marks,
    .code_uncommitted = "55P04",
    .codes_absent = codes_absent,
    .lasting = lasting,
    .temporary_schemas = temporary_schemas,
    .add_literal = postgres_add_literal,
    .add_identifier = sql_add_identifier,
    .split = postgres_split,
    .refuses = refuse_discard,
    .sets_session = sets_session,
    .read_words = read_words,
    .read_replica = read_replica,
    .check_url = postgres_check_url,
    .check_environment = postgres_check_environment,
    .param_reach = postgres_param_reach,
    .check_told = postgres_check_told,
    .is_unverified = postgres_is_unverified,
    .refuse_setting = postgres_refuse_setting,
    .catalog = &postgres_catalog_reader,
    .emitter = &postgres_emitter,
    .judge = postgres_judge,
    .read_deeds = postgres_read_deeds,
    .measure = postgres_measure,
    .reach = postgres_reach,
    .find_key = postgres_find_key,
    .ask_rows = postgres_ask_rows,
    .not_null_test = "IS DISTINCT FROM NULL",
    .sees_values_through = true,
    .inherits = postgres_inherits,
    .null_test =
        "IS NOT DISTINCT FROM NULL", /* a row of NULLs is no NULL where a column may not be one */
    .is_of_values = postgres_is_of_values,
    .harmless_words = harmless_words,
    .keeps_rows = postgres_keeps_rows,
    .takes_all = postgres_takes_all,
    .reads_zone = postgres_reads_zone,
    .own_schema = "public",
    .timeouts = timeouts,
    .probe = postgres_probe,
    .check = postgres_check,
    .add_setting = postgres_add_setting,
};
