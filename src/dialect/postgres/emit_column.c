/* Columns of PostgreSQL, as statements. */
#include "dialect/postgres/emit_private.h"

#include "dialect/template.h"

/* ---- identity ------------------------------------------------------------------------------------ */

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

/* A column that gets its numbers by itself from now on begins after those that are there. */
static void skip_numbers(struct emitting *emitting, const struct object *column,
                         const char *sequence)
{
    struct buf name;
    buf_init(&name, BUF_MAX_DEFAULT);
    sql_add_identifier(&name, sequence ? sequence : column->owner);
    if (sequence)
        postgres_say(emitting->sql, "SELECT setval(%l, max(%i)) FROM %i HAVING max(%i) > 0;\n",
                     name.data, column->name, column->owner, column->name);
    else
        postgres_say(emitting->sql,
                     "SELECT setval(pg_get_serial_sequence(%l, %l), max(%i)) FROM %i HAVING "
                     "max(%i) > 0;\n",
                     name.data, column->name, column->name, column->owner, column->name);
    buf_done(&name);
}

/* ---- a column as a whole -------------------------------------------------------------------------- */

static const char *serial_of(const char *type)
{
    return strcmp(type, "bigint") == 0     ? "bigserial"
           : strcmp(type, "smallint") == 0 ? "smallserial"
                                           : "serial";
}

static void add_type(struct buf *sql, const struct object *column)
{
    const char *collation = object_get(column, "collation");
    buf_adds(sql, object_get(column, "type"));
    if (collation)
        buf_addf(sql, " COLLATE %s", collation);
}

/* The sequence of a serial column; NULL: it is made by the word `serial`, or is there already. */
static const struct object *explicit_sequence(const struct emitting *emitting,
                                              const struct object *column)
{
    const char *name = object_get(column, "sequence");
    uint32_t at = name ? postgres_emit_find(&emitting->to, OBJECT_SEQUENCE, NULL, name) : NOWHERE;
    return at == NOWHERE || postgres_emit_is_plain_serial(emitting->to.parts[at].object, column)
               ? NULL
               : emitting->to.parts[at].object;
}

static void add_default(struct buf *sql, struct emitting *emitting, const struct object *column)
{
    struct buf name;
    if (!postgres_emit_is_serial(column)) {
        buf_adds(sql, postgres_emit_get(emitting, column, "default"));
        return;
    }
    buf_init(&name, BUF_MAX_DEFAULT);
    sql_add_identifier(&name, object_get(column, "sequence"));
    postgres_say(sql, "nextval(%l::regclass)", name.data);
    buf_done(&name);
}

void postgres_emit_add_column(struct buf *sql, struct emitting *emitting,
                              const struct object *column)
{
    const char *options = object_get(column, "server options");
    bool is_serial = postgres_emit_is_serial(column) && !explicit_sequence(emitting, column);
    postgres_say(sql, "%i ", column->name);
    if (is_serial)
        buf_adds(sql, serial_of(object_get(column, "type")));
    else
        add_type(sql, column);
    if (options)
        postgres_emit_add_options(sql, emitting->arena, options);
    if (object_get(column, "identity")) {
        buf_addc(sql, ' ');
        add_identity(sql, object_get(column, "identity"));
    } else if (postgres_emit_generated(column)) {
        bool is_stored = object_get(column, "generated stored") != NULL;
        postgres_say(sql, " GENERATED ALWAYS AS (%s)%s",
                     postgres_emit_get(emitting, column,
                                       is_stored ? "generated stored" : "generated virtual"),
                     is_stored ? " STORED" : " VIRTUAL");
    } else if (object_get(column, "default") && !is_serial) {
        buf_adds(sql, " DEFAULT ");
        add_default(sql, emitting, column);
    }
    if (object_get(column, "not null"))
        buf_adds(sql, " NOT NULL");
}

/* What the statement may stumble over, which an empty database does not show. */
static void warn_of_rows(struct emitting *emitting, const struct object *column)
{
    if (object_get(column, "not null") && !object_get(column, "default") &&
        !object_get(column, "identity") && !postgres_emit_generated(column))
        postgres_emit_note(emitting,
                           "this fails where the table has rows: say first what %s is in them, for "
                           "it has no default",
                           object_full_name(column));
}

/* What a view says of its own about a column of its query. */
static void make_of_view(struct emitting *emitting, const struct object *column)
{
    if (object_get(column, "default"))
        postgres_say(emitting->sql, "ALTER VIEW %i ALTER COLUMN %i SET DEFAULT %s;\n",
                     column->owner, column->name, postgres_emit_get(emitting, column, "default"));
}

/* What a column of a partition, or of a table of a type, has of its own. */
void postgres_emit_set_inherited(struct emitting *emitting, const struct object *column)
{
    if (object_get(column, "default"))
        postgres_say(emitting->sql, "ALTER TABLE ONLY %i ALTER COLUMN %i SET DEFAULT %s;\n",
                     column->owner, column->name, postgres_emit_get(emitting, column, "default"));
    else
        postgres_say(emitting->sql, "ALTER TABLE ONLY %i ALTER COLUMN %i DROP DEFAULT;\n",
                     column->owner, column->name);
    if (object_get(column, "not null"))
        postgres_say(emitting->sql, "ALTER TABLE ONLY %i ALTER COLUMN %i SET NOT NULL;\n",
                     column->owner, column->name);
}

static const struct object *parents_column(struct emitting *emitting, const struct object *column)
{
    uint32_t owner = postgres_emit_find_owner(&emitting->to, column->owner);
    const char *const *parents;
    size_t count = owner == NOWHERE ? 0
                                    : postgres_parents(emitting->arena,
                                                       emitting->to.parts[owner].object, &parents);
    for (size_t i = 0; i < count; i++) {
        struct object wanted = {.kind = OBJECT_COLUMN, .owner = parents[i], .name = column->name};
        uint32_t at = postgres_emit_find(&emitting->to, OBJECT_COLUMN, parents[i], column->name);
        const struct object *found =
            at != NOWHERE ? emitting->to.parts[at].object : parents_column(emitting, &wanted);
        if (found)
            return found;
    }
    return NULL;
}

/* It is its parent's again in all. */
void postgres_emit_reset_inherited(struct emitting *emitting, const struct object *column)
{
    const struct object *parents = parents_column(emitting, column);
    const char *fallback = parents ? postgres_emit_get(emitting, parents, "default") : NULL;
    if (fallback)
        postgres_say(emitting->sql, "ALTER TABLE ONLY %i ALTER COLUMN %i SET DEFAULT %s;\n",
                     column->owner, column->name, fallback);
    else
        postgres_say(emitting->sql, "ALTER TABLE ONLY %i ALTER COLUMN %i DROP DEFAULT;\n",
                     column->owner, column->name);
    if (object_get(column, "not null") && parents && !object_get(parents, "not null"))
        postgres_say(emitting->sql, "ALTER TABLE ONLY %i ALTER COLUMN %i DROP NOT NULL;\n",
                     column->owner, column->name);
}

static bool has_heirs(struct emitting *emitting, const char *table)
{
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        const struct object *object = emitting->from.parts[i].object;
        const char *const *parents;
        size_t count =
            object->kind == OBJECT_TABLE ? postgres_parents(emitting->arena, object, &parents) : 0;
        for (size_t k = 0; k < count; k++)
            if (strcmp(parents[k], table) == 0)
                return true;
    }
    return false;
}

/* An identity is not handed down: the column is, and then becomes one. */
static void add_to_heirs(struct emitting *emitting, const struct object *column)
{
    postgres_say(emitting->sql, "ALTER TABLE %i ADD COLUMN %i %s;\n", column->owner, column->name,
                 object_get(column, "type"));
    postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i SET NOT NULL;\n", column->owner,
                 column->name);
    postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i ADD ", column->owner, column->name);
    add_identity(emitting->sql, object_get(column, "identity"));
    buf_adds(emitting->sql, ";\n");
}

void postgres_emit_make_column(struct emitting *emitting)
{
    const struct object *column = postgres_emit_to(emitting);
    uint32_t owner = postgres_emit_find_owner(&emitting->to, column->owner);
    if (owner == NOWHERE || !postgres_emit_is_table(emitting->to.parts[owner].object->kind)) {
        make_of_view(emitting, column);
        return;
    }
    if (postgres_emit_is_inherited(emitting, &emitting->to, column) &&
        postgres_emit_is_inherited(emitting, &emitting->from, column)) {
        postgres_emit_set_inherited(emitting, column);
        return;
    }
    warn_of_rows(emitting, column);
    if (object_get(column, "identity") && has_heirs(emitting, column->owner)) {
        add_to_heirs(emitting, column);
        return;
    }
    postgres_say(emitting->sql, "ALTER TABLE %i ADD COLUMN ", column->owner);
    postgres_emit_add_column(emitting->sql, emitting, column);
    buf_adds(emitting->sql, ";\n");
    postgres_emit_column_storage(emitting, column, NULL);
}

/* `difference` NULL: the column is new, and all that it has is said. */
void postgres_emit_column_storage(struct emitting *emitting, const struct object *column,
                                  const struct difference *difference)
{
    static const char *const names[] = {"storage", "compression", "statistics options"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = object_get(column, names[i]);
        if (difference ? !postgres_emit_differs(difference, names[i]) : !value)
            continue;
        if (i == 2 && !value)
            postgres_say(
                emitting->sql,
                "ALTER TABLE %i ALTER COLUMN %i RESET (n_distinct, n_distinct_inherited);\n",
                column->owner, column->name);
        else if (i == 2)
            postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i SET (%s);\n", column->owner,
                         column->name, value);
        else
            postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i SET %s %s;\n",
                         column->owner, column->name, i ? "COMPRESSION" : "STORAGE",
                         value ? value
                         : i   ? "default"
                               : "extended");
    }
}

/* ---- a column that changes ------------------------------------------------------------------------ */

static const struct difference *difference_of(const struct emitting *emitting)
{
    return emitting->from.parts[emitting->action->from].difference;
}

/* What it has from now on; of one that stays as it is what it had. */
static const struct object *wanted(const struct emitting *emitting)
{
    const struct object *to = postgres_emit_to(emitting);
    return to ? to : postgres_emit_from(emitting);
}

static bool is_identity_new(const struct emitting *emitting)
{
    return object_get(wanted(emitting), "identity") &&
           !object_get(postgres_emit_from(emitting), "identity");
}

void postgres_emit_default_off(struct emitting *emitting)
{
    const struct object *from = postgres_emit_from(emitting), *to = wanted(emitting);
    const struct part *part = &emitting->from.parts[emitting->action->from];
    bool changes_type = part->is_retyped || part->is_default_off;
    if (object_get(from, "identity") && !object_get(to, "identity"))
        postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i DROP IDENTITY;\n", from->owner,
                     from->name);
    else if (object_get(from, "default") && (changes_type || !object_get(to, "default")))
        postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i DROP DEFAULT;\n", from->owner,
                     from->name);
}

/* Where its sequence stands must not change. */
static void set_identity(struct emitting *emitting, const struct object *column)
{
    const char *identity = object_get(column, "identity");
    postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i ", column->owner, column->name);
    if (is_identity_new(emitting)) {
        buf_adds(emitting->sql, "ADD ");
        add_identity(emitting->sql, identity);
        buf_adds(emitting->sql, ";\n");
        skip_numbers(emitting, column, NULL);
        return;
    }
    postgres_say(emitting->sql, "SET GENERATED %s", identity_kind(identity));
    add_sequence_options(emitting->sql, identity, " SET ");
    buf_adds(emitting->sql, strstr(identity, " cycle") ? ";\n" : " SET NO CYCLE;\n");
}

void postgres_emit_default_on(struct emitting *emitting)
{
    const struct object *column = wanted(emitting), *from = postgres_emit_from(emitting);
    bool was_serial = postgres_emit_is_serial(from);
    if (object_get(column, "identity")) {
        if (postgres_emit_differs(difference_of(emitting), "identity"))
            set_identity(emitting, column);
    } else if (object_get(column, "default")) {
        postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i SET DEFAULT ", column->owner,
                     column->name);
        add_default(emitting->sql, emitting, column);
        buf_adds(emitting->sql, ";\n");
        if (postgres_emit_is_serial(column) && !was_serial)
            skip_numbers(emitting, column, object_get(column, "sequence"));
    }
}

/* Where the server knows no cast the value goes through text. */
#define THROUGH_TEXT(had, type) (is_array(had) && is_array(type) ? "::text[]" : "::text")

static bool is_array(const char *type)
{
    size_t len = strlen(type);
    return len > 2 && strcmp(type + len - 2, "[]") == 0;
}

static bool is_cast(const char *type)
{
    return !strchr(type, '(') || *type == '"';
}

static void warn_of_type(struct emitting *emitting, const struct object *from,
                         const struct object *to)
{
    const char *type = object_get(to, "type"), *had = object_get(from, "type");
    enum narrowing narrowing = postgres_narrowing(emitting->arena, had, type);
    if (narrowing != NARROWING_NONE)
        postgres_emit_note(emitting,
                           narrowing == NARROWING_MAY_LOSE
                               ? "this rounds or cuts off what does not fit: %s from %s to %s"
                               : "this fails where a value does not fit: %s from %s to %s",
                           object_full_name(to), had, type);
}

/* A cast to a type with a length would cut off what is longer without a word, so such a type is assigned to instead: with a cast to
 * the type without it, where there is none of its own. */
void postgres_emit_change_type(struct emitting *emitting, const struct object *from,
                               const struct object *to)
{
    const char *type = object_get(to, "type"), *had = object_get(from, "type");
    enum narrowing narrowing = postgres_narrowing(emitting->arena, had, type);
    postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i TYPE ", to->owner, to->name);
    add_type(emitting->sql, to);
    if (is_cast(type))
        postgres_say(emitting->sql, " USING %i%s::%s", to->name,
                     postgres_has_cast(emitting->arena, had, type) ? "" : THROUGH_TEXT(had, type),
                     type);
    else if (narrowing != NARROWING_NONE)
        postgres_say(emitting->sql, " USING %i%s::%s%s", to->name,
                     postgres_has_cast(emitting->arena, had, type) ? "" : THROUGH_TEXT(had, type),
                     arena_strndup(emitting->arena, type, strcspn(type, "(")),
                     is_array(type) ? "[]" : "");
    buf_adds(emitting->sql, ";\n");
}

void postgres_emit_retype(struct emitting *emitting)
{
    const struct part *part = &emitting->from.parts[emitting->action->from];
    const struct object *to = wanted(emitting), *from = part->object;
    if (postgres_emit_generated(from) && !postgres_emit_generated(to))
        postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i DROP EXPRESSION;\n", to->owner,
                     to->name);
    if (part->is_retyped) {
        warn_of_type(emitting, from, to);
        postgres_emit_change_type(emitting, from, to);
    }
    if (part->difference)
        postgres_emit_column_storage(emitting, to, part->difference);
}

/* ---- NOT NULL ---------------------------------------------------------------------------------------- */

/* A CHECK that is looked at without keeping others away tells the server what it else would read the table for under a lock. */
void postgres_emit_not_null(struct emitting *emitting)
{
    const struct object *column = wanted(emitting);
    const char *check =
        arena_printf(emitting->arena, "skein_not_null_%s", object_get(column, "position"));
    struct buf *later = postgres_emit_later(emitting);
    if (!object_get(column, "not null")) {
        postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i DROP NOT NULL;\n",
                     column->owner, column->name);
        return;
    }
    postgres_emit_note(emitting,
                       "this fails where a row has no %s: decide first what it should hold",
                       object_full_name(column));
    uint32_t owner = postgres_emit_find_owner(&emitting->to, column->owner);
    if (is_identity_new(emitting) || emitting->to.parts[owner].object->kind != OBJECT_TABLE) {
        /* what comes after it in the transaction needs it */
        postgres_say(emitting->sql, "ALTER TABLE %i ALTER COLUMN %i SET NOT NULL;\n", column->owner,
                     column->name);
        return;
    }
    postgres_say(emitting->sql,
                 "ALTER TABLE %i ADD CONSTRAINT %i CHECK (%i IS NOT NULL) NOT VALID;\n",
                 column->owner, check, column->name);
    postgres_say(later, "ALTER TABLE %i VALIDATE CONSTRAINT %i;\n", column->owner, check);
    postgres_say(later, "ALTER TABLE %i ALTER COLUMN %i SET NOT NULL;\n", column->owner,
                 column->name);
    postgres_say(later, "ALTER TABLE %i DROP CONSTRAINT %i;\n", column->owner, check);
}
