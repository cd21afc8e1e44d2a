#include "dialect/mysql/words.h"

#include "dialect/mysql/lex.h"

/* The words and signs that a statement begins with, executable comments' included. */
enum { WORDS_MOST = 4 };

struct words {
    struct mysql_lexer lexer;
    struct mysql_token items[WORDS_MOST];
    size_t count;
};

static bool next(struct mysql_lexer *lexer, struct mysql_token *ret_token)
{
    while (mysql_lex(lexer, ret_token))
        if (ret_token->kind != MYSQL_BORDER)
            return true;
    return false;
}

static bool is(const struct words *words, size_t at, const char *word)
{
    return at < words->count && mysql_token_is(&words->lexer, &words->items[at], word);
}

static bool controls_transaction(const struct words *words)
{
    if (is(words, 0, "BEGIN"))
        return !is(words, 1, "NOT");
    if (is(words, 0, "START"))
        return is(words, 1, "TRANSACTION");
    if (is(words, 0, "ROLLBACK"))
        return !is(words, 1, "TO") && !(is(words, 1, "WORK") && is(words, 2, "TO"));
    return is(words, 0, "COMMIT") || is(words, 0, "XA");
}

/* `SET GLOBAL x`, `SET @@GLOBAL.x`, PERSIST likewise. */
static bool sets_server(const struct words *words)
{
    static const char *const scopes[] = {"GLOBAL",   "@GLOBAL",      "PERSIST",
                                         "@PERSIST", "PERSIST_ONLY", "@PERSIST_ONLY"};
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
        if (is(words, 0, "SET") && (is(words, 1, scopes[i]) || is(words, 2, scopes[i])))
            return true;
    return false;
}

static bool sets_autocommit(const struct words *words)
{
    static const char *const names[] = {"AUTOCOMMIT", "@AUTOCOMMIT", "COMPLETION_TYPE",
                                        "@COMPLETION_TYPE"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (is(words, 0, "SET") && (is(words, 1, names[i]) || is(words, 2, names[i])))
            return true;
    return false;
}

/* Anywhere in the statement: it is a function. */
static bool releases_locks(const char *sql, size_t len)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len};
    struct mysql_token token;
    while (next(&lexer, &token))
        if (mysql_token_is(&lexer, &token, "RELEASE_ALL_LOCKS"))
            return true;
    return false;
}

const char *mysql_refuses(const char *sql, size_t len)
{
    struct words words = {.lexer = {.sql = sql, .len = len}};
    while (words.count < WORDS_MOST && next(&words.lexer, &words.items[words.count]))
        words.count++;
    if (controls_transaction(&words) || sets_autocommit(&words))
        return "it would begin or end a transaction: skein does that";
    if (is(&words, 0, "LOCK") && (is(&words, 1, "TABLE") || is(&words, 1, "TABLES")))
        return "'LOCK TABLES' would keep skein from its own tables: leave it out";
    if (is(&words, 0, "USE"))
        return "'USE' leads to another database: a revision stays in its tenant's";
    if (sets_server(&words))
        return "it sets a variable of the whole server: a revision is for one tenant";
    if (is(&words, 0, "LOAD") && (is(&words, 2, "LOCAL") || is(&words, 3, "LOCAL")))
        return "'LOAD DATA LOCAL' would read a file of the machine that runs skein: write INSERT "
               "statements instead";
    if (releases_locks(sql, len))
        return "'RELEASE_ALL_LOCKS' would give up the tenant's lock: release yours by name";
    return NULL;
}
