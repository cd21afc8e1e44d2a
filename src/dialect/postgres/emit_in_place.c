/* Which differences an ALTER, or CREATE OR REPLACE, makes good while the object stays. */
#include "dialect/postgres/emit_private.h"

/* Values that stay in an enum are in the same order: new ones can be added. */
static bool only_adds_values(const struct object *from, const struct object *to)
{
    struct arena *arena = from->catalog->arena;
    const char **had, **has;
    size_t had_count = postgres_split_items(arena, object_get(from, "values"), &had);
    size_t has_count = postgres_split_items(arena, object_get(to, "values"), &has);
    size_t at = 0;
    for (size_t i = 0; i < has_count && at < had_count; i++)
        at += strcmp(had[at], has[i]) == 0;
    return at == had_count;
}

/* The attributes of `from` that stay, in their order, are what `to` begins with, and the rest is new. */
static bool can_alter_composite(struct emitting *emitting, const struct object *from,
                                const struct object *to)
{
    const char **had, **has;
    size_t had_count = postgres_split_items(emitting->arena, object_get(from, "attributes"), &had);
    size_t has_count = postgres_split_items(emitting->arena, object_get(to, "attributes"), &has);
    size_t at = 0;
    for (size_t i = 0; i < had_count; i++)
        at += at < has_count && strcmp(had[i], has[at]) == 0;
    for (size_t i = at; i < has_count; i++) { /* an attribute that had another type or place */
        const char *after, *name = postgres_read_part(emitting->arena, has[i], &after);
        for (size_t k = 0; k < had_count; k++)
            if (strcmp(postgres_read_part(emitting->arena, had[k], &after), name) == 0)
                return false;
    }
    return at > 0;
}

/* All that differs is among these. */
static bool differs_only_in(const struct difference *difference, const char *const *properties)
{
    for (size_t i = 0; i < difference->property_count; i++) {
        const char *const *at = properties;
        while (*at && strcmp(*at, difference->properties[i].name) != 0)
            at++;
        if (!*at && difference->properties[i].aspect == ASPECT_SHAPE)
            return false;
    }
    return true;
}

/* A constraint that needs to be looked at, and nothing else. */
static bool only_validates(const struct object *from, const struct object *to)
{
    static const char mark[] = " NOT VALID";
    const char *had = object_get(from, "definition"), *has = object_get(to, "definition");
    size_t len = strlen(has);
    return strncmp(had, has, len) == 0 && strcmp(had + len, mark) == 0;
}

bool postgres_emit_can_alter(struct emitting *emitting, const struct difference *difference)
{
    static const char *const of_views[] = {"options", NULL}, *const of_states[] = {"state", NULL},
                             *const of_indexes[] = {"replica identity", "invalid", NULL},
                             *const of_constraints[] = {"index", "enforcement", NULL};
    const struct object *from = difference->found, *to = difference->expected;
    switch (from->kind) {
    case OBJECT_ENUM: return only_adds_values(from, to);
    case OBJECT_DOMAIN:
        return !postgres_emit_differs(difference, "type") &&
               !postgres_emit_differs(difference, "collation");
    case OBJECT_COMPOSITE: return can_alter_composite(emitting, from, to);
    case OBJECT_VIEW:
    case OBJECT_MATERIALIZED_VIEW: return differs_only_in(difference, of_views);
    case OBJECT_TRIGGER:
    case OBJECT_RULE: return differs_only_in(difference, of_states);
    case OBJECT_INDEX: return differs_only_in(difference, of_indexes);
    case OBJECT_PRIMARY_KEY:
    case OBJECT_UNIQUE:
    case OBJECT_EXCLUSION:
    case OBJECT_FOREIGN_KEY:
    case OBJECT_CHECK:
        return differs_only_in(difference, of_constraints) || only_validates(from, to);
    case OBJECT_RANGE:
    case OBJECT_COLLATION:
    case OBJECT_STATISTICS:
    case OBJECT_POLICY:
    case OBJECT_AGGREGATE: return false;
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE: return postgres_emit_can_replace(from, to);
    default: return true;
    }
}
