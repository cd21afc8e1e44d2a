#include "dialect/postgres/judge.h"

#include <pg_query.h>

#include "base/buf.h"
#include "dialect/postgres/tree.h"
#include "dialect/split.h"

/* ---- inside a transaction ------------------------------------------------------------------ */

static bool is_true(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

/* `REINDEX (CONCURRENTLY)`, and what takes in more than one table. */
static bool reindexes_outside(const json_t *node)
{
    static const char *const kinds[] = {"REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM",
                                        "REINDEX_OBJECT_DATABASE"};
    const json_t *params = json_object_get(node, "params");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(tree_text(node, "kind"), kinds[i]) == 0)
            return true;
    for (size_t i = 0; i < json_array_size(params); i++)
        if (strcmp(tree_text(json_object_get(json_array_get(params, i), "DefElem"), "defname"),
                   "concurrently") == 0)
            return true;
    return false;
}

static bool detaches_concurrently(const json_t *node)
{
    const json_t *commands = json_object_get(node, "cmds");
    for (size_t i = 0; i < json_array_size(commands); i++) {
        const json_t *command = json_object_get(json_array_get(commands, i), "AlterTableCmd");
        if (is_true(json_object_get(json_object_get(command, "def"), "PartitionCmd"), "concurrent"))
            return true;
    }
    return false;
}

/* What the server calls it; NULL: it may stand in a transaction. */
static const char *outside_only(const char *kind, const json_t *node)
{
    static const struct {
        const char *kind, *words;
    } always[] = {{"CreatedbStmt", "CREATE DATABASE"},
                  {"DropdbStmt", "DROP DATABASE"},
                  {"CreateTableSpaceStmt", "CREATE TABLESPACE"},
                  {"DropTableSpaceStmt", "DROP TABLESPACE"},
                  {"AlterSystemStmt", "ALTER SYSTEM"}};
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        if (strcmp(kind, always[i].kind) == 0)
            return always[i].words;
    if (strcmp(kind, "VacuumStmt") == 0 && is_true(node, "is_vacuumcmd"))
        return "VACUUM";
    if (strcmp(kind, "IndexStmt") == 0 && is_true(node, "concurrent"))
        return "CREATE INDEX CONCURRENTLY";
    if (strcmp(kind, "DropStmt") == 0 && is_true(node, "concurrent"))
        return "DROP INDEX CONCURRENTLY";
    if (strcmp(kind, "ReindexStmt") == 0 && reindexes_outside(node))
        return "this REINDEX";
    if (strcmp(kind, "AlterTableStmt") == 0 && detaches_concurrently(node))
        return "DETACH PARTITION … CONCURRENTLY";
    return NULL;
}

static bool judge_place(const char *sql, struct judgement *ret)
{
    json_t *root;
    const char *kind;
    const json_t *node = postgres_parse(sql, &root, &kind);
    const char *words = node ? outside_only(kind, node) : NULL;
    if (words)
        snprintf(ret->text, sizeof ret->text,
                 "%s cannot run inside a transaction: give the section 'transaction:false'", words);
    ret->is_certain = true;
    json_decref(root);
    return words != NULL;
}

/* ---- syntax -------------------------------------------------------------------------------- */

/* The words with which a statement can begin. A newer server knows more of what follows them. */
static bool begins_statement(const char *sql, size_t len)
{
    static const char *const words[] = {
        "abort",   "alter",   "analyze", "begin",   "call",     "checkpoint", "close",
        "cluster", "comment", "commit",  "copy",    "create",   "deallocate", "declare",
        "delete",  "discard", "do",      "drop",    "end",      "execute",    "explain",
        "fetch",   "grant",   "import",  "insert",  "listen",   "load",       "lock",
        "merge",   "move",    "notify",  "prepare", "reassign", "refresh",    "reindex",
        "release", "repack",  "reset",   "revoke",  "rollback", "savepoint",  "security",
        "select",  "set",     "show",    "start",   "table",    "truncate",   "unlisten",
        "update",  "vacuum",  "values",  "with",    "wait",     "graph"};
    char word[SPLIT_WORD_SIZE];
    split_word(sql, len, 0, word);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return !*word; /* a parenthesis */
}

bool postgres_judge(void *parser, const struct judged *statement, struct judgement *ret)
{
    struct buf text;
    (void)parser;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_add(&text, statement->sql, statement->len);
    PgQueryParseResult result = pg_query_parse(text.data);
    bool is_bad = result.error != NULL;
    if (is_bad) {
        ret->is_certain = !begins_statement(statement->sql, statement->len);
        ret->offset = result.error->cursorpos > 0 ? (size_t)result.error->cursorpos : 0;
        snprintf(ret->text, sizeof ret->text, "PostgreSQL's parser refuses it: %s%s",
                 result.error->message,
                 ret->is_certain ? ""
                                 : " (it is that of version " PG_MAJORVERSION
                                   "; a newer server may take it)");
    }
    pg_query_free_parse_result(result);
    if (!is_bad && statement->is_transactional)
        is_bad = judge_place(text.data, ret);
    buf_done(&text);
    return is_bad;
}
