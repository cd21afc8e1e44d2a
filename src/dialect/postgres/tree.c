#include "dialect/postgres/tree.h"

#include <pg_query.h>

#include "base/buf.h"
#include "dialect/postgres/templates.h"
#include "dialect/template.h"

/* The statement's node and its kind (`IndexStmt`); NULL unless it is exactly one statement. The
 * caller gives the root back. */
const json_t *postgres_parse(const char *statement, json_t **ret_root, const char **ret_kind)
{
    PgQueryParseResult result = pg_query_parse(statement);
    json_t *root = result.error ? NULL : json_loads(result.parse_tree, 0, NULL);
    json_t *statements = json_object_get(root, "stmts");
    json_t *node = json_array_size(statements) == 1
                       ? json_object_get(json_array_get(statements, 0), "stmt")
                       : NULL;
    void *first = json_object_iter(node);
    pg_query_free_parse_result(result);
    *ret_root = root;
    *ret_kind = first ? json_object_iter_key(first) : "";
    return first ? json_object_iter_value(first) : NULL;
}

const char *tree_text(const json_t *node, const char *key)
{
    const char *value = json_string_value(json_object_get(node, key));
    return value ? value : "";
}

bool tree_is(const json_t *node, const char *key, const char *value)
{
    return strcmp(tree_text(node, key), value) == 0;
}

/* "schema"."name", as a literal for to_regclass and its like. */
void tree_add_name(struct buf *buf, const char *schema, const char *name)
{
    struct buf quoted;
    buf_init(&quoted, 1024);
    if (*schema) {
        sql_add_identifier(&quoted, schema);
        buf_addc(&quoted, '.');
    }
    sql_add_identifier(&quoted, name);
    postgres_add_literal(buf, quoted.data);
    buf_done(&quoted);
}

void tree_add_relation(struct buf *buf, const json_t *relation)
{
    tree_add_name(buf, tree_text(relation, "schemaname"), tree_text(relation, "relname"));
}

/* The last two of a list of String nodes. */
void tree_add_qualified(struct buf *buf, const json_t *names)
{
    size_t count = json_array_size(names);
    const char *parts[2] = {"", ""};
    for (size_t i = 0; i < 2 && i < count; i++)
        parts[1 - i] =
            tree_text(json_object_get(json_array_get(names, count - 1 - i), "String"), "sval");
    tree_add_name(buf, parts[0], parts[1]);
}

static bool is_off(const json_t *arg)
{
    static const char *const words[] = {"false", "off"};
    const json_t *number = json_object_get(arg, "Integer");
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (tree_is(json_object_get(arg, "String"), "sval", words[i]))
            return true;
    return number && !json_integer_value(json_object_get(number, "ival"));
}

bool tree_has_option(const json_t *node, const char *key, const char *name)
{
    size_t at;
    const json_t *item;
    json_array_foreach(json_object_get(node, key), at, item)
    {
        const json_t *option = json_object_get(item, "DefElem");
        if (tree_is(option, "defname", name) && !is_off(json_object_get(option, "arg")))
            return true;
    }
    return false;
}
