/* Keys and constraints. A foreign key needs an index on both sides: the server makes the one of its own table by itself, keeps it
 * when the foreign key goes, and refuses to drop the last one that a foreign key can use. */
#include "base/arena.h"
#include "dialect/mysql/catalog_table.h"
#include "dialect/mysql/catalog_text.h"
#include "dialect/mysql/emit_private.h"

bool mysql_emit_is_key(enum object_kind kind)
{
    return kind == OBJECT_PRIMARY_KEY || kind == OBJECT_UNIQUE || kind == OBJECT_INDEX ||
           kind == OBJECT_CHECK;
}

/* ---- as text ---------------------------------------------------------------------------------- */

static void add_index_kind(struct buf *sql, const struct object *key)
{
    const char *kind = object_get(key, "kind");
    if (key->kind == OBJECT_PRIMARY_KEY)
        buf_adds(sql, "PRIMARY KEY");
    else if (key->kind == OBJECT_UNIQUE)
        buf_adds(sql, "UNIQUE KEY");
    else if (!kind)
        buf_adds(sql, "KEY");
    else
        buf_adds(sql, strcmp(kind, "fulltext") == 0  ? "FULLTEXT KEY"
                      : strcmp(kind, "spatial") == 0 ? "SPATIAL KEY"
                                                     : "VECTOR KEY");
}

static void add_reference(struct emitting *emitting, struct buf *sql, const struct object *key)
{
    buf_addf(sql, "FOREIGN KEY %s", object_get(key, "columns"));
    mysql_emit_add_value(sql, " REFERENCES ",
                         mysql_emit_text(emitting, object_get(key, "references")), "");
    mysql_emit_add_value(sql, " ON DELETE ", object_get(key, "on delete"), "");
    mysql_emit_add_value(sql, " ON UPDATE ", object_get(key, "on update"), "");
}

void mysql_emit_add_key(struct emitting *emitting, struct buf *sql, const struct object *key,
                        bool is_named)
{
    bool has_name = key->kind != OBJECT_PRIMARY_KEY && (is_named || !key->has_automatic_name);
    if (key->kind == OBJECT_FOREIGN_KEY || key->kind == OBJECT_CHECK) {
        if (has_name)
            mysql_emit_add_name(sql, "CONSTRAINT ", key->name, " ");
        if (key->kind == OBJECT_FOREIGN_KEY)
            add_reference(emitting, sql, key);
        else
            buf_addf(sql, "CHECK %s", mysql_emit_text(emitting, object_get(key, "expression")));
    } else {
        add_index_kind(sql, key);
        if (has_name)
            mysql_emit_add_name(sql, " ", key->name, "");
        mysql_emit_add_value(sql, " ", object_get(key, "columns"), "");
        mysql_emit_add_value(sql, " USING ", object_get(key, "using"), "");
        mysql_emit_add_value(sql, " WITH PARSER ", object_get(key, "parser"), "");
        if (object_get(key, "ignored"))
            buf_adds(sql, emitting->is_mariadb ? " IGNORED" : " INVISIBLE");
        mysql_emit_add_value(sql, " COMMENT '", object_get(key, "comment"), "'");
    }
    mysql_emit_add_value(sql, " ", object_get(key, "more"), "");
}

void mysql_emit_add_dropped(const struct emitting *emitting, struct buf *sql,
                            const struct object *key)
{
    if (key->kind == OBJECT_PRIMARY_KEY)
        buf_adds(sql, "PRIMARY KEY");
    else if (key->kind == OBJECT_CHECK)
        mysql_emit_add_name(sql, emitting->is_mariadb ? "CONSTRAINT " : "CHECK ", key->name, "");
    else
        mysql_emit_add_name(sql, key->kind == OBJECT_FOREIGN_KEY ? "FOREIGN KEY " : "INDEX ",
                            key->name, "");
}

/* The table is kept in the order of its primary key; where it has none, in that of a unique one. */
static bool may_order_rows(struct emitting *emitting, const struct object *key)
{
    return key->kind == OBJECT_PRIMARY_KEY ||
           (key->kind == OBJECT_UNIQUE &&
            !mysql_emit_find_part(emitting, key->catalog, OBJECT_PRIMARY_KEY,
                                  &(struct object){.owner = key->owner, .name = "PRIMARY"}));
}

enum cost mysql_emit_cost_of_key(struct emitting *emitting, const struct object *key,
                                 bool is_dropped)
{
    const char *kind = object_get(key, "kind");
    if (may_order_rows(emitting, key))
        return COST_UNKNOWN;
    if (key->kind == OBJECT_CHECK)
        return is_dropped ? COST_INSTANT : COST_COPY;
    if (kind && strcmp(kind, "spatial") != 0 && !is_dropped)
        return COST_UNKNOWN; /* the first of a table may need a hidden column */
    return kind && !is_dropped ? COST_NOCOPY_SHARED : COST_NOCOPY;
}

/* ---- what a foreign key needs ----------------------------------------------------------------- */

/* The columns that it refers to, with their parentheses. */
static const char *target_columns(const struct object *key)
{
    const char *references = object_get(key, "references");
    const char *at = references ? mysql_skip_quoted(references) : "";
    at = strchr(at, '(');
    return at ? at : "";
}

/* Can the index serve one who looks for these columns? */
static bool serves(const struct object *index, const char *columns)
{
    const char *own = object_get(index, "columns");
    size_t len = strlen(columns);
    if (index->kind != OBJECT_PRIMARY_KEY && index->kind != OBJECT_UNIQUE &&
        (index->kind != OBJECT_INDEX || object_get(index, "kind")))
        return false;
    return own && len && strncmp(own, columns, len - 1) == 0 &&
           (own[len - 1] == ')' || own[len - 1] == ',');
}

/* Is one of the columns, which stand in parentheses, another one afterwards? */
static bool is_another(struct emitting *emitting, const char *table, const char *columns)
{
    static const char *const counting[] = {"type",     "character set", "collation",
                                           "not null", "generated",     "virtual"};
    const struct catalog *from = emitting->emission->from;
    const struct members members = mysql_emit_members(emitting, from, table);
    for (size_t m = 0; *table && m < members.count; m++) {
        const struct object *column = from->objects[members.places[m]];
        const struct difference *difference = emitting->sides[0].differences[members.places[m]];
        if (!difference || column->kind != OBJECT_COLUMN ||
            !mysql_emit_mentions(columns, column->name))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(counting); k++)
            if (!difference->expected || mysql_emit_differs(difference, counting[k]))
                return true;
    }
    return false;
}

/* Does the table that it refers to lose an index that serves it? */
static bool loses_target(struct emitting *emitting, const struct object *key)
{
    const struct catalog *from = emitting->emission->from;
    const char *table = mysql_emit_target(emitting, key), *columns = target_columns(key);
    const struct members members = mysql_emit_members(emitting, from, table);
    for (size_t m = 0; *table && m < members.count; m++)
        if (emitting->goes[members.places[m]] && serves(from->objects[members.places[m]], columns))
            return true;
    return false;
}

void mysql_emit_judge_foreign_keys(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t k = 0; k < emitting->sides[0].key_count; k++) {
        const struct object *key = from->objects[emitting->sides[0].keys[k].place];
        if (mysql_emit_goes(emitting, key))
            continue;
        const struct object *becomes = mysql_emit_become(emitting, key);
        const char *target = mysql_emit_target(emitting, key);
        if (!is_another(emitting, key->owner, object_get(key, "columns")) &&
            !is_another(emitting, target, target_columns(key)) && !loses_target(emitting, key))
            continue;
        mysql_emit_set_goes(emitting, key);
        if (becomes) /* else its table goes, or should have */
            mysql_emit_set_made(emitting, becomes);
    }
}

/* Those of `to` that have the columns of this one, of its table; the one of its name first. */
static const struct object *find_heir(const struct emitting *emitting, const struct object *key)
{
    const struct catalog *to = emitting->emission->to;
    const struct object *heir = NULL;
    const struct members members = mysql_emit_members(emitting, to, key->owner);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *other = to->objects[members.places[m]];
        if (other->kind != OBJECT_FOREIGN_KEY ||
            strcmp(object_get(other, "columns"), object_get(key, "columns")) != 0)
            continue;
        if (!heir || strcmp(other->name, key->name) == 0)
            heir = other;
    }
    return heir;
}

static bool is_served(const struct emitting *emitting, const struct catalog *catalog,
                      const struct object *key)
{
    const struct members members = mysql_emit_members(emitting, catalog, key->owner);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *index = catalog->objects[members.places[m]];
        bool counts = catalog == emitting->emission->to || !emitting->goes[members.places[m]];
        if (counts && serves(index, object_get(key, "columns")))
            return true;
    }
    return false;
}

static bool is_hidden_there(struct emitting *emitting, const struct object *key)
{
    struct catalog hidden;
    const struct object *table =
        mysql_emit_find(emitting, emitting->emission->from, OBJECT_TABLE, key->owner);
    if (!table)
        return false;
    mysql_read_hidden_indexes(&hidden, table);
    for (size_t i = 0; i < hidden.object_count; i++)
        if (serves(hidden.objects[i], object_get(key, "columns")))
            return true;
    return false;
}

bool mysql_emit_keep_index(struct emitting *emitting, struct buf *sql, const char *table,
                           const char **separator)
{
    const struct catalog *from = emitting->emission->from;
    bool is_added = false;
    const struct members members = mysql_emit_members(emitting, from, table);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *key = from->objects[members.places[m]];
        if (key->kind != OBJECT_FOREIGN_KEY || emitting->goes[members.places[m]] ||
            is_served(emitting, from, key) || is_served(emitting, emitting->emission->to, key) ||
            is_hidden_there(emitting, key))
            continue;
        buf_addf(sql, "%sADD KEY ", *separator);
        if (!key->has_automatic_name)
            mysql_emit_add_name(sql, "", key->name, " ");
        buf_adds(sql, object_get(key, "columns"));
        *separator = ", ";
        is_added = true;
    }
    return is_added;
}

/* ---- dropping --------------------------------------------------------------------------------- */

/* The index that the server has made for a foreign key that goes: another one may need it, under its own name. */
static bool drop_index(struct emitting *emitting, struct buf *sql, const struct object *key,
                       const struct object *index)
{
    const struct object *heir = find_heir(emitting, key);
    if (strcmp(object_get(index, "columns"), object_get(key, "columns")) != 0 ||
        (heir && (index->has_automatic_name || strcmp(index->name, heir->name) == 0)))
        return false;
    mysql_emit_add_name(sql, ", DROP INDEX ", index->name, "");
    if (!heir)
        return true;
    buf_adds(sql, ", ADD KEY ");
    if (!heir->has_automatic_name)
        mysql_emit_add_name(sql, "", heir->name, " ");
    buf_adds(sql, object_get(index, "columns"));
    return true;
}

static bool loses_foreign_key(const struct emitting *emitting, const struct object *table)
{
    const struct catalog *from = emitting->emission->from;
    const struct members members = mysql_emit_members(emitting, from, table->name);
    for (size_t m = 0; m < members.count; m++)
        if (emitting->goes[members.places[m]] &&
            from->objects[members.places[m]]->kind == OBJECT_FOREIGN_KEY)
            return true;
    return false;
}

static void drop_of_table(struct emitting *emitting, const struct object *table)
{
    const struct catalog *from = emitting->emission->from;
    const char *separator = " ";
    struct catalog hidden;
    enum cost cost = COST_INSTANT;
    bool *is_dropped;
    if (!loses_foreign_key(emitting, table))
        return;
    mysql_read_hidden_indexes(&hidden, table);
    is_dropped = arena_calloc(emitting->arena, hidden.object_count + 1, sizeof *is_dropped);
    const struct members members = mysql_emit_members(emitting, from, table->name);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *key = from->objects[members.places[m]];
        if (key->kind != OBJECT_FOREIGN_KEY || !emitting->goes[members.places[m]])
            continue;
        if (*separator == ' ')
            mysql_emit_add_name(emitting->sql, "ALTER TABLE ", table->name, "");
        buf_addf(emitting->sql, "%sDROP ", separator);
        mysql_emit_add_dropped(emitting, emitting->sql, key);
        separator = ", ";
        for (size_t k = 0; k < hidden.object_count; k++)
            if (!is_dropped[k] && drop_index(emitting, emitting->sql, key, hidden.objects[k])) {
                is_dropped[k] = true;
                cost = COST_NOCOPY;
            }
    }
    mysql_emit_add_cost(emitting, emitting->sql,
                        mysql_emit_is_weighed(emitting, table->name) ? cost : COST_UNKNOWN);
    buf_adds(emitting->sql, ";\n");
}

void mysql_emit_drop_foreign_keys(struct emitting *emitting)
{
    const struct catalog *from = emitting->emission->from;
    for (size_t i = 0; i < from->object_count; i++)
        if (from->objects[i]->kind == OBJECT_TABLE)
            drop_of_table(emitting, from->objects[i]);
}

/* ---- making ----------------------------------------------------------------------------------- */

static void make_of_table(struct emitting *emitting, const struct object *table)
{
    const struct catalog *to = emitting->emission->to;
    const char *separator = " ";
    const struct members members = mysql_emit_members(emitting, to, table->name);
    for (size_t m = 0; m < members.count; m++) {
        const struct object *key = to->objects[members.places[m]];
        if (key->kind != OBJECT_FOREIGN_KEY || !emitting->is_made[members.places[m]])
            continue;
        if (*separator == ' ')
            mysql_emit_add_name(emitting->sql, "ALTER TABLE ", table->name, "");
        buf_addf(emitting->sql, "%sADD ", separator);
        mysql_emit_add_key(emitting, emitting->sql, key,
                           catalog_rules_has(emitting->emission->rules, ASPECT_NAMES));
        separator = ", ";
    }
    if (*separator == ' ')
        return;
    mysql_emit_add_cost(emitting, emitting->sql,
                        mysql_emit_is_weighed(emitting, table->name) ? COST_COPY : COST_UNKNOWN);
    buf_adds(emitting->sql, ";\n");
}

void mysql_emit_make_foreign_keys(struct emitting *emitting)
{
    const struct catalog *to = emitting->emission->to;
    for (size_t i = 0; i < to->object_count; i++)
        if (to->objects[i]->kind == OBJECT_TABLE)
            make_of_table(emitting, to->objects[i]);
}
