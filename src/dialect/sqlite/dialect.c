/* SQLite's dialect, put together. */
#include "dialect/dialect.h"

#include "base/ascii.h"
#include "dialect/dialects.h"
#include "dialect/sqlite/catalog.h"
#include "dialect/sqlite/deeds.h"
#include "dialect/sqlite/emit.h"
#include "dialect/sqlite/judge.h"
#include "dialect/sqlite/measure.h"
#include "dialect/sqlite/probe.h"
#include "dialect/sqlite/question.h"
#include "dialect/sqlite/split.h"
#include "dialect/sqlite/templates.h"
#include "dialect/sqlite/tokens.h"
#include "dialect/split.h"
#include "dialect/template.h"

/* Steps over blanks, comments and one word; false: another stands there. */
static bool skip_word(const char *sql, size_t len, size_t *at, const char *word)
{
    size_t begin = split_skip(sql, len, *at, true), end = begin;
    while (end < len && (ascii_is_alnum(sql[end]) || sql[end] == '_'))
        end++;
    if (end - begin != strlen(word) || !ascii_begins(sql + begin, word))
        return false;
    *at = end;
    return true;
}

/* A name may be quoted in four ways. */
static bool skip_name(const char *sql, size_t len, size_t *at, const char *name)
{
    size_t begin = split_skip(sql, len, *at, true), name_len = strlen(name);
    bool is_quoted = begin < len && strchr("\"'`[", sql[begin]);
    if (!is_quoted)
        return skip_word(sql, len, at, name);
    char close = sql[begin] == '[' ? ']' : sql[begin];
    bool is_name = begin + name_len + 1 < len && ascii_begins(sql + begin + 1, name) &&
                   sql[begin + 1 + name_len] == close;
    *at = is_name ? begin + name_len + 2 : *at;
    return is_name;
}

static bool skip_char(const char *sql, size_t len, size_t *at, char c)
{
    size_t begin = split_skip(sql, len, *at, true);
    if (begin >= len || sql[begin] != c)
        return false;
    *at = begin + 1;
    return true;
}

static const char *needs_no_transaction(const char *sql, size_t len)
{
    static const struct {
        const char *pragma;
        bool only_sets; /* without a value it asks, which may be anywhere */
        const char *why;
    } rows[] = {
        {"journal_mode", true, "'PRAGMA journal_mode' cannot be set inside a transaction"},
        {"synchronous", true, "'PRAGMA synchronous' cannot be set inside a transaction"},
        {"temp_store", true, "'PRAGMA temp_store' cannot be set inside a transaction"},
        {"locking_mode", true, "'PRAGMA locking_mode' cannot be set inside a transaction"},
        {"wal_checkpoint", false, "'PRAGMA wal_checkpoint' cannot run inside a transaction"},
    };
    size_t at = 0;
    if (skip_word(sql, len, &at, "vacuum"))
        return "'VACUUM' cannot run inside a transaction";
    if (!skip_word(sql, len, &at, "pragma"))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t after = at;
        bool has_schema = skip_name(sql, len, &after, "main") && skip_char(sql, len, &after, '.');
        after = has_schema ? after : at;
        if (!skip_name(sql, len, &after, rows[i].pragma))
            continue;
        bool sets = skip_char(sql, len, &after, '=') || skip_char(sql, len, &after, '(');
        return sets || !rows[i].only_sets ? rows[i].why : NULL;
    }
    return NULL;
}

/* A PRAGMA that sets. Those that do work may do it twice. */
static void read_words(const char *sql, size_t len, sql_word_fn *take, void *ctx)
{
    static const enum sql_word_kind kinds[] = {
        [TOKEN_WORD] = SQL_WORD, [TOKEN_NAME] = SQL_NAME,     [TOKEN_STRING] = SQL_TEXT,
        [TOKEN_BLOB] = SQL_TEXT, [TOKEN_NUMBER] = SQL_NUMBER, [TOKEN_SIGN] = SQL_SIGN,
    };
    struct sqlite_cursor cursor = sqlite_cursor(sql);
    for (; cursor.token.kind != TOKEN_END; sqlite_advance(&cursor)) {
        size_t begin = (size_t)(cursor.token.text - sql);
        if (begin >= len)
            return;
        take(ctx, sql,
             (struct sql_word){kinds[cursor.token.kind], begin, begin + cursor.token.len});
    }
}

static bool sets_session(const char *sql, size_t len)
{
    size_t at = 0;
    if (!skip_word(sql, len, &at, "pragma"))
        return false;
    const char *value = memchr(sql + at, '=', len - at);
    return value || memchr(sql + at, '(', len - at);
}

static const char *const transaction_words[] = {"begin", "commit", "end", NULL};
static const char *const no_words[] = {NULL};
static const struct session_word session_words[] = {{NULL, 0}};

static const struct word_pattern stand_alone[] = {
    {"vacuum", NULL, NULL},
    {"detach", NULL, NULL},
    {"pragma", "journal_mode", NULL},
    {NULL, NULL, NULL},
};

static const char *const harmless_words[] = {"alter",   "analyze", "create", "drop", "pragma",
                                             "reindex", "select",  "vacuum", NULL};

static const char *const temporary_schemas[] = {"temp", NULL};

const struct dialect dialect_sqlite = {
    .name = "sqlite",
    .id = DIALECT_SQLITE,
    .traits = DIALECT_DDL_IN_TRANSACTION | DIALECT_WATCHES,
    .sql = sqlite_sql,
    .transaction_words = transaction_words,
    .block_words = no_words,
    .session_words = session_words,
    .stand_alone = stand_alone,
    .temporary_schemas = temporary_schemas,
    .add_literal = sql_add_literal,
    .add_identifier = sql_add_identifier,
    .split = sqlite_split,
    .needs_no_transaction = needs_no_transaction,
    .sets_session = sets_session,
    .read_words = read_words,
    .open_parser = sqlite_open_parser,
    .close_parser = sqlite_close_parser,
    .judge = sqlite_judge,
    .open_deeds = sqlite_open_deeds,
    .close_deeds = sqlite_close_deeds,
    .read_deeds = sqlite_read_deeds,
    .mark_deeds = sqlite_mark_deeds,
    .undo_deeds = sqlite_undo_deeds,
    .measure = sqlite_measure,
    .reach = sqlite_reach,
    .find_key = sqlite_find_key,
    .ask_rows = sqlite_ask_rows,
    .asks_rebuilds = true,
    .not_null_test = "IS NOT NULL",
    .null_test = "IS NULL",
    .harmless_words = harmless_words,
    .probe = sqlite_probe,
    .catalog = &sqlite_catalog,
    .emitter = &sqlite_emitter,
};
