#include "dialect/mysql/definition.h"

#include "base/buf.h"
#include "dialect/mysql/templates.h"

/* Each view of the catalog that says something of a table, by the columns that define it. Numbers of rows, times and
 * statistics are no part of it. */
static const struct {
    const char *view, *columns;
} parts[] = {
    {"tables", "table_type, engine, row_format, table_collation, create_options, table_comment"},
    {"columns", "ordinal_position, column_name, column_type, is_nullable, COALESCE(column_default, "
                "'-'), extra, collation_name, column_comment, generation_expression"},
    {"statistics", "index_name, non_unique, seq_in_index, column_name, collation, sub_part, "
                   "index_type, index_comment"},
    {"table_constraints", "constraint_name, constraint_type"},
    {"key_column_usage", "constraint_name, column_name, ordinal_position, referenced_table_schema, "
                         "referenced_table_name, referenced_column_name"},
    {"partitions", "partition_name, subpartition_name, partition_method, partition_expression, "
                   "partition_description"},
    {"views", "view_definition, check_option, security_type, definer"},
};

void mysql_add_schema(struct buf *buf, const struct mysql_name *name)
{
    if (name->schema)
        mysql_add_literal(buf, name->schema);
    else
        buf_adds(buf, "DATABASE()");
}

/* A sum over the rows, whatever their order, and however many: GROUP_CONCAT would cut them. */
static void add_part(struct buf *buf, size_t part, const struct mysql_name *name)
{
    buf_addf(
        buf,
        "(SELECT CONCAT(COUNT(*), '.', COALESCE(BIT_XOR(CAST(CONV(LEFT(MD5(CONCAT_WS('|', "
        "%s)), 15), 16, 10) AS UNSIGNED)), 0)) FROM information_schema.%s WHERE table_schema = ",
        parts[part].columns, parts[part].view);
    mysql_add_schema(buf, name);
    buf_adds(buf, " AND table_name = ");
    mysql_add_literal(buf, name->name);
    buf_addc(buf, ')');
}

void mysql_add_definition(struct buf *buf, const struct mysql_name *names, size_t count)
{
    buf_adds(buf, "SHA1(CONCAT_WS('-'");
    for (size_t i = 0; i < count; i++)
        for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
            buf_adds(buf, ", ");
            add_part(buf, part, &names[i]);
        }
    buf_adds(buf, "))");
}
