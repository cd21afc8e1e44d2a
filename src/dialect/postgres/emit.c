#include "dialect/postgres/emit.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/postgres/emit_private.h"
#include "dialect/template.h"

/* ---- finding ---------------------------------------------------------------------------------- */

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

size_t postgres_emit_find(const struct catalog *catalog, const struct object *object)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (catalog->objects[i]->kind == object->kind &&
            is_same_text(catalog->objects[i]->owner, object->owner) &&
            strcmp(catalog->objects[i]->name, object->name) == 0)
            return i;
    return SIZE_MAX;
}

static bool is_view(enum object_kind kind)
{
    return kind == OBJECT_VIEW || kind == OBJECT_MATERIALIZED_VIEW;
}

/* The table or view that owns it. */
static size_t find_owner(const struct catalog *catalog, const struct object *object)
{
    for (size_t i = 0; object->owner && i < catalog->object_count; i++) {
        const struct object *owner = catalog->objects[i];
        if ((owner->kind == OBJECT_TABLE || is_view(owner->kind)) &&
            strcmp(owner->name, object->owner) == 0)
            return i;
    }
    return SIZE_MAX;
}

bool postgres_emit_is_of_new(const struct emitting *emitting, const struct object *object)
{
    size_t owner = find_owner(emitting->emission->to, object);
    return owner != SIZE_MAX && emitting->is_made[owner];
}

bool postgres_emit_is_shape(const struct difference *difference)
{
    for (size_t i = 0; i < difference->property_count; i++)
        if (difference->properties[i].aspect == ASPECT_SHAPE)
            return true;
    return difference->what != DIFFERENCE_CHANGED;
}

static bool is_of_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Is the name one of the text's words? */
static bool mentions(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = text; at && len && (at = strstr(at, name)); at++)
        if ((at == text || !is_of_name(at[-1])) && !is_of_name(at[len]))
            return true;
    return false;
}

/* The text with the schema's own names in it as the search path finds them. */
static const char *without_schema(struct emitting *emitting, const char *text)
{
    static const char mark[] = "{schema}.";
    struct buf buf;
    const char *at;
    buf_init(&buf, BUF_MAX_DEFAULT);
    while ((at = strstr(text, mark))) {
        buf_add(&buf, text, (size_t)(at - text));
        text = at + strlen(mark);
    }
    buf_adds(&buf, text);
    return buf_into(&buf, emitting->emission->arena);
}

/* ---- what goes and what is made --------------------------------------------------------------- */

static bool is_remade(enum object_kind kind)
{
    switch (kind) {
    case OBJECT_VIEW:
    case OBJECT_MATERIALIZED_VIEW:
    case OBJECT_PRIMARY_KEY:
    case OBJECT_UNIQUE:
    case OBJECT_FOREIGN_KEY:
    case OBJECT_CHECK:
    case OBJECT_EXCLUSION:
    case OBJECT_INDEX:
    case OBJECT_TRIGGER: return true;
    default: return false;
    }
}

static void judge_difference(struct emitting *emitting, const struct difference *difference)
{
    struct emission *emission = emitting->emission;
    const struct object *found = difference->found, *expected = difference->expected;
    bool changes = found && expected;
    bool is_function = difference_object(difference)->kind == OBJECT_FUNCTION ||
                       difference_object(difference)->kind == OBJECT_PROCEDURE;
    if (!postgres_emit_is_shape(difference))
        return;
    if (changes && is_function) { /* in place */
        emitting->is_made[postgres_emit_find(emission->to, expected)] = true;
        return;
    }
    if (changes && !is_remade(found->kind))
        return;
    bool holds_rows = found && !expected &&
                      (found->kind == OBJECT_TABLE || found->kind == OBJECT_COLUMN ||
                       (found->kind == OBJECT_SEQUENCE && !object_get(found, "owned by")));
    if (found && (!holds_rows || emission_may_drop(emission, found)))
        emitting->goes[postgres_emit_find(emission->from, found)] = true;
    if (expected)
        emitting->is_made[postgres_emit_find(emission->to, expected)] = true;
}

/* A table that goes, or of which a column goes or gets another type. */
static bool is_hurt(const struct emitting *emitting, const char *table)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *found = difference->found;
        if (found && found->kind == OBJECT_COLUMN && strcmp(found->owner, table) == 0 &&
            postgres_emit_is_shape(difference))
            return true;
        if (found && found->kind == OBJECT_TABLE && !difference->expected &&
            strcmp(found->name, table) == 0)
            return true;
    }
    return false;
}

/* Does a view need what changes, or another view that goes? */
static bool must_go(const struct emitting *emitting, const struct object *view)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *object = from->objects[i];
        bool is_away = object->kind == OBJECT_TABLE ? is_hurt(emitting, object->name)
                                                    : is_view(object->kind) && emitting->goes[i];
        if (object != view && is_away && mentions(view->sql, object->name))
            return true;
    }
    return false;
}

static bool judge_views(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    bool has_changed = false;
    for (size_t i = 0; i < from->object_count; i++) {
        size_t at = postgres_emit_find(to, from->objects[i]);
        if (!is_view(from->objects[i]->kind) || emitting->goes[i] ||
            !must_go(emitting, from->objects[i]))
            continue;
        emitting->goes[i] = true;
        if (at != SIZE_MAX)
            emitting->is_made[at] = true;
        has_changed = true;
    }
    return has_changed;
}

static bool owner_goes(const struct emitting *emitting, const struct object *object)
{
    size_t owner = find_owner(emitting->emission->from, object);
    return owner != SIZE_MAX && emitting->goes[owner];
}

/* Does a table or a column that stays, though the other side has it not, need the object? */
static bool is_needed_by_withheld(const struct emitting *emitting, const char *name)
{
    const struct emission *emission = emitting->emission;
    const struct catalog *from = emission->from;
    for (size_t w = 0; w < emission->withheld_count; w++)
        for (size_t i = 0; i < from->object_count; i++) {
            const struct object *object = from->objects[i], *kept = emission->withheld[w];
            bool is_part = object == kept || (kept->kind == OBJECT_TABLE && object->owner &&
                                              strcmp(object->owner, kept->name) == 0);
            for (size_t p = 0; is_part && p < object->property_count; p++)
                if (mentions(object->properties[p].value, name))
                    return true;
        }
    return false;
}

static void keep_what_is_needed(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *object = from->objects[i];
        const char *name =
            arena_strndup(emitting->emission->arena, object->name, strcspn(object->name, "("));
        if (!emitting->goes[i] || object->owner || is_view(object->kind) ||
            object->kind == OBJECT_TABLE || object_get(object, "owned by") ||
            !is_needed_by_withheld(emitting, name))
            continue;
        emitting->goes[i] = false;
        *ARENA_PUSH(emitting->emission->arena, emitting->emission->withheld,
                    emitting->emission->withheld_count, emitting->emission->withheld_capacity) =
            object;
    }
}

static void judge(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    for (size_t i = 0; i < emitting->comparison.count; i++)
        judge_difference(emitting, &emitting->comparison.items[i]);
    keep_what_is_needed(emitting);
    while (judge_views(emitting))
        ;
    for (size_t i = 0; i < from->object_count; i++) /* tables that go may refer to each other */
        if (from->objects[i]->kind == OBJECT_FOREIGN_KEY && owner_goes(emitting, from->objects[i]))
            emitting->goes[i] = true;
    for (size_t i = 0; i < to->object_count; i++)
        if (is_remade(to->objects[i]->kind) && !is_view(to->objects[i]->kind) &&
            postgres_emit_is_of_new(emitting, to->objects[i]))
            emitting->is_made[i] = true;
}

/* ---- dropping --------------------------------------------------------------------------------- */

static void drop_all(struct emitting *emitting, enum object_kind kind, const char *words)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *object = from->objects[i];
        if (object->kind != kind || !emitting->goes[i] || owner_goes(emitting, object) ||
            object_get(object, "owned by"))
            continue;
        buf_addf(emitting->sql, "DROP %s ", words);
        if (kind == OBJECT_FUNCTION || kind == OBJECT_PROCEDURE)
            buf_adds(emitting->sql, object->name); /* it is quoted, with its arguments */
        else
            sql_add_identifier(emitting->sql, object->name);
        if (kind == OBJECT_TRIGGER) {
            buf_adds(emitting->sql, " ON ");
            sql_add_identifier(emitting->sql, object->owner);
        }
        buf_adds(emitting->sql, ";\n");
    }
}

/* Does one of the objects that are still to be handled need this one? */
static bool is_needed(const struct catalog *catalog, const bool *left, size_t at)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (i != at && left[i] && is_view(catalog->objects[i]->kind) &&
            mentions(catalog->objects[i]->sql, catalog->objects[at]->name))
            return true;
    return false;
}

/* The next view: when dropping one that no other needs, when making one that needs no other that is still to be made. */
static size_t next_view(const struct catalog *catalog, const bool *left, bool drops)
{
    size_t any = SIZE_MAX;
    for (size_t i = 0; i < catalog->object_count; i++) {
        bool is_blocked = false;
        if (!left[i] || !is_view(catalog->objects[i]->kind))
            continue;
        any = any == SIZE_MAX ? i : any;
        if (drops)
            is_blocked = is_needed(catalog, left, i);
        for (size_t k = 0; !drops && k < catalog->object_count; k++)
            is_blocked =
                is_blocked || (k != i && left[k] && is_view(catalog->objects[k]->kind) &&
                               mentions(catalog->objects[i]->sql, catalog->objects[k]->name));
        if (!is_blocked)
            return i;
    }
    return any;
}

static bool *copy_flags(struct emitting *emitting, const bool *flags, size_t count)
{
    bool *copy = arena_calloc(emitting->emission->arena, count + 1, sizeof *copy);
    memcpy(copy, flags, count * sizeof *copy);
    return copy;
}

static const char *view_words(const struct object *view)
{
    return view->kind == OBJECT_VIEW ? "VIEW " : "MATERIALIZED VIEW ";
}

static void drop_views(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    bool *left = copy_flags(emitting, emitting->goes, from->object_count);
    for (size_t at; (at = next_view(from, left, true)) != SIZE_MAX; left[at] = false) {
        buf_addf(emitting->sql, "DROP %s", view_words(from->objects[at]));
        sql_add_identifier(emitting->sql, from->objects[at]->name);
        buf_adds(emitting->sql, ";\n");
    }
}

/* ---- making ----------------------------------------------------------------------------------- */

static void make_views(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    bool *left = copy_flags(emitting, emitting->is_made, to->object_count);
    for (size_t at; (at = next_view(to, left, false)) != SIZE_MAX; left[at] = false)
        if (!object_get(to->objects[at], "options")) /* else it is not written */
            buf_addf(emitting->sql, "%s;\n", to->objects[at]->sql);
}

static void make_types(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++) {
        const struct object *object = to->objects[i];
        if (!emitting->is_made[i] || object->kind != OBJECT_ENUM)
            continue;
        buf_adds(emitting->sql, "CREATE TYPE ");
        sql_add_identifier(emitting->sql, object->name);
        buf_addf(emitting->sql, " AS ENUM (%s);\n", object_get(object, "values"));
    }
}

static void add_sequence(struct emitting *emitting, const char *words, const char *name,
                         const struct object *object)
{
    buf_adds(emitting->sql, words);
    sql_add_identifier(emitting->sql, name);
    buf_addf(
        emitting->sql, " AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s;\n",
        object_get(object, "type"), object_get(object, "increment"), object_get(object, "minimum"),
        object_get(object, "maximum"), object_get(object, "start"), object_get(object, "cache"),
        object_get(object, "cycle") ? " CYCLE" : " NO CYCLE");
}

static void make_sequences(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++)
        if (emitting->is_made[i] && to->objects[i]->kind == OBJECT_SEQUENCE &&
            !object_get(to->objects[i], "owned by"))
            add_sequence(emitting, "CREATE SEQUENCE ", to->objects[i]->name, to->objects[i]);
}

/* Where it stands stays. */
static void change_sequences(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        if (difference->what == DIFFERENCE_CHANGED && difference->found->kind == OBJECT_SEQUENCE &&
            postgres_emit_is_shape(difference))
            add_sequence(emitting, "ALTER SEQUENCE ", difference->found->name,
                         difference->expected);
    }
}

static bool is_used_early(const struct emitting *emitting, const char *name)
{
    static const char *const properties[] = {"default", "generated stored", "generated virtual"};
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++) {
        const struct object *object = to->objects[i];
        for (size_t p = 0; object->kind == OBJECT_COLUMN && p < ARRAY_LEN(properties); p++)
            if (mentions(object_get(object, properties[p]), name))
                return true;
        if ((object->kind == OBJECT_CHECK || object->kind == OBJECT_INDEX) &&
            mentions(object_get(object, "definition"), name))
            return true;
    }
    return false;
}

/* Those that tables need come before them, all others after them, since a body may name a table. */
static void make_functions(struct emitting *emitting, bool is_early)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++) {
        const struct object *object = to->objects[i];
        const char *words = object->kind == OBJECT_FUNCTION ? "FUNCTION" : "PROCEDURE";
        if (!emitting->is_made[i] ||
            (object->kind != OBJECT_FUNCTION && object->kind != OBJECT_PROCEDURE))
            continue;
        const char *name =
            arena_strndup(emitting->emission->arena, object->name, strcspn(object->name, "("));
        if (is_used_early(emitting, name) == is_early)
            buf_addf(emitting->sql, "CREATE OR REPLACE %s %s%s;\n", words, name,
                     without_schema(emitting, object_get(object, "definition")));
    }
}

/* Of a table that is there already, without keeping others from writing. */
static void make_indexes(struct emitting *emitting, bool of_views)
{
    static const char mark[] = " INDEX ";
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++) {
        const struct object *object = to->objects[i];
        size_t owner = find_owner(to, object);
        const char *at = object->kind == OBJECT_INDEX ? strstr(object->sql, mark) : NULL;
        if (!emitting->is_made[i] || !at ||
            of_views != (owner != SIZE_MAX && is_view(to->objects[owner]->kind)))
            continue;
        if (postgres_emit_is_of_new(emitting, object))
            buf_addf(emitting->sql, "%s;\n", object->sql);
        else
            buf_addf(emitting->emission->later, "%.*s%sCONCURRENTLY %s;\n", (int)(at - object->sql),
                     object->sql, mark, at + strlen(mark));
    }
}

static void make_triggers(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++)
        if (to->objects[i]->kind == OBJECT_TRIGGER && emitting->is_made[i])
            buf_addf(emitting->sql, "%s;\n", without_schema(emitting, to->objects[i]->sql));
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void tell_withheld(struct emitting *emitting)
{
    const struct emission *emission = emitting->emission;
    for (size_t i = 0; i < emission->withheld_count; i++) {
        const struct object *object = emission->withheld[i];
        const char *name = object_full_name(object);
        struct buf line;
        buf_init(&line, BUF_MAX_DEFAULT);
        bool holds_rows = object->kind == OBJECT_TABLE || object->kind == OBJECT_COLUMN ||
                          object->kind == OBJECT_SEQUENCE;
        buf_addf(&line, "-- not dropped: %s %s, ", object_kind_name(object->kind), name);
        if (holds_rows)
            buf_addf(&line, "since its rows would be lost; --allow-drop %s allows it", name);
        else
            buf_adds(&line, "since what stays needs it");
        emission_add_line(emitting->sql, line.data);
        buf_addc(emitting->sql, '\n');
        buf_done(&line);
    }
}

static void change(struct emission *emission)
{
    struct emitting emitting = {.emission = emission, .sql = emission->sql};
    comparison_make(&emitting.comparison, emission->to, emission->from, emission->rules);
    emitting.goes =
        arena_calloc(emission->arena, emission->from->object_count + 1, sizeof *emitting.goes);
    emitting.is_made =
        arena_calloc(emission->arena, emission->to->object_count + 1, sizeof *emitting.is_made);
    judge(&emitting);
    tell_withheld(&emitting);
    drop_all(&emitting, OBJECT_TRIGGER, "TRIGGER");
    drop_views(&emitting);
    postgres_emit_drop_constraints(&emitting);
    drop_all(&emitting, OBJECT_INDEX, "INDEX");
    make_types(&emitting);
    make_sequences(&emitting);
    make_functions(&emitting, true);
    postgres_emit_make_tables(&emitting);
    postgres_emit_change_columns(&emitting);
    change_sequences(&emitting);
    postgres_emit_make_constraints(&emitting);
    make_indexes(&emitting, false);
    make_functions(&emitting, false);
    make_views(&emitting);
    make_indexes(&emitting, true);
    make_triggers(&emitting);
    drop_all(&emitting, OBJECT_TABLE, "TABLE");
    drop_all(&emitting, OBJECT_FUNCTION, "FUNCTION");
    drop_all(&emitting, OBJECT_PROCEDURE, "PROCEDURE");
    drop_all(&emitting, OBJECT_SEQUENCE, "SEQUENCE");
    drop_all(&emitting, OBJECT_ENUM, "TYPE");
    postgres_emit_make_comments(&emitting);
}

const struct catalog_emitter postgres_emitter = {.change = change};
