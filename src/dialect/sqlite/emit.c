#include "dialect/sqlite/emit.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/sqlite/create.h"
#include "dialect/sqlite/emit_private.h"
#include "dialect/sqlite/tokens.h"
#include "dialect/template.h"

/* ---- finding ---------------------------------------------------------------------------------- */

bool sqlite_emit_is_of(const struct object *object, const struct object *owner)
{
    return object->owner && ascii_is_same(object->owner, owner->name);
}

static size_t find_object(const struct catalog *catalog, enum object_kind kind, const char *owner,
                          const char *name)
{
    for (size_t i = 0; i < catalog->object_count; i++) {
        const struct object *object = catalog->objects[i];
        if (object->kind == kind && ascii_is_same(object->name, name) &&
            (!owner || ascii_is_same(object->owner, owner)))
            return i;
    }
    return SIZE_MAX;
}

size_t sqlite_emit_find_like(const struct catalog *catalog, const struct object *object)
{
    return find_object(catalog, object->kind, object->owner, object->name);
}

void sqlite_emit_add_name(struct emitting *emitting, const char *before, const char *name,
                          const char *after)
{
    buf_adds(emitting->sql, before);
    sql_add_identifier(emitting->sql, name);
    buf_adds(emitting->sql, after);
}

void sqlite_emit_add_comment(struct emitting *emitting, const char *text)
{
    emission_add_line(emitting->sql, text);
    buf_addc(emitting->sql, '\n');
}

/* Does it stand in the schema under a name of its own? All these share one space of names. */
static bool stands_alone(const struct object *object)
{
    switch (object->kind) {
    case OBJECT_TABLE:
    case OBJECT_VIRTUAL_TABLE:
    case OBJECT_VIEW:
    case OBJECT_INDEX:
    case OBJECT_TRIGGER: return true;
    default: return false;
    }
}

/* The table or view that owns it, of the same catalog. */
static size_t find_owner(const struct catalog *catalog, const struct object *object)
{
    static const enum object_kind kinds[] = {OBJECT_TABLE, OBJECT_VIEW, OBJECT_VIRTUAL_TABLE};
    for (size_t i = 0; object->owner && i < ARRAY_LEN(kinds); i++) {
        size_t at = find_object(catalog, kinds[i], NULL, object->owner);
        if (at != SIZE_MAX)
            return at;
    }
    return SIZE_MAX;
}

/* Is the name one of the statement's words? */
static bool mentions(struct arena *arena, const char *sql, const char *name)
{
    struct sqlite_cursor cursor = sqlite_cursor(sql ? sql : "");
    for (; cursor.token.kind != TOKEN_END; sqlite_advance(&cursor))
        if ((cursor.token.kind == TOKEN_WORD || cursor.token.kind == TOKEN_NAME ||
             cursor.token.kind == TOKEN_STRING) &&
            ascii_is_same(sqlite_token_name(arena, &cursor.token), name))
            return true;
    return false;
}

/* ---- what becomes of what --------------------------------------------------------------------- */

/* A definition that ALTER TABLE can add to a table with rows. */
static bool can_be_added(struct arena *arena, const struct object *column,
                         const struct create_item *item)
{
    static const char *const refused[] = {"primary", "unique", "generated", "as"};
    const char *fallback = object_get(column, "default");
    if (!item || object_get(column, "rest") || (object_get(column, "not null") && !fallback))
        return false;
    if (fallback && (strchr(fallback, '(') || ascii_begins(fallback, "current_") ||
                     create_item_has(arena, item, "references")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (create_item_has(arena, item, refused[i]))
            return false;
    return true;
}

/* How many constraints the definitions of columns that are to be added bring along. */
static size_t count_brought(struct emitting *emitting, const struct object *table,
                            const struct create_table *create)
{
    struct arena *arena = emitting->emission->arena;
    size_t count = 0;
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        if (difference->what != DIFFERENCE_MISSING || difference->expected->kind != OBJECT_COLUMN ||
            !sqlite_emit_is_of(difference->expected, table))
            continue;
        const struct create_item *item = create_table_find(create, difference->expected->name);
        struct sqlite_cursor cursor =
            sqlite_cursor(item ? arena_strndup(arena, item->text, item->len) : "");
        for (; cursor.token.kind != TOKEN_END; sqlite_advance(&cursor))
            count += sqlite_is_word(&cursor.token, "check") ||
                     sqlite_is_word(&cursor.token, "references");
    }
    return count;
}

/* Can the table become that of `to` by columns that are added alone? `table` is that of `to`. */
static bool grows_only(struct emitting *emitting, const struct object *table)
{
    struct arena *arena = emitting->emission->arena;
    size_t constraints = 0;
    struct create_table create;
    create_table_read(arena, table->sql, &create);
    if (catalog_rules_has(emitting->emission->rules, ASPECT_ORDER))
        return false;
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *object = difference_object(difference);
        if (object == table)
            return false;
        if (!sqlite_emit_is_of(object, table) || object->kind == OBJECT_INDEX ||
            object->kind == OBJECT_TRIGGER)
            continue;
        if (difference->what != DIFFERENCE_MISSING)
            return false;
        if (object->kind == OBJECT_CHECK || object->kind == OBJECT_FOREIGN_KEY)
            constraints++;
        else if (object->kind != OBJECT_COLUMN ||
                 !can_be_added(arena, object, create_table_find(&create, object->name)))
            return false;
    }
    return constraints == count_brought(emitting, table, &create);
}

/* A column that goes must not, unless it is allowed: then the table keeps it. */
static bool changes_table(struct emitting *emitting, const struct difference *difference)
{
    const struct object *object = difference_object(difference);
    if (object->kind != OBJECT_COLUMN || difference->what != DIFFERENCE_EXTRA)
        return true;
    size_t at = sqlite_emit_find_like(emitting->emission->from, object);
    if (emission_may_drop(emitting->emission, object))
        return true;
    emitting->fates[at] = FATE_IS_WITHHELD;
    return false;
}

static void judge_part(struct emitting *emitting, const struct difference *difference)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    const struct object *object = difference_object(difference);
    size_t at = find_object(from, OBJECT_TABLE, NULL, object->owner);
    size_t new_at = find_object(to, OBJECT_TABLE, NULL, object->owner);
    if (at == SIZE_MAX || new_at == SIZE_MAX || !changes_table(emitting, difference))
        return;
    if (!grows_only(emitting, to->objects[new_at]))
        emitting->fates[at] = FATE_IS_REBUILT;
}

static void judge_standing(struct emitting *emitting, const struct difference *difference)
{
    struct emission *emission = emitting->emission;
    const struct object *found = difference->found, *expected = difference->expected;
    bool holds_rows = found && (found->kind == OBJECT_TABLE || found->kind == OBJECT_VIRTUAL_TABLE);
    if (found && expected && found->kind == OBJECT_TABLE) {
        emitting->fates[sqlite_emit_find_like(emission->from, found)] = FATE_IS_REBUILT;
        return;
    }
    if (holds_rows && !emission_may_drop(emission, found)) {
        emitting->fates[sqlite_emit_find_like(emission->from, found)] = FATE_IS_WITHHELD;
        return;
    }
    if (found)
        emitting->fates[sqlite_emit_find_like(emission->from, found)] = FATE_GOES;
    if (expected)
        emitting->is_made[sqlite_emit_find_like(emission->to, expected)] = true;
}

static void judge_differences(struct emitting *emitting)
{
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        const struct object *object = difference_object(difference);
        if (stands_alone(object))
            judge_standing(emitting, difference);
        else if (object->owner)
            judge_part(emitting, difference);
    }
}

/* Is the table or view not there for a while, under its name? */
static bool is_away(const struct emitting *emitting, size_t at)
{
    const struct object *object = emitting->emission->from->objects[at];
    return emitting->fates[at] == FATE_IS_REBUILT ||
           (emitting->fates[at] == FATE_GOES &&
            (object->kind == OBJECT_VIEW || object->kind == OBJECT_TABLE ||
             object->kind == OBJECT_VIRTUAL_TABLE));
}

/* But for its own table: it goes with that one. */
static bool mentions_what_is_away(const struct emitting *emitting, const struct object *object,
                                  size_t owner)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++)
        if (i != owner && is_away(emitting, i) &&
            mentions(emitting->emission->arena, object->sql, from->objects[i]->name))
            return true;
    return false;
}

/* A table is renamed only where every view and trigger can be read: those that name what is not there go for a while. */
static bool judge_dependents(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    bool has_changed = false;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *object = from->objects[i];
        size_t owner = find_owner(from, object);
        if (emitting->fates[i] != FATE_STAYS || !stands_alone(object))
            continue;
        if (emitting->has_rebuilds &&
            (object->kind == OBJECT_VIEW || object->kind == OBJECT_TRIGGER) &&
            mentions_what_is_away(emitting, object, owner))
            emitting->fates[i] = FATE_GOES;
        else if (owner != SIZE_MAX && is_away(emitting, owner))
            emitting->fates[i] = FATE_GOES_ALONG;
        has_changed = has_changed || emitting->fates[i] != FATE_STAYS;
    }
    return has_changed;
}

static void judge(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    judge_differences(emitting);
    for (size_t i = 0; i < from->object_count; i++)
        emitting->has_rebuilds = emitting->has_rebuilds || emitting->fates[i] == FATE_IS_REBUILT;
    while (judge_dependents(emitting))
        ;
    for (size_t i = 0; i < from->object_count; i++) {
        size_t at = sqlite_emit_find_like(to, from->objects[i]);
        if (at != SIZE_MAX && stands_alone(from->objects[i]) &&
            (emitting->fates[i] == FATE_GOES || emitting->fates[i] == FATE_GOES_ALONG))
            emitting->is_made[at] = true;
    }
    for (size_t i = 0; i < to->object_count; i++) {
        size_t owner = find_owner(to, to->objects[i]);
        if (stands_alone(to->objects[i]) && owner != SIZE_MAX && emitting->is_made[owner])
            emitting->is_made[i] = true;
    }
}

/* ---- dropping --------------------------------------------------------------------------------- */

static const char *word_of(enum object_kind kind)
{
    return kind == OBJECT_VIEW      ? "VIEW "
           : kind == OBJECT_TRIGGER ? "TRIGGER "
           : kind == OBJECT_INDEX   ? "INDEX "
                                    : "TABLE ";
}

static void drop_all(struct emitting *emitting, enum object_kind kind)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = from->object_count; i-- > 0;) {
        const struct object *object = from->objects[i];
        size_t owner = find_owner(from, object);
        /* what goes with its table would be missed if no statement named it */
        bool is_gone = owner != SIZE_MAX && emitting->fates[owner] == FATE_GOES;
        if (object->kind == kind && emitting->fates[i] == FATE_GOES && !is_gone) {
            buf_addf(emitting->sql, "DROP %s", word_of(kind));
            sqlite_emit_add_name(emitting, "", object->name, ";\n");
        }
    }
}

static void tell_withheld(struct emitting *emitting)
{
    struct emission *emission = emitting->emission;
    for (size_t i = 0; i < emission->withheld_count; i++) {
        const struct object *object = emission->withheld[i];
        struct buf line;
        buf_init(&line, BUF_MAX_DEFAULT);
        buf_addf(
            &line, "-- not dropped: %s %s, since its rows would be lost; --allow-drop %s allows it",
            object_kind_name(object->kind), object_full_name(object), object_full_name(object));
        sqlite_emit_add_comment(emitting, line.data);
        buf_clear(&line);
        if (object->kind == OBJECT_COLUMN) {
            buf_adds(&line, "-- ALTER TABLE ");
            sql_add_identifier(&line, object->owner);
            buf_adds(&line, " DROP COLUMN ");
        } else {
            buf_adds(&line, "-- DROP TABLE ");
        }
        sql_add_identifier(&line, object->name);
        buf_adds(&line, ";");
        sqlite_emit_add_comment(emitting, line.data);
        buf_done(&line);
    }
}

/* ---- making ----------------------------------------------------------------------------------- */

/* A comment at the end, which SQLite keeps of a view, would hide the semicolon. */
static void make(struct emitting *emitting, const struct object *object)
{
    const char *newline = strrchr(object->sql, '\n'), *line = newline ? newline : object->sql;
    buf_addf(emitting->sql, "%s%s;\n", object->sql, strstr(line, "--") ? "\n" : "");
}

static void make_all(struct emitting *emitting, enum object_kind kind)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++)
        if (to->objects[i]->kind == kind && emitting->is_made[i])
            make(emitting, to->objects[i]);
    /* What no one compares, and has to go for a while, comes back as it was. */
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *object = from->objects[i];
        size_t owner = find_owner(from, object);
        bool stays = owner == SIZE_MAX || emitting->fates[owner] != FATE_GOES ||
                     sqlite_emit_find_like(to, from->objects[owner]) != SIZE_MAX;
        if (object->kind == kind && stays &&
            (emitting->fates[i] == FATE_GOES || emitting->fates[i] == FATE_GOES_ALONG) &&
            sqlite_emit_find_like(to, object) == SIZE_MAX &&
            catalog_rules_ignores(emitting->emission->rules, object))
            make(emitting, object);
    }
}

/* ---- tables ----------------------------------------------------------------------------------- */

static void change_tables(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from, *to = emitting->emission->to;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *old = from->objects[i];
        size_t at = old->kind == OBJECT_TABLE ? sqlite_emit_find_like(to, old) : SIZE_MAX;
        if (at == SIZE_MAX)
            continue;
        if (emitting->fates[i] == FATE_IS_REBUILT)
            sqlite_emit_rebuild(emitting, old, to->objects[at]);
        else
            sqlite_emit_grow(emitting, to->objects[at]);
    }
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void set_numbers(struct emitting *emitting)
{
    static const struct {
        const char *property, *pragma;
    } rows[] = {{"user version", "user_version"}, {"application id", "application_id"}};
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct difference *difference = &emitting->comparison.items[i];
        if (difference_object(difference)->kind != OBJECT_DATABASE)
            continue;
        for (size_t p = 0; p < difference->property_count; p++)
            for (size_t r = 0; r < ARRAY_LEN(rows); r++)
                if (strcmp(difference->properties[p].name, rows[r].property) == 0)
                    buf_addf(emitting->sql, "PRAGMA %s = %s;\n", rows[r].pragma,
                             difference->properties[p].expected ? difference->properties[p].expected
                                                                : "0");
    }
}

static void change(struct emission *emission)
{
    struct emitting emitting = {.emission = emission, .sql = emission->sql};
    comparison_make(&emitting.comparison, emission->to, emission->from, emission->rules);
    emitting.fates =
        arena_calloc(emission->arena, emission->from->object_count + 1, sizeof *emitting.fates);
    emitting.is_made =
        arena_calloc(emission->arena, emission->to->object_count + 1, sizeof *emitting.is_made);
    judge(&emitting);
    tell_withheld(&emitting);
    drop_all(&emitting, OBJECT_TRIGGER);
    drop_all(&emitting, OBJECT_VIEW);
    drop_all(&emitting, OBJECT_INDEX);
    drop_all(&emitting, OBJECT_TABLE);
    drop_all(&emitting, OBJECT_VIRTUAL_TABLE);
    make_all(&emitting, OBJECT_TABLE);
    make_all(&emitting, OBJECT_VIRTUAL_TABLE);
    change_tables(&emitting);
    make_all(&emitting, OBJECT_INDEX);
    make_all(&emitting, OBJECT_VIEW);
    make_all(&emitting, OBJECT_TRIGGER);
    set_numbers(&emitting);
}

const struct catalog_emitter sqlite_emitter = {.change = change};
