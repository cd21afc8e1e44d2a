/* Tables: made, changed by as few statements as is good, and dropped. */
#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/mysql/emit_private.h"
#include "dialect/mysql/templates.h"

/* ---- what is known of costs ------------------------------------------------------------------- */

static bool is_weighed_in(const struct catalog *catalog, const char *name)
{
    const struct object *table = mysql_emit_find(catalog, OBJECT_TABLE, NULL, name);
    const char *engine = table ? object_get(table, "engine") : NULL;
    const char *options = table ? object_get(table, "options") : NULL;
    if (!engine || !ascii_is_same(engine, "InnoDB") || object_get(table, "partition by") ||
        object_get(table, "system versioning") ||
        (options && (strstr(options, "COMPRESSED") || strstr(options, "REDUNDANT"))))
        return false;
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_INDEX &&
            mysql_emit_is_of(catalog->objects[i], name) && object_get(catalog->objects[i], "kind"))
            return false; /* a full text index allows less */
    return true;
}

bool mysql_emit_is_weighed(const struct emitting *emitting, const char *table)
{
    return emitting->is_mariadb && !emitting->emission->is_cautious &&
           is_weighed_in(emitting->emission->from, table) &&
           is_weighed_in(emitting->emission->to, table);
}

void mysql_emit_add_cost(const struct emitting *emitting, struct buf *sql, enum cost cost)
{
    static const char *const words[] = {
        [COST_INSTANT] = ", ALGORITHM=INSTANT, LOCK=NONE",
        [COST_NOCOPY] = ", ALGORITHM=NOCOPY, LOCK=NONE",
        [COST_NOCOPY_SHARED] = ", ALGORITHM=NOCOPY, LOCK=SHARED",
        [COST_INPLACE] = ", ALGORITHM=INPLACE, LOCK=NONE",
        [COST_COPY] = ", ALGORITHM=COPY, LOCK=SHARED",
        [COST_UNKNOWN] = "",
    };
    if (emitting->is_mariadb && !emitting->emission->is_cautious)
        buf_adds(sql, words[cost]);
}

/* ---- columns in their order ------------------------------------------------------------------- */

const struct object *mysql_emit_column_at(const struct object *table, size_t position)
{
    const struct catalog *catalog = table->catalog;
    char text[24];
    snprintf(text, sizeof text, "%zu", position);
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        const char *place = object->kind == OBJECT_COLUMN && mysql_emit_is_of(object, table->name)
                                ? object_get(object, "position")
                                : NULL;
        if (place && strcmp(place, text) == 0)
            return object;
    }
    return NULL;
}

/* ---- new tables ------------------------------------------------------------------------------- */

static void add_option(struct buf *sql, const char *before, const char *value, const char *after)
{
    if (value)
        buf_addf(sql, "%s%s%s", before, value, after);
}

void mysql_emit_add_partitions(struct emitting *emitting, struct buf *sql,
                               const struct object *table)
{
    const struct catalog *catalog = table->catalog;
    const char *separator = "\n(";
    add_option(sql, "", object_get(table, "partition by"), "");
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        if (object->kind != OBJECT_PARTITION || !mysql_emit_is_of(object, table->name))
            continue;
        buf_adds(sql, separator);
        mysql_emit_add_name(sql, "PARTITION ", object->name, " ");
        buf_adds(sql, mysql_emit_text(emitting, object_get(object, "definition")));
        separator = ",\n ";
    }
    if (*separator == ',')
        buf_addc(sql, ')');
}

static void add_table_options(struct emitting *emitting, struct buf *sql,
                              const struct object *table)
{
    add_option(sql, " ENGINE=", object_get(table, "engine"), "");
    add_option(sql, " DEFAULT CHARSET=", object_get(table, "character set"), "");
    add_option(sql, " COLLATE=", object_get(table, "collation"), "");
    add_option(sql, " ", object_get(table, "options"), "");
    add_option(sql, " UNION=", object_get(table, "union"), "");
    add_option(sql, " CONNECTION='", object_get(table, "connection"), "'");
    add_option(sql, " COMMENT='", object_get(table, "comment"), "'");
    if (object_get(table, "system versioning"))
        buf_adds(sql, " WITH SYSTEM VERSIONING");
    if (object_get(table, "partition by")) {
        buf_adds(sql, "\n");
        mysql_emit_add_partitions(emitting, sql, table);
    }
}

static bool is_there(const struct emitting *emitting, const bool *left, const char *name)
{
    const struct object *table = mysql_emit_find(emitting->emission->to, OBJECT_TABLE, NULL, name);
    return table && !left[mysql_emit_place(table)];
}

/* Keys and constraints; of foreign keys those that refer to what is there already. */
static void add_keys(struct emitting *emitting, const struct object *table, const bool *left)
{
    const struct catalog *to = emitting->emission->to;
    for (int keys = 0; keys < 2; keys++)
        for (size_t i = 0; i < to->object_count; i++) {
            const struct object *key = to->objects[i];
            bool is_foreign = key->kind == OBJECT_FOREIGN_KEY;
            if (!mysql_emit_is_of(key, table->name) ||
                !(keys ? is_foreign : mysql_emit_is_key(key->kind)))
                continue;
            const char *target = is_foreign ? mysql_emit_target(emitting, key) : "";
            if (*target && strcmp(target, table->name) != 0 && !is_there(emitting, left, target))
                continue;
            emitting->is_made[i] = false;
            buf_adds(emitting->sql, ",\n    ");
            mysql_emit_add_key(emitting, emitting->sql, key,
                               catalog_rules_has(emitting->emission->rules, ASPECT_NAMES));
        }
}

static void create_table(struct emitting *emitting, const struct object *table, const bool *left)
{
    const struct object *column;
    mysql_emit_add_name(emitting->sql, "CREATE TABLE ", table->name, " (");
    for (size_t i = 1; (column = mysql_emit_column_at(table, i)); i++) {
        buf_adds(emitting->sql, i > 1 ? ",\n    " : "\n    ");
        mysql_emit_add_column(emitting, emitting->sql, column, table);
    }
    add_keys(emitting, table, left);
    for (size_t i = 0; i < table->property_count; i++)
        if (ascii_begins(table->properties[i].name, "period "))
            buf_addf(emitting->sql, ",\n    PERIOD FOR %s", table->properties[i].value);
    buf_adds(emitting->sql, "\n)");
    add_table_options(emitting, emitting->sql, table);
    buf_adds(emitting->sql, ";\n");
}

size_t mysql_emit_next_table(struct emitting *emitting, const struct catalog *catalog,
                             const bool *left, bool drops)
{
    size_t any = SIZE_MAX;
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *table = catalog->objects[i];
        bool is_blocked = false;
        if (!left[i] || table->kind != OBJECT_TABLE)
            continue;
        any = any == SIZE_MAX ? i : any;
        for (size_t k = 0; k < catalog->object_count && !is_blocked; k++) {
            const struct object *key = catalog->objects[k];
            if (key->kind != OBJECT_FOREIGN_KEY || (drops && emitting->goes[k]))
                continue;
            const char *child = key->owner, *parent = mysql_emit_target(emitting, key);
            const char *own = drops ? parent : child, *other = drops ? child : parent;
            const struct object *object =
                *other ? mysql_emit_find(catalog, OBJECT_TABLE, NULL, other) : NULL;
            is_blocked = object && object != table && strcmp(own, table->name) == 0 &&
                         left[mysql_emit_place(object)];
        }
        if (!is_blocked)
            return i;
    }
    return any;
}

void mysql_emit_make_tables(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    bool *left = mysql_emit_copy_flags(emitting, emitting->is_made, to->object_count);
    for (size_t at; (at = mysql_emit_next_table(emitting, to, left, false)) != SIZE_MAX;
         left[at] = false)
        create_table(emitting, to->objects[at], left);
}

/* ---- tables that go --------------------------------------------------------------------------- */

/* Is its name, or that of one of its foreign keys, which a database has once, wanted for something else? */
static bool is_in_the_way(const struct emitting *emitting, const struct object *table)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    if (mysql_emit_find(to, OBJECT_VIEW, NULL, table->name) ||
        mysql_emit_find(to, OBJECT_SEQUENCE, NULL, table->name))
        return true;
    for (size_t i = 0; i < from->object_count; i++)
        for (size_t k = 0; from->objects[i]->kind == OBJECT_FOREIGN_KEY &&
                           mysql_emit_is_of(from->objects[i], table->name) && k < to->object_count;
             k++)
            if (to->objects[k]->kind == OBJECT_FOREIGN_KEY && emitting->is_made[k] &&
                strcmp(to->objects[k]->name, from->objects[i]->name) == 0)
                return true;
    return false;
}

void mysql_emit_drop_tables(struct emitting *emitting, bool is_early)
{
    const struct catalog *from = emitting->emission->from;
    bool *left = mysql_emit_copy_flags(emitting, emitting->goes, from->object_count),
         has_one = !is_early;
    for (size_t i = 0; i < from->object_count && !has_one; i++)
        has_one = left[i] && from->objects[i]->kind == OBJECT_TABLE &&
                  is_in_the_way(emitting, from->objects[i]);
    if (!has_one)
        return;
    for (size_t at; (at = mysql_emit_next_table(emitting, from, left, true)) != SIZE_MAX;
         left[at] = false) {
        mysql_emit_add_name(emitting->sql, "DROP TABLE ", from->objects[at]->name, ";\n");
        emitting->goes[at] = false;
    }
}
