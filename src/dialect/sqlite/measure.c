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

static void add_tables(struct buf *sql, const struct measure_request *request)
{
    buf_addc(sql, '(');
    for (size_t i = 0; i < request->count; i++) {
        buf_adds(sql, i ? ", " : "");
        sql_add_literal(sql, request->tables[i]);
    }
    buf_addc(sql, ')');
}

/* skein runs revisions with foreign keys off: nothing cascades. */
const char *sqlite_reach(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql,
             "SELECT tbl_name, 'a trigger' FROM main.sqlite_schema WHERE type = 'trigger' AND "
             "tbl_name COLLATE NOCASE IN ");
    add_tables(&sql, request);
    return buf_into(&sql, arena);
}

const char *sqlite_find_key(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql,
             "SELECT group_concat('`' || replace(name, '`', '``') || '`', ', ') FROM (SELECT "
             "i.name FROM main.sqlite_schema s, pragma_table_info(s.name) i WHERE s.type = 'table' "
             "AND i.pk > 0 AND s.name COLLATE NOCASE IN ");
    add_tables(&sql, request);
    buf_adds(&sql, " ORDER BY i.pk)");
    return buf_into(&sql, arena);
}
