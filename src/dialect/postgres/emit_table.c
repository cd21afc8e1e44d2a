/* Tables of PostgreSQL with their columns and constraints, as statements. */
#include "dialect/postgres/emit_private.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"

#define OWN_SEQUENCE "nextval(own sequence)"

void postgres_emit_add_alter(struct emitting *emitting, const char *table)
{
    buf_adds(emitting->sql, "ALTER TABLE ");
    sql_add_identifier(emitting->sql, table);
    buf_addc(emitting->sql, ' ');
}

/* ---- columns ---------------------------------------------------------------------------------- */

/* `always start 1 increment 1 minimum 1 maximum 9 cache 1 cycle` as options, each after `before`. */
static void add_sequence_options(struct buf *sql, const char *identity, const char *before)
{
    static const struct {
        const char *word, *sql;
    } rows[] = {{" start ", "START WITH "},
                {" increment ", "INCREMENT BY "},
                {" minimum ", "MINVALUE "},
                {" maximum ", "MAXVALUE "},
                {" cache ", "CACHE "}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *at = strstr(identity, rows[i].word);
        if (!at)
            continue;
        at += strlen(rows[i].word);
        buf_addf(sql, "%s%s%.*s", before, rows[i].sql, (int)strcspn(at, " "), at);
    }
    if (strstr(identity, " cycle"))
        buf_addf(sql, "%sCYCLE", before);
}

static const char *identity_kind(const char *identity)
{
    return strncmp(identity, "always", 6) == 0 ? "ALWAYS" : "BY DEFAULT";
}

static void add_identity(struct buf *sql, const char *identity)
{
    struct buf options;
    buf_init(&options, BUF_MAX_DEFAULT);
    add_sequence_options(&options, identity, " ");
    buf_addf(sql, "GENERATED %s AS IDENTITY (%s)", identity_kind(identity), options.data + 1);
    buf_done(&options);
}

static const char *serial_of(const char *type)
{
    return strcmp(type, "bigint") == 0     ? "bigserial"
           : strcmp(type, "smallint") == 0 ? "smallserial"
                                           : "serial";
}

static bool is_serial(const struct object *column)
{
    const char *fallback = object_get(column, "default");
    return fallback && strcmp(fallback, OWN_SEQUENCE) == 0;
}

static void add_type(struct buf *sql, const struct object *column)
{
    const char *collation = object_get(column, "collation");
    buf_adds(sql, object_get(column, "type"));
    if (collation)
        buf_addf(sql, " COLLATE %s", collation);
}

static const char *generated(const struct object *column)
{
    const char *stored = object_get(column, "generated stored");
    return stored ? stored : object_get(column, "generated virtual");
}

static void add_column(struct buf *sql, const struct object *column)
{
    const char *fallback = object_get(column, "default");
    sql_add_identifier(sql, column->name);
    buf_addc(sql, ' ');
    if (is_serial(column))
        buf_adds(sql, serial_of(object_get(column, "type")));
    else
        add_type(sql, column);
    if (object_get(column, "identity")) {
        buf_addc(sql, ' ');
        add_identity(sql, object_get(column, "identity"));
    } else if (generated(column)) {
        buf_addf(sql, " GENERATED ALWAYS AS (%s) %s", generated(column),
                 object_get(column, "generated stored") ? "STORED" : "VIRTUAL");
    } else if (fallback && !is_serial(column)) {
        buf_addf(sql, " DEFAULT %s", fallback);
    }
    if (object_get(column, "not null"))
        buf_adds(sql, " NOT NULL");
}

static bool is_part_of(const struct object *object, const struct object *table)
{
    return object->owner && strcmp(object->owner, table->name) == 0;
}

/* By its position: the records may be in any order. */
static const struct object *column_at(const struct catalog *catalog, const struct object *table,
                                      size_t position)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", position);
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        if (object->kind == OBJECT_COLUMN && is_part_of(object, table) &&
            strcmp(object_get(object, "position"), text) == 0)
            return object;
    }
    return NULL;
}

/* A plain one; what else a table may be is not written. */
static bool is_plain(const struct object *table)
{
    for (size_t i = 0; i < table->property_count; i++)
        if (table->properties[i].aspect == ASPECT_SHAPE)
            return false;
    return true;
}

static void create_table(struct emitting *emitting, const struct object *table)
{
    const struct object *column;
    buf_adds(emitting->sql, "CREATE TABLE ");
    sql_add_identifier(emitting->sql, table->name);
    buf_adds(emitting->sql, " (");
    for (size_t i = 1; (column = column_at(emitting->emission->to, table, i)); i++) {
        buf_adds(emitting->sql, i > 1 ? ",\n    " : "\n    ");
        add_column(emitting->sql, column);
    }
    buf_adds(emitting->sql, "\n);\n");
}

void postgres_emit_make_tables(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++)
        if (to->objects[i]->kind == OBJECT_TABLE && emitting->is_made[i] &&
            is_plain(to->objects[i]))
            create_table(emitting, to->objects[i]);
}

static void add_alter_column(struct emitting *emitting, const struct object *column)
{
    postgres_emit_add_alter(emitting, column->owner);
    buf_adds(emitting->sql, "ALTER COLUMN ");
    sql_add_identifier(emitting->sql, column->name);
    buf_addc(emitting->sql, ' ');
}

static bool differs(const struct difference *difference, const char *property)
{
    for (size_t i = 0; i < difference->property_count; i++)
        if (strcmp(difference->properties[i].name, property) == 0)
            return true;
    return false;
}

/* A cast to a type with a length would cut off what is longer without a word, so such a type is assigned to instead. */
static void change_type(struct emitting *emitting, const struct object *column)
{
    const char *type = object_get(column, "type");
    add_alter_column(emitting, column);
    buf_adds(emitting->sql, "TYPE ");
    add_type(emitting->sql, column);
    if (!strchr(type, '(')) {
        buf_adds(emitting->sql, " USING ");
        sql_add_identifier(emitting->sql, column->name);
        buf_addf(emitting->sql, "::%s", type);
    }
    buf_adds(emitting->sql, ";\n");
}

static void change_default(struct emitting *emitting, const struct object *column)
{
    const char *fallback = object_get(column, "default");
    add_alter_column(emitting, column);
    if (fallback)
        buf_addf(emitting->sql, "SET DEFAULT %s;\n", fallback);
    else
        buf_adds(emitting->sql, "DROP DEFAULT;\n");
}

/* A column that gets its numbers by itself from now on begins after those that are there. */
static void skip_numbers(struct emitting *emitting, const struct object *column)
{
    struct buf table, *sql = emitting->sql;
    buf_init(&table, BUF_MAX_DEFAULT);
    sql_add_identifier(&table, column->owner);
    buf_adds(sql, "SELECT setval(pg_get_serial_sequence(");
    sql_add_literal(sql, table.data);
    buf_adds(sql, ", ");
    sql_add_literal(sql, column->name);
    buf_adds(sql, "), max(");
    sql_add_identifier(sql, column->name);
    buf_addf(sql, ")) FROM %s HAVING max(", table.data);
    sql_add_identifier(sql, column->name);
    buf_adds(sql, ") IS NOT NULL;\n");
    buf_done(&table);
}

/* Where its sequence stands must not change. */
static void change_identity(struct emitting *emitting, const struct difference *difference)
{
    const struct object *column = difference->expected;
    const char *identity = object_get(column, "identity");
    add_alter_column(emitting, column);
    if (!identity) {
        buf_adds(emitting->sql, "DROP IDENTITY;\n");
    } else if (object_get(difference->found, "identity")) {
        buf_addf(emitting->sql, "SET GENERATED %s", identity_kind(identity));
        add_sequence_options(emitting->sql, identity, " SET ");
        buf_adds(emitting->sql, strstr(identity, " cycle") ? ";\n" : " SET NO CYCLE;\n");
    } else {
        buf_adds(emitting->sql, "ADD ");
        add_identity(emitting->sql, identity);
        buf_adds(emitting->sql, ";\n");
        skip_numbers(emitting, column);
    }
}

/* What the statement may stumble over, which an empty database does not show. */
static void warn_of_nulls(struct emitting *emitting, const struct object *column, bool is_new)
{
    const char *name = object_full_name(column);
    bool has_value =
        object_get(column, "default") || object_get(column, "identity") || generated(column);
    if (!object_get(column, "not null") || (is_new && has_value))
        return;
    emission_add_line(emitting->sql,
                      arena_printf(emitting->emission->arena,
                                   is_new
                                       ? "-- this fails where the table has rows: say first what "
                                         "%s is in them, for it has no default"
                                       : "-- this fails where a row has no %s: decide first "
                                         "what it should hold",
                                   name));
    buf_addc(emitting->sql, '\n');
}

static void drop_column(struct emitting *emitting, const struct object *column)
{
    postgres_emit_add_alter(emitting, column->owner);
    buf_adds(emitting->sql, "DROP COLUMN ");
    sql_add_identifier(emitting->sql, column->name);
    buf_adds(emitting->sql, ";\n");
}

static void add_new_column(struct emitting *emitting, const struct object *column)
{
    warn_of_nulls(emitting, column, true);
    postgres_emit_add_alter(emitting, column->owner);
    buf_adds(emitting->sql, "ADD COLUMN ");
    add_column(emitting->sql, column);
    buf_adds(emitting->sql, ";\n");
}

static void change_column(struct emitting *emitting, const struct difference *difference)
{
    const struct object *column = difference->expected;
    bool has_new_type = differs(difference, "type") || differs(difference, "collation");
    if (generated(column) || generated(difference->found))
        return; /* it is made again, or rows would be lost: not written */
    if (is_serial(column) != is_serial(difference->found))
        return; /* a sequence of its own comes or goes: not written */
    bool has_default = object_get(column, "default") && !is_serial(column);
    if (has_new_type && object_get(difference->found, "default") && !is_serial(column)) {
        add_alter_column(emitting, column);
        buf_adds(emitting->sql, "DROP DEFAULT;\n");
    }
    if (has_new_type)
        change_type(emitting, column);
    if (differs(difference, "default") || (has_new_type && has_default))
        change_default(emitting, column);
    if (differs(difference, "identity") && !object_get(column, "identity"))
        change_identity(emitting, difference); /* only what is NOT NULL may have one */
    if (differs(difference, "not null")) {
        warn_of_nulls(emitting, column, false);
        add_alter_column(emitting, column);
        buf_adds(emitting->sql,
                 object_get(column, "not null") ? "SET NOT NULL;\n" : "DROP NOT NULL;\n");
    }
    if (differs(difference, "identity") && object_get(column, "identity"))
        change_identity(emitting, difference);
}

/* A view's columns are its query's. */
static bool is_of_table(const struct object *column)
{
    const struct catalog *catalog = column->catalog;
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == OBJECT_TABLE && is_part_of(column, catalog->objects[i]))
            return true;
    return false;
}

/* ---- generated columns ------------------------------------------------------------------------- */

/* Does the table have a column that the expression names and that another type or nothing takes the place of? */
static bool is_generated_from_change(const struct emitting *emitting, const struct object *column)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *found = difference->found;
        if (found && found->kind == OBJECT_COLUMN && strcmp(found->owner, column->owner) == 0 &&
            strstr(generated(column), found->name) &&
            (!difference->expected || differs(difference, "type") ||
             differs(difference, "collation")))
            return true;
    }
    return false;
}

/* What a column is generated from cannot change under it: it goes, and what it holds is made again. NULL: it does not have
 * to; else the column that it becomes. */
static const struct object *becomes(const struct emitting *emitting, const struct object *column)
{
    const struct catalog *to = emitting->emission->to;
    if (column->kind != OBJECT_COLUMN || !generated(column) || !is_of_table(column))
        return NULL;
    size_t at = postgres_emit_find(to, column);
    if (at == SIZE_MAX || !generated(to->objects[at]))
        return NULL;
    bool is_same = strcmp(generated(column), generated(to->objects[at])) == 0 &&
                   strcmp(object_get(column, "type"), object_get(to->objects[at], "type")) == 0;
    return !is_same || is_generated_from_change(emitting, column) ? to->objects[at] : NULL;
}

/* Drops those that are made again, or adds them. */
static void regenerate(struct emitting *emitting, bool adds)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *column = becomes(emitting, from->objects[i]);
        if (column && adds)
            add_new_column(emitting, column);
        else if (column)
            drop_column(emitting, from->objects[i]);
    }
}

static void change_columns(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *object = difference_object(difference);
        if (object->kind != OBJECT_COLUMN || !is_of_table(object))
            continue;
        if (!difference->found)
            add_new_column(emitting, difference->expected);
        else if (difference->expected)
            change_column(emitting, difference);
        else if (emitting->goes[postgres_emit_find(emitting->emission->from, difference->found)])
            drop_column(emitting, difference->found);
    }
}

void postgres_emit_change_columns(struct emitting *emitting)
{
    regenerate(emitting, false);
    change_columns(emitting);
    regenerate(emitting, true);
}

/* ---- constraints ------------------------------------------------------------------------------ */

static bool is_constraint(enum object_kind kind)
{
    return kind == OBJECT_PRIMARY_KEY || kind == OBJECT_UNIQUE || kind == OBJECT_CHECK ||
           kind == OBJECT_EXCLUSION || kind == OBJECT_FOREIGN_KEY;
}

void postgres_emit_drop_constraints(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (int keys = 1; keys >= 0; keys--)
        for (size_t i = 0; i < from->object_count; i++) {
            const struct object *object = from->objects[i];
            if (!is_constraint(object->kind) || !emitting->goes[i] || !is_of_table(object) ||
                (object->kind == OBJECT_FOREIGN_KEY) != keys)
                continue;
            postgres_emit_add_alter(emitting, object->owner);
            buf_adds(emitting->sql, "DROP CONSTRAINT ");
            sql_add_identifier(emitting->sql, object->name);
            buf_adds(emitting->sql, ";\n");
        }
}

/* Of a table with rows, what must hold for them is looked at later, without keeping others from writing. */
static void make_constraint(struct emitting *emitting, const struct object *object)
{
    const char *definition = object_get(object, "definition");
    bool waits = (object->kind == OBJECT_FOREIGN_KEY || object->kind == OBJECT_CHECK) &&
                 !postgres_emit_is_of_new(emitting, object) && !strstr(definition, " NOT VALID");
    postgres_emit_add_alter(emitting, object->owner);
    buf_adds(emitting->sql, "ADD CONSTRAINT ");
    sql_add_identifier(emitting->sql, object->name);
    buf_addf(emitting->sql, " %s%s;\n", definition, waits ? " NOT VALID" : "");
    if (!waits)
        return;
    buf_adds(emitting->emission->later, "ALTER TABLE ");
    sql_add_identifier(emitting->emission->later, object->owner);
    buf_adds(emitting->emission->later, " VALIDATE CONSTRAINT ");
    sql_add_identifier(emitting->emission->later, object->name);
    buf_adds(emitting->emission->later, ";\n");
}

void postgres_emit_make_constraints(struct emitting *emitting)
{
    static const enum object_kind order[] = {OBJECT_PRIMARY_KEY, OBJECT_UNIQUE, OBJECT_CHECK,
                                             OBJECT_EXCLUSION, OBJECT_FOREIGN_KEY};
    const struct catalog *to = emitting->emission->to;
    for (size_t k = 0; k < ARRAY_LEN(order); k++)
        for (size_t i = 0; i < to->object_count; i++)
            if (to->objects[i]->kind == order[k] && emitting->is_made[i] &&
                is_of_table(to->objects[i]))
                make_constraint(emitting, to->objects[i]);
}
