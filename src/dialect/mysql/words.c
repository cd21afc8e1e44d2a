#include "dialect/mysql/words.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/mysql/reader.h"
#include "dialect/mysql/templates.h"

static const char transaction_refusal[] = "it would begin or end a transaction: skein does that";

/* The words and signs that a statement begins with, executable comments' included. */
enum { WORDS_MOST = 4 };

struct words {
    struct mysql_lexer lexer;
    struct mysql_token items[WORDS_MOST];
    size_t count;
};

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

/* ---- SET ----------------------------------------------------------------------------------- */

struct variable {
    struct mysql_token scope, name; /* without the signs before them */
    bool has_scope;
};

static struct mysql_token bare(const struct mysql_reader *reader)
{
    struct mysql_token token = reader->token;
    token.begin += token.kind == MYSQL_WORD && reader->lexer.sql[token.begin] == '@';
    return token;
}

/* `x`, `GLOBAL x`, `@@x`, `@@GLOBAL.x`. False: it is a variable of the user's, or none. */
static bool take_variable(struct mysql_reader *reader, struct variable *ret_variable)
{
    static const char *const scopes[] = {"GLOBAL",  "SESSION",      "LOCAL",
                                         "PERSIST", "PERSIST_ONLY", NULL};
    bool is_system = mysql_accept(reader, "@");
    bool is_users = !is_system && reader->lexer.sql[reader->token.begin] == '@';
    *ret_variable = (struct variable){0};
    if (reader->is_over || is_users)
        return false;
    ret_variable->name = bare(reader);
    for (const char *const *scope = scopes; *scope; scope++) {
        if (!mysql_token_is(&reader->lexer, &ret_variable->name, *scope))
            continue;
        ret_variable->has_scope = true;
        ret_variable->scope = ret_variable->name;
        mysql_skip(reader);
        mysql_accept_sign(reader, '.');
        ret_variable->name = bare(reader);
        return !reader->is_over;
    }
    return true;
}

static const char *refuse_variable(const struct mysql_reader *reader,
                                   const struct variable *variable)
{
    static const char *const of_server[] = {"GLOBAL", "PERSIST", "PERSIST_ONLY"};
    static const char *const of_transactions[] = {"AUTOCOMMIT", "COMPLETION_TYPE"};
    for (size_t i = 0; i < ARRAY_LEN(of_server); i++)
        if (variable->has_scope && mysql_token_is(&reader->lexer, &variable->scope, of_server[i]))
            return "it sets a variable of the whole server: a revision is for one tenant";
    for (size_t i = 0; i < ARRAY_LEN(of_transactions); i++)
        if (mysql_token_is(&reader->lexer, &variable->name, of_transactions[i]))
            return transaction_refusal;
    return NULL;
}

static const char *refuse_set(struct mysql_reader *reader)
{
    if (!mysql_accept(reader, "SET"))
        return NULL;
    do {
        struct variable variable;
        const char *why =
            take_variable(reader, &variable) ? refuse_variable(reader, &variable) : NULL;
        if (why)
            return why;
        for (int depth = 0; !reader->is_over && (depth || !mysql_is_sign(reader, ','));
             mysql_skip(reader))
            depth += mysql_is_sign(reader, '(') - mysql_is_sign(reader, ')');
    } while (mysql_accept_sign(reader, ','));
    return NULL;
}

/* Anywhere in the statement: it is a function. */
static bool releases_locks(const char *sql, size_t len)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len};
    struct mysql_token token;
    while (mysql_lex_sql(&lexer, &token))
        if (mysql_token_is(&lexer, &token, "RELEASE_ALL_LOCKS"))
            return true;
    return false;
}

/* FLUSH TABLES … WITH READ LOCK, or FOR EXPORT */
static bool ends_with_lock(const char *sql, size_t len)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len};
    struct mysql_token token;
    bool is_lock = false;
    while (mysql_lex_sql(&lexer, &token))
        is_lock =
            mysql_token_is(&lexer, &token, "LOCK") || mysql_token_is(&lexer, &token, "EXPORT");
    return is_lock;
}

const char *mysql_refuses(const char *sql, size_t len)
{
    struct words words = {.lexer = {.sql = sql, .len = len}};
    while (words.count < WORDS_MOST && mysql_lex_sql(&words.lexer, &words.items[words.count]))
        words.count++;
    struct mysql_reader reader = mysql_read(NULL, sql, len);
    const char *refusal = refuse_set(&reader);
    if (refusal)
        return refusal;
    if (controls_transaction(&words))
        return transaction_refusal;
    if (is(&words, 0, "LOCK") && (is(&words, 1, "TABLE") || is(&words, 1, "TABLES")))
        return "'LOCK TABLES' would keep skein from its own tables: leave it out";
    if (is(&words, 0, "BACKUP") || (is(&words, 0, "FLUSH") && ends_with_lock(sql, len)))
        return "it would keep a lock that stops skein's own writes: leave it out";
    if (is(&words, 0, "USE"))
        return "'USE' leads to another database: a revision stays in its tenant's";
    if (is(&words, 0, "LOAD") && (is(&words, 2, "LOCAL") || is(&words, 3, "LOCAL")))
        return "'LOAD DATA LOCAL' would read a file of the machine that runs skein: write INSERT "
               "statements instead";
    if (releases_locks(sql, len))
        return "'RELEASE_ALL_LOCKS' would give up the tenant's lock: release yours by name";
    return NULL;
}

/* ---- what changes rows --------------------------------------------------------------------- */

static void skip_modifiers(struct mysql_reader *reader)
{
    while (mysql_accept(reader, "LOW_PRIORITY") || mysql_accept(reader, "HIGH_PRIORITY") ||
           mysql_accept(reader, "DELAYED") || mysql_accept(reader, "QUICK") ||
           mysql_accept(reader, "IGNORE"))
        continue;
}

/* After the one table that an UPDATE or DELETE names comes none of these. */
static bool is_single(struct mysql_reader *reader)
{
    static const char *const more[] = {"JOIN",    "INNER", "CROSS", "LEFT",          "RIGHT",
                                       "NATURAL", "USING", "FROM",  "STRAIGHT_JOIN", NULL};
    const char *alias;
    for (const char *const *word = more; *word; word++)
        if (mysql_is(reader, *word))
            return false;
    bool has_alias = mysql_accept(reader, "AS");
    if (!has_alias && (reader->is_over || mysql_is(reader, "SET") || mysql_is(reader, "WHERE") ||
                       mysql_is(reader, "ORDER") || mysql_is(reader, "LIMIT") ||
                       mysql_is(reader, "RETURNING") || mysql_is_sign(reader, ';')))
        return true;
    if (!mysql_take_name(reader, &alias) || mysql_is_sign(reader, ','))
        return false;
    for (const char *const *word = more; *word; word++)
        if (mysql_is(reader, *word))
            return false;
    return true;
}

/* The one table that the statement changes. */
static bool find_target(struct mysql_reader *reader, struct mysql_name *ret_table)
{
    bool inserts = mysql_accept(reader, "INSERT") || mysql_accept(reader, "REPLACE");
    bool updates = !inserts && mysql_accept(reader, "UPDATE");
    bool deletes = !inserts && !updates && mysql_accept(reader, "DELETE");
    skip_modifiers(reader);
    if (inserts) {
        mysql_accept(reader, "INTO");
        return mysql_take_qualified(reader, ret_table);
    }
    if (!updates && !(deletes && mysql_accept(reader, "FROM")))
        return false;
    return mysql_take_qualified(reader, ret_table) && is_single(reader);
}

static bool only_reads(const struct mysql_reader *reader)
{
    return mysql_is(reader, "SELECT") || mysql_is(reader, "VALUES") || mysql_is(reader, "DO");
}

bool mysql_sets_session(const char *sql, size_t len)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len};
    struct mysql_token first;
    return mysql_lex_sql(&lexer, &first) && mysql_token_is(&lexer, &first, "SET");
}

static enum sql_word_kind kind_of(const char *sql, const struct mysql_token *token)
{
    if (token->kind == MYSQL_BYTE)
        return SQL_SIGN;
    if (token->kind == MYSQL_QUOTED)
        return sql[token->begin] == '`' ? SQL_NAME : SQL_TEXT;
    return ascii_is_digit(sql[token->begin]) ? SQL_NUMBER : SQL_WORD;
}

void mysql_read_words(const char *sql, size_t len, sql_word_fn *take, void *ctx)
{
    struct mysql_lexer lexer = {.sql = sql, .len = len};
    struct mysql_token token;
    while (mysql_lex(&lexer, &token))
        if (token.kind != MYSQL_BORDER && token.kind != MYSQL_DELIMITER)
            take(ctx, sql, (struct sql_word){kind_of(sql, &token), token.begin, token.end});
}

bool mysql_keeps_transaction(const char *sql, size_t len)
{
    struct arena arena;
    struct mysql_name table;
    arena_init(&arena);
    struct mysql_reader reader = mysql_read(&arena, sql, len);
    bool keeps = only_reads(&reader) || find_target(&reader, &table);
    arena_done(&arena);
    return keeps;
}

/* By name: to ask information_schema.engines for them would double what the statement costs the server. One that is not
 * named is refused, and `transaction:false` is the way out. */
#define ENGINES_OF_TRANSACTIONS                                                                    \
    "'InnoDB', 'ROCKSDB', 'TokuDB', 'ndbcluster', 'SPIDER', 'Columnstore', 'Xpand' /*M! , "        \
    "'FEDERATED' */"

void mysql_check(struct arena *arena, const char *statement, size_t len,
                 struct statement_checks *ret_checks)
{
    struct mysql_reader reader = mysql_read(arena, statement, len);
    struct mysql_name table;
    struct buf buf;
    *ret_checks = (struct statement_checks){0};
    if (!find_target(&reader, &table))
        return;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.tables "
                   "WHERE table_schema = ");
    if (table.schema)
        mysql_add_literal(&buf, table.schema);
    else
        buf_adds(&buf, "DATABASE()");
    buf_adds(&buf, " AND table_name = ");
    mysql_add_literal(&buf, table.name);
    buf_adds(&buf, " AND engine NOT IN (" ENGINES_OF_TRANSACTIONS "))");
    ret_checks->inside = arena_strndup(arena, buf.data, buf.len);
    ret_checks->fault = arena_printf(
        arena,
        "the engine of table '%s' takes no change back, so that a statement that fails could leave "
        "a part of its rows: give the table ENGINE=InnoDB, or the section 'transaction:false', which "
        "one that repeats cannot have",
        table.name);
    buf_done(&buf);
}
