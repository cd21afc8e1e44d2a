#include "dialect/mysql/judge.h"

#include "base/arena.h"
#include "dialect/mysql/reader.h"

/* The words with which a statement of MySQL or MariaDB can begin. */
static const char *const beginnings[] = {
    "ALTER",      "ANALYZE",   "BACKUP",   "BEGIN",    "BINLOG",    "CACHE",    "CALL",
    "CASE",       "CHANGE",    "CHECK",    "CHECKSUM", "CLONE",     "COMMIT",   "CREATE",
    "DEALLOCATE", "DECLARE",   "DELETE",   "DESC",     "DESCRIBE",  "DO",       "DROP",
    "EXECUTE",    "EXPLAIN",   "FLUSH",    "FOR",      "GET",       "GRANT",    "HANDLER",
    "HELP",       "IF",        "IMPORT",   "INSERT",   "INSTALL",   "KILL",     "LOAD",
    "LOCK",       "LOOP",      "OPTIMIZE", "PREPARE",  "PURGE",     "RELEASE",  "RENAME",
    "REPAIR",     "REPEAT",    "REPLACE",  "RESET",    "RESIGNAL",  "RESTART",  "REVOKE",
    "ROLLBACK",   "SAVEPOINT", "SELECT",   "SET",      "SHOW",      "SHUTDOWN", "SIGNAL",
    "START",      "STOP",      "TABLE",    "TRUNCATE", "UNINSTALL", "UNLOCK",   "UPDATE",
    "USE",        "VALUES",    "WHILE",    "WITH",     "XA",        NULL};

/* What CREATE, ALTER and DROP can be followed by, and words of other engines that look like it. */
static const struct {
    const char *word, *why;
} elsewhere[] = {
    {"EXTENSION", "PostgreSQL's"},    {"TYPE", "PostgreSQL's"},   {"DOMAIN", "PostgreSQL's"},
    {"MATERIALIZED", "PostgreSQL's"}, {"POLICY", "PostgreSQL's"}, {"RULE", "PostgreSQL's"},
    {"VIRTUAL", "SQLite's"},
};

static bool begins_statement(const struct mysql_reader *reader)
{
    for (const char *const *word = beginnings; *word; word++)
        if (mysql_is(reader, *word))
            return true;
    return false;
}

static bool say_elsewhere(struct mysql_reader *reader, const char *verb, struct judgement *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        if (mysql_is(reader, elsewhere[i].word)) {
            snprintf(ret->text, sizeof ret->text,
                     "'%s %s' is %s: give the revision a section of its own for this dialect", verb,
                     elsewhere[i].word, elsewhere[i].why);
            ret->is_certain = true;
            ret->offset = reader->token.begin + 1;
            return true;
        }
    return false;
}

bool mysql_judge(void *parser, const struct judged *statement, struct judgement *ret)
{
    struct arena arena;
    bool is_bad = false;
    (void)parser;
    arena_init(&arena);
    struct mysql_reader reader = mysql_read(&arena, statement->sql, statement->len);
    bool is_word = !reader.is_over && reader.token.kind == MYSQL_WORD;
    if (is_word && !begins_statement(&reader)) {
        snprintf(ret->text, sizeof ret->text, "no statement of MySQL or MariaDB begins with '%.*s'",
                 (int)(reader.token.end - reader.token.begin < 40
                           ? reader.token.end - reader.token.begin
                           : 40),
                 statement->sql + reader.token.begin);
        ret->is_certain = is_bad = true;
        ret->offset = reader.token.begin + 1;
    } else if (mysql_accept(&reader, "CREATE")) {
        is_bad = say_elsewhere(&reader, "CREATE", ret);
    } else if (mysql_accept(&reader, "DROP")) {
        is_bad = say_elsewhere(&reader, "DROP", ret);
    }
    arena_done(&arena);
    return is_bad;
}
