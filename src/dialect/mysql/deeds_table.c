/* ALTER TABLE and CREATE TABLE. */
#include "dialect/mysql/deeds_private.h"

#include "base/arena.h"
#include "dialect/mysql/types.h"

struct altering {
    struct mysql_reader *reader;
    struct deeds *deeds;
    struct mysql_name table;
    bool is_new; /* the statement creates it */
};

static struct deed *add(const struct altering *altering, enum deed_kind kind)
{
    return mysql_deeds_add_on(altering->deeds, kind, &altering->table);
}

static bool accept_any(struct mysql_reader *reader, const char *const *words)
{
    for (; *words; words++)
        if (mysql_accept(reader, *words))
            return true;
    return false;
}

/* ---- columns ------------------------------------------------------------------------------------ */

static bool ends_item(const struct mysql_reader *reader)
{
    return reader->is_over || mysql_is_sign(reader, ',') || mysql_is_sign(reader, ')') ||
           mysql_is_sign(reader, ';');
}

/* The table after REFERENCES, and its columns. */
static void take_parent(const struct altering *altering, struct deed *deed)
{
    struct mysql_name parent;
    if (!mysql_deeds_take_table(altering->reader, altering->deeds, &parent))
        return;
    deed->other = parent.name;
    deed->other_schema = parent.schema;
    deed->parents = mysql_deeds_see_keys(*altering->reader);
}

static void read_default(struct mysql_reader *reader, struct deed *deed)
{
    static const char *const volatiles[] = {"UUID",    "UUID_SHORT",   "RAND",
                                            "SYSDATE", "RANDOM_BYTES", NULL};
    struct mysql_reader begin = *reader;
    bool is_null = mysql_is(reader, "NULL");
    deed->flags |= is_null ? 0 : DEED_DEFAULT;
    mysql_deeds_skip_item(reader);
    if (mysql_is_sign(reader, '(')) /* of a function */
        mysql_deeds_skip_item(reader);
    deed->expression = mysql_deeds_slice(&begin, reader);
    for (; !begin.is_over && (reader->is_over || begin.token.begin < reader->token.begin);
         mysql_skip(&begin))
        for (const char *const *word = volatiles; *word; word++)
            if (mysql_is(&begin, *word)) {
                deed->flags |= DEED_VOLATILE;
                deed->what = *word;
            }
}

/* Adds the CHECK that stands in the definition of a column. */
static void read_column_check(const struct altering *altering, struct deed *deed)
{
    struct mysql_reader begin = *altering->reader;
    mysql_deeds_skip_item(altering->reader);
    deed->flags |= DEED_WITH_COLUMN;
    deed->rule = mysql_deeds_slice(&begin, altering->reader);
}

/* One word, or a few, of what defines a column. */
static void read_attribute(const struct altering *altering, struct deed *deed)
{
    struct mysql_reader *reader = altering->reader;
    if (mysql_accept(reader, "NOT")) {
        deed->flags |= mysql_accept(reader, "NULL") ? DEED_NOT_NULL : 0;
    } else if (mysql_accept(reader, "DEFAULT")) {
        read_default(reader, deed);
    } else if (mysql_accept(reader, "AUTO_INCREMENT")) {
        deed->flags |= DEED_NUMBERED | DEED_NOT_NULL | DEED_DEFAULT;
    } else if (mysql_accept(reader, "STORED") || mysql_accept(reader, "PERSISTENT")) {
        deed->flags |= DEED_STORED | DEED_GENERATED | DEED_DEFAULT;
    } else if (mysql_accept(reader, "VIRTUAL")) {
        deed->flags |= DEED_GENERATED | DEED_DEFAULT;
    } else if (mysql_accept(reader, "AS")) {
        deed->flags |= DEED_GENERATED | DEED_DEFAULT;
        mysql_deeds_skip_item(reader);
    } else if (mysql_accept(reader, "UNIQUE")) {
        deed->flags |= DEED_UNIQUE;
        mysql_accept(reader, "KEY");
    } else if (mysql_accept(reader, "PRIMARY")) {
        deed->flags |= DEED_PRIMARY_KEY | DEED_NOT_NULL;
        mysql_accept(reader, "KEY");
    } else if (mysql_accept(reader, "CHECK")) {
        read_column_check(altering, deed);
    } else if (mysql_accept(reader, "REFERENCES")) {
        take_parent(altering, deed);
    } else if (mysql_accept(reader, "CHARACTER") || mysql_accept(reader, "CHARSET") ||
               mysql_accept(reader, "COLLATE")) {
        deed->flags |= DEED_CHARSET;
    } else if (mysql_accept(reader, "AFTER") || mysql_accept(reader, "COMMENT")) {
        mysql_deeds_skip_item(reader);
    } else {
        mysql_deeds_skip_item(reader);
    }
}

/* `REFERENCES` in a column's definition is a deed of its own. */
static void add_parent(const struct altering *altering, const struct deed *column)
{
    struct deed *parent = add(altering, DEED_ADD_FOREIGN_KEY);
    parent->flags = DEED_WITH_COLUMN;
    parent->column = column->column;
    parent->other = column->other;
    parent->other_schema = column->other_schema;
    parent->keys = column->keys;
    parent->parents = column->parents;
}

/* So are `UNIQUE` and `CHECK`. */
static void add_constraints(const struct altering *altering, const struct deed *column)
{
    if (column->flags & DEED_UNIQUE) {
        struct deed *unique = add(altering, DEED_ADD_UNIQUE);
        unique->flags = column->kind == DEED_SET_TYPE ? 0 : DEED_WITH_COLUMN;
        unique->column = column->column;
        unique->keys = column->keys;
        unique->what = "UNIQUE";
    }
    if (column->rule) {
        struct deed *check = add(altering, DEED_ADD_CHECK);
        check->flags = DEED_WITH_COLUMN;
        check->column = column->column;
        check->rule = column->rule;
    }
}

/* Up to the comma after it. */
static void read_column(const struct altering *altering, enum deed_kind kind, unsigned flags)
{
    struct deed deed = {.kind = kind, .flags = flags, .schema = altering->table.schema};
    deed.table = altering->table.name;
    if (!mysql_take_name(altering->reader, &deed.column))
        return;
    if (kind == DEED_SET_TYPE && flags & DEED_REPLACES) { /* CHANGE: the new name */
        flags &= ~(unsigned)DEED_REPLACES;
        deed.flags = flags;
        (void)mysql_take_name(altering->reader, &deed.other);
        if (deed.other && strcmp(deed.other, deed.column) == 0)
            deed.other = NULL;
    }
    struct mysql_reader type = *altering->reader;
    deed.type = mysql_take_type(altering->reader);
    deed.definition = mysql_deeds_slice(&type, altering->reader);
    deed.keys = mysql_deeds_name(altering->reader->arena, deed.column);
    while (!ends_item(altering->reader))
        read_attribute(altering, &deed);
    if (deed.other && kind != DEED_SET_TYPE && !altering->is_new)
        add_parent(altering, &deed);
    if (kind == DEED_SET_TYPE && deed.other) {
        struct deed *rename = add(altering, DEED_RENAME);
        rename->what = "column";
        rename->column = deed.column;
        rename->other = deed.other;
        deed.column = deed.other;
    }
    if (kind != DEED_SET_TYPE)
        deed.other = NULL;
    *deeds_add(altering->deeds, kind) = deed;
    if (!altering->is_new)
        add_constraints(altering, &deed);
}

/* ---- constraints -------------------------------------------------------------------------------- */

static void read_key(const struct altering *altering, enum deed_kind kind, unsigned flags)
{
    struct mysql_reader *reader = altering->reader;
    const char *name = NULL;
    flags |= mysql_deeds_take_condition(reader);
    while (!ends_item(reader) && !mysql_is_sign(reader, '('))
        if (name || mysql_is(reader, "USING") || !mysql_take_name(reader, &name))
            mysql_skip(reader);
    struct deed *deed = add(altering, kind);
    deed->flags = flags;
    deed->name = name;
    deed->what = flags & DEED_PRIMARY_KEY ? "PRIMARY KEY" : "UNIQUE";
    deed->keys = mysql_deeds_see_keys(*reader);
    deed->column = mysql_is_sign(reader, '(') ? mysql_deeds_take_only_column(reader) : NULL;
}

static void read_foreign_key(const struct altering *altering, const char *name)
{
    struct mysql_reader *reader = altering->reader;
    const char *ignored;
    mysql_accept(reader, "KEY");
    mysql_deeds_take_condition(reader);
    if (!mysql_is_sign(reader, '('))
        (void)mysql_take_name(reader, &ignored);
    struct deed deed = {.kind = DEED_ADD_FOREIGN_KEY, .name = name};
    deed.schema = altering->table.schema;
    deed.table = altering->table.name;
    deed.keys = mysql_deeds_see_keys(*reader);
    deed.column = mysql_deeds_take_only_column(reader);
    if (mysql_accept(reader, "REFERENCES"))
        take_parent(altering, &deed);
    if (mysql_is_sign(reader, '('))
        deed.what = mysql_deeds_take_only_column(reader);
    *deeds_add(altering->deeds, DEED_ADD_FOREIGN_KEY) = deed;
}

static void read_check(const struct altering *altering, const char *name)
{
    struct mysql_reader *reader = altering->reader;
    struct deed *deed = add(altering, DEED_ADD_CHECK);
    size_t begin = reader->token.end;
    deed->name = name;
    mysql_deeds_skip_item(reader);
    size_t end = reader->is_over ? reader->lexer.len : reader->token.begin;
    while (end > begin && reader->lexer.sql[end - 1] != ')')
        end--;
    if (end > begin)
        deed->rule = arena_strndup(reader->arena, reader->lexer.sql + begin, end - begin - 1);
}

/* False: what stands there is none. */
static bool read_constraint(const struct altering *altering)
{
    struct mysql_reader *reader = altering->reader;
    static const char *const keys[] = {"INDEX", "KEY", NULL};
    const char *name = NULL;
    if (mysql_accept(reader, "CONSTRAINT")) {
        mysql_deeds_take_condition(reader);
        static const char *const next[] = {"PRIMARY", "UNIQUE", "FOREIGN", "CHECK", NULL};
        bool has_name = true;
        for (const char *const *word = next; *word; word++)
            has_name &= !mysql_is(reader, *word);
        if (has_name)
            (void)mysql_take_name(reader, &name);
    }
    if (mysql_accept(reader, "PRIMARY"))
        read_key(altering, DEED_ADD_UNIQUE, DEED_PRIMARY_KEY);
    else if (mysql_accept(reader, "UNIQUE")) {
        accept_any(reader, keys);
        read_key(altering, DEED_ADD_UNIQUE, 0);
    } else if (mysql_accept(reader, "FOREIGN"))
        read_foreign_key(altering, name);
    else if (mysql_accept(reader, "CHECK"))
        read_check(altering, name);
    else if (accept_any(reader, keys))
        read_key(altering, DEED_CREATE_INDEX, 0);
    else if (mysql_is(reader, "FULLTEXT") || mysql_is(reader, "SPATIAL"))
        add(altering, DEED_REWRITE)->what = mysql_deeds_take_special_index(reader);
    else if (mysql_is(reader, "SYSTEM") || mysql_is(reader, "PARTITION") ||
             mysql_is(reader, "PERIOD")) {
        if (mysql_is(reader, "SYSTEM"))
            add(altering, DEED_REWRITE)->what = "ADD SYSTEM VERSIONING";
        mysql_skip(reader);
        deeds_add(altering->deeds, DEED_OTHER)->what = "a partition or period";
    } else
        return false;
    return true;
}

/* ---- ALTER TABLE -------------------------------------------------------------------------------- */

static void read_add(const struct altering *altering)
{
    struct mysql_reader *reader = altering->reader;
    if (read_constraint(altering))
        return;
    mysql_accept(reader, "COLUMN");
    unsigned flags = mysql_deeds_take_condition(reader);
    if (!mysql_accept_sign(reader, '(')) {
        read_column(altering, DEED_ADD_COLUMN, flags);
        return;
    }
    do {
        if (!read_constraint(altering))
            read_column(altering, DEED_ADD_COLUMN, flags);
        while (!ends_item(reader))
            mysql_deeds_skip_item(reader);
    } while (mysql_accept_sign(reader, ','));
    mysql_accept_sign(reader, ')');
}

static void read_drop(const struct altering *altering)
{
    struct mysql_reader *reader = altering->reader;
    static const char *const constraints[] = {"CONSTRAINT", "FOREIGN", "CHECK", NULL};
    static const char *const keys[] = {"INDEX", "KEY", NULL};
    bool is_primary = mysql_accept(reader, "PRIMARY");
    bool is_constraint = is_primary || accept_any(reader, constraints),
         is_key = accept_any(reader, keys);
    bool is_partition = mysql_accept(reader, "PARTITION");
    mysql_accept(reader, "COLUMN");
    unsigned flags = mysql_deeds_take_condition(reader);
    struct deed deed = {.kind = is_constraint  ? DEED_DROP_CONSTRAINT
                                : is_partition ? DEED_DROP_TABLE
                                : is_key       ? DEED_DROP_INDEX
                                               : DEED_DROP_COLUMN,
                        .flags = flags | (is_primary ? DEED_PRIMARY_KEY : 0),
                        .schema = altering->table.schema,
                        .table = altering->table.name,
                        .what = is_primary     ? "DROP PRIMARY KEY"
                                : is_partition ? "partition of the table"
                                               : NULL};
    (void)mysql_take_name(reader, &deed.name);
    deed.column = deed.kind == DEED_DROP_COLUMN ? deed.name : NULL;
    *deeds_add(altering->deeds, deed.kind) = deed;
}

static void read_rename(const struct altering *altering)
{
    struct mysql_reader *reader = altering->reader;
    struct deed deed = {
        .kind = DEED_RENAME, .schema = altering->table.schema, .table = altering->table.name};
    if (mysql_accept(reader, "INDEX") || mysql_accept(reader, "KEY"))
        return;
    if (mysql_accept(reader, "COLUMN")) {
        mysql_deeds_take_condition(reader);
        deed.what = "column";
        (void)mysql_take_name(reader, &deed.column);
        mysql_accept(reader, "TO");
        (void)mysql_take_name(reader, &deed.other);
    } else {
        struct mysql_name to;
        deed.what = "table";
        if (!mysql_accept(reader, "TO"))
            mysql_accept(reader, "AS");
        if (mysql_deeds_take_table(reader, altering->deeds, &to))
            deed.other = to.name;
    }
    *deeds_add(altering->deeds, DEED_RENAME) = deed;
}

/* What the server does by writing the whole table anew, or asks it to. */
static bool read_rewrite(const struct altering *altering)
{
    static const struct {
        const char *word, *what;
    } words[] = {
        {"CONVERT", "CONVERT TO CHARACTER SET"},
        {"ENGINE", "ENGINE="},
        {"FORCE", "FORCE"},
        {"ORDER", "ORDER BY"},
        {"ROW_FORMAT", "ROW_FORMAT="},
        {"KEY_BLOCK_SIZE", "KEY_BLOCK_SIZE="},
        {"PAGE_COMPRESSED", "PAGE_COMPRESSED="},
        {"PARTITION", "PARTITION BY"},
        {"REMOVE", "REMOVE PARTITIONING"},
        {"COALESCE", "COALESCE PARTITION"},
        {"REORGANIZE", "REORGANIZE PARTITION"},
        {"REBUILD", "REBUILD PARTITION"},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (mysql_accept(altering->reader, words[i].word)) {
            add(altering, DEED_REWRITE)->what = words[i].what;
            return true;
        }
    return false;
}

/* Of partitions, or of the files that tables are. */
static bool read_move(const struct altering *altering)
{
    static const char *const words[] = {"EXCHANGE", "IMPORT", NULL};
    struct mysql_reader *reader = altering->reader;
    if (mysql_accept(reader, "TRUNCATE")) {
        add(altering, DEED_TRUNCATE);
    } else if (mysql_accept(reader, "DISCARD")) {
        add(altering, DEED_DROP_TABLE)->what = "tablespace of the table";
    } else if (accept_any(reader, words)) {
        add(altering, DEED_ATTACH)->what = "partition";
        deeds_add(altering->deeds, DEED_OTHER)->what = "a partition";
    } else {
        return false;
    }
    return true;
}

/* What texts are that no definition says it of. */
static void read_charset(const struct altering *altering)
{
    static const char *const words[] = {"CONVERT", "DEFAULT", "CHARACTER",
                                        "CHARSET", "COLLATE", NULL};
    for (const char *const *word = words; *word; word++)
        if (mysql_is(altering->reader, *word))
            add(altering, DEED_MEANING)->what = "character set";
}

static void read_specification(const struct altering *altering, bool *ret_is_said)
{
    struct mysql_reader *reader = altering->reader;
    if (mysql_accept(reader, "ADD")) {
        read_add(altering);
    } else if (mysql_accept(reader, "DROP")) {
        read_drop(altering);
    } else if (mysql_accept(reader, "MODIFY")) {
        mysql_accept(reader, "COLUMN");
        read_column(altering, DEED_SET_TYPE, mysql_deeds_take_condition(reader));
    } else if (mysql_accept(reader, "CHANGE")) {
        mysql_accept(reader, "COLUMN");
        read_column(altering, DEED_SET_TYPE, mysql_deeds_take_condition(reader) | DEED_REPLACES);
    } else if (mysql_accept(reader, "RENAME")) {
        read_rename(altering);
    } else if (mysql_accept(reader, "ALGORITHM") || mysql_accept(reader, "LOCK")) {
        mysql_accept_sign(reader, '=');
        *ret_is_said |= !mysql_is(reader, "DEFAULT"); /* which asks for nothing */
    } else if (!read_move(altering)) {
        read_charset(altering);
        (void)read_rewrite(altering);
    }
    for (int depth = 0; !reader->is_over && (depth || !mysql_is_sign(reader, ','));
         mysql_skip(reader))
        depth += mysql_is_sign(reader, '(') - mysql_is_sign(reader, ')');
}

void mysql_deeds_read_alter(struct mysql_reader *reader, struct deeds *deeds)
{
    struct altering altering = {reader, deeds, {0}, false};
    size_t first = deeds->count;
    const char *seconds;
    bool is_said = false;
    unsigned flags = mysql_deeds_take_condition(reader);
    if (!mysql_deeds_take_table(reader, deeds, &altering.table))
        return;
    if (mysql_accept(reader, "WAIT"))
        (void)mysql_take_name(reader, &seconds);
    mysql_accept(reader, "NOWAIT");
    do {
        read_specification(&altering, &is_said);
    } while (mysql_accept_sign(reader, ','));
    for (size_t i = first; i < deeds->count; i++)
        deeds->items[i].flags |= (is_said ? DEED_ALGORITHM : 0) | flags;
}

/* ---- CREATE TABLE ------------------------------------------------------------------------------- */

static bool has_query(struct mysql_reader reader)
{
    while (!reader.is_over && !mysql_is(&reader, "SELECT") && !mysql_is(&reader, "VALUES"))
        mysql_skip(&reader);
    return !reader.is_over;
}

void mysql_deeds_read_create(struct mysql_reader *reader, struct deeds *deeds, unsigned flags)
{
    struct altering altering = {reader, deeds, {0}, true};
    flags |= mysql_deeds_take_condition(reader);
    if (!mysql_deeds_take_table(reader, deeds, &altering.table))
        return;
    add(&altering, DEED_CREATE_TABLE)->flags = flags | (has_query(*reader) ? DEED_FILLS : 0);
    if (!mysql_accept_sign(reader, '(') || mysql_is(reader, "SELECT") || mysql_is(reader, "LIKE"))
        return;
    do {
        if (!read_constraint(&altering))
            read_column(&altering, DEED_COLUMN, 0);
        while (!ends_item(reader))
            mysql_deeds_skip_item(reader);
    } while (mysql_accept_sign(reader, ','));
}
