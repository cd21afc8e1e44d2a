#include "driver/postgres_split.h"

#include <pg_query.h>

#include "base/utf8.h"
#include "driver/split.h"

/* The parser knows where `BEGIN ATOMIC … END` ends; the scanner also splits what this parser's
 * version of PostgreSQL does not know, or what is wrong: then the server shall say so itself. */
static PgQuerySplitResult split_either_way(const char *sql)
{
    PgQuerySplitResult result = pg_query_split_with_parser(sql);
    if (!result.error)
        return result;
    pg_query_free_split_result(result);
    return pg_query_split_with_scanner(sql);
}

/* The scanner leaves out what has no keyword, such as a misspelt first word: that too shall reach the
 * server, and be refused there. */
static void add_gap(struct split_list *list, size_t begin, size_t end)
{
    begin = split_skip(list->sql, end, begin, true);
    if (begin < end)
        split_add(list, begin, end - begin);
}

static void add_all(struct split_list *list, const PgQuerySplitResult *result, size_t len)
{
    size_t behind = 0;
    for (int i = 0; i < result->n_stmts; i++) {
        size_t begin = (size_t)result->stmts[i]->stmt_location;
        size_t stmt_len = (size_t)result->stmts[i]->stmt_len;
        add_gap(list, behind, begin);
        behind = stmt_len ? begin + stmt_len : len;
        begin = split_skip(list->sql, behind, begin, true);
        if (begin < behind)
            split_add(list, begin, behind - begin);
    }
    add_gap(list, behind, len);
}

bool postgres_split(struct arena *arena, const char *sql, size_t len,
                    struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    PgQuerySplitResult result = split_either_way(sql);
    struct split_list list = {.arena = arena, .sql = sql, .line = 1};
    bool is_split = !result.error;
    if (is_split) {
        add_all(&list, &result, len);
        *ret_statements = list.items;
        *ret_count = list.count;
    } else {
        int position = result.error->cursorpos; /* in characters, from 1; 0: unknown */
        err_set(err, ERR_CHAIN, "%s", result.error->message);
        err->offset = position > 0 ? utf8_byte_of(sql, len, (size_t)position - 1) + 1 : 0;
    }
    pg_query_free_split_result(result);
    return is_split;
}
