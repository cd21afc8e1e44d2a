#include "dialect/postgres/needs.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "dialect/postgres/emit_text.h"
#include "dialect/template.h"

/* ---- the question ----------------------------------------------------------------------------- */

/* SQL is laid out as SQL. */
/* clang-format off */

#define CLASS(name) "'pg_catalog." name "'::pg_catalog.regclass::pg_catalog.oid"
#define RELATION_KIND "CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'table' END"
#define CONSTRAINT_KIND "CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique constraint' WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion constraint' END"

/* Names depend on the search path, as in catalog_sql.c; it is set before the names are made, since they come of `place`. The
 * settings are undone that make the other statement fast. */
static const char before_schema[] =
    "SET LOCAL jit = off; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; "
    "WITH place AS MATERIALIZED (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = coalesce(";

static const char *const after_schema[] = {
    "::pg_catalog.name, pg_catalog.current_schema()) "
    "AND pg_catalog.set_config('search_path', pg_catalog.quote_ident(nspname), true) IS NOT NULL), "
    "rel AS MATERIALIZED (SELECT c.oid, relname::text, relkind, reltype, " RELATION_KIND " AS kind FROM pg_catalog.pg_class c JOIN place ON relnamespace = place.oid), "
    "named_types AS MATERIALIZED (SELECT t.oid, typarray, coalesce(rel.kind, CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range type' END) AS kind, "
    "coalesce(rel.relname, typname) AS name FROM pg_catalog.pg_type t JOIN place ON typnamespace = place.oid LEFT JOIN rel ON rel.oid = typrelid "
    "WHERE typtype IN ('e','d','r','c')), "
    "names (class, object, kind, owner, name, is_default) AS MATERIALIZED ("
    "SELECT " CLASS("pg_class") ", oid, kind, NULL::text, relname, false FROM rel WHERE relkind IN ('r','p','v','m','f','S','c') "
    "UNION ALL SELECT " CLASS("pg_class") ", i.indexrelid, coalesce(" CONSTRAINT_KIND ", 'index'), rel.relname, coalesce(k.conname, ic.relname), false "
    "FROM rel JOIN pg_catalog.pg_index i ON i.indrelid = rel.oid JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid "
    "LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p','u','x') "
    "UNION ALL SELECT " CLASS("pg_rewrite") ", r.oid, CASE rulename WHEN '_RETURN' THEN rel.kind ELSE 'rule' END, "
    "CASE WHEN rulename <> '_RETURN' THEN relname END, CASE rulename WHEN '_RETURN' THEN relname ELSE rulename END, false "
    "FROM rel JOIN pg_catalog.pg_rewrite r ON r.ev_class = rel.oid "
    "UNION ALL SELECT " CLASS("pg_constraint") ", k.oid, " CONSTRAINT_KIND ", relname, conname, false FROM rel JOIN pg_catalog.pg_constraint k ON k.conrelid = rel.oid "
    "WHERE contype NOT IN ('n','t') "
    "UNION ALL SELECT " CLASS("pg_constraint") ", k.oid, 'check', t.name, conname, false FROM named_types t JOIN pg_catalog.pg_constraint k ON k.contypid = t.oid WHERE contype = 'c' "
    "UNION ALL SELECT " CLASS("pg_trigger") ", g.oid, 'trigger', relname, tgname, false FROM rel JOIN pg_catalog.pg_trigger g ON tgrelid = rel.oid WHERE NOT tgisinternal ",
    "UNION ALL SELECT " CLASS("pg_policy") ", y.oid, 'policy', relname, polname, false FROM rel JOIN pg_catalog.pg_policy y ON polrelid = rel.oid "
    "UNION ALL SELECT " CLASS("pg_statistic_ext") ", x.oid, 'statistics', relname, stxname, false FROM rel JOIN pg_catalog.pg_statistic_ext x ON stxrelid = rel.oid "
    "UNION ALL SELECT " CLASS("pg_attrdef") ", ad.oid, 'column', relname, attname, attgenerated = '' FROM rel JOIN pg_catalog.pg_attrdef ad ON adrelid = rel.oid "
    "JOIN pg_catalog.pg_attribute a ON attrelid = adrelid AND attnum = adnum "
    "UNION ALL SELECT " CLASS("pg_proc") ", p.oid, CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, NULL, "
    "pg_catalog.concat(pg_catalog.quote_ident(p.proname), '(', pg_catalog.oidvectortypes(p.proargtypes), ')'), false FROM pg_catalog.pg_proc p JOIN place ON pronamespace = place.oid "
    "UNION ALL SELECT " CLASS("pg_type") ", oid, kind, NULL, name, false FROM named_types "
    "UNION ALL SELECT " CLASS("pg_type") ", typarray, kind, NULL, name, false FROM named_types WHERE typarray <> 0 "
    "UNION ALL SELECT " CLASS("pg_collation") ", co.oid, 'collation', NULL, collname, false FROM pg_catalog.pg_collation co JOIN place ON collnamespace = place.oid "
    "UNION ALL SELECT classid, objid, 'extension', NULL, extname, false FROM pg_catalog.pg_depend JOIN pg_catalog.pg_extension x ON x.oid = refobjid "
    "WHERE refclassid = " CLASS("pg_extension") " AND deptype = 'e'), "
    "columns AS MATERIALIZED (SELECT attrelid, attnum, attname::text FROM rel JOIN pg_catalog.pg_attribute a ON attrelid = rel.oid WHERE attnum > 0 AND NOT attisdropped) "
    /* one row for each; `x` of the object, `y` of what it needs */
    "SELECT DISTINCT CASE WHEN xc.attname IS NULL THEN x.kind ELSE 'column' END, CASE WHEN xc.attname IS NULL THEN x.owner ELSE x.name END, coalesce(xc.attname, x.name), "
    "CASE WHEN yc.attname IS NULL THEN y.kind ELSE 'column' END, CASE WHEN yc.attname IS NULL THEN y.owner ELSE y.name END, coalesce(yc.attname, y.name), x.is_default "
    "FROM pg_catalog.pg_depend d JOIN names x ON x.class = d.classid AND x.object = d.objid JOIN names y ON y.class = d.refclassid AND y.object = d.refobjid "
    "LEFT JOIN columns xc ON d.classid = " CLASS("pg_class") " AND xc.attrelid = d.objid AND xc.attnum = d.objsubid "
    "LEFT JOIN columns yc ON d.refclassid = " CLASS("pg_class") " AND yc.attrelid = d.refobjid AND yc.attnum = d.refobjsubid "
    "WHERE d.deptype IN ('n','a','P') ORDER BY 1, 2, 3, 4, 5, 6, 7",
};
/* clang-format on */

void postgres_ask_needs(struct reading *reading, size_t part)
{
    static const struct grid_shape shape = {"!.!!.!!", 0};
    const char *schema = reading->parts[part].schema;
    struct buf sql;
    buf_init(&sql, SIZE_MAX / 2);
    buf_adds(&sql, before_schema);
    if (schema)
        sql_add_literal(&sql, schema);
    else
        buf_adds(&sql, "NULL");
    for (size_t i = 0; i < ARRAY_LEN(after_schema); i++)
        buf_adds(&sql, after_schema[i]);
    reading_ask(reading, buf_into(&sql, reading->arena), &shape);
}

/* ---- the answer ------------------------------------------------------------------------------- */

enum { ROW_OBJECT = 0, ROW_NEEDED = 3, ROW_IS_DEFAULT = 6 };

static const char *key_of(struct arena *arena, const char *kind, const char *owner,
                          const char *name)
{
    return arena_printf(arena, "%s %zu %s %s", kind, owner ? strlen(owner) : 0, owner ? owner : "",
                        name);
}

/* A column that a table has from its parents is a record of theirs; that of a view none: it is the view's. */
static uint32_t find_column(struct catalog *catalog, const struct map *map, const char *owner,
                            const char *name, int depth)
{
    static const char *const kinds[] = {"table", "foreign table", "view", "materialized view",
                                        "composite type"};
    struct arena *arena = catalog->arena;
    uint32_t at = map_get(map, key_of(arena, "column", owner, name)), relation = MAP_NONE;
    size_t k = 0;
    while (relation == MAP_NONE && k < ARRAY_LEN(kinds))
        relation = map_get(map, key_of(arena, kinds[k++], NULL, owner));
    if ((at != MAP_NONE && k < 3) || relation == MAP_NONE || depth > 20)
        return at;
    const struct object *object = catalog->objects[relation];
    const char *const *parents;
    size_t count = postgres_parents(arena, object, &parents);
    for (size_t i = 0; i < count; i++) {
        at = find_column(catalog, map, parents[i], name, depth + 1);
        if (at != MAP_NONE && catalog->objects[at]->kind == OBJECT_COLUMN)
            return at;
    }
    return relation;
}

static uint32_t find(struct catalog *catalog, const struct map *map, const struct grid *rows,
                     size_t row, size_t column)
{
    const char *kind = grid_value(rows, row, column), *owner = grid_value(rows, row, column + 1);
    const char *name = grid_value(rows, row, column + 2);
    if (strcmp(kind, "column") == 0)
        return find_column(catalog, map, owner, name, 0);
    return map_get(map, key_of(catalog->arena, kind, owner, name));
}

/* The table that is needed, where a column of it is its parent's; MAP_NONE. */
static uint32_t find_heir(struct catalog *catalog, const struct map *map, const struct grid *rows,
                          size_t row, uint32_t needed)
{
    const char *kind = grid_value(rows, row, ROW_NEEDED);
    const char *owner = grid_value(rows, row, ROW_NEEDED + 1);
    bool is_parents = needed != MAP_NONE && strcmp(kind, "column") == 0 &&
                      strcmp(grid_value(rows, row, ROW_OBJECT), "column") != 0 &&
                      catalog->objects[needed]->kind == OBJECT_COLUMN &&
                      strcmp(catalog->objects[needed]->owner, owner) != 0;
    return is_parents ? map_get(map, key_of(catalog->arena, "table", NULL, owner)) : MAP_NONE;
}

static void add_need(struct catalog *catalog, uint32_t object, uint32_t needed, bool is_by_default)
{
    if (object == MAP_NONE || needed == MAP_NONE || object == needed)
        return;
    *ARENA_PUSH(catalog->arena, catalog->needs, catalog->need_count, catalog->need_capacity) =
        (struct need){object, needed, is_by_default};
}

void postgres_take_needs(struct catalog *catalog, const struct grid *rows)
{
    struct map map;
    map_init(&map);
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        map_put(&map,
                key_of(catalog->arena, object_kind_name(object->kind), object->owner, object->name),
                (uint32_t)i);
    }
    for (size_t row = 0; row < rows->row_count; row++) {
        uint32_t object = find(catalog, &map, rows, row, ROW_OBJECT);
        uint32_t needed = find(catalog, &map, rows, row, ROW_NEEDED);
        const char *is_default = grid_value(rows, row, ROW_IS_DEFAULT);
        uint32_t heir = find_heir(catalog, &map, rows, row, needed);
        add_need(catalog, object, needed, strcmp(is_default, "t") == 0);
        add_need(catalog, object, heir, strcmp(is_default, "t") == 0);
    }
    map_done(&map);
}
