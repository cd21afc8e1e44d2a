/* How a table of SQLite becomes another: by columns that are added, or anew. */
#include "dialect/sqlite/emit_private.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/sqlite/create.h"
#include "dialect/template.h"

#define NEW_PREFIX "skein_new_"

static bool is_missing_column(const struct difference *difference, const struct object *table)
{
    return difference->what == DIFFERENCE_MISSING && difference->expected->kind == OBJECT_COLUMN &&
           sqlite_emit_is_of(difference->expected, table);
}

/* Columns that are added stand in the order of `to`. */
void sqlite_emit_grow(struct emitting *emitting, const struct object *table)
{
    struct create_table create;
    create_table_read(emitting->emission->arena, table->sql, &create);
    for (size_t c = 0; c < create.count; c++)
        for (size_t i = 0; create.items[c].column && i < emitting->comparison.count; i++) {
            const struct difference *difference = &emitting->comparison.items[i];
            if (!is_missing_column(difference, table) ||
                !ascii_is_same(difference->expected->name, create.items[c].column))
                continue;
            sqlite_emit_add_name(emitting, "ALTER TABLE ", table->name, " ADD COLUMN ");
            buf_add(emitting->sql, create.items[c].text, create.items[c].len);
            buf_adds(emitting->sql, ";\n");
        }
}

/* Columns of `from` that the new table keeps though `to` has them not: they are withheld, or not compared. */
static bool is_kept_column(const struct emitting *emitting, size_t at, const struct object *table)
{
    const struct catalog *from = emitting->emission->from;
    const struct object *object = from->objects[at];
    if (object->kind != OBJECT_COLUMN || !sqlite_emit_is_of(object, table) ||
        sqlite_emit_find_like(emitting->emission->to, object) != SIZE_MAX)
        return false;
    return emitting->fates[at] == FATE_IS_WITHHELD ||
           catalog_rules_ignores(emitting->emission->rules, object);
}

static void add_kept_columns(struct emitting *emitting, const struct object *old)
{
    const struct catalog *from = emitting->emission->from;
    struct create_table create;
    create_table_read(emitting->emission->arena, old->sql, &create);
    for (size_t i = 0; i < from->object_count; i++) {
        if (!is_kept_column(emitting, i, old))
            continue;
        const struct create_item *item = create_table_find(&create, from->objects[i]->name);
        if (!item)
            continue;
        buf_adds(emitting->sql, ",\n    ");
        buf_add(emitting->sql, item->text, item->len);
    }
}

/* CREATE TABLE under the new name, with the columns that are kept after the last one. */
static void create_new(struct emitting *emitting, const struct object *old,
                       const struct object *table)
{
    struct create_table create;
    const struct create_item *last = NULL;
    create_table_read(emitting->emission->arena, table->sql, &create);
    for (size_t i = 0; i < create.count; i++)
        last = create.items[i].column ? &create.items[i] : last;
    const char *middle = last ? last->text + last->len : create.body;
    sqlite_emit_add_name(emitting, "CREATE TABLE ",
                         arena_printf(emitting->emission->arena, NEW_PREFIX "%s", table->name),
                         " ");
    buf_add(emitting->sql, create.body, (size_t)(middle - create.body));
    add_kept_columns(emitting, old);
    buf_addf(emitting->sql, "%s;\n", middle);
}

/* The columns whose values are taken over, as a list. Generated ones have none of their own. */
static size_t list_copied(struct emitting *emitting, const struct object *old, struct buf *ret)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    size_t count = 0;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *column = from->objects[i];
        if (column->kind != OBJECT_COLUMN || !sqlite_emit_is_of(column, old))
            continue;
        size_t at = sqlite_emit_find_like(to, column);
        const struct object *becomes = at != SIZE_MAX                     ? to->objects[at]
                                       : is_kept_column(emitting, i, old) ? column
                                                                          : NULL;
        if (!becomes || object_get(becomes, "generated"))
            continue;
        buf_adds(ret, count++ ? ", " : "");
        sql_add_identifier(ret, becomes->name);
    }
    return count;
}

static bool has_autoincrement(const struct catalog *catalog, const struct object *table)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_PRIMARY_KEY &&
            sqlite_emit_is_of(catalog->objects[i], table) &&
            object_get(catalog->objects[i], "autoincrement"))
            return true;
    return false;
}

/* The number that AUTOINCREMENT gives next stays what it was, also where the newest rows are gone. */
static void carry_sequence(struct emitting *emitting, const struct object *old,
                           const char *new_name)
{
    struct buf *sql = emitting->sql;
    buf_adds(sql, "DELETE FROM sqlite_sequence WHERE name = ");
    sql_add_literal(sql, new_name);
    buf_adds(sql, ";\nINSERT INTO sqlite_sequence (name, seq) SELECT ");
    sql_add_literal(sql, new_name);
    buf_adds(sql, ", seq FROM sqlite_sequence WHERE name = ");
    sql_add_literal(sql, old->name);
    buf_adds(sql, ";\n");
}

/* What the copy may stumble over, which an empty database does not show. */
static void warn_of_nulls(struct emitting *emitting, const struct object *table)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *column = difference->expected;
        if (!column || column->kind != OBJECT_COLUMN || !sqlite_emit_is_of(column, table) ||
            !object_get(column, "not null") || object_get(column, "generated"))
            continue;
        bool was_null = difference->found && !object_get(difference->found, "not null");
        bool is_new = !difference->found && !object_get(column, "default");
        if (was_null || is_new)
            sqlite_emit_add_comment(
                emitting,
                arena_printf(emitting->emission->arena,
                             was_null ? "-- this fails where a row of %s has no %s: decide "
                                        "first what it should hold"
                                      : "-- this fails where %s has rows: say first what "
                                        "%s is in them, for it has no default",
                             table->name, column->name));
    }
}

void sqlite_emit_rebuild(struct emitting *emitting, const struct object *old,
                         const struct object *table)
{
    const char *new_name = arena_printf(emitting->emission->arena, NEW_PREFIX "%s", table->name);
    struct buf columns;
    buf_init(&columns, BUF_MAX_DEFAULT);
    warn_of_nulls(emitting, table);
    create_new(emitting, old, table);
    if (list_copied(emitting, old, &columns)) {
        sqlite_emit_add_name(emitting, "INSERT INTO ", new_name, " ");
        buf_addf(emitting->sql, "(%s) SELECT %s FROM ", columns.data, columns.data);
        sqlite_emit_add_name(emitting, "", old->name, ";\n");
    }
    buf_done(&columns);
    if (has_autoincrement(emitting->emission->from, old) &&
        has_autoincrement(emitting->emission->to, table))
        carry_sequence(emitting, old, new_name);
    sqlite_emit_add_name(emitting, "DROP TABLE ", old->name, ";\n");
    sqlite_emit_add_name(emitting, "ALTER TABLE ", new_name, " RENAME TO ");
    sqlite_emit_add_name(emitting, "", table->name, ";\n");
}
