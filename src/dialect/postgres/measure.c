#include "dialect/postgres/measure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/postgres/templates.h"

/* By relpages, for the functions that tell sizes wait for who has locked the table. */
const char *postgres_measure(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, "SELECT c.relname, CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END, "
                   "c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint "
                   "FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'm') AND ");
    if (request->schema) {
        buf_adds(&sql,
                 "c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ");
        postgres_add_literal(&sql, request->schema);
        buf_addc(&sql, ')');
    } else {
        buf_adds(&sql, "pg_catalog.pg_table_is_visible(c.oid)");
    }
    buf_adds(&sql, " AND c.relname IN (");
    for (size_t i = 0; i < request->count; i++) {
        buf_adds(&sql, i ? ", " : "");
        postgres_add_literal(&sql, request->tables[i]);
    }
    buf_addc(&sql, ')');
    return buf_into(&sql, arena);
}
