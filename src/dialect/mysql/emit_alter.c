/* What changes of a table that stays: the clauses of its ALTER TABLE, and into how many statements they go. */
#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/mysql/catalog_text.h"
#include "dialect/mysql/emit_private.h"

/* Where all of it is cheap, each stage is a statement. The server changes virtual columns at once only if nothing else changes
 * with them, and makes the table anew if it must add columns and build indexes together. */
enum stage {
    STAGE_COLUMNS,
    STAGE_VIRTUAL,
    STAGE_KEYS,
    STAGE_VIRTUAL_DROPPED,
    STAGE_DROPPED,
    STAGE__COUNT
};

struct clause {
    const char *text;
    enum stage stage;
    enum cost cost;
};

struct altering {
    struct emitting *emitting;
    const struct object *from, *to; /* the table */
    struct clause *clauses;
    size_t count, capacity;
    const struct object **columns; /* of `from` that stay, in their order; see place_columns */
    size_t column_count;
    bool moves; /* a column gets another place */
    bool
        has_virtual; /* the table has a virtual column, before or after: others are then not added at once */
};

static struct buf begin_clause(void)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    return buf;
}

static void add_clause(struct altering *altering, struct buf *text, enum stage stage,
                       enum cost cost)
{
    struct arena *arena = altering->emitting->arena;
    *ARENA_PUSH(arena, altering->clauses, altering->count, altering->capacity) =
        (struct clause){buf_into(text, arena), stage, cost};
}

/* By whose character set columns are told: not by one that changes in the same statement. */
static const struct object *told_by(const struct altering *altering)
{
    const char *from = object_get(altering->from, "collation");
    const char *to = object_get(altering->to, "collation");
    return from && to && strcmp(from, to) == 0 ? altering->to : NULL;
}

/* ---- columns ---------------------------------------------------------------------------------- */

/* What the statement does with rows, which an empty database does not show. */
static void warn(struct altering *altering, const char *before, const struct object *column,
                 const char *after)
{
    struct emitting *emitting = altering->emitting;
    emission_add_line(emitting->sql, arena_printf(emitting->arena, "-- %s %s%s", before,
                                                  object_full_name(column), after));
    buf_addc(emitting->sql, '\n');
}

static void add_column(struct altering *altering, const struct object *column, const char *place,
                       bool is_again)
{
    struct buf text = begin_clause();
    bool has_value = object_get(column, "default") || object_get(column, "auto increment") ||
                     object_get(column, "generated");
    bool is_virtual = object_get(column, "virtual") != NULL;
    if (object_get(column, "not null") && !has_value)
        warn(altering, "rows that are there get the zero of its type in", column,
             ", for it has no default");
    buf_adds(&text, "ADD COLUMN ");
    mysql_emit_add_column(altering->emitting, &text, column, told_by(altering));
    buf_adds(&text, place);
    add_clause(altering, &text, is_virtual ? STAGE_VIRTUAL : STAGE_COLUMNS,
               *place || is_again || (altering->has_virtual && !is_virtual)
                   ? COST_UNKNOWN
                   : mysql_emit_cost_of_new(column));
}

static void drop_column(struct altering *altering, const struct object *column, bool is_again)
{
    struct buf text = begin_clause();
    bool is_virtual = object_get(column, "virtual") != NULL;
    mysql_emit_add_name(&text, "DROP COLUMN ", column->name, "");
    add_clause(altering, &text, is_virtual ? STAGE_VIRTUAL_DROPPED : STAGE_DROPPED,
               is_again || object_get(column, "auto increment") ||
                       (altering->has_virtual && !is_virtual)
                   ? COST_UNKNOWN
                   : COST_INSTANT);
}

static void modify_column(struct altering *altering, const struct difference *difference,
                          const struct object *column, const char *place)
{
    struct buf text = begin_clause();
    if (difference && mysql_emit_differs(difference, "not null") && object_get(column, "not null"))
        warn(altering, "this fails where a row has no", column,
             ": decide first what it should hold");
    buf_adds(&text, "MODIFY COLUMN ");
    mysql_emit_add_column(altering->emitting, &text, column, told_by(altering));
    buf_adds(&text, place);
    add_clause(altering, &text, STAGE_COLUMNS,
               *place || !difference ? COST_UNKNOWN : mysql_emit_cost_of_change(difference));
}

/* A column that stays against the wish of the schema files, and gets its numbers by itself, cannot keep that without its key. */
static void stop_numbers(struct altering *altering, const struct object *column)
{
    struct arena *arena = altering->emitting->arena;
    struct object *plain = arena_alloc(arena, sizeof *plain);
    *plain = *column;
    plain->properties = arena_calloc(arena, column->property_count + 1, sizeof *plain->properties);
    plain->property_count = 0;
    for (size_t i = 0; i < column->property_count; i++)
        if (strcmp(column->properties[i].name, "auto increment") != 0)
            plain->properties[plain->property_count++] = column->properties[i];
    modify_column(altering, NULL, plain, "");
}

/* Where the column of `to` at that position must be put; "": it comes there by itself, or no one asks for it. */
static const char *place_column(struct altering *altering, const struct object *column,
                                size_t position)
{
    struct emitting *emitting = altering->emitting;
    const struct object **columns = altering->columns;
    size_t at = position - 1, old = 0;
    struct buf text;
    if (!catalog_rules_has(emitting->emission->rules, ASPECT_ORDER))
        return "";
    while (old < altering->column_count && strcmp(columns[old]->name, column->name) != 0)
        old++;
    if (old == at && old < altering->column_count)
        return "";
    bool is_last = old == altering->column_count && at == old;
    altering->column_count += old == altering->column_count;
    memmove(&columns[at + 1], &columns[at], (old - at) * sizeof(*columns));
    columns[at] = column;
    if (is_last)
        return "";
    altering->moves = true;
    if (position == 1)
        return " FIRST";
    buf_init(&text, BUF_MAX_DEFAULT);
    mysql_emit_add_name(&text, " AFTER ", columns[at - 1]->name, "");
    return buf_into(&text, emitting->arena);
}

static bool is_remade(struct emitting *emitting, const struct object *column)
{
    const struct object *becomes = mysql_emit_become(emitting, column);
    return becomes && mysql_emit_goes(emitting, column);
}

/* Columns that go; then those of `to`, in their order. */
static void change_columns(struct altering *altering)
{
    struct emitting *emitting = altering->emitting;
    const struct object *column;
    size_t count = altering->from->catalog->object_count + altering->to->catalog->object_count;
    altering->columns = arena_calloc(emitting->arena, count + 1, sizeof *altering->columns);
    for (size_t i = 1; (column = mysql_emit_column_at(emitting, altering->from, i)); i++) {
        if (mysql_emit_goes(emitting, column)) {
            drop_column(altering, column, is_remade(emitting, column));
            continue;
        }
        altering->columns[altering->column_count++] = column;
        if (!mysql_emit_become(emitting, column) && object_get(column, "auto increment"))
            stop_numbers(altering, column);
    }
    for (size_t i = 1; (column = mysql_emit_column_at(emitting, altering->to, i)); i++) {
        const struct object *old =
            mysql_emit_find_part(emitting, emitting->emission->from, OBJECT_COLUMN, column);
        const struct difference *difference = mysql_emit_difference(emitting, column);
        const char *place = place_column(altering, column, i);
        if (mysql_emit_is_made(emitting, column))
            add_column(altering, column, place, old != NULL);
        else if (old && emitting->stays[mysql_emit_place(emitting, old)] && *place)
            modify_column(altering, NULL, old, place);
        else if (old && !emitting->stays[mysql_emit_place(emitting, old)] && (difference || *place))
            modify_column(altering, difference, column, place);
    }
}

/* ---- keys ------------------------------------------------------------------------------------- */

static bool is_check(const struct object *object)
{
    return object->kind == OBJECT_CHECK;
}

/* An index that is used or not, and is otherwise the same. */
static bool only_ignored_differs(struct emitting *emitting, const struct object *key)
{
    const struct difference *difference = mysql_emit_difference(emitting, key);
    return emitting->is_mariadb && difference && difference->found && key->kind != OBJECT_CHECK &&
           difference->property_count == 1 &&
           strcmp(difference->properties[0].name, "ignored") == 0;
}

static void drop_keys(struct altering *altering)
{
    struct emitting *emitting = altering->emitting;
    const struct catalog *from = emitting->emission->from;
    struct members members = mysql_emit_members(emitting, from, altering->from->name);
    for (size_t m = 0; m < members.count; m++) {
        size_t i = members.places[m];
        const struct object *key = from->objects[i];
        struct buf text;
        if (!emitting->goes[i] || !mysql_emit_is_key(key->kind))
            continue;
        text = begin_clause();
        buf_adds(&text, "DROP ");
        mysql_emit_add_dropped(emitting, &text, key);
        add_clause(altering, &text, is_check(key) ? STAGE_COLUMNS : STAGE_KEYS,
                   mysql_emit_cost_of_key(emitting, key, true));
    }
}

static void add_keys(struct altering *altering)
{
    struct emitting *emitting = altering->emitting;
    const struct catalog *to = emitting->emission->to;
    bool is_named = catalog_rules_has(emitting->emission->rules, ASPECT_NAMES);
    struct members members = mysql_emit_members(emitting, to, altering->to->name);
    for (size_t m = 0; m < members.count; m++) {
        size_t i = members.places[m];
        const struct object *key = to->objects[i];
        struct buf text;
        bool is_made = emitting->is_made[i];
        if (!mysql_emit_is_key(key->kind) || !(is_made || only_ignored_differs(emitting, key)))
            continue;
        text = begin_clause();
        if (is_made) {
            buf_adds(&text, "ADD ");
            mysql_emit_add_key(emitting, &text, key, is_named);
        } else {
            mysql_emit_add_name(&text, "ALTER INDEX ",
                                mysql_emit_difference(emitting, key)->found->name,
                                object_get(key, "ignored") ? " IGNORED" : " NOT IGNORED");
        }
        add_clause(altering, &text, STAGE_KEYS,
                   is_made ? mysql_emit_cost_of_key(emitting, key, false) : COST_INSTANT);
    }
}

static void change_keys(struct altering *altering)
{
    drop_keys(altering);
    add_keys(altering);
    struct buf text = begin_clause();
    const char *separator = "";
    if (mysql_emit_keep_index(altering->emitting, &text, altering->from->name, &separator))
        add_clause(altering, &text, STAGE_KEYS, COST_NOCOPY);
    else
        buf_done(&text);
}

/* ---- the table's own -------------------------------------------------------------------------- */

/* `ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4`: what the table has no more goes back to what it would be by itself. */
static void change_storage(struct altering *altering)
{
    struct arena *arena = altering->emitting->arena;
    const char *from = object_get(altering->from, "options");
    const char *to = object_get(altering->to, "options");
    struct buf text = begin_clause();
    buf_adds(&text, to ? to : "");
    for (const char *at = from ? from : "", *end; *at; at = end + strspn(end, " ")) {
        end = mysql_skip_word(at);
        size_t len = strcspn(at, "= ");
        const char *name = arena_strndup(arena, at, len + 1);
        bool is_number = at[len] == '=' && ascii_is_digit(at[len + 1]) && *at != '`';
        if (len < (size_t)(end - at) && !(to && strstr(to, name)))
            buf_addf(&text, "%s%s%s", text.len ? " " : "", name, is_number ? "0" : "DEFAULT");
    }
    add_clause(altering, &text, STAGE_COLUMNS, COST_UNKNOWN);
}

static void change_periods(struct altering *altering, const struct difference *difference)
{
    for (size_t i = 0; i < difference->property_count; i++) {
        const struct property_difference *property = &difference->properties[i];
        struct buf text;
        if (!ascii_begins(property->name, "period "))
            continue;
        text = begin_clause();
        if (property->expected)
            buf_addf(&text, "ADD PERIOD FOR %s", property->expected);
        else
            buf_addf(&text, "DROP PERIOD FOR %s", property->name + strlen("period "));
        add_clause(altering, &text, STAGE_COLUMNS, COST_UNKNOWN);
    }
}

static void change_options(struct altering *altering, const struct difference *difference)
{
    static const struct {
        const char *property, *before, *without, *after;
        enum cost cost;
    } options[] = {
        {"engine", "ENGINE=", NULL, "", COST_UNKNOWN},
        {"comment", "COMMENT='", "", "'", COST_INSTANT},
        {"union", "UNION=", "()", "", COST_UNKNOWN},
        {"connection", "CONNECTION='", "", "'", COST_UNKNOWN},
    };
    if (!difference)
        return;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const char *value = object_get(altering->to, options[i].property);
        struct buf text;
        value = value ? value : options[i].without;
        if (!value || !mysql_emit_differs(difference, options[i].property))
            continue;
        text = begin_clause();
        buf_addf(&text, "%s%s%s", options[i].before, value, options[i].after);
        add_clause(altering, &text, STAGE_COLUMNS, options[i].cost);
    }
    if (mysql_emit_differs(difference, "options"))
        change_storage(altering);
    if (mysql_emit_differs(difference, "collation") ||
        mysql_emit_differs(difference, "character set")) {
        struct buf text = begin_clause();
        buf_addf(&text, "DEFAULT CHARACTER SET %s", object_get(altering->to, "character set"));
        if (object_get(altering->to, "collation"))
            buf_addf(&text, " COLLATE %s", object_get(altering->to, "collation"));
        add_clause(altering, &text, STAGE_COLUMNS, COST_INSTANT);
    }
    change_periods(altering, difference);
}

/* ---- statements ------------------------------------------------------------------------------- */

static void add_statement(struct altering *altering, unsigned stages, enum cost cost)
{
    struct emitting *emitting = altering->emitting;
    size_t count = 0;
    for (size_t i = 0; i < altering->count; i++)
        count += stages >> altering->clauses[i].stage & 1;
    if (!count)
        return;
    const char *separator = count > 1 ? "\n    " : " ";
    mysql_emit_add_name(emitting->sql, "ALTER TABLE ", altering->from->name, "");
    for (size_t i = 0; i < altering->count; i++) {
        if (!(stages >> altering->clauses[i].stage & 1))
            continue;
        buf_addf(emitting->sql, "%s%s", separator, altering->clauses[i].text);
        separator = count > 1 ? ",\n    " : ", ";
        cost = altering->clauses[i].cost > cost ? altering->clauses[i].cost : cost;
    }
    if (mysql_emit_is_weighed(emitting, altering->from->name))
        mysql_emit_add_cost(emitting, emitting->sql, cost);
    buf_adds(emitting->sql, ";\n");
}

static void add_statements(struct altering *altering)
{
    enum { ALL = (1u << STAGE__COUNT) - 1, OUTER = 1u << STAGE_COLUMNS | 1u << STAGE_DROPPED };
    unsigned stages = 0;
    enum cost cost = COST_INSTANT;
    for (size_t i = 0; i < altering->count; i++) {
        stages |= 1u << altering->clauses[i].stage;
        cost = altering->clauses[i].cost > cost ? altering->clauses[i].cost : cost;
    }
    bool has_virtual = stages & (1u << STAGE_VIRTUAL | 1u << STAGE_VIRTUAL_DROPPED);
    if (altering->moves || cost > COST_NOCOPY_SHARED ||
        !mysql_emit_is_weighed(altering->emitting, altering->from->name)) {
        cost = has_virtual && cost == COST_INPLACE ? COST_COPY : cost;
        add_statement(altering, ALL, altering->moves ? COST_UNKNOWN : cost);
    } else if (!(stages & ~(unsigned)OUTER)) {
        add_statement(altering, OUTER, COST_INSTANT);
    } else {
        for (unsigned stage = 0; stage < STAGE__COUNT; stage++)
            add_statement(altering, 1u << stage, COST_INSTANT);
    }
}

static bool has_other_partitions(const struct emitting *emitting, const struct object *table,
                                 const struct difference *difference)
{
    if (difference && mysql_emit_differs(difference, "partition by"))
        return true;
    for (size_t i = 0; i < emitting->comparison.count; i++) {
        const struct object *object = difference_object(&emitting->comparison.items[i]);
        if (object->kind == OBJECT_PARTITION && mysql_emit_is_of(object, table->name))
            return true;
    }
    return false;
}

static void change_partitions(struct altering *altering, bool is_first)
{
    struct emitting *emitting = altering->emitting;
    bool has_some = object_get(altering->to, "partition by") != NULL;
    if (is_first == has_some)
        return;
    mysql_emit_add_name(emitting->sql, "ALTER TABLE ", altering->from->name, has_some ? "\n" : " ");
    if (has_some)
        mysql_emit_add_partitions(emitting, emitting->sql, altering->to);
    else
        buf_adds(emitting->sql, "REMOVE PARTITIONING");
    buf_adds(emitting->sql, ";\n");
}

/* What a versioned table held before is lost with the versioning, unless someone allows it: see emit.c. */
static void change_versioning(struct altering *altering, const struct difference *difference)
{
    struct emitting *emitting = altering->emitting;
    bool is_versioned = object_get(altering->to, "system versioning");
    if (!difference || !mysql_emit_differs(difference, "system versioning") ||
        emitting->stays[mysql_emit_place(emitting, altering->from)])
        return;
    mysql_emit_add_name(emitting->sql, "ALTER TABLE ", altering->from->name,
                        is_versioned ? " ADD SYSTEM VERSIONING;\n" : " DROP SYSTEM VERSIONING;\n");
}

static bool has_virtual_column(const struct emitting *emitting, const struct object *table)
{
    const struct object *column;
    for (size_t i = 1; (column = mysql_emit_column_at(emitting, table, i)); i++)
        if (object_get(column, "virtual"))
            return true;
    return false;
}

static void change_table(struct altering *altering)
{
    struct emitting *emitting = altering->emitting;
    altering->has_virtual =
        has_virtual_column(emitting, altering->from) || has_virtual_column(emitting, altering->to);
    const struct difference *difference = mysql_emit_difference(emitting, altering->to);
    bool repartitions = has_other_partitions(emitting, altering->from, difference);
    change_columns(altering);
    change_keys(altering);
    change_options(altering, difference);
    if (altering->count && object_get(altering->from, "system versioning"))
        buf_adds(emitting->sql, "SET SESSION system_versioning_alter_history = KEEP;\n");
    if (repartitions)
        change_partitions(altering, true);
    if (!object_get(altering->to, "system versioning"))
        change_versioning(altering, difference);
    add_statements(altering);
    if (object_get(altering->to, "system versioning"))
        change_versioning(altering, difference);
    if (repartitions)
        change_partitions(altering, false);
}

void mysql_emit_change_tables(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++) {
        const struct object *table = from->objects[i];
        const struct object *becomes =
            table->kind == OBJECT_TABLE
                ? mysql_emit_find(emitting, emitting->emission->to, OBJECT_TABLE, table->name)
                : NULL;
        if (becomes)
            change_table(&(struct altering){.emitting = emitting, .from = table, .to = becomes});
    }
}

const char *mysql_emit_modify(struct emitting *emitting, const struct object *column)
{
    const struct object *table =
        mysql_emit_find(emitting, emitting->emission->to, OBJECT_TABLE, column->owner);
    struct buf text = begin_clause();
    mysql_emit_add_name(&text, "ALTER TABLE ", column->owner, " MODIFY COLUMN ");
    mysql_emit_add_column(emitting, &text, column, table);
    buf_addc(&text, ';');
    return buf_into(&text, emitting->arena);
}
