#include "dialect/sqlite/measure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"

/* How much the file holds: no table holds more. */
const char *sqlite_measure(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, "SELECT name, NULL, page_count * page_size FROM main.sqlite_schema, "
                   "pragma_page_count, pragma_page_size WHERE type = 'table' AND name COLLATE "
                   "NOCASE IN (");
    for (size_t i = 0; i < request->count; i++) {
        buf_adds(&sql, i ? ", " : "");
        sql_add_literal(&sql, request->tables[i]);
    }
    buf_addc(&sql, ')');
    return buf_into(&sql, arena);
}
