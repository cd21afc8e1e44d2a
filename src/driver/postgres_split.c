#include "driver/postgres_split.h"

#include <pg_query.h>

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

bool postgres_split(struct arena *arena, const char *sql, size_t len,
                    struct statement **ret_statements, size_t *ret_count, struct err *err)
{
    PgQuerySplitResult result = split_either_way(sql);
    struct split_list list = {.arena = arena, .sql = sql, .line = 1};
    if (result.error) {
        err_set(err, ERR_CHAIN, "%s", result.error->message);
        err->offset = result.error->cursorpos > 0 ? (size_t)result.error->cursorpos : 0;
        pg_query_free_split_result(result);
        return false;
    }
    for (int i = 0; i < result.n_stmts; i++) {
        size_t begin = (size_t)result.stmts[i]->stmt_location;
        size_t end = result.stmts[i]->stmt_len ? begin + (size_t)result.stmts[i]->stmt_len : len;
        begin = split_skip(sql, end, begin, true);
        if (begin < end)
            split_add(&list, begin, end - begin);
    }
    pg_query_free_split_result(result);
    *ret_statements = list.items;
    *ret_count = list.count;
    return true;
}
