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
