#include "dialect/mysql/emit.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/mysql/emit_private.h"
#include "dialect/mysql/templates.h"

/* ---- finding ---------------------------------------------------------------------------------- */

bool mysql_emit_goes(struct emitting *emitting, const struct object *object)
{
    return emitting->goes[mysql_emit_place(emitting, object)];
}

bool mysql_emit_is_made(struct emitting *emitting, const struct object *object)
{
    return emitting->is_made[mysql_emit_place(emitting, object)];
}

void mysql_emit_set_goes(struct emitting *emitting, const struct object *object)
{
    emitting->goes[mysql_emit_place(emitting, object)] = true;
}

void mysql_emit_set_made(struct emitting *emitting, const struct object *object)
{
    emitting->is_made[mysql_emit_place(emitting, object)] = true;
}

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool mysql_emit_is_of(const struct object *object, const char *table)
{
    return object->owner && strcmp(object->owner, table) == 0;
}

bool mysql_emit_differs(const struct difference *difference, const char *property)
{
    for (size_t i = 0; i < difference->property_count; i++)
        if (strcmp(difference->properties[i].name, property) == 0)
            return true;
    return false;
}

static bool has_same_shape(const struct object *a, const struct object *b)
{
    for (size_t i = 0; i < a->property_count; i++)
        if (a->properties[i].aspect == ASPECT_SHAPE &&
            !is_same_text(a->properties[i].value, object_get(b, a->properties[i].name)))
            return false;
    return true;
}

const struct object *mysql_emit_become(struct emitting *emitting, const struct object *object)
{
    const struct catalog *to = emitting->emission->to;
    bool goes_by_name = catalog_rules_has(emitting->emission->rules, ASPECT_NAMES);
    const struct difference *difference = mysql_emit_difference(emitting, object);
    if (difference)
        return difference->expected;
    if (goes_by_name || !object->has_automatic_name)
        return mysql_emit_find_part(emitting, to, object->kind, object);
    const struct members members =
        mysql_emit_members(emitting, to, object->owner ? object->owner : "");
    for (size_t m = 0; m < members.count; m++) {
        const struct object *other = to->objects[members.places[m]];
        if (other->kind == object->kind && other->has_automatic_name &&
            has_same_shape(object, other) && has_same_shape(other, object))
            return other;
    }
    return NULL;
}

/* ---- texts ------------------------------------------------------------------------------------ */

bool *mysql_emit_copy_flags(struct emitting *emitting, const bool *flags, size_t count)
{
    bool *copy = arena_calloc(emitting->arena, count + 1, sizeof *copy);
    memcpy(copy, flags, count * sizeof *copy);
    return copy;
}

void mysql_emit_add_value(struct buf *sql, const char *before, const char *value, const char *after)
{
    if (value)
        buf_addf(sql, "%s%s%s", before, value, after);
}

void mysql_emit_add_name(struct buf *sql, const char *before, const char *name, const char *after)
{
    buf_adds(sql, before);
    mysql_add_identifier(sql, name);
    buf_adds(sql, after);
}

const char *mysql_emit_text(struct emitting *emitting, const char *text)
{
    static const char mark[] = "{database}.";
    struct buf buf;
    const char *at;
    if (!text || !strstr(text, mark))
        return text;
    buf_init(&buf, BUF_MAX_DEFAULT);
    while ((at = strstr(text, mark))) {
        buf_add(&buf, text, (size_t)(at - text));
        text = at + strlen(mark);
    }
    buf_adds(&buf, text);
    return buf_into(&buf, emitting->arena);
}

static bool is_of_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

bool mysql_emit_mentions(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = text; at && len && (at = strstr(at, name)); at++)
        if ((at == text || !is_of_name(at[-1])) && !is_of_name(at[len]))
            return true;
    return false;
}

/* ---- what goes and what is made --------------------------------------------------------------- */

static void judge_table(struct emitting *emitting, const struct difference *difference)
{
    const struct object *found = difference->found, *expected = difference->expected;
    const struct catalog *to = emitting->emission->to;
    if (!found) {
        mysql_emit_set_made(emitting, expected);
        const struct members members = mysql_emit_members(emitting, to, expected->name);
        for (size_t m = 0; m < members.count; m++)
            emitting->is_made[members.places[m]] = true;
    } else if (!expected) {
        if (emission_may_drop(emitting->emission, found))
            mysql_emit_set_goes(emitting, found);
    } else if (object_get(found, "system versioning") &&
               !object_get(expected, "system versioning") &&
               !emission_may_drop(emitting->emission, found)) {
        emitting->stays[mysql_emit_place(emitting, found)] = true;
    }
}

/* What is computed from the others holds nothing that could be lost. */
static void judge_column(struct emitting *emitting, const struct difference *difference)
{
    const struct object *found = difference->found, *expected = difference->expected;
    if (!found) {
        mysql_emit_set_made(emitting, expected);
        return;
    }
    if (!expected) {
        if (mysql_emit_is_generated(found) || emission_may_drop(emitting->emission, found))
            mysql_emit_set_goes(emitting, found);
        return;
    }
    if (mysql_emit_narrows(found, expected) && !emission_may_drop(emitting->emission, found)) {
        emitting->stays[mysql_emit_place(emitting, found)] = true;
    } else if (mysql_emit_is_regenerated(found, expected)) {
        mysql_emit_set_goes(emitting, found);
        mysql_emit_set_made(emitting, expected);
    }
}

static bool is_replaced(const struct emitting *emitting, enum object_kind kind)
{
    switch (kind) {
    case OBJECT_VIEW:
    case OBJECT_EVENT:
    case OBJECT_SEQUENCE:
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_PACKAGE: return true;
    default: return kind == OBJECT_TRIGGER && emitting->is_mariadb;
    }
}

static void judge_other(struct emitting *emitting, const struct difference *difference)
{
    const struct object *found = difference->found, *expected = difference->expected;
    enum object_kind kind = difference_object(difference)->kind;
    bool is_index = mysql_emit_is_key(kind) && kind != OBJECT_CHECK;
    if (kind == OBJECT_PARTITION || kind == OBJECT_DATABASE || kind == OBJECT_UNREAD)
        return;
    if (found && expected && is_index && emitting->is_mariadb && difference->property_count == 1 &&
        mysql_emit_differs(difference, "ignored"))
        return; /* in place */
    if (found && !(expected && is_replaced(emitting, kind)) &&
        (kind != OBJECT_SEQUENCE || emission_may_drop(emitting->emission, found)))
        mysql_emit_set_goes(emitting, found);
    if (expected)
        mysql_emit_set_made(emitting, expected);
}

/* What is computed from a column that is made anew, and what is an index or a check of one. */
static bool judge_dependents(struct emitting *emitting, const struct object *column)
{
    const struct catalog *from = emitting->emission->from;
    bool has_changed = false;
    const struct members members = mysql_emit_members(emitting, from, column->owner);
    for (size_t m = 0; m < members.count; m++) {
        size_t i = members.places[m];
        const struct object *object = from->objects[i];
        bool is_column = object->kind == OBJECT_COLUMN && mysql_emit_is_generated(object);
        const char *text = object_get(object, is_column                      ? "generated"
                                              : object->kind == OBJECT_CHECK ? "expression"
                                                                             : "columns");
        if (emitting->goes[i] || !(is_column || mysql_emit_is_key(object->kind)) ||
            !mysql_emit_mentions(text, column->name))
            continue;
        const struct object *becomes = mysql_emit_become(emitting, object);
        if (!becomes)
            continue;
        emitting->goes[i] = true;
        mysql_emit_set_made(emitting, becomes);
        has_changed = has_changed || is_column;
    }
    return has_changed;
}

static void judge_regenerated(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (bool has_changed = true; has_changed;) {
        has_changed = false;
        for (size_t i = 0; i < from->object_count; i++)
            if (from->objects[i]->kind == OBJECT_COLUMN && emitting->goes[i] &&
                mysql_emit_become(emitting, from->objects[i]))
                has_changed = judge_dependents(emitting, from->objects[i]) || has_changed;
    }
}

/* A foreign key of a table that stays, though the one that it refers to goes; and one of a circle of tables that go. */
static void cut_foreign_keys(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    bool *left = mysql_emit_copy_flags(emitting, emitting->goes, from->object_count);
    for (size_t at; (at = mysql_emit_next_table(emitting, from, left, true)) != SIZE_MAX;
         left[at] = false)
        for (size_t k = 0; k < emitting->sides[0].key_count; k++) {
            const struct emit_key *key = &emitting->sides[0].keys[k];
            if (key->parent == at && key->child != at && key->child != SIZE_MAX &&
                (!emitting->goes[key->child] || left[key->child]))
                emitting->goes[key->place] = true;
        }
}

static void judge(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        switch (difference_object(difference)->kind) {
        case OBJECT_TABLE: judge_table(emitting, difference); break;
        case OBJECT_COLUMN: judge_column(emitting, difference); break;
        default: judge_other(emitting, difference);
        }
    }
    judge_regenerated(emitting);
    cut_foreign_keys(emitting);
    mysql_emit_judge_foreign_keys(emitting);
}

/* ---- what stays ------------------------------------------------------------------------------- */

/* The statement that does what is not done. */
static const char *withheld_statement(struct emitting *emitting, const struct object *object)
{
    const struct object *becomes = mysql_emit_become(emitting, object);
    struct buf sql;
    if (becomes && object->kind == OBJECT_COLUMN)
        return mysql_emit_modify(emitting, becomes);
    buf_init(&sql, BUF_MAX_DEFAULT);
    if (becomes) {
        mysql_emit_add_name(&sql, "ALTER TABLE ", object->name, " DROP SYSTEM VERSIONING;");
    } else if (object->kind == OBJECT_COLUMN) {
        mysql_emit_add_name(&sql, "ALTER TABLE ", object->owner, " DROP COLUMN ");
        mysql_emit_add_name(&sql, "", object->name, ";");
    } else {
        mysql_emit_add_name(&sql, object->kind == OBJECT_TABLE ? "DROP TABLE " : "DROP SEQUENCE ",
                            object->name, ";");
    }
    return buf_into(&sql, emitting->arena);
}

static void tell_withheld(struct emitting *emitting)
{
    const struct emission *emission = emitting->emission;
    for (size_t i = 0; i < emission->withheld_count; i++) {
        const struct object *object = emission->withheld[i];
        const struct object *becomes = mysql_emit_become(emitting, object);
        const char *name = object_full_name(object);
        const char *what = !becomes                        ? "dropped"
                           : object->kind == OBJECT_COLUMN ? "changed"
                                                           : "without system versioning";
        emission_add_line(
            emitting->sql,
            arena_printf(
                emitting->arena,
                "-- not %s: %s %s, since %s would be lost; --allow-drop %s allows it", what,
                object_kind_name(object->kind), name,
                becomes && object->kind == OBJECT_COLUMN ? "what does not fit" : "its rows", name));
        buf_adds(emitting->sql, "\n");
        emission_add_line(emitting->sql, arena_printf(emitting->arena, "-- %s",
                                                      withheld_statement(emitting, object)));
        buf_addc(emitting->sql, '\n');
    }
}

/* ---- sequences, and the database -------------------------------------------------------------- */

/* How a sequence is kept can only be said of a new one. */
static const char *sequence_text(struct emitting *emitting, const struct object *sequence,
                                 bool is_new)
{
    const char *text = object_get(sequence, "definition"), *engine = strstr(text, "ENGINE=");
    return is_new || !engine ? text : arena_strndup(emitting->arena, text, (size_t)(engine - text));
}

/* The number after a word of `start with 1 minvalue 1 …`. */
static const char *sequence_value(struct emitting *emitting, const struct object *sequence,
                                  const char *word)
{
    const char *at = strstr(object_get(sequence, "definition"), word);
    at = at ? at + strlen(word) : "0";
    return arena_strndup(emitting->arena, at, strspn(at, "-0123456789"));
}

/* 1: `a` is greater, -1: it is less; 0. Their difference may be too large for a number. */
static int compare_numbers(const char *a, const char *b)
{
    long long x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);
    return (x > y) - (x < y);
}

/* Where the next number would be out of the new limits on the side that it comes from, it goes on at the limit. On the other
 * side there is no right answer: the server refuses it. */
static void move_into_limits(struct emitting *emitting, const struct difference *difference)
{
    const struct object *from = difference->found, *to = difference->expected;
    bool falls = *sequence_value(emitting, from, "increment by ") == '-';
    const char *near = falls ? "maxvalue " : "minvalue ", *far = falls ? "minvalue " : "maxvalue ";
    const char *limit = sequence_value(emitting, to, near),
               *end = sequence_value(emitting, to, far);
    int by = compare_numbers(limit, sequence_value(emitting, from, near));
    int further = compare_numbers(end, sequence_value(emitting, from, far));
    if (falls ? by >= 0 : by <= 0)
        return;
    if (falls ? further < 0 : further > 0) {
        mysql_emit_add_name(emitting->sql, "ALTER SEQUENCE ", to->name, " ");
        buf_addf(emitting->sql, "%s%s;\n", far, end);
    }
    mysql_emit_add_name(emitting->sql, "SELECT SETVAL(", to->name, ", ");
    buf_addf(emitting->sql, "%s, 0);\n", limit);
}

static void make_sequences(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *sequence = difference->expected;
        bool is_new = !difference->found;
        if (!sequence || sequence->kind != OBJECT_SEQUENCE)
            continue;
        if (!is_new)
            move_into_limits(emitting, difference);
        mysql_emit_add_name(emitting->sql, is_new ? "CREATE SEQUENCE " : "ALTER SEQUENCE ",
                            sequence->name, " ");
        buf_addf(emitting->sql, "%s;\n", sequence_text(emitting, sequence, is_new));
    }
}

/* With `is_early` those whose names a table or a view wants, else the others. */
static void drop_sequences(struct emitting *emitting, bool is_early)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    for (size_t i = 0; i < from->object_count; i++) {
        const char *name = from->objects[i]->name;
        if (from->objects[i]->kind != OBJECT_SEQUENCE || !emitting->goes[i] ||
            (is_early && !mysql_emit_find(emitting, to, OBJECT_TABLE, name) &&
             !mysql_emit_find(emitting, to, OBJECT_VIEW, name)))
            continue;
        mysql_emit_add_name(emitting->sql, "DROP SEQUENCE ", name, ";\n");
        emitting->goes[i] = false;
    }
}

static void change_database(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct object *database = emitting->comparison.items[i].expected;
        if (database && database->kind == OBJECT_DATABASE && object_get(database, "collation"))
            buf_addf(emitting->sql, "ALTER DATABASE COLLATE = %s;\n",
                     object_get(database, "collation"));
    }
}

/* ---- all of it -------------------------------------------------------------------------------- */

/* Other kinds, and other properties, may be without. */
static const struct emission_need needs[] = {
    {OBJECT_SEQUENCE, "definition", NULL},
    {OBJECT_VIEW, "definition", NULL},
    {OBJECT_COLUMN, "type", NULL},
    {OBJECT_COLUMN, "position", NULL},
    {OBJECT_PRIMARY_KEY, "columns", NULL},
    {OBJECT_UNIQUE, "columns", NULL},
    {OBJECT_INDEX, "columns", NULL},
    {OBJECT_FOREIGN_KEY, "columns", NULL},
    {OBJECT_FOREIGN_KEY, "references", NULL},
    {OBJECT_CHECK, "expression", NULL},
    {OBJECT_PARTITION, "definition", NULL},
    {OBJECT_TRIGGER, "timing", NULL},
    {OBJECT_TRIGGER, "definition", NULL},
    {OBJECT_FUNCTION, "definition", NULL},
    {OBJECT_PROCEDURE, "definition", NULL},
    {OBJECT_PACKAGE, "definition", NULL},
    {OBJECT_EVENT, "on completion", NULL},
    {OBJECT_EVENT, "status", NULL},
    {OBJECT_EVENT, "definition", NULL},
};

static void change(struct emission *emission)
{
    struct emitting emitting = {
        .emission = emission,
        .arena = emission->arena,
        .sql = emission->sql,
        .is_mariadb = ascii_begins(emission->from->group, "mariadb"),
    };
    size_t from = emission->from->object_count + 1, to = emission->to->object_count + 1;
    if (!emission_has_all(emission, needs, ARRAY_LEN(needs)))
        return;
    comparison_make(&emitting.comparison, emission->to, emission->from, emission->rules);
    emitting.goes = arena_calloc(emission->arena, from, sizeof *emitting.goes);
    emitting.stays = arena_calloc(emission->arena, from, sizeof *emitting.stays);
    emitting.is_made = arena_calloc(emission->arena, to, sizeof *emitting.is_made);
    mysql_emit_index(&emitting);
    judge(&emitting);
    tell_withheld(&emitting);
    change_database(&emitting);
    mysql_emit_drop_code(&emitting);
    mysql_emit_drop_foreign_keys(&emitting);
    mysql_emit_drop_tables(&emitting, true);
    drop_sequences(&emitting, true);
    make_sequences(&emitting);
    mysql_emit_change_tables(&emitting);
    mysql_emit_make_tables(&emitting);
    mysql_emit_make_foreign_keys(&emitting);
    emitting.sql = emission->last ? emission->last : emission->sql;
    mysql_emit_make_code(&emitting);
    emitting.sql = emission->sql;
    mysql_emit_drop_tables(&emitting, false);
    drop_sequences(&emitting, false);
    emitting.sql = emission->last ? emission->last : emission->sql;
    mysql_emit_drop_routines(&emitting);
    mysql_emit_index_done(&emitting);
}

const struct catalog_emitter mysql_emitter = {
    .change = change, .promises = true, .forgets_renames = true};
