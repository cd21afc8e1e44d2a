/* Tables of PostgreSQL as a whole, as statements. */
#include "dialect/postgres/emit_private.h"

/* ---- options ------------------------------------------------------------------------------------- */

/* `a=1, b=x` as `a '1', b 'x'`, of what belongs to a foreign server. */
void postgres_emit_add_options(struct buf *sql, struct arena *arena, const char *options)
{
    const char **items;
    size_t count = postgres_split_items(arena, options, &items);
    buf_adds(sql, " OPTIONS (");
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(items[i], "=");
        postgres_say(sql, "%s%i %l", i ? ", " : "", arena_strndup(arena, items[i], len),
                     items[i] + len + (items[i][len] == '='));
    }
    buf_addc(sql, ')');
}

/* `fillfactor=70, parallel_workers=2`, whose values may need quotes. */
void postgres_emit_add_parameters(struct buf *sql, struct arena *arena, const char *parameters)
{
    const char **items;
    size_t count = postgres_split_items(arena, parameters, &items);
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(items[i], "=");
        postgres_say(sql, "%s%i=%l", i ? ", " : "", arena_strndup(arena, items[i], len),
                     items[i] + len + (items[i][len] == '='));
    }
}

/* ALTER … SET (…) and RESET (…), from the one list to the other. */
void postgres_emit_set_parameters(struct emitting *emitting, const char *alter, const char *name,
                                  const char *const lists[2])
{
    const char **had, **has;
    size_t had_count = postgres_split_items(emitting->arena, lists[0], &had);
    size_t has_count = postgres_split_items(emitting->arena, lists[1], &has);
    const char *before = "";
    for (size_t i = 0; i < had_count; i++) {
        size_t len = strcspn(had[i], "="), k = 0;
        while (k < has_count && strncmp(had[i], has[k], len + 1) != 0)
            k++;
        if (k < has_count)
            continue;
        if (!*before)
            postgres_say(emitting->sql, "%s %i RESET (", alter, name);
        postgres_say(emitting->sql, "%s%i", before, arena_strndup(emitting->arena, had[i], len));
        before = ", ";
    }
    if (*before)
        buf_adds(emitting->sql, ");\n");
    if (!has_count)
        return;
    postgres_say(emitting->sql, "%s %i SET (", alter, name);
    postgres_emit_add_parameters(emitting->sql, emitting->arena, lists[1]);
    buf_adds(emitting->sql, ");\n");
}

/* ---- new tables ---------------------------------------------------------------------------------- */

static int compare_positions(const void *left, const void *right)
{
    const struct object *const *a = left, *const *b = right;
    unsigned long x = object_position(*a);
    unsigned long y = object_position(*b);
    return (x > y) - (x < y);
}

/* A table's columns, in their order. */
static size_t columns_of(struct emitting *emitting, const struct object *table,
                         const struct object ***ret_columns)
{
    const struct side *side = &emitting->to;
    size_t count = 0, capacity = 0;
    const struct object **columns = NULL;
    struct object first = {.kind = OBJECT_COLUMN, .owner = table->name, .name = ""};
    for (uint32_t i = postgres_emit_first(side, &first);
         i < side->count && side->parts[i].object->kind == OBJECT_COLUMN &&
         strcmp(side->parts[i].object->owner, table->name) == 0;
         i++)
        *ARENA_PUSH(emitting->arena, columns, count, capacity) = side->parts[i].object;
    if (count)
        qsort(columns, count, sizeof *columns, compare_positions);
    *ret_columns = columns;
    return count;
}

static bool is_partition(const struct object *table)
{
    return object_get(table, "partition of") != NULL;
}

static void add_columns(struct emitting *emitting, const struct object **columns, size_t count)
{
    buf_adds(emitting->sql, " (");
    for (size_t i = 0; i < count; i++) {
        buf_adds(emitting->sql, i ? ",\n    " : "\n    ");
        postgres_emit_add_column(emitting->sql, emitting, columns[i]);
    }
    buf_adds(emitting->sql, count ? "\n)" : ")");
}

static void set_row_security(struct emitting *emitting, const struct object *table)
{
    const char *now = object_get(table, "row security");
    bool is_forced = now && strncmp(now, "forced", 6) == 0;
    bool is_enabled = now && !strstr(now, "disabled");
    postgres_say(emitting->sql, "ALTER TABLE %i %s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY;\n",
                 table->name, is_enabled ? "ENABLE" : "DISABLE", is_forced ? "FORCE" : "NO FORCE");
}

static void add_rest(struct emitting *emitting, const struct object *table)
{
    const char *key = postgres_emit_get(emitting, table, "partition by");
    const char *method = object_get(table, "access method");
    const char *parameters = object_get(table, "storage parameters");
    const char *tablespace = object_get(table, "tablespace");
    if (key)
        postgres_say(emitting->sql, " PARTITION BY %s", key);
    if (method)
        postgres_say(emitting->sql, " USING %i", method);
    if (parameters) {
        buf_adds(emitting->sql, " WITH (");
        postgres_emit_add_parameters(emitting->sql, emitting->arena, parameters);
        buf_addc(emitting->sql, ')');
    }
    if (tablespace)
        postgres_say(emitting->sql, " TABLESPACE %i", tablespace);
}

static void create(struct emitting *emitting, const struct object *table,
                   const struct object **columns, size_t count)
{
    const char *server = object_get(table, "server"),
               *options = object_get(table, "server options");
    const char *parents = object_get(table, "inherits"), *type = object_get(table, "of type");
    postgres_say(emitting->sql, "CREATE %s%s %i",
                 object_get(table, "persistence") ? "UNLOGGED " : "",
                 table->kind == OBJECT_FOREIGN_TABLE ? "FOREIGN TABLE" : "TABLE", table->name);
    if (is_partition(table))
        postgres_say(emitting->sql, " PARTITION OF %s %s", object_get(table, "partition of"),
                     postgres_emit_get(emitting, table, "bound"));
    else if (type)
        postgres_say(emitting->sql, " OF %s", type);
    else
        add_columns(emitting, columns, count);
    if (parents)
        postgres_say(emitting->sql, " INHERITS (%s)", parents);
    if (server)
        postgres_say(emitting->sql, " SERVER %i", server);
    if (options)
        postgres_emit_add_options(emitting->sql, emitting->arena, options);
    add_rest(emitting, table);
    buf_adds(emitting->sql, ";\n");
}

void postgres_emit_make_table(struct emitting *emitting)
{
    const struct object *table = postgres_emit_to(emitting), **columns;
    size_t count = columns_of(emitting, table, &columns);
    create(emitting, table, columns, count);
    if (is_partition(table) || object_get(table, "of type"))
        for (size_t i = 0; i < count; i++)
            postgres_emit_set_inherited(emitting, columns[i]);
    if (object_get(table, "row security"))
        set_row_security(emitting, table);
    for (size_t i = 0; i < count; i++) {
        const char *comment = object_get(columns[i], "comment");
        postgres_emit_column_storage(emitting, columns[i], NULL);
        if (comment)
            postgres_emit_comment(emitting, columns[i], comment);
    }
}

/* ---- tables that change --------------------------------------------------------------------------- */

static bool is_among(struct emitting *emitting, const struct object *table, const char *name)
{
    const char *const *parents;
    size_t count = postgres_parents(emitting->arena, table, &parents);
    for (size_t i = 0; i < count; i++)
        if (strcmp(parents[i], name) == 0)
            return true;
    return false;
}

/* Parents that one has and the other has not. */
static void change_parents(struct emitting *emitting, bool leaves)
{
    const struct object *from = postgres_emit_from(emitting), *to = postgres_emit_to(emitting);
    const struct object *one = leaves ? from : to, *other = leaves ? to : from;
    const char *const *parents;
    size_t count = postgres_parents(emitting->arena, one, &parents);
    bool has_same_bound = postgres_emit_is_same(object_get(from, "bound"), object_get(to, "bound"));
    for (size_t i = 0; i < count; i++) {
        if (is_among(emitting, other, parents[i]) && has_same_bound &&
            is_partition(from) == is_partition(to))
            continue;
        if (!is_partition(one)) {
            postgres_say(emitting->sql, "ALTER TABLE %i %s %i;\n", to->name,
                         leaves ? "NO INHERIT" : "INHERIT", parents[i]);
        } else if (leaves) {
            postgres_say(emitting->sql, "ALTER TABLE %i DETACH PARTITION %i;\n", parents[i],
                         to->name);
        } else {
            postgres_emit_note(emitting, "this fails where a row of %s does not belong there",
                               to->name);
            postgres_say(emitting->sql, "ALTER TABLE %i ATTACH PARTITION %i %s;\n", parents[i],
                         to->name, postgres_emit_get(emitting, to, "bound"));
        }
    }
}

static void change_storage(struct emitting *emitting, const struct difference *difference)
{
    const struct object *from = difference->found, *to = difference->expected;
    const char *tablespace = object_get(to, "tablespace");
    if (postgres_emit_differs(difference, "persistence"))
        postgres_say(emitting->sql, "ALTER TABLE %i SET %s;\n", to->name,
                     object_get(to, "persistence") ? "UNLOGGED" : "LOGGED");
    if (postgres_emit_differs(difference, "access method"))
        postgres_say(emitting->sql, "ALTER TABLE %i SET ACCESS METHOD %i;\n", to->name,
                     object_get(to, "access method") ? object_get(to, "access method") : "heap");
    if (postgres_emit_differs(difference, "tablespace"))
        postgres_say(emitting->sql, "ALTER TABLE %i SET TABLESPACE %i;\n", to->name,
                     tablespace ? tablespace : "pg_default");
    if (postgres_emit_differs(difference, "storage parameters"))
        postgres_emit_set_parameters(emitting, "ALTER TABLE", to->name,
                                     (const char *[]){object_get(from, "storage parameters"),
                                                      object_get(to, "storage parameters")});
}

static void change_options(struct emitting *emitting, const struct difference *difference)
{
    const char **had, **has, *before = "";
    size_t had_count = postgres_split_items(emitting->arena,
                                            object_get(difference->found, "server options"), &had);
    size_t has_count = postgres_split_items(
        emitting->arena, object_get(difference->expected, "server options"), &has);
    postgres_say(emitting->sql, "ALTER FOREIGN TABLE %i OPTIONS (", difference->expected->name);
    for (size_t i = 0; i < had_count; i++, before = ", ")
        postgres_say(emitting->sql, "%sDROP %i", before,
                     arena_strndup(emitting->arena, had[i], strcspn(had[i], "=")));
    for (size_t i = 0; i < has_count; i++, before = ", ") {
        size_t len = strcspn(has[i], "=");
        postgres_say(emitting->sql, "%sADD %i %l", before,
                     arena_strndup(emitting->arena, has[i], len), has[i] + len + 1);
    }
    buf_adds(emitting->sql, ");\n");
}

void postgres_emit_alter_table(struct emitting *emitting)
{
    const struct difference *difference = emitting->from.parts[emitting->action->from].difference;
    const struct object *to = difference->expected;
    const char *type = object_get(to, "of type");
    change_parents(emitting, true);
    change_storage(emitting, difference);
    if (postgres_emit_differs(difference, "of type") && object_get(difference->found, "of type"))
        postgres_say(emitting->sql, "ALTER TABLE %i NOT OF;\n", to->name);
    if (postgres_emit_differs(difference, "of type") && type)
        postgres_say(emitting->sql, "ALTER TABLE %i OF %s;\n", to->name, type);
    if (postgres_emit_differs(difference, "server options"))
        change_options(emitting, difference);
    if (postgres_emit_differs(difference, "row security"))
        set_row_security(emitting, to);
    change_parents(emitting, false);
}

/* ---- what needs an index ---------------------------------------------------------------------------- */

static const char *replica_index(const struct emitting *emitting, const struct object *table)
{
    const struct side *side = &emitting->to;
    for (uint32_t i = 0; i < side->count; i++) {
        const struct object *object = side->parts[i].object;
        const char *index = object_get(object, "index");
        if (postgres_emit_is_same(object->owner, table->name) &&
            (object_get(object, "replica identity") || (index && strstr(index, "replica"))))
            return object->name;
    }
    return NULL;
}

void postgres_emit_finish_table(struct emitting *emitting)
{
    const struct object *table = postgres_emit_to(emitting);
    const char *identity = object_get(table, "replica identity");
    const char *index =
        identity && strcmp(identity, "index") == 0 ? replica_index(emitting, table) : NULL;
    postgres_say(emitting->sql, "ALTER TABLE %i REPLICA IDENTITY ", table->name);
    if (index)
        postgres_say(emitting->sql, "USING INDEX %i;\n", index);
    else
        postgres_say(emitting->sql, "%s;\n",
                     !identity                       ? "DEFAULT"
                     : strcmp(identity, "full") == 0 ? "FULL"
                                                     : "NOTHING");
}
