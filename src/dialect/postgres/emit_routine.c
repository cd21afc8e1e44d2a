/* Routines and aggregates of PostgreSQL, as statements. */
#include "dialect/postgres/emit_private.h"

/* What cannot be replaced: the arguments with their names and defaults, and the result. */
static size_t head_of(const char *definition)
{
    const char *language = strstr(definition, "\n LANGUAGE ");
    return language ? (size_t)(language - definition) : strlen(definition);
}

bool postgres_emit_can_replace(const struct object *from, const struct object *to)
{
    const char *had = object_get(from, "definition"), *has = object_get(to, "definition");
    size_t len = head_of(had);
    return len == head_of(has) && strncmp(had, has, len) == 0;
}

static bool is_of_name(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

static bool mentions(const char *text, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = text; len && (at = strstr(at, name)); at++)
        if ((at == text || !is_of_name(at[-1])) && !is_of_name(at[len]))
            return true;
    return false;
}

/* Does its body, which the server checks, name something that is made only after it? */
static bool is_early(struct emitting *emitting, const char *definition)
{
    const char *rest;
    for (uint32_t i = 0; i < emitting->to.count; i++) {
        const struct part *part = &emitting->to.parts[i];
        uint32_t at = part->actions[DEED_MAKE];
        if (at == NOWHERE || emitting->actions[at].is_done)
            continue;
        if (mentions(definition,
                     postgres_emit_is_routine(part->object->kind)
                         ? postgres_routine_name(emitting->arena, part->object->name, &rest)
                         : part->object->name))
            return true;
    }
    return false;
}

static void make_function(struct emitting *emitting, const struct object *routine)
{
    const char *arguments;
    const char *name = postgres_routine_name(emitting->arena, routine->name, &arguments);
    const char *definition =
        postgres_unmarked(emitting->arena, object_get(routine, "definition"), true);
    bool is_checked = strstr(definition, "\n LANGUAGE sql") && is_early(emitting, definition);
    if (is_checked)
        buf_adds(emitting->sql, "SET LOCAL check_function_bodies = off;\n");
    postgres_say(emitting->sql, "CREATE OR REPLACE %s %s%s;\n",
                 routine->kind == OBJECT_FUNCTION ? "FUNCTION" : "PROCEDURE", name, definition);
    if (is_checked)
        buf_adds(emitting->sql, "SET LOCAL check_function_bodies = on;\n");
}

/* ---- aggregates ------------------------------------------------------------------------------------ */

struct aggregate_row {
    const char *words, *option;
    bool is_routine;
};

static const struct aggregate_row aggregate_rows[] = {
    {"transition ", "SFUNC", true},          {"state ", "STYPE", false},
    {"initial ", "INITCOND", false},         {"final gets arguments ", "FINALFUNC_EXTRA", false},
    {"final ", "FINALFUNC", true},           {"combine ", "COMBINEFUNC", true},
    {"serial ", "SERIALFUNC", true},         {"deserial ", "DESERIALFUNC", true},
    {"moving state ", "MSTYPE", false},      {"moving final ", "MFINALFUNC", true},
    {"moving initial ", "MINITCOND", false}, {"moving ", "MSFUNC", true},
    {"inverse ", "MINVFUNC", true},          {"sort ", "SORTOP", false},
    {"parallel ", "PARALLEL", false},
};

static const char *option_value(struct emitting *emitting, const struct aggregate_row *row,
                                const char *value)
{
    const char *rest;
    if (row->is_routine)
        return postgres_routine_name(emitting->arena, value, &rest);
    if (strcmp(row->option, "FINALFUNC_EXTRA") == 0)
        return "true";
    if (strcmp(row->option, "PARALLEL") == 0)
        return *value == 's' ? "SAFE" : *value == 'r' ? "RESTRICTED" : "UNSAFE";
    return value;
}

static void add_option(struct emitting *emitting, const char *item, const char *before)
{
    for (size_t i = 0; i < ARRAY_LEN(aggregate_rows); i++) {
        const struct aggregate_row *row = &aggregate_rows[i];
        size_t len = strlen(row->words);
        if (strncmp(item, row->words, len) != 0)
            continue;
        postgres_say(emitting->sql, "%s%s = %s", before, row->option,
                     option_value(emitting, row, item + len));
        /* `f(x) w`: whether the final function may change the state */
        size_t item_len = strlen(item);
        char modify = item[item_len - 1];
        if (strcmp(row->option, "FINALFUNC") == 0 && modify != 'r' && item[item_len - 2] == ' ')
            postgres_say(emitting->sql, ", FINALFUNC_MODIFY = %s",
                         modify == 'w' ? "READ_WRITE" : "SHAREABLE");
        return;
    }
}

static const char *aggregate_arguments(const char *arguments)
{
    return strcmp(arguments, "()") == 0 ? "(*)" : arguments;
}

static void make_aggregate(struct emitting *emitting, const struct object *aggregate)
{
    const char *arguments, **items;
    const char *name = postgres_routine_name(emitting->arena, aggregate->name, &arguments);
    size_t count = postgres_split_items(
        emitting->arena, postgres_emit_get(emitting, aggregate, "definition"), &items);
    for (size_t i = 0; i < count; i++)
        if (strncmp(items[i], "kind ", 5) == 0)
            emission_refuse(emitting->emission, aggregate,
                            "an ordered-set aggregate is not written: write it by hand");
    postgres_say(emitting->sql, "CREATE AGGREGATE %s%s (", name, aggregate_arguments(arguments));
    for (size_t i = 0; i < count; i++)
        add_option(emitting, items[i], i ? ", " : "");
    buf_adds(emitting->sql, ");\n");
}

void postgres_emit_make_routine(struct emitting *emitting)
{
    const struct object *routine = postgres_emit_to(emitting);
    if (routine->kind == OBJECT_AGGREGATE)
        make_aggregate(emitting, routine);
    else
        make_function(emitting, routine);
}

/* The name with its arguments, as DROP and COMMENT ON say it. */
const char *postgres_emit_signature(const struct emitting *emitting, const struct object *routine)
{
    const char *arguments;
    const char *name = postgres_routine_name(emitting->arena, routine->name, &arguments);
    return routine->kind == OBJECT_AGGREGATE
               ? arena_printf(emitting->arena, "%s%s", name, aggregate_arguments(arguments))
               : routine->name;
}
