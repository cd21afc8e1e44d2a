#include "dialect/postgres/split.h"

#include <pg_query.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/postgres/scan.h"
#include "dialect/split.h"

/* ---- what only psql knows ------------------------------------------------------------------ */

struct splitting {
    struct split_list list;
    size_t len;
    struct err *err;
};

/* No SQL has a backslash outside quotes. */
static bool refuse_psql_command(struct splitting *splitting, size_t at)
{
    static const struct {
        const char *name, *advice;
    } commands[] = {
        {"restrict", "pg_dump writes it for psql alone: leave it out"},
        {"unrestrict", "pg_dump writes it for psql alone: leave it out"},
        {"c", "a revision stays in its tenant's database: leave it out"},
        {"connect", "a revision stays in its tenant's database: leave it out"},
        {"i", "put that file's SQL into the revision"},
        {"include", "put that file's SQL into the revision"},
        {"ir", "put that file's SQL into the revision"},
        {"include_relative", "put that file's SQL into the revision"},
        {"copy", "write INSERT statements instead"},
        {".", "it ends the rows of a COPY: write INSERT statements instead"},
        {"g", "end the statement with a semicolon"},
        {"gexec", "a DO block can run what a query makes"},
        {"set", "write its value where it is used"},
    };
    const char *name = splitting->list.sql + at + 1;
    size_t len = 0, rest = splitting->len - at - 1;
    while (len < rest && len < 32 && (ascii_is_alnum(name[len]) || name[len] == '_'))
        len++;
    len += !len && rest && (unsigned char)*name > ' ' && (unsigned char)*name < 0x7f;
    const char *advice = "leave it out, or say the same in SQL";
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strlen(commands[i].name) == len && memcmp(commands[i].name, name, len) == 0)
            advice = commands[i].advice;
    return split_refuse(splitting->err, at,
                        arena_printf(splitting->list.arena,
                                     "'\\%.*s' is a command of psql, not SQL: %s", (int)len, name,
                                     advice));
}

/* `COPY … FROM STDIN` (or STDOUT, which PostgreSQL takes for the same) reads rows that the client sends. */
static bool wants_rows(const char *sql, size_t len)
{
    struct postgres_scan scan = {.sql = sql, .len = len};
    struct postgres_token token;
    bool is_behind_from = false;
    size_t depth = 0;
    if (!postgres_scan_next(&scan, &token) || !postgres_token_is(sql, &token, "copy"))
        return false;
    while (postgres_scan_next(&scan, &token)) {
        if (is_behind_from &&
            (postgres_token_is(sql, &token, "stdin") || postgres_token_is(sql, &token, "stdout")))
            return true;
        is_behind_from = !depth && postgres_token_is(sql, &token, "from");
        if (token.kind == TOKEN_BYTE && sql[token.begin] == '(')
            depth++;
        else if (token.kind == TOKEN_BYTE && sql[token.begin] == ')' && depth)
            depth--;
    }
    return false;
}

static bool add_statement(struct splitting *splitting, size_t begin, size_t end)
{
    if (wants_rows(splitting->list.sql + begin, end - begin))
        return split_refuse(
            splitting->err, begin,
            "'COPY … FROM STDIN' takes its rows from the client, and a revision has none "
            "to send: write INSERT statements instead (pg_dump --inserts does)");
    split_add(&splitting->list, begin, end - begin);
    return true;
}

/* ---- by the tokens ------------------------------------------------------------------------- */

/* How far a statement's first words are those of CREATE [OR REPLACE] FUNCTION or PROCEDURE. */
enum head { HEAD_NONE, HEAD_CREATE, HEAD_OR, HEAD_REPLACE, HEAD_ROUTINE, HEAD_OTHER };

static enum head next_head(enum head head, const char *sql, const struct postgres_token *token)
{
    bool is_routine =
        postgres_token_is(sql, token, "function") || postgres_token_is(sql, token, "procedure");
    if (head == HEAD_NONE && postgres_token_is(sql, token, "create"))
        return HEAD_CREATE;
    if (head == HEAD_CREATE && postgres_token_is(sql, token, "or"))
        return HEAD_OR;
    if (head == HEAD_OR && postgres_token_is(sql, token, "replace"))
        return HEAD_REPLACE;
    if ((head == HEAD_CREATE || head == HEAD_REPLACE) && is_routine)
        return HEAD_ROUTINE;
    return head == HEAD_ROUTINE ? HEAD_ROUTINE : HEAD_OTHER;
}

/* Where a semicolon does not end the statement: in parentheses (CREATE RULE), and in a routine's body. */
struct nesting {
    enum head head;
    bool is_behind_begin; /* the token before is BEGIN */
    bool may_end_body;    /* the token before is a semicolon of a body, or ATOMIC */
    size_t bodies, parens;
};

/* Each statement of a body ends in a semicolon, so that only an END that follows one (or ATOMIC) ends the body:
 * that of a CASE never does. */
static void follow(struct nesting *nesting, const char *sql, const struct postgres_token *token)
{
    bool was_begin = nesting->is_behind_begin, may_end = nesting->may_end_body;
    char byte = token->kind == TOKEN_BYTE ? sql[token->begin] : '\0';
    nesting->head = next_head(nesting->head, sql, token);
    nesting->is_behind_begin = postgres_token_is(sql, token, "begin");
    nesting->may_end_body = false;
    if (byte == '(') {
        nesting->parens++;
    } else if (byte == ')') {
        nesting->parens -= nesting->parens > 0;
    } else if (nesting->parens) {
        return;
    } else if (byte == ';') {
        nesting->may_end_body = nesting->bodies > 0;
    } else if (was_begin && nesting->head == HEAD_ROUTINE &&
               postgres_token_is(sql, token, "atomic")) {
        nesting->bodies++;
        nesting->may_end_body = true;
    } else if (may_end && postgres_token_is(sql, token, "end")) {
        nesting->bodies--;
    }
}

static bool split_by_tokens(struct splitting *splitting)
{
    const char *sql = splitting->list.sql;
    struct postgres_scan scan = {.sql = sql, .len = splitting->len};
    struct postgres_token token;
    struct nesting nesting = {0};
    size_t begin = SIZE_MAX;
    while (postgres_scan_next(&scan, &token)) {
        bool is_semicolon = token.kind == TOKEN_BYTE && sql[token.begin] == ';';
        if (token.kind == TOKEN_OPEN)
            return split_refuse(splitting->err, token.begin, token.what);
        if (token.kind == TOKEN_BYTE && sql[token.begin] == '\\')
            return refuse_psql_command(splitting, token.begin);
        if (!is_semicolon || nesting.parens || nesting.bodies) {
            begin = begin == SIZE_MAX ? token.begin : begin;
            follow(&nesting, sql, &token);
            continue;
        }
        if (begin != SIZE_MAX && !add_statement(splitting, begin, token.begin))
            return false;
        begin = SIZE_MAX;
        nesting = (struct nesting){0};
    }
    return begin == SIZE_MAX || add_statement(splitting, begin, splitting->len);
}

/* ---- by the parser ------------------------------------------------------------------------- */

static bool add_all(struct splitting *splitting, const PgQuerySplitResult *result)
{
    for (int i = 0; i < result->n_stmts; i++) {
        size_t begin = (size_t)result->stmts[i]->stmt_location;
        size_t stmt_len = (size_t)result->stmts[i]->stmt_len;
        size_t end = stmt_len ? begin + stmt_len : splitting->len;
        begin = split_skip(splitting->list.sql, end, begin, true);
        if (begin < end && !add_statement(splitting, begin, end))
            return false;
    }
    return true;
}

bool postgres_split(struct arena *arena, const char *sql, size_t len,
                    struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    struct splitting splitting = {
        .list = {.arena = arena, .sql = sql, .line = 1}, .len = len, .err = err};
    PgQuerySplitResult result = pg_query_split_with_parser(sql);
    bool is_split = result.error ? split_by_tokens(&splitting) : add_all(&splitting, &result);
    pg_query_free_split_result(result);
    if (!is_split)
        return false;
    *ret_statements = splitting.list.items;
    *ret_count = splitting.list.count;
    return true;
}
