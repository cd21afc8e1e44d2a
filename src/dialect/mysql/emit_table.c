/* Tables: made, changed by as few statements as is good, and dropped. */
#include "base/ascii.h"
#include "dialect/mysql/emit_private.h"
#include "dialect/mysql/templates.h"

/* ---- what is known of costs ------------------------------------------------------------------- */

/* The server cannot make such a table anew while others write to it. */
static bool indexes_virtual_column(const struct catalog *catalog, const struct members *members)
{
    for (size_t c = 0; c < members->count; c++) {
        const struct object *column = catalog->objects[members->places[c]];
        if (column->kind != OBJECT_COLUMN || !object_get(column, "virtual"))
            continue;
        struct buf name;
        buf_init(&name, BUF_MAX_DEFAULT);
        mysql_add_identifier(&name, column->name);
        bool is_indexed = false;
        for (size_t i = 0; i < members->count; i++) {
            const struct object *index = catalog->objects[members->places[i]];
            const char *columns = object_get(index, "columns");
            is_indexed |= columns && strstr(columns, name.data);
        }
        buf_done(&name);
        if (is_indexed)
            return true;
    }
    return false;
}

static bool is_weighed_in(struct emitting *emitting, const struct catalog *catalog,
                          const char *name)
{
    const struct members members = mysql_emit_members(emitting, catalog, name);
    const struct object *table = mysql_emit_find(emitting, catalog, OBJECT_TABLE, name);
    const char *engine = table ? object_get(table, "engine") : NULL;
    const char *options = table ? object_get(table, "options") : NULL;
    if (!engine || !ascii_is_same(engine, "InnoDB") || object_get(table, "partition by") ||
        object_get(table, "system versioning") ||
        (options && (strstr(options, "COMPRESSED") || strstr(options, "REDUNDANT"))))
        return false;
    for (size_t m = 0; m < members.count; m++)
        if (catalog->objects[members.places[m]]->kind == OBJECT_INDEX &&
            object_get(catalog->objects[members.places[m]], "kind"))
            return false; /* a full text index allows less */
    return !indexes_virtual_column(catalog, &members);
}

bool mysql_emit_is_weighed(struct emitting *emitting, const char *table)
{
    return emitting->is_mariadb && !emitting->emission->is_cautious &&
           is_weighed_in(emitting, emitting->emission->from, table) &&
           is_weighed_in(emitting, emitting->emission->to, table);
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

/* ---- new tables ------------------------------------------------------------------------------- */

void mysql_emit_add_partitions(struct emitting *emitting, struct buf *sql,
                               const struct object *table)
{
    const struct catalog *catalog = table->catalog;
    const char *separator = "\n(";
    mysql_emit_add_value(sql, "", object_get(table, "partition by"), "");
    const struct members members = mysql_emit_members(emitting, catalog, table->name);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *object = catalog->objects[members.places[m]];
        if (object->kind != OBJECT_PARTITION)
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
    mysql_emit_add_value(sql, " ENGINE=", object_get(table, "engine"), "");
    mysql_emit_add_value(sql, " DEFAULT CHARSET=", object_get(table, "character set"), "");
    mysql_emit_add_value(sql, " COLLATE=", object_get(table, "collation"), "");
    mysql_emit_add_value(sql, " ", object_get(table, "options"), "");
    mysql_emit_add_value(sql, " UNION=", object_get(table, "union"), "");
    mysql_emit_add_value(sql, " CONNECTION='", object_get(table, "connection"), "'");
    mysql_emit_add_value(sql, " COMMENT='", object_get(table, "comment"), "'");
    if (object_get(table, "system versioning"))
        buf_adds(sql, " WITH SYSTEM VERSIONING");
    if (object_get(table, "partition by")) {
        buf_adds(sql, "\n");
        mysql_emit_add_partitions(emitting, sql, table);
    }
}

static bool is_there(struct emitting *emitting, const bool *left, const char *name)
{
    const struct object *table =
        mysql_emit_find(emitting, emitting->emission->to, OBJECT_TABLE, name);
    return table && !left[mysql_emit_place(emitting, table)];
}

/* Keys and constraints; of foreign keys those that refer to what is there already. */
static void add_keys(struct emitting *emitting, const struct object *table, const bool *left)
{
    const struct catalog *to = emitting->emission->to;
    const struct members members = mysql_emit_members(emitting, to, table->name);
    for (int keys = 0; keys < 2; keys++)
        for (size_t m = 0; m < members.count; m++) {
            size_t i = members.places[m];
            const struct object *key = to->objects[i];
            bool is_foreign = key->kind == OBJECT_FOREIGN_KEY;
            if (!(keys ? is_foreign : mysql_emit_is_key(key->kind)))
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
    for (size_t i = 1; (column = mysql_emit_column_at(emitting, table, i)); i++) {
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
    const struct emit_side *side = mysql_emit_side(emitting, catalog);
    bool *is_blocked = side->is_blocked;
    size_t any = SIZE_MAX;
    memset(is_blocked, 0, catalog->object_count * sizeof *is_blocked);
    for (size_t k = 0; k < side->key_count; k++) {
        const struct emit_key *key = &side->keys[k];
        if (key->child == SIZE_MAX || key->parent == SIZE_MAX || key->child == key->parent ||
            (drops && emitting->goes[key->place]))
            continue;
        is_blocked[drops ? key->parent : key->child] |= left[drops ? key->child : key->parent];
    }
    for (size_t i = 0; i < catalog->object_count; i++) {
        if (!left[i] || catalog->objects[i]->kind != OBJECT_TABLE)
            continue;
        any = any == SIZE_MAX ? i : any;
        if (!is_blocked[i])
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
static bool is_in_the_way(struct emitting *emitting, const struct object *table)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    const struct members members = mysql_emit_members(emitting, from, table->name);
    if (mysql_emit_find(emitting, to, OBJECT_VIEW, table->name) ||
        mysql_emit_find(emitting, to, OBJECT_SEQUENCE, table->name))
        return true;
    for (size_t m = 0; m < members.count; m++) {
        const struct object *key = from->objects[members.places[m]];
        for (size_t k = 0; key->kind == OBJECT_FOREIGN_KEY && k < emitting->sides[1].key_count; k++)
            if (emitting->is_made[emitting->sides[1].keys[k].place] &&
                strcmp(to->objects[emitting->sides[1].keys[k].place]->name, key->name) == 0)
                return true;
    }
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
