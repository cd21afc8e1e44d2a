/* Constraints and indexes of PostgreSQL, as statements. */
#include "dialect/postgres/emit_private.h"

/* ---- names --------------------------------------------------------------------------------------- */

static bool is_index_like(enum object_kind kind)
{
    return kind == OBJECT_INDEX || kind == OBJECT_PRIMARY_KEY || kind == OBJECT_UNIQUE ||
           kind == OBJECT_EXCLUSION;
}

/* Does something of that name stay that is not this object? Indexes are named beside tables, constraints beside those of their
 * table. */
static bool is_taken(const struct emitting *emitting, const struct object *object, const char *name)
{
    for (uint32_t i = 0; i < emitting->from.count; i++) {
        const struct part *part = &emitting->from.parts[i];
        const struct object *other = part->object;
        bool stays = part->fate == FATE_STAYS || part->fate == FATE_CHANGES;
        bool is_beside = (postgres_emit_is_constraint(object->kind) &&
                          postgres_emit_is_constraint(other->kind) &&
                          postgres_emit_is_same(object->owner, other->owner)) ||
                         (is_index_like(object->kind) &&
                          (is_index_like(other->kind) || postgres_emit_is_table(other->kind) ||
                           postgres_emit_is_view(other->kind) || other->kind == OBJECT_SEQUENCE));
        if (stays && is_beside && strcmp(other->name, name) == 0)
            return true;
    }
    return false;
}

/* The name that it has from now on. One that the server has chosen may be another's here. */
const char *postgres_emit_name(const struct emitting *emitting, const struct object *object)
{
    uint32_t at = postgres_emit_find(&emitting->to, object->kind, object->owner, object->name);
    const struct part *part = at == NOWHERE ? NULL : &emitting->to.parts[at];
    const char *name = object->name;
    if (!part || part->object != object || !object->has_automatic_name)
        return name;
    if (!part->is_made && part->twin != NOWHERE)
        return emitting->from.parts[part->twin].object->name;
    for (unsigned i = 1; is_taken(emitting, object, name); i++)
        name = arena_printf(emitting->arena, "%.58s%u", object->name, i);
    return name;
}

/* ---- constraints ---------------------------------------------------------------------------------- */

static bool is_partitioned(const struct emitting *emitting, const struct object *object)
{
    uint32_t owner = postgres_emit_find_owner(&emitting->to, object->owner);
    return owner != NOWHERE && object_get(emitting->to.parts[owner].object, "partition by");
}

/* `UNIQUE (a, b) INCLUDE (c) DEFERRABLE` as columns of an index, and what comes after them; NULL: it is of another form. */
static const char *index_columns(struct emitting *emitting, const char *definition,
                                 const char **ret_rest)
{
    static const char include[] = " INCLUDE (", distinct[] = "UNIQUE NULLS NOT DISTINCT (";
    bool is_distinct = strncmp(definition, distinct, strlen(distinct)) == 0;
    const char *open = strchr(definition, '(');
    if (!open || (!is_distinct && strncmp(definition, "UNIQUE (", 8) != 0 &&
                  strncmp(definition, "PRIMARY KEY (", 13) != 0))
        return NULL;
    const char *end = open + 1;
    while (*(end = postgres_skip_item(end)) == ',')
        end++;
    if (*end != ')')
        return NULL;
    end++;
    if (strncmp(end, include, strlen(include)) == 0) {
        end += strlen(include);
        while (*(end = postgres_skip_item(end)) == ',')
            end++;
        end += *end == ')';
    }
    *ret_rest = end;
    const char *columns = arena_strndup(emitting->arena, open, (size_t)(end - open));
    return strstr(columns, " WITHOUT OVERLAPS")
               ? NULL
               : arena_printf(emitting->arena, "%s%s", columns,
                              is_distinct ? " NULLS NOT DISTINCT" : "");
}

/* Built without keeping others from writing, and then made a constraint. */
static bool make_by_index(struct emitting *emitting, const struct object *key)
{
    const char *definition = postgres_emit_get(emitting, key, "definition"), *rest;
    const char *name = postgres_emit_name(emitting, key);
    const char *parameters = object_get(key, "storage parameters");
    struct buf *later = postgres_emit_later(emitting);
    bool can = (key->kind == OBJECT_PRIMARY_KEY || key->kind == OBJECT_UNIQUE) &&
               postgres_emit_is_of_old(emitting) && !is_partitioned(emitting, key);
    const char *columns = can ? index_columns(emitting, definition, &rest) : NULL;
    if (!columns)
        return false;
    postgres_say(later, "CREATE UNIQUE INDEX CONCURRENTLY %i ON %i %s", name, key->owner, columns);
    if (parameters) {
        buf_adds(later, " WITH (");
        postgres_emit_add_parameters(later, emitting->arena, parameters);
        buf_addc(later, ')');
    }
    postgres_say(later, ";\nALTER TABLE %i ADD CONSTRAINT %i %s USING INDEX %i%s;\n", key->owner,
                 name, key->kind == OBJECT_UNIQUE ? "UNIQUE" : "PRIMARY KEY", name, rest);
    return true;
}

static void set_index(struct emitting *emitting, struct buf *sql, const struct object *key)
{
    const char *index = object_get(key, "index");
    const char *parameters = object_get(key, "storage parameters");
    if (object_get(key, "clustered") || (index && strstr(index, "clustered")))
        postgres_say(sql, "ALTER TABLE %i CLUSTER ON %i;\n", key->owner,
                     postgres_emit_name(emitting, key));
    if (postgres_emit_is_constraint(key->kind) && parameters) {
        postgres_say(sql, "ALTER INDEX %i SET (", postgres_emit_name(emitting, key));
        postgres_emit_add_parameters(sql, emitting->arena, parameters);
        buf_adds(sql, ");\n");
    }
}

/* Of a domain: no rows are its own, but tables have columns of it. */
static void make_of_domain(struct emitting *emitting, const struct object *check)
{
    const char *definition = postgres_emit_get(emitting, check, "definition");
    const char *name = postgres_emit_name(emitting, check);
    bool waits = postgres_emit_is_of_old(emitting) && !strstr(definition, " NOT VALID");
    postgres_say(emitting->sql, "ALTER DOMAIN %i ADD CONSTRAINT %i %s%s;\n", check->owner, name,
                 definition, waits ? " NOT VALID" : "");
    if (waits)
        postgres_say(postgres_emit_later(emitting), "ALTER DOMAIN %i VALIDATE CONSTRAINT %i;\n",
                     check->owner, name);
}

static bool is_of_domain(const struct emitting *emitting, const struct object *object)
{
    uint32_t owner = postgres_emit_find_owner(&emitting->to, object->owner);
    return owner != NOWHERE && emitting->to.parts[owner].object->kind == OBJECT_DOMAIN;
}

static bool ends_with_not_valid(const char *definition)
{
    static const char mark[] = " NOT VALID";
    size_t len = strlen(definition);
    return len >= strlen(mark) && strcmp(definition + len - strlen(mark), mark) == 0;
}

/* Of a table with rows, what must hold for them is looked at later, without keeping others from writing. */
void postgres_emit_make_constraint(struct emitting *emitting)
{
    const struct object *object = postgres_emit_to(emitting);
    const char *definition = postgres_emit_get(emitting, object, "definition");
    const char *name = postgres_emit_name(emitting, object);
    bool is_looked_at = object->kind == OBJECT_CHECK ||
                        (object->kind == OBJECT_FOREIGN_KEY && !is_partitioned(emitting, object));
    if (is_of_domain(emitting, object)) {
        make_of_domain(emitting, object);
        return;
    }
    if (make_by_index(emitting, object)) {
        set_index(emitting, postgres_emit_later(emitting), object);
        return;
    }
    bool waits =
        is_looked_at && postgres_emit_is_of_old(emitting) && !ends_with_not_valid(definition);
    postgres_say(emitting->sql, "ALTER TABLE %i ADD CONSTRAINT %i %s%s;\n", object->owner, name,
                 definition, waits ? " NOT VALID" : "");
    if (waits)
        postgres_say(postgres_emit_later(emitting), "ALTER TABLE %i VALIDATE CONSTRAINT %i;\n",
                     object->owner, name);
    set_index(emitting, emitting->sql, object);
}

void postgres_emit_alter_constraint(struct emitting *emitting)
{
    const struct difference *difference = emitting->from.parts[emitting->action->from].difference;
    const struct object *to = difference->expected;
    const char *name = postgres_emit_name(emitting, to);
    if (postgres_emit_differs(difference, "definition")) /* it becomes valid */
        postgres_say(postgres_emit_later(emitting), "ALTER %s %i VALIDATE CONSTRAINT %i;\n",
                     is_of_domain(emitting, to) ? "DOMAIN" : "TABLE", to->owner, name);
    if (postgres_emit_differs(difference, "storage parameters"))
        postgres_emit_set_parameters(
            emitting, "ALTER INDEX", name,
            (const char *[]){object_get(difference->found, "storage parameters"),
                             object_get(to, "storage parameters")});
    if (postgres_emit_differs(difference, "clustered") && !object_get(to, "clustered"))
        postgres_say(emitting->sql, "ALTER TABLE %i SET WITHOUT CLUSTER;\n", to->owner);
    else if (postgres_emit_differs(difference, "clustered"))
        set_index(emitting, emitting->sql, to);
}

/* ---- indexes ---------------------------------------------------------------------------------------- */

/* Of a table that is there already, without keeping others from writing; of a partitioned one the server cannot. */
void postgres_emit_make_index(struct emitting *emitting)
{
    const struct object *index = postgres_emit_to(emitting);
    bool waits = postgres_emit_is_of_old(emitting) && !is_partitioned(emitting, index);
    struct buf *sql = waits ? postgres_emit_later(emitting) : emitting->sql;
    if (postgres_emit_is_of_old(emitting) && !waits)
        postgres_emit_note(emitting,
                           "this keeps others from writing to %s while it is built: for large "
                           "partitions build their indexes first, CONCURRENTLY, and attach them",
                           index->owner);
    postgres_say(sql, "CREATE %sINDEX %s%i ON %i USING %s",
                 object_get(index, "unique") ? "UNIQUE " : "", waits ? "CONCURRENTLY " : "",
                 postgres_emit_name(emitting, index), index->owner,
                 postgres_emit_get(emitting, index, "definition"));
    buf_adds(sql, ";\n");
    set_index(emitting, sql, index);
}
