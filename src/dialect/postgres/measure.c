#include "dialect/postgres/measure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/postgres/templates.h"

/* `c` is one of the tables. */
static void add_tables(struct buf *sql, const struct measure_request *request)
{
    if (request->schema) {
        buf_adds(sql, "c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ");
        postgres_add_literal(sql, request->schema);
        buf_addc(sql, ')');
    } else {
        buf_adds(sql, "pg_catalog.pg_table_is_visible(c.oid)");
    }
    buf_adds(sql, " AND c.relname IN (");
    for (size_t i = 0; i < request->count; i++) {
        buf_adds(sql, i ? ", " : "");
        postgres_add_literal(sql, request->tables[i]);
    }
    buf_addc(sql, ')');
}

/* By relpages, for the functions that tell sizes wait for who has locked the table. The catalog knows nothing of a table that was
 * never analyzed: the counters of activity do, as long as the server was not killed; they are asked of no other table,
 * since before PostgreSQL 15 each session waits for a file of them. What a table is parted into, or inherits to,
 * counts with it, since statements about it reach them; the catalog says nothing of a partitioned table itself. Of some that are known
 * and some that are not, the known ones are told. */
const char *postgres_measure(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, "WITH RECURSIVE skein_part (root, part) AS (SELECT c.oid, c.oid FROM "
                   "pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'm') AND ");
    add_tables(&sql, request);
    buf_adds(
        &sql,
        " UNION SELECT p.root, i.inhrelid FROM skein_part p JOIN pg_catalog.pg_inherits i ON "
        "i.inhparent = p.part), skein_size (root, count, pages) AS (SELECT p.root, CASE WHEN "
        "c.relkind = 'p' THEN 0 WHEN c.reltuples > 0 THEN c.reltuples::bigint WHEN "
        "pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 THEN "
        "pg_catalog.pg_stat_get_live_tuples(c.oid) WHEN c.reltuples = 0 THEN 0 END, CASE WHEN "
        "c.relkind = 'p' THEN 0 ELSE c.relpages::bigint END FROM skein_part p JOIN "
        "pg_catalog.pg_class c ON c.oid = p.part) "
        "SELECT c.relname, CASE WHEN pg_catalog.bool_and(s.count IS NOT NULL) OR "
        "pg_catalog.sum(s.count) > 0 THEN pg_catalog.sum(s.count) END, pg_catalog.sum(s.pages) * "
        "pg_catalog.current_setting('block_size')::bigint FROM skein_size s JOIN "
        "pg_catalog.pg_class c ON c.oid = s.root GROUP BY c.oid, c.relname");
    return buf_into(&sql, arena);
}

const char *postgres_reach(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(
        &sql,
        "SELECT c.relname, CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = "
        "c.oid AND NOT t.tgisinternal) THEN 'a trigger' WHEN EXISTS (SELECT FROM "
        "pg_catalog.pg_constraint f WHERE f.confrelid = c.oid AND f.contype = 'f' AND (f.confdeltype "
        "IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd'))) THEN 'a foreign key' WHEN "
        "c.relhasrules THEN 'a rule' WHEN c.relkind NOT IN ('r', 'p') THEN 'a view' ELSE "
        "'inheritance' END FROM pg_catalog.pg_class c WHERE (c.relkind NOT IN ('r', 'p') OR "
        "c.relhasrules OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND "
        "NOT t.tgisinternal) OR EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.confrelid = "
        "c.oid AND f.contype = 'f' AND (f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', "
        "'n', 'd'))) OR EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, "
        "i.inhparent))) AND ");
    add_tables(&sql, request);
    return buf_into(&sql, arena);
}

/* Which of them belong together is not asked: to be in a family at all is enough. */
const char *postgres_inherits(struct arena *arena, const struct measure_request *request)
{
    static const char in_family[] =
        "EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) AND ";
    const struct measure_request first = {request->schema, request->tables, 1};
    const struct measure_request others = {request->schema, request->tables + 1,
                                           request->count - 1};
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_addf(&sql, "SELECT c.relname FROM pg_catalog.pg_class c WHERE %s", in_family);
    add_tables(&sql, &others);
    buf_addf(&sql, " AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE %s", in_family);
    add_tables(&sql, &first);
    buf_addc(&sql, ')');
    return buf_into(&sql, arena);
}

const char *postgres_find_key(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(
        &sql,
        "SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY "
        "pg_catalog.array_position(i.indkey::smallint[], a.attnum)) FROM pg_catalog.pg_class c JOIN "
        "pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary JOIN "
        "pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE ");
    add_tables(&sql, request);
    return buf_into(&sql, arena);
}
