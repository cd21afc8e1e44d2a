/* Types and sequences of PostgreSQL, as statements. */
#include "dialect/postgres/emit_private.h"

/* ---- sequences ---------------------------------------------------------------------------------- */

void postgres_emit_sequence(struct emitting *emitting, const char *words,
                            const struct object *sequence)
{
    postgres_say(emitting->sql,
                 "%s %i AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s;\n",
                 words, sequence->name, object_get(sequence, "type"),
                 object_get(sequence, "increment"), object_get(sequence, "minimum"),
                 object_get(sequence, "maximum"), object_get(sequence, "start"),
                 object_get(sequence, "cache"),
                 object_get(sequence, "cycle") ? " CYCLE" : " NO CYCLE");
}

bool postgres_emit_is_plain_serial(const struct object *sequence, const struct object *column)
{
    static const struct {
        const char *type, *maximum;
    } rows[] = {
        {"smallint", "32767"}, {"integer", "2147483647"}, {"bigint", "9223372036854775807"}};
    const char *type = object_get(sequence, "type");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(type, rows[i].type) == 0 && strcmp(object_get(column, "type"), type) == 0)
            return strcmp(object_get(sequence, "maximum"), rows[i].maximum) == 0 &&
                   strcmp(object_get(sequence, "minimum"), "1") == 0 &&
                   strcmp(object_get(sequence, "start"), "1") == 0 &&
                   strcmp(object_get(sequence, "increment"), "1") == 0 &&
                   strcmp(object_get(sequence, "cache"), "1") == 0 &&
                   object_get(column, "not null") && !object_get(sequence, "cycle") &&
                   !object_get(sequence, "persistence") && !object_get(sequence, "comment");
    return false;
}

/* ---- enums -------------------------------------------------------------------------------------- */

/* Each new value after the one that stands before it. */
void postgres_emit_add_values(struct emitting *emitting)
{
    const struct object *from = postgres_emit_from(emitting), *to = postgres_emit_to(emitting);
    const char **had, **has;
    size_t had_count = postgres_split_items(emitting->arena, object_get(from, "values"), &had);
    size_t has_count = postgres_split_items(emitting->arena, object_get(to, "values"), &has);
    size_t at = 0;
    for (size_t i = 0; i < has_count; i++) {
        if (at < had_count && strcmp(had[at], has[i]) == 0) {
            at++;
            continue;
        }
        postgres_say(emitting->sql, "ALTER TYPE %i ADD VALUE %s", to->name, has[i]);
        if (i)
            postgres_say(emitting->sql, " AFTER %s", has[i - 1]);
        else if (had_count)
            postgres_say(emitting->sql, " BEFORE %s", had[0]);
        buf_adds(emitting->sql, ";\n");
    }
}

/* Values that a row may hold and that are no more. */
static void warn_of_values(struct emitting *emitting, const struct object *from,
                           const struct object *to)
{
    const char **had, **has;
    size_t had_count = postgres_split_items(emitting->arena, object_get(from, "values"), &had);
    size_t has_count =
        to ? postgres_split_items(emitting->arena, object_get(to, "values"), &has) : 0;
    for (size_t i = 0; i < had_count; i++) {
        size_t k = 0;
        while (k < has_count && strcmp(had[i], has[k]) != 0)
            k++;
        if (k == has_count)
            postgres_emit_note(emitting,
                               "this fails where a row holds %s of %s: decide first what it should "
                               "hold",
                               had[i], from->name);
    }
}

/* ---- composite types ---------------------------------------------------------------------------- */

static void alter_composite(struct emitting *emitting, const struct object *from,
                            const struct object *to)
{
    const char **had, **has;
    size_t had_count = postgres_split_items(emitting->arena, object_get(from, "attributes"), &had);
    size_t has_count = postgres_split_items(emitting->arena, object_get(to, "attributes"), &has);
    const char *before = " ", *after;
    size_t at = 0;
    postgres_say(emitting->sql, "ALTER TYPE %i", to->name);
    for (size_t i = 0; i < had_count; i++) {
        if (at < has_count && strcmp(had[i], has[at]) == 0) {
            at++;
            continue;
        }
        postgres_say(emitting->sql, "%sDROP ATTRIBUTE %i", before,
                     postgres_read_part(emitting->arena, had[i], &after));
        before = ", ";
    }
    for (; at < has_count; at++, before = ", ")
        postgres_say(emitting->sql, "%sADD ATTRIBUTE %s", before, has[at]);
    buf_adds(emitting->sql, ";\n");
}

/* ---- domains ------------------------------------------------------------------------------------ */

static void make_domain(struct emitting *emitting, const struct object *domain)
{
    const char *collation = object_get(domain, "collation");
    const char *fallback = postgres_emit_get(emitting, domain, "default");
    postgres_say(emitting->sql, "CREATE DOMAIN %i AS %s", domain->name, object_get(domain, "type"));
    if (collation)
        postgres_say(emitting->sql, " COLLATE %s", collation);
    if (fallback)
        postgres_say(emitting->sql, " DEFAULT %s", fallback);
    postgres_say(emitting->sql, "%s;\n", object_get(domain, "not null") ? " NOT NULL" : "");
}

static void alter_domain(struct emitting *emitting, const struct object *domain,
                         const struct difference *difference)
{
    const char *fallback = postgres_emit_get(emitting, domain, "default");
    if (postgres_emit_differs(difference, "default") && fallback)
        postgres_say(emitting->sql, "ALTER DOMAIN %i SET DEFAULT %s;\n", domain->name, fallback);
    else if (postgres_emit_differs(difference, "default"))
        postgres_say(emitting->sql, "ALTER DOMAIN %i DROP DEFAULT;\n", domain->name);
    if (!postgres_emit_differs(difference, "not null"))
        return;
    if (object_get(domain, "not null"))
        postgres_emit_note(emitting, "this fails where a column of type %s is NULL", domain->name);
    postgres_say(emitting->sql, "ALTER DOMAIN %i %s NOT NULL;\n", domain->name,
                 object_get(domain, "not null") ? "SET" : "DROP");
}

/* ---- range types and collations ------------------------------------------------------------------ */

/* `subtype x, collation y, …` as options of CREATE TYPE. */
static void make_range(struct emitting *emitting, const struct object *range)
{
    static const struct {
        const char *words, *option;
    } rows[] = {{"subtype ", "subtype"},
                {"collation ", "collation"},
                {"canonical ", "canonical"},
                {"difference ", "subtype_diff"},
                {"operator class ", "subtype_opclass"}};
    const char **items;
    size_t count =
        postgres_split_items(emitting->arena, postgres_emit_get(emitting, range, "range"), &items);
    postgres_say(emitting->sql, "CREATE TYPE %i AS RANGE (", range->name);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
            const char *value = items[i] + strlen(rows[k].words), *after;
            if (strncmp(items[i], rows[k].words, strlen(rows[k].words)) != 0)
                continue;
            bool is_routine = k == 2 || k == 3;
            postgres_say(emitting->sql, "%s%s = %s", i ? ", " : "", rows[k].option,
                         is_routine ? postgres_routine_name(emitting->arena, value, &after)
                                    : value);
        }
    buf_adds(emitting->sql, ");\n");
}

static void make_collation(struct emitting *emitting, const struct object *collation)
{
    const char *locale = object_get(collation, "locale");
    postgres_say(emitting->sql, "CREATE COLLATION %i (provider = %s", collation->name,
                 object_get(collation, "provider"));
    if (locale)
        postgres_say(emitting->sql, ", locale = %l", locale);
    else
        postgres_say(emitting->sql, ", lc_collate = %l, lc_ctype = %l",
                     object_get(collation, "collate"), object_get(collation, "ctype"));
    if (object_get(collation, "rules"))
        postgres_say(emitting->sql, ", rules = %l", object_get(collation, "rules"));
    if (object_get(collation, "not deterministic"))
        buf_adds(emitting->sql, ", deterministic = false");
    buf_adds(emitting->sql, ");\n");
}

/* ---- all of them -------------------------------------------------------------------------------- */

/* A name of its own that no type has; it goes with the revision that takes it. */
const char *postgres_emit_away_name(struct emitting *emitting, const struct object *type)
{
    const struct side *side = &emitting->from;
    uint32_t at = postgres_emit_find(side, type->kind, NULL, type->name);
    const char *name = arena_printf(emitting->arena, "skein_old_%u", (unsigned)at + 1);
    for (uint32_t i = 0; i < side->count; i++)
        if (strcmp(side->parts[i].object->name, name) == 0) {
            name = arena_printf(emitting->arena, "%s_", name);
            i = 0;
        }
    return name;
}

void postgres_emit_rename_away(struct emitting *emitting)
{
    const struct object *type = postgres_emit_from(emitting);
    if (type->kind == OBJECT_ENUM)
        warn_of_values(emitting, type, postgres_emit_to(emitting));
    postgres_say(emitting->sql, "ALTER %s %i RENAME TO %i;\n",
                 type->kind == OBJECT_DOMAIN ? "DOMAIN" : "TYPE", type->name,
                 postgres_emit_away_name(emitting, type));
}

void postgres_emit_make_type(struct emitting *emitting)
{
    const struct object *type = postgres_emit_to(emitting);
    switch (type->kind) {
    case OBJECT_ENUM:
        postgres_say(emitting->sql, "CREATE TYPE %i AS ENUM (%s);\n", type->name,
                     object_get(type, "values"));
        break;
    case OBJECT_COMPOSITE:
        postgres_say(emitting->sql, "CREATE TYPE %i AS (%s);\n", type->name,
                     object_get(type, "attributes") ? object_get(type, "attributes") : "");
        break;
    case OBJECT_DOMAIN: make_domain(emitting, type); break;
    case OBJECT_RANGE: make_range(emitting, type); break;
    case OBJECT_COLLATION: make_collation(emitting, type); break;
    default: break;
    }
}

void postgres_emit_alter_type(struct emitting *emitting)
{
    const struct object *to = postgres_emit_to(emitting);
    const struct part *part = &emitting->from.parts[emitting->action->from];
    if (to->kind == OBJECT_COMPOSITE)
        alter_composite(emitting, part->object, to);
    else if (to->kind == OBJECT_DOMAIN)
        alter_domain(emitting, to, part->difference);
}
