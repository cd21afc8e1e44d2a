#include "dialect/sqlite/probe.h"

#include <ctype.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/split.h"
#include "dialect/template.h"

/* ---- words --------------------------------------------------------------------------------- */

struct words {
    const char *sql;
    size_t len;
    size_t at; /* after the word read last */
    char word[256];
};

static bool is_of_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (c & 0x80);
}

/* The offset after the quoted name that begins at `at`. A quote within it is written twice, but a bracket is
 * not. */
static size_t read_quoted(struct words *words, size_t at, size_t *ret_used)
{
    char close = words->sql[at] == '[' ? ']' : words->sql[at];
    for (at++; at < words->len && *ret_used + 1 < sizeof words->word; at++) {
        if (words->sql[at] == close &&
            (close == ']' || at + 1 == words->len || words->sql[at + 1] != close))
            break;
        at += words->sql[at] == close;
        words->word[(*ret_used)++] = words->sql[at];
    }
    return at + 1;
}

static size_t read_plain(struct words *words, size_t at, size_t *ret_used)
{
    for (; at < words->len && is_of_name(words->sql[at]) && *ret_used + 1 < sizeof words->word;
         at++)
        words->word[(*ret_used)++] = words->sql[at];
    return at;
}

/* The next word, a quoted name without its quotes; "" at the end, before other signs, and for what is too long to be
 * told from another. */
static const char *next_word(struct words *words)
{
    size_t used = 0;
    size_t at = split_skip(words->sql, words->len, words->at, false);
    bool is_quoted = at < words->len && words->sql[at] && strchr("'\"`[", words->sql[at]);
    at = (is_quoted ? read_quoted : read_plain)(words, at, &used);
    if (used || is_quoted)
        words->at = at;
    words->word[used + 1 < sizeof words->word ? used : 0] = '\0';
    return words->word;
}

static bool take_word(struct words *words, const char *word)
{
    struct words before = *words;
    if (ascii_is_same(next_word(words), word))
        return true;
    *words = before;
    return false;
}

/* The name after `IF [NOT] EXISTS`, without the schema before a point. */
static const char *take_name(struct words *words)
{
    if (take_word(words, "if")) {
        take_word(words, "not");
        take_word(words, "exists");
    }
    next_word(words);
    while (words->at < words->len && words->sql[words->at] == '.') {
        words->at++;
        next_word(words);
    }
    return words->word;
}

/* The kind of an object, as the catalog has it, and its name. "": none, or one that is temporary or virtual: gone with
 * the connection, or with tables of its own. */
static const char *take_object(struct words *words, const char **ret_kind)
{
    static const char *const kinds[] = {"table", "index", "view", "trigger"};
    const char *word = next_word(words);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (ascii_is_same(word, kinds[i])) {
            *ret_kind = kinds[i];
            return take_name(words);
        }
    return "";
}

/* ---- what is asked ------------------------------------------------------------------------- */

/* A trigger may bear the name of a table. */
static void add_lookup(struct buf *sql, const char *what, const char *kind, const char *name)
{
    buf_addf(sql, "(SELECT %s FROM main.sqlite_schema WHERE type = '%s' AND name = ", what, kind);
    sql_add_literal(sql, name);
    buf_adds(sql, " COLLATE NOCASE)");
}

static void probe_create(struct buf *sql, struct words *words)
{
    const char *kind;
    take_word(words, "unique");
    const char *name = take_object(words, &kind);
    if (!*name)
        return;
    buf_adds(sql, "SELECT CASE WHEN NOT EXISTS ");
    add_lookup(sql, "1", kind, name);
    buf_adds(sql, " THEN 'undone' ELSE 'is ' || ");
    add_lookup(sql, "sql", kind, name);
    buf_adds(sql, " END");
}

static void probe_drop(struct buf *sql, struct words *words)
{
    const char *kind;
    const char *name = take_object(words, &kind);
    if (!*name)
        return;
    buf_adds(sql, "SELECT CASE WHEN EXISTS ");
    add_lookup(sql, "1", kind, name);
    buf_adds(sql, " THEN 'undone' ELSE 'done' END");
}

/* ALTER TABLE t ADD [COLUMN] c, DROP [COLUMN] c. Generated columns are told by table_xinfo alone. */
static void probe_alter(struct buf *sql, struct words *words)
{
    char table[sizeof words->word];
    if (!take_word(words, "table"))
        return;
    snprintf(table, sizeof table, "%s", take_name(words));
    bool is_add = take_word(words, "add");
    if (!is_add && !take_word(words, "drop"))
        return;
    take_word(words, "column");
    const char *column = next_word(words);
    if (!*table || !*column)
        return;
    buf_adds(sql, "SELECT CASE WHEN EXISTS (SELECT 1 FROM pragma_table_xinfo(");
    sql_add_literal(sql, table);
    buf_adds(sql, ") WHERE name = ");
    sql_add_literal(sql, column);
    buf_addf(sql, " COLLATE NOCASE) THEN '%s' ELSE '%s' END", is_add ? "done" : "undone",
             is_add ? "undone" : "done");
}

static void probe_repeatable(struct buf *sql, struct words *words)
{
    (void)words;
    buf_adds(sql, "SELECT 'undone'");
}

static const struct {
    const char *word;
    void (*probe)(struct buf *sql, struct words *words);
} probes[] = {
    {"create", probe_create},     {"drop", probe_drop},          {"alter", probe_alter},
    {"vacuum", probe_repeatable}, {"analyze", probe_repeatable}, {"reindex", probe_repeatable},
    {"pragma", probe_repeatable},
};

/* ---- definitions --------------------------------------------------------------------------- */

/* What follows the name, up to the end: SQLite keeps that as it was written. */
static const char *rest(struct arena *arena, const char *statement, bool *ret_is_unique)
{
    struct words words = {.sql = statement, .len = strlen(statement)};
    take_word(&words, "create");
    *ret_is_unique = take_word(&words, "unique");
    next_word(&words);
    take_name(&words);
    size_t begin = split_skip(statement, words.len, words.at, false);
    size_t end = words.len;
    while (end > begin && (isspace((unsigned char)statement[end - 1]) || statement[end - 1] == ';'))
        end--;
    return arena_strndup(arena, statement + begin, end - begin);
}

static bool is_same(struct arena *arena, const char *statement, const char *definition)
{
    bool is_unique, was_unique;
    const char *ours = rest(arena, statement, &is_unique);
    const char *theirs = rest(arena, definition, &was_unique);
    return is_unique == was_unique && strcmp(ours, theirs) == 0;
}

void sqlite_probe(struct arena *arena, const char *statement, struct probe *ret_probe)
{
    struct words words = {.sql = statement, .len = strlen(statement)};
    struct buf sql;
    char first[sizeof words.word];
    snprintf(first, sizeof first, "%s", next_word(&words));
    buf_init(&sql, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        if (ascii_is_same(first, probes[i].word))
            probes[i].probe(&sql, &words);
    *ret_probe =
        (struct probe){.sql = sql.len ? arena_strdup(arena, sql.data) : NULL, .is_same = is_same};
    buf_done(&sql);
}
