#include "dialect/postgres/emit.h"

#include <stdarg.h>

#include "dialect/postgres/emit_private.h"

/* ---- the action in hand -------------------------------------------------------------------------- */

const struct object *postgres_emit_from(const struct emitting *emitting)
{
    uint32_t at = emitting->action->from;
    return at == NOWHERE ? NULL : emitting->from.parts[at].object;
}

const struct object *postgres_emit_to(const struct emitting *emitting)
{
    uint32_t at = emitting->action->to, from = emitting->action->from;
    if (at != NOWHERE)
        return emitting->to.parts[at].object;
    return from != NOWHERE && emitting->from.parts[from].is_restored
               ? emitting->from.parts[from].object
               : NULL;
}

bool postgres_emit_is_of_old(const struct emitting *emitting)
{
    uint32_t at = emitting->action->to;
    const struct part *owner =
        at == NOWHERE ? NULL : postgres_emit_owner(&emitting->to, &emitting->to.parts[at]);
    return !owner || !owner->is_made;
}

const char *postgres_emit_get(const struct emitting *emitting, const struct object *object,
                              const char *property)
{
    return postgres_unmarked(emitting->arena, object_get_written(object, property), false);
}

void postgres_emit_note(struct emitting *emitting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_adds(emitting->sql, "-- ");
    emission_add_line(emitting->sql, arena_vprintf(emitting->arena, format, args));
    buf_addc(emitting->sql, '\n');
    va_end(args);
}

struct buf *postgres_emit_later(struct emitting *emitting)
{
    return emitting->emission->later;
}

/* ---- triggers and rules ----------------------------------------------------------------------------- */

static const char *state_words(const char *state)
{
    return !state                           ? "ENABLE"
           : strcmp(state, "disabled") == 0 ? "DISABLE"
           : strcmp(state, "always") == 0   ? "ENABLE ALWAYS"
                                            : "ENABLE REPLICA";
}

static void set_state(struct emitting *emitting, const struct object *object)
{
    postgres_say(emitting->sql, "ALTER TABLE %i %s %s %i;\n", object->owner,
                 state_words(object_get(object, "state")),
                 object->kind == OBJECT_RULE ? "RULE" : "TRIGGER", object->name);
}

uint32_t postgres_emit_parents_trigger(struct emitting *emitting, const struct side *side,
                                       const struct object *trigger)
{
    bool is_trigger = trigger->kind == OBJECT_TRIGGER;
    uint32_t owner = is_trigger ? postgres_emit_find_owner(side, trigger->owner) : NOWHERE;
    uint32_t at = NOWHERE;
    const char *const *parents;
    size_t count = owner == NOWHERE
                       ? 0
                       : postgres_parents(emitting->arena, side->parts[owner].object, &parents);
    for (size_t i = 0; i < count && at == NOWHERE; i++) {
        struct object wanted = {.kind = OBJECT_TRIGGER, .owner = parents[i], .name = trigger->name};
        at = postgres_emit_find(side, OBJECT_TRIGGER, parents[i], trigger->name);
        at = at == NOWHERE ? postgres_emit_parents_trigger(emitting, side, &wanted) : at;
    }
    return at;
}

/* ---- dropping ------------------------------------------------------------------------------------- */

static void drop_column(struct emitting *emitting, const struct object *column)
{
    uint32_t owner = postgres_emit_find_owner(&emitting->from, column->owner);
    bool is_of_table =
        owner != NOWHERE && postgres_emit_is_table(emitting->from.parts[owner].object->kind);
    if (is_of_table && postgres_emit_is_inherited(emitting, &emitting->to, column))
        postgres_emit_reset_inherited(emitting, column);
    else if (is_of_table)
        postgres_say(emitting->sql, "ALTER TABLE %i DROP COLUMN %i;\n", column->owner,
                     column->name);
    else if (object_get(column, "default"))
        postgres_say(emitting->sql, "ALTER VIEW %i ALTER COLUMN %i DROP DEFAULT;\n", column->owner,
                     column->name);
    else if (object_get(column, "comment"))
        postgres_emit_comment(emitting, column, NULL);
}

static const char *kind_words(enum object_kind kind)
{
    switch (kind) {
    case OBJECT_EXTENSION: return "EXTENSION";
    case OBJECT_ENUM:
    case OBJECT_COMPOSITE:
    case OBJECT_RANGE: return "TYPE";
    case OBJECT_DOMAIN: return "DOMAIN";
    case OBJECT_COLLATION: return "COLLATION";
    case OBJECT_SEQUENCE: return "SEQUENCE";
    case OBJECT_TABLE: return "TABLE";
    case OBJECT_FOREIGN_TABLE: return "FOREIGN TABLE";
    case OBJECT_VIEW: return "VIEW";
    case OBJECT_MATERIALIZED_VIEW: return "MATERIALIZED VIEW";
    case OBJECT_INDEX: return "INDEX";
    case OBJECT_STATISTICS: return "STATISTICS";
    case OBJECT_TRIGGER: return "TRIGGER";
    case OBJECT_RULE: return "RULE";
    case OBJECT_POLICY: return "POLICY";
    case OBJECT_FUNCTION: return "FUNCTION";
    case OBJECT_PROCEDURE: return "PROCEDURE";
    case OBJECT_AGGREGATE: return "AGGREGATE";
    case OBJECT_COLUMN: return "COLUMN";
    default: return NULL;
    }
}

static bool is_on_table(enum object_kind kind)
{
    return kind == OBJECT_TRIGGER || kind == OBJECT_RULE || kind == OBJECT_POLICY;
}

/* It is what it is at the parent again. */
static void reset_trigger(struct emitting *emitting, const struct object *trigger, uint32_t parents)
{
    const struct part *part = &emitting->from.parts[parents];
    if (part->fate == FATE_STAYS || part->fate == FATE_CHANGES)
        postgres_say(emitting->sql, "ALTER TABLE %i %s TRIGGER %i;\n", trigger->owner,
                     state_words(object_get(part->object, "state")), trigger->name);
}

void postgres_emit_drop(struct emitting *emitting)
{
    const struct object *object = postgres_emit_from(emitting);
    uint32_t parents = postgres_emit_parents_trigger(emitting, &emitting->from, object);
    const struct part *part = &emitting->from.parts[emitting->action->from];
    const struct part *owner = postgres_emit_owner(&emitting->from, part);
    const char *words = kind_words(object->kind);
    if (object->kind == OBJECT_COLUMN)
        drop_column(emitting, object);
    else if (parents != NOWHERE)
        reset_trigger(emitting, object, parents);
    else if (postgres_emit_is_constraint(object->kind))
        postgres_say(emitting->sql, "ALTER %s %i DROP CONSTRAINT %i;\n",
                     owner && owner->object->kind == OBJECT_DOMAIN ? "DOMAIN" : "TABLE",
                     object->owner, object->name);
    else if (postgres_emit_is_routine(object->kind) || object->kind == OBJECT_AGGREGATE)
        postgres_say(emitting->sql, "DROP %s %s;\n", words,
                     postgres_emit_signature(emitting, object));
    else if (is_on_table(object->kind))
        postgres_say(emitting->sql, "DROP %s %i ON %i;\n", words, object->name, object->owner);
    else if (words)
        postgres_say(emitting->sql, "DROP %s %i;\n", words,
                     part->is_renamed_away ? postgres_emit_away_name(emitting, object)
                                           : object->name);
}

/* ---- making --------------------------------------------------------------------------------------- */

static void make_view(struct emitting *emitting, const struct object *view)
{
    const char *options = object_get(view, "options"), *method = object_get(view, "access method");
    const char *tablespace = object_get(view, "tablespace");
    postgres_say(emitting->sql, "CREATE %sVIEW %i",
                 view->kind == OBJECT_VIEW ? "" : "MATERIALIZED ", view->name);
    if (method)
        postgres_say(emitting->sql, " USING %i", method);
    if (options) {
        buf_adds(emitting->sql, " WITH (");
        postgres_emit_add_parameters(emitting->sql, emitting->arena, options);
        buf_addc(emitting->sql, ')');
    }
    if (tablespace)
        postgres_say(emitting->sql, " TABLESPACE %i", tablespace);
    postgres_say(emitting->sql, " AS\n%s;\n", postgres_emit_get(emitting, view, "definition"));
}

static void make_trigger(struct emitting *emitting, const struct object *trigger)
{
    bool is_constraint = trigger->sql && strncmp(trigger->sql, "CREATE CONSTRAINT ", 18) == 0;
    if (postgres_emit_parents_trigger(emitting, &emitting->to, trigger) == NOWHERE)
        postgres_say(emitting->sql, "CREATE %sTRIGGER %i %s;\n", is_constraint ? "CONSTRAINT " : "",
                     trigger->name, postgres_emit_get(emitting, trigger, "definition"));
    if (object_get(trigger, "state"))
        set_state(emitting, trigger);
}

static void make_rule(struct emitting *emitting, const struct object *rule)
{
    const char *definition = postgres_emit_get(emitting, rule, "definition");
    size_t len = strlen(definition);
    len -= len && definition[len - 1] == ';';
    postgres_say(emitting->sql, "CREATE RULE %i %s;\n", rule->name,
                 arena_strndup(emitting->arena, definition, len));
    if (object_get(rule, "state"))
        set_state(emitting, rule);
}

static void make_policy(struct emitting *emitting, const struct object *policy)
{
    const char *using = postgres_emit_get(emitting, policy, "using");
    const char *check = postgres_emit_get(emitting, policy, "with check");
    postgres_say(emitting->sql, "CREATE POLICY %i ON %i%s FOR %s TO %s", policy->name,
                 policy->owner, object_get(policy, "restrictive") ? " AS RESTRICTIVE" : "",
                 object_get(policy, "command"), object_get(policy, "roles"));
    if (using)
        postgres_say(emitting->sql, " USING (%s)", using);
    if (check)
        postgres_say(emitting->sql, " WITH CHECK (%s)", check);
    buf_adds(emitting->sql, ";\n");
}

static void make_object(struct emitting *emitting, const struct object *object)
{
    switch (object->kind) {
    case OBJECT_EXTENSION:
        postgres_say(emitting->sql, "CREATE EXTENSION %i;\n", object->name);
        break;
    case OBJECT_SEQUENCE:
        postgres_emit_sequence(emitting,
                               object_get(object, "persistence") ? "CREATE UNLOGGED SEQUENCE"
                                                                 : "CREATE SEQUENCE",
                               object);
        break;
    case OBJECT_TABLE:
    case OBJECT_FOREIGN_TABLE: postgres_emit_make_table(emitting); break;
    case OBJECT_COLUMN: postgres_emit_make_column(emitting); break;
    case OBJECT_VIEW:
    case OBJECT_MATERIALIZED_VIEW: make_view(emitting, object); break;
    case OBJECT_PRIMARY_KEY:
    case OBJECT_UNIQUE:
    case OBJECT_CHECK:
    case OBJECT_EXCLUSION:
    case OBJECT_FOREIGN_KEY: postgres_emit_make_constraint(emitting); break;
    case OBJECT_INDEX: postgres_emit_make_index(emitting); break;
    case OBJECT_STATISTICS:
        postgres_say(emitting->sql, "CREATE STATISTICS %i %s;\n", object->name,
                     postgres_emit_get(emitting, object, "definition"));
        break;
    case OBJECT_TRIGGER: make_trigger(emitting, object); break;
    case OBJECT_RULE: make_rule(emitting, object); break;
    case OBJECT_POLICY: make_policy(emitting, object); break;
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_AGGREGATE: postgres_emit_make_routine(emitting); break;
    default: postgres_emit_make_type(emitting); break;
    }
}

void postgres_emit_make(struct emitting *emitting)
{
    const struct object *object = postgres_emit_to(emitting);
    const char *comment = object_get(object, "comment");
    struct buf *sql = emitting->sql;
    size_t later = emitting->emission->later->len;
    uint32_t at = emitting->action->from;
    /* a routine that is replaced keeps what was said of it */
    bool is_replaced = at != NOWHERE && emitting->from.parts[at].fate == FATE_CHANGES;
    make_object(emitting, object);
    if (emitting->emission->later->len > later)
        emitting->sql = emitting->emission->later;
    if (comment && catalog_rules_has(emitting->emission->rules, ASPECT_COMMENTS))
        postgres_emit_comment(emitting, object, comment);
    else if (is_replaced && object_get(postgres_emit_from(emitting), "comment"))
        postgres_emit_comment(emitting, object, NULL);
    emitting->sql = sql;
}

/* ---- changing ------------------------------------------------------------------------------------- */

static void alter_view(struct emitting *emitting, const struct difference *difference)
{
    postgres_emit_set_parameters(
        emitting,
        difference->expected->kind == OBJECT_VIEW ? "ALTER VIEW" : "ALTER MATERIALIZED VIEW",
        difference->expected->name,
        (const char *[]){object_get(difference->found, "options"),
                         object_get(difference->expected, "options")});
}

/* Where it stands stays. */
static void alter_sequence(struct emitting *emitting, const struct difference *difference)
{
    const struct object *to = difference->expected;
    postgres_emit_sequence(emitting, "ALTER SEQUENCE", to);
    if (postgres_emit_differs(difference, "persistence"))
        postgres_say(emitting->sql, "ALTER SEQUENCE %i SET %s;\n", to->name,
                     object_get(to, "persistence") ? "UNLOGGED" : "LOGGED");
}

void postgres_emit_alter(struct emitting *emitting)
{
    const struct difference *difference = emitting->from.parts[emitting->action->from].difference;
    const struct object *to = difference->expected;
    switch (to->kind) {
    case OBJECT_TABLE:
    case OBJECT_FOREIGN_TABLE: postgres_emit_alter_table(emitting); break;
    case OBJECT_VIEW:
    case OBJECT_MATERIALIZED_VIEW: alter_view(emitting, difference); break;
    case OBJECT_SEQUENCE: alter_sequence(emitting, difference); break;
    case OBJECT_TRIGGER:
    case OBJECT_RULE: set_state(emitting, to); break;
    case OBJECT_EXTENSION:
        if (object_get(to, "version"))
            postgres_say(emitting->sql, "ALTER EXTENSION %i UPDATE TO %l;\n", to->name,
                         object_get(to, "version"));
        break;
    case OBJECT_INDEX:
    case OBJECT_PRIMARY_KEY:
    case OBJECT_UNIQUE:
    case OBJECT_CHECK:
    case OBJECT_EXCLUSION:
    case OBJECT_FOREIGN_KEY: postgres_emit_alter_constraint(emitting); break;
    default: postgres_emit_alter_type(emitting); break;
    }
}

void postgres_emit_finish(struct emitting *emitting)
{
    const struct object *object = postgres_emit_to(emitting);
    if (object->kind == OBJECT_TABLE)
        postgres_emit_finish_table(emitting);
    else
        postgres_say(emitting->sql, "ALTER SEQUENCE %i OWNED BY %s;\n", object->name,
                     object_get(object, "owned by") ? object_get(object, "owned by") : "NONE");
}

/* ---- comments ------------------------------------------------------------------------------------- */

void postgres_emit_comment(struct emitting *emitting, const struct object *object,
                           const char *comment)
{
    const char *words = kind_words(object->kind);
    uint32_t owner =
        object->owner ? postgres_emit_find_owner(&emitting->to, object->owner) : NOWHERE;
    bool is_of_domain = owner != NOWHERE && emitting->to.parts[owner].object->kind == OBJECT_DOMAIN;
    if (!words && !postgres_emit_is_constraint(object->kind))
        return;
    postgres_say(emitting->sql, "COMMENT ON %s ", words ? words : "CONSTRAINT");
    if (object->kind == OBJECT_COLUMN)
        postgres_say(emitting->sql, "%i.%i", object->owner, object->name);
    else if (postgres_emit_is_routine(object->kind) || object->kind == OBJECT_AGGREGATE)
        buf_adds(emitting->sql, postgres_emit_signature(emitting, object));
    else
        postgres_say(emitting->sql, "%i", postgres_emit_name(emitting, object));
    if (is_on_table(object->kind) || postgres_emit_is_constraint(object->kind))
        postgres_say(emitting->sql, is_of_domain ? " ON DOMAIN %i" : " ON %i", object->owner);
    if (comment)
        postgres_say(emitting->sql, " IS %l;\n", comment);
    else
        buf_adds(emitting->sql, " IS NULL;\n");
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static const char *why_withheld(const struct object *object)
{
    bool holds_rows = object->kind == OBJECT_TABLE || object->kind == OBJECT_COLUMN ||
                      object->kind == OBJECT_SEQUENCE;
    return holds_rows ? "since its rows would be lost" : "since what stays needs it";
}

/* A name may have line breaks: each line is a comment. */
static void add_comments(struct buf *sql, const char *text)
{
    for (size_t len; *text; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        buf_adds(sql, "-- ");
        buf_add(sql, text, len);
        buf_addc(sql, '\n');
    }
}

/* The statement that is not written, as a comment: that drops the part, or gives the column the type of `to`. */
static void tell_statement(struct emitting *emitting, uint32_t at, const struct object *to)
{
    const struct action action = {
        .deed = DEED_DROP, .from = at, .to = emitting->from.parts[at].twin};
    struct buf statement, *sql = emitting->sql;
    buf_init(&statement, SIZE_MAX / 2);
    emitting->action = &action;
    emitting->sql = &statement;
    if (to)
        postgres_emit_change_type(emitting, emitting->from.parts[at].object, to);
    else
        postgres_emit_drop(emitting);
    emitting->action = NULL;
    emitting->sql = sql;
    add_comments(sql, buf_into(&statement, emitting->arena));
}

static void tell_withheld(struct emitting *emitting)
{
    const struct emission *emission = emitting->emission;
    for (size_t i = 0; i < emission->withheld_count; i++) {
        const struct object *object = emission->withheld[i];
        const char *name = object_full_name(object), *reason = why_withheld(object);
        uint32_t at =
            postgres_emit_find(&emitting->from, object->kind, object->owner, object->name);
        const struct difference *difference = emitting->from.parts[at].difference;
        bool is_changed =
            difference && difference->expected && postgres_emit_differs(difference, "type");
        if (is_changed)
            postgres_emit_note(
                emitting,
                "not changed: column %s from %s to %s, since values would be rounded "
                "or cut off; --allow-drop %s allows it",
                name, object_get(object, "type"), object_get(difference->expected, "type"), name);
        else if (strstr(reason, "rows"))
            postgres_emit_note(emitting, "not dropped: %s %s, %s; --allow-drop %s allows it",
                               object_kind_name(object->kind), name, reason, name);
        else
            postgres_emit_note(emitting, "not dropped: %s %s, %s", object_kind_name(object->kind),
                               name, reason);
        tell_statement(emitting, at, is_changed ? difference->expected : NULL);
    }
}

/* Other kinds, and other properties, may be without. */
static const struct emission_need needs[] = {
    {OBJECT_DOMAIN, "type", NULL},
    {OBJECT_RANGE, "range", NULL},
    {OBJECT_COLLATION, "provider", NULL},
    {OBJECT_SEQUENCE, "type", NULL},
    {OBJECT_SEQUENCE, "start", NULL},
    {OBJECT_SEQUENCE, "increment", NULL},
    {OBJECT_SEQUENCE, "minimum", NULL},
    {OBJECT_SEQUENCE, "maximum", NULL},
    {OBJECT_SEQUENCE, "cache", NULL},
    {OBJECT_TABLE, "bound", "partition of"},
    {OBJECT_FOREIGN_TABLE, "bound", "partition of"},
    {OBJECT_FOREIGN_TABLE, "server", NULL},
    {OBJECT_VIEW, "definition", NULL},
    {OBJECT_MATERIALIZED_VIEW, "definition", NULL},
    {OBJECT_COLUMN, "type", NULL},
    {OBJECT_COLUMN, "position", NULL},
    {OBJECT_PRIMARY_KEY, "definition", NULL},
    {OBJECT_UNIQUE, "definition", NULL},
    {OBJECT_FOREIGN_KEY, "definition", NULL},
    {OBJECT_CHECK, "definition", NULL},
    {OBJECT_EXCLUSION, "definition", NULL},
    {OBJECT_INDEX, "definition", NULL},
    {OBJECT_STATISTICS, "definition", NULL},
    {OBJECT_TRIGGER, "definition", NULL},
    {OBJECT_RULE, "definition", NULL},
    {OBJECT_POLICY, "command", NULL},
    {OBJECT_POLICY, "roles", NULL},
    {OBJECT_FUNCTION, "definition", NULL},
    {OBJECT_PROCEDURE, "definition", NULL},
    {OBJECT_AGGREGATE, "definition", NULL},
};

static void change(struct emission *emission)
{
    struct emitting emitting = {
        .emission = emission, .arena = emission->arena, .sql = emission->sql};
    if (!emission_has_all(emission, needs, ARRAY_LEN(needs)))
        return;
    postgres_emit_read(&emitting);
    postgres_emit_judge(&emitting);
    tell_withheld(&emitting);
    postgres_emit_plan(&emitting);
    postgres_emit_run(&emitting);
}

const struct catalog_emitter postgres_emitter = {.change = change};
