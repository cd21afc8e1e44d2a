/* A line of SHOW CREATE TABLE is a column, a key or a constraint; its first words tell which. What comes after the words of a
 * clause is its value, up to the next clause: a word that no clause is known by stays part of the value, so none is lost.
 *
 *     CREATE TABLE `t` (
 *       `id` int(11) NOT NULL AUTO_INCREMENT,
 *       PRIMARY KEY (`id`),
 *       CONSTRAINT `t_ibfk_1` FOREIGN KEY (`p_id`) REFERENCES `p` (`id`) ON DELETE CASCADE
 *     ) ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='x'
 *      PARTITION BY RANGE (`id`)
 *     (PARTITION `p0` VALUES LESS THAN (10) ENGINE = InnoDB)
 */
#include "dialect/mysql/catalog_table.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/mysql/catalog_text.h"
#include "schema/catalog.h"

enum takes {
    TAKES_NOTHING, /* it is there or not: "yes" */
    TAKES_WORDS,   /* at least one, up to the next clause */
    TAKES_STRING,  /* one, whose quotes are left out */
};

struct clause {
    const char *words;
    const char *property; /* NULL: it says nothing */
    enum takes takes;
    enum aspect aspect;
};

static const struct clause column_clauses[] = {
    {"CHARACTER SET", "character set", TAKES_WORDS, ASPECT_SHAPE},
    {"COLLATE", "collation", TAKES_WORDS, ASPECT_SHAPE},
    {"NOT NULL", "not null", TAKES_NOTHING, ASPECT_SHAPE},
    {"NULL", NULL, TAKES_NOTHING, ASPECT_SHAPE},
    {"DEFAULT", "default", TAKES_WORDS, ASPECT_SHAPE},
    {"ON UPDATE", "on update", TAKES_WORDS, ASPECT_SHAPE},
    {"AUTO_INCREMENT", "auto increment", TAKES_NOTHING, ASPECT_SHAPE},
    {"GENERATED ALWAYS AS", "generated", TAKES_WORDS, ASPECT_SHAPE},
    {"VIRTUAL", "virtual", TAKES_NOTHING, ASPECT_SHAPE},
    {"STORED", "stored", TAKES_NOTHING, ASPECT_SHAPE},
    {"PERSISTENT", "stored", TAKES_NOTHING, ASPECT_SHAPE},
    {"INVISIBLE", "invisible", TAKES_NOTHING, ASPECT_SHAPE},
    {"COMPRESSED", "compressed", TAKES_NOTHING, ASPECT_STORAGE},
    {"WITHOUT SYSTEM VERSIONING", "without system versioning", TAKES_NOTHING, ASPECT_SHAPE},
    {"CHECK", "check", TAKES_WORDS, ASPECT_SHAPE},
    {"COMMENT", "comment", TAKES_STRING, ASPECT_COMMENTS},
    {NULL, "more", TAKES_NOTHING, ASPECT_SHAPE},
};

static const struct clause key_clauses[] = {
    {"USING", "using", TAKES_WORDS, ASPECT_SHAPE},
    {"WITH PARSER", "parser", TAKES_WORDS, ASPECT_SHAPE},
    {"IGNORED", "ignored", TAKES_NOTHING, ASPECT_SHAPE},
    {"INVISIBLE", "ignored", TAKES_NOTHING, ASPECT_SHAPE},
    {"COMMENT", "comment", TAKES_STRING, ASPECT_COMMENTS},
    {NULL, "more", TAKES_NOTHING, ASPECT_SHAPE},
};

static const struct clause foreign_key_clauses[] = {
    {"REFERENCES", "references", TAKES_WORDS, ASPECT_SHAPE},
    {"ON DELETE", "on delete", TAKES_WORDS, ASPECT_SHAPE},
    {"ON UPDATE", "on update", TAKES_WORDS, ASPECT_SHAPE},
    {NULL, "more", TAKES_NOTHING, ASPECT_SHAPE},
};

/* Values stand after `=`. The others say how a table is kept. */
static const struct clause option_clauses[] = {
    {"ENGINE", "engine", TAKES_WORDS, ASPECT_SHAPE},
    {"CHARSET", "character set", TAKES_WORDS, ASPECT_SHAPE},
    {"COLLATE", "collation", TAKES_WORDS, ASPECT_SHAPE},
    {"COMMENT", "comment", TAKES_STRING, ASPECT_COMMENTS},
    {"UNION", "union", TAKES_WORDS, ASPECT_SHAPE},
    {"CONNECTION", "connection", TAKES_STRING, ASPECT_SHAPE},
    {"AUTO_INCREMENT", NULL, TAKES_WORDS, ASPECT_SHAPE},
};

/* What begins a line, in the order in which it is tried. */
static const struct line_row {
    const char *words;
    enum object_kind kind;
    bool has_name;       /* it comes after the words */
    const char *type;    /* a property of that value; NULL: none */
    const char *columns; /* the property that the first value is */
    const struct clause *clauses;
} line_rows[] = {
    {"PRIMARY KEY", OBJECT_PRIMARY_KEY, false, NULL, "columns", key_clauses},
    {"UNIQUE KEY", OBJECT_UNIQUE, true, NULL, "columns", key_clauses},
    {"FULLTEXT KEY", OBJECT_INDEX, true, "fulltext", "columns", key_clauses},
    {"SPATIAL KEY", OBJECT_INDEX, true, "spatial", "columns", key_clauses},
    {"VECTOR KEY", OBJECT_INDEX, true, "vector", "columns", key_clauses},
    {"KEY", OBJECT_INDEX, true, NULL, "columns", key_clauses},
    {"FOREIGN KEY", OBJECT_FOREIGN_KEY, false, NULL, "columns", foreign_key_clauses},
    {"CHECK", OBJECT_CHECK, false, NULL, "expression", key_clauses},
};

struct table {
    struct catalog *catalog;
    struct arena *arena;
    const struct database_names *names;
    struct object *object;
    uint64_t column_count;
};

/* ---- clauses ---------------------------------------------------------------------------------- */

/* After the words, as whole ones; NULL: others stand there. */
static const char *skip_words(const char *at, const char *words)
{
    size_t len = strlen(words);
    if (strncmp(at, words, len) != 0 || (at[len] && at[len] != ' ' && at[len] != '\n'))
        return NULL;
    return mysql_skip_spaces(at + len);
}

static const char *copy_words(struct arena *arena, const char *from, const char *end)
{
    while (end > from && (end[-1] == ' ' || end[-1] == '\n'))
        end--;
    return arena_strndup(arena, from, (size_t)(end - from));
}

/* What the quotes hold; they stand doubled, and so on, as they are printed. */
static const char *unquote(struct arena *arena, const char *value)
{
    size_t len = strlen(value);
    return len > 1 && *value == '\'' ? arena_strndup(arena, value + 1, len - 2) : value;
}

static void set_clause(const struct table *table, struct object *object,
                       const struct clause *clause, const char *value)
{
    if (!clause->property || !*value)
        return;
    if (clause->takes == TAKES_STRING)
        value = unquote(table->arena, value);
    object_set(object, clause->aspect, clause->property,
               mysql_plain(table->arena, value, table->names, MYSQL_TEXT_EXPRESSION));
}

/* The clause that begins at `at`, and where its value does. NULL: none begins there. */
static const struct clause *find_clause(const struct clause *clauses, const char *at,
                                        const char **ret_value)
{
    for (; clauses->words; clauses++)
        if ((*ret_value = skip_words(at, clauses->words)))
            return clauses;
    return NULL;
}

/* `first` is the property that comes before all clauses; what follows one without a value is "more". */
static void read_clauses(const struct table *table, struct object *object, const char *text,
                         const char *first, const struct clause *clauses)
{
    struct clause open = {NULL, first, TAKES_WORDS, ASPECT_SHAPE};
    const char *from = text, *at = text, *value;
    bool needs_word = true;
    while (*at) {
        const struct clause *found = needs_word ? NULL : find_clause(clauses, at, &value);
        if (!found) {
            at = mysql_skip_spaces(mysql_skip_word(at));
            needs_word = false;
            continue;
        }
        set_clause(table, object, &open, copy_words(table->arena, from, at));
        needs_word = found->takes != TAKES_NOTHING;
        open = *found;
        if (!needs_word) {
            set_clause(table, object, found, "yes");
            open = (struct clause){NULL, "more", TAKES_WORDS, ASPECT_SHAPE};
        }
        from = at = value;
    }
    set_clause(table, object, &open, copy_words(table->arena, from, at));
}

/* ---- columns ---------------------------------------------------------------------------------- */

static void drop_property(struct object *object, const char *name, const char *value)
{
    for (size_t i = 0; i < object->property_count; i++) {
        if (strcmp(object->properties[i].name, name) != 0 ||
            (value && strcmp(object->properties[i].value, value) != 0))
            continue;
        object->property_count--;
        memmove(&object->properties[i], &object->properties[i + 1],
                (object->property_count - i) * sizeof *object->properties);
        return;
    }
}

static bool is_text_type(const char *type)
{
    static const char *const types[] = {"char",       "varchar",  "text", "tinytext",
                                        "mediumtext", "longtext", "enum", "set"};
    size_t len = strcspn(type, "( ");
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strlen(types[i]) == len && strncmp(type, types[i], len) == 0)
            return true;
    return false;
}

/* A column whose character set is the table's is printed without: it is told all the same, since the table's may change
 * alone. No DEFAULT is DEFAULT NULL. */
static void read_column(struct table *table, const char *name, const char *text)
{
    struct object *column = catalog_add(table->catalog, OBJECT_COLUMN, table->object->name, name);
    read_clauses(table, column, text, "type", column_clauses);
    object_set_number(column, ASPECT_ORDER, "position", ++table->column_count);
    drop_property(column, "default", "NULL");
    const char *type = object_get(column, "type");
    if (!type || !is_text_type(type) || object_get(column, "collation") ||
        object_get(column, "character set"))
        return;
    object_set(column, ASPECT_SHAPE, "character set", object_get(table->object, "character set"));
    object_set(column, ASPECT_SHAPE, "collation", object_get(table->object, "collation"));
}

/* ---- keys and constraints --------------------------------------------------------------------- */

/* `a_2` after the column `a`, the first one of `columns`. */
static bool is_named_after_column(struct arena *arena, const char *name, const char *columns)
{
    const char *after;
    if (*columns != '(')
        return false;
    const char *column = mysql_read_name(arena, columns + 1, &after);
    size_t len = strlen(column);
    if (!len || strncmp(name, column, len) != 0)
        return false;
    const char *rest = name + len;
    return !*rest || (*rest == '_' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")]);
}

static bool ends_with_number(const char *name, const char *before)
{
    size_t len = strlen(name), before_len = strlen(before);
    while (len && ascii_is_digit(name[len - 1]))
        len--;
    return name[len] && len >= before_len &&
           strncmp(name + len - before_len, before, before_len) == 0;
}

static bool has_automatic_name(struct arena *arena, const struct object *object)
{
    const char *columns = object_get(object, "columns");
    switch (object->kind) {
    case OBJECT_FOREIGN_KEY: return ends_with_number(object->name, "_ibfk_");
    case OBJECT_CHECK:
        return ends_with_number(object->name, "CONSTRAINT_") ||
               ends_with_number(object->name, "_chk_");
    case OBJECT_UNIQUE:
    case OBJECT_INDEX: return columns && is_named_after_column(arena, object->name, columns);
    default: return false;
    }
}

/* False: it is no key and no constraint. `name` is the constraint's; NULL: it has none so far. */
/* Of the table's indexes: it is told only where someone has named it. */
static const char *default_method(const struct object *table)
{
    const char *engine = object_get(table, "engine");
    return engine && strcmp(engine, "MEMORY") == 0 ? "HASH" : "BTREE";
}

static bool read_key(struct table *table, const char *name, const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(line_rows); i++) {
        const struct line_row *row = &line_rows[i];
        const char *at = skip_words(text, row->words);
        if (!at)
            continue;
        if (row->has_name) {
            name = mysql_read_name(table->arena, at, &at);
            at = mysql_skip_spaces(at);
        }
        struct object *object = catalog_add(table->catalog, row->kind, table->object->name,
                                            name            ? name
                                            : row->has_name ? ""
                                                            : "PRIMARY");
        object_set(object, ASPECT_SHAPE, "kind", row->type);
        read_clauses(table, object, at, row->columns, row->clauses);
        /* printed or not by version, and all the same */
        for (size_t rule = 0; rule < 4; rule++)
            drop_property(object, rule & 1 ? "on delete" : "on update",
                          rule & 2 ? "RESTRICT" : "NO ACTION");
        drop_property(object, "using", default_method(table->object));
        object->has_automatic_name = has_automatic_name(table->arena, object);
        return true;
    }
    return false;
}

/* A line between the parentheses. */
static void read_line(struct table *table, const char *line)
{
    const char *name = NULL, *after = line;
    if (*line == '`') {
        name = mysql_read_name(table->arena, line, &after);
        read_column(table, name, mysql_skip_spaces(after));
        return;
    }
    const char *constraint = skip_words(line, "CONSTRAINT");
    if (constraint) {
        name = mysql_read_name(table->arena, constraint, &after);
        after = mysql_skip_spaces(after);
    }
    if (read_key(table, name, after))
        return;
    const char *period = skip_words(line, "PERIOD FOR");
    object_set(table->object, ASPECT_SHAPE,
               period
                   ? arena_printf(table->arena, "period %.*s", (int)strcspn(period, " ("), period)
                   : arena_printf(table->arena, "line '%s'", line),
               period ? period : "yes");
}

/* An index as the server makes it for a foreign key: it has its columns, and its name or that of the first column. */
static bool is_of_foreign_key(const struct object *index, const struct object *key)
{
    const char *columns = object_get(key, "columns"), *others = object_get(index, "columns");
    return index->kind == OBJECT_INDEX && key->kind == OBJECT_FOREIGN_KEY && columns && others &&
           strcmp(columns, others) == 0 &&
           (index->has_automatic_name || strcmp(index->name, key->name) == 0);
}

/* It is a part of the foreign key, whoever has made it. The table's objects are those from `from` on: those that are no such
 * part come first afterwards. How many these are. */
static size_t part_indexes_of_foreign_keys(struct catalog *catalog, size_t from)
{
    size_t count = catalog->object_count - from, kept = from, part_count = 0;
    struct object **parts = arena_calloc(catalog->arena, count + 1, sizeof(struct object *));
    for (size_t i = from; i < catalog->object_count; i++) {
        struct object *object = catalog->objects[i];
        bool is_part = false;
        for (size_t key = from; !is_part && key < catalog->object_count; key++)
            is_part = is_of_foreign_key(object, catalog->objects[key]);
        if (is_part)
            parts[part_count++] = object;
    }
    for (size_t i = from, part = 0; i < catalog->object_count; i++) {
        if (part < part_count && catalog->objects[i] == parts[part])
            part++;
        else
            catalog->objects[kept++] = catalog->objects[i];
    }
    for (size_t i = 0; i < part_count; i++)
        catalog->objects[kept + i] = parts[i];
    return kept - from;
}

/* ---- the end of the statement ----------------------------------------------------------------- */

static bool set_option(const struct table *table, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(option_clauses); i++) {
        size_t len = strlen(option_clauses[i].words);
        if (strncmp(word, option_clauses[i].words, len) != 0 || word[len] != '=')
            continue;
        set_clause(table, table->object, &option_clauses[i], word + len + 1);
        return true;
    }
    return false;
}

/* `ENGINE=InnoDB DEFAULT CHARSET=… COMMENT='…' WITH SYSTEM VERSIONING`, up to the newline that partitions come after. */
static const char *read_options(const struct table *table, const char *text)
{
    const char *others = NULL, *at = text;
    while (*at && *at != '\n') {
        const char *versioning = skip_words(at, "WITH SYSTEM VERSIONING");
        const char *end = versioning ? at + strlen("WITH SYSTEM VERSIONING") : mysql_skip_word(at);
        const char *word = arena_strndup(table->arena, at, (size_t)(end - at));
        object_set_flag(table->object, ASPECT_SHAPE, "system versioning", versioning != NULL);
        if (!versioning && strcmp(word, "DEFAULT") != 0 && *word && !set_option(table, word))
            others = others ? arena_printf(table->arena, "%s %s", others, word) : word;
        at = end + strspn(end, " ");
    }
    object_set(table->object, ASPECT_STORAGE, "options", others);
    return at;
}

/* Where the item ends that begins at `at`: at a comma, or a parenthesis that was not opened in it. */
static const char *skip_item(const char *at)
{
    for (int depth = 0; *at;) {
        if (*at == '`' || *at == '\'' || *at == '"') {
            at = mysql_skip_quoted(at);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == ')'))
            return at;
        depth += (*at == '(') - (*at == ')');
        at++;
    }
    return at;
}

/* `PARTITION BY …`, and a list of partitions in parentheses that begins a line. */
static void read_partitions(const struct table *table, const char *text)
{
    text = mysql_skip_spaces(text);
    if (!*text)
        return;
    const char *list = strstr(text, "\n(");
    object_set(table->object, ASPECT_SHAPE, "partition by",
               copy_words(table->arena, text, list ? list : text + strlen(text)));
    for (const char *at = list ? list + 2 : "", *end; *at && *at != ')'; at = end + (*end == ',')) {
        at = mysql_skip_spaces(at);
        end = skip_item(at);
        const char *after = skip_words(at, "PARTITION");
        if (!after)
            continue;
        const char *name = mysql_read_name(table->arena, after, &after);
        struct object *partition =
            catalog_add(table->catalog, OBJECT_PARTITION, table->object->name, name);
        object_set(partition, ASPECT_SHAPE, "definition",
                   copy_words(table->arena, mysql_skip_spaces(after), end));
    }
}

/* The lines between the parentheses are items; columns are told after the options, whose character set they may have. */
static void read_table(struct catalog *catalog, const char *name, const char *text,
                       const struct database_names *names)
{
    struct table table = {.catalog = catalog, .arena = catalog->arena, .names = names};
    const char *after = "";
    table.object = catalog_add(catalog, OBJECT_TABLE, NULL, name);
    table.object->sql = text;
    text = mysql_unwrap(catalog->arena, text);
    const char *begin = skip_words(text, "CREATE TABLE");
    if (begin)
        mysql_read_name(catalog->arena, begin, &after);
    const char *list = mysql_skip_spaces(after);
    if (*list != '(') {
        object_set(table.object, ASPECT_SHAPE, "definition", text);
        return;
    }
    const char *end = list + 1;
    while (*(end = skip_item(end)) == ',')
        end++;
    read_partitions(&table, read_options(&table, mysql_skip_spaces(end + (*end == ')'))));
    for (const char *at = list + 1, *stop; at < end; at = stop + 1) {
        at = mysql_skip_spaces(at);
        stop = skip_item(at);
        read_line(&table, copy_words(catalog->arena, at, stop));
    }
}

void mysql_read_table(struct catalog *catalog, const char *name, const char *text,
                      const struct database_names *names)
{
    size_t count = catalog->object_count;
    read_table(catalog, name, text, names);
    catalog->object_count = count + part_indexes_of_foreign_keys(catalog, count);
}

void mysql_read_hidden_indexes(struct catalog *ret, const struct object *table)
{
    const struct database_names names = {.database = ""};
    catalog_init(ret, table->catalog->arena, table->catalog->dialect);
    if (!table->sql)
        return;
    read_table(ret, table->name, table->sql, &names);
    size_t kept = part_indexes_of_foreign_keys(ret, 0);
    ret->objects += kept;
    ret->object_count -= kept;
}
