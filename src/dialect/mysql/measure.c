#include "dialect/mysql/measure.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/templates.h"

const char *mysql_measure(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, "SELECT table_name, table_rows, data_length + index_length FROM "
                   "information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (");
    for (size_t i = 0; i < request->count; i++) {
        buf_adds(&sql, i ? ", " : "");
        mysql_add_literal(&sql, request->tables[i]);
    }
    buf_addc(&sql, ')');
    return buf_into(&sql, arena);
}

static void add_tables(struct buf *sql, const struct measure_request *request)
{
    buf_addc(sql, '(');
    for (size_t i = 0; i < request->count; i++) {
        buf_adds(sql, i ? ", " : "");
        mysql_add_literal(sql, request->tables[i]);
    }
    buf_addc(sql, ')');
}

const char *mysql_reach(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql, "SELECT event_object_table, 'a trigger' FROM information_schema.triggers WHERE "
                   "event_object_schema = DATABASE() AND event_object_table IN ");
    add_tables(&sql, request);
    buf_adds(
        &sql,
        " UNION SELECT referenced_table_name, 'a foreign key' FROM "
        "information_schema.referential_constraints WHERE unique_constraint_schema = DATABASE() AND "
        "(delete_rule IN ('CASCADE', 'SET NULL') OR update_rule IN ('CASCADE', 'SET NULL')) AND "
        "referenced_table_name IN ");
    add_tables(&sql, request);
    buf_adds(
        &sql,
        " UNION SELECT table_name, 'a view' FROM information_schema.views WHERE table_schema = "
        "DATABASE() AND table_name IN ");
    add_tables(&sql, request);
    return buf_into(&sql, arena);
}

const char *mysql_find_key(struct arena *arena, const struct measure_request *request)
{
    struct buf sql;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_adds(&sql,
             "SELECT GROUP_CONCAT(CONCAT('`', REPLACE(column_name, '`', '``'), '`') ORDER BY "
             "seq_in_index SEPARATOR ', ') FROM information_schema.statistics WHERE table_schema = "
             "DATABASE() AND index_name = 'PRIMARY' AND table_name IN ");
    add_tables(&sql, request);
    return buf_into(&sql, arena);
}
