#include "dialect/tables.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "dialect/split.h"

enum { NAME_MAX_BYTES = 63 };

/* ---- words and names ----------------------------------------------------------------------- */

struct reader {
    struct arena *arena;
    const char *sql;
    size_t len, at;
    bool comments_nest;
};

static bool is_in_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static void skip_blanks(struct reader *reader)
{
    reader->at = split_skip(reader->sql, reader->len, reader->at, reader->comments_nest);
}

/* Goes past the word, if it is the next one. */
static bool take_word(struct reader *reader, const char *word)
{
    size_t len = strlen(word);
    skip_blanks(reader);
    size_t end = reader->at + len;
    if (end > reader->len || !ascii_begins(reader->sql + reader->at, word) ||
        (is_in_word(*word) && end < reader->len && is_in_word(reader->sql[end])))
        return false;
    reader->at = end;
    return true;
}

/* Goes past the first of a doubled quote. */
static bool ends_name(struct reader *reader, bool is_quoted, char close)
{
    char c = reader->sql[reader->at];
    if (!is_quoted)
        return !is_in_word(c);
    if (c != close)
        return false;
    bool is_doubled =
        close != ']' && reader->at + 1 < reader->len && reader->sql[reader->at + 1] == close;
    reader->at += is_doubled;
    return !is_doubled;
}

/* `U&"…"`, whose escapes are the server's to read. */
static bool is_escaped(const struct reader *reader)
{
    return reader->len - reader->at >= 3 && ascii_begins(reader->sql + reader->at, "u&\"");
}

/* `a`, `"a"`, `[a]` or in backticks; what is not quoted is folded to small letters. NULL: none stands here that is
 * known. */
static const char *take_name(struct reader *reader)
{
    skip_blanks(reader);
    if (reader->at >= reader->len || is_escaped(reader))
        return NULL;
    char open = reader->sql[reader->at];
    bool is_quoted = open && strchr("\"[`", open);
    char close = open == '[' ? ']' : open;
    size_t begin = reader->at += is_quoted, used = 0;
    while (reader->at < reader->len && !ends_name(reader, is_quoted, close))
        reader->at++;
    char *name = arena_alloc(reader->arena, reader->at - begin + 1);
    for (size_t at = begin; at < reader->at; at++) {
        name[used++] = is_quoted ? reader->sql[at] : ascii_to_lower(reader->sql[at]);
        at += is_quoted && reader->sql[at] == close; /* of a doubled one the first stays */
    }
    reader->at += is_quoted && reader->at < reader->len;
    name[used] = '\0';
    return used ? name : NULL;
}

/* `name` or `schema.name`; with three parts the first is the database. */
static bool take_table(struct reader *reader, struct table_name *ret_table)
{
    *ret_table = (struct table_name){.name = take_name(reader)};
    while (ret_table->name && take_word(reader, ".")) {
        ret_table->schema = ret_table->name;
        ret_table->name = take_name(reader);
    }
    return ret_table->name != NULL;
}

/* ---- the list ------------------------------------------------------------------------------ */

/* Conservative: a name without a schema may be the one with it. */
static bool may_be_same(const struct table_name *a, const struct table_name *b)
{
    return ascii_is_same(a->name, b->name) &&
           (!a->schema || !b->schema || ascii_is_same(a->schema, b->schema));
}

static bool drop_table(struct tables *tables, const struct table_name *table)
{
    size_t kept = 0, before = tables->count;
    for (size_t i = 0; i < tables->count; i++)
        if (!may_be_same(&tables->items[i], table))
            tables->items[kept++] = tables->items[i];
    tables->count = kept;
    return kept != before;
}

static bool is_temporary(const struct dialect *dialect, const char *schema)
{
    for (const char *const *at = dialect->temporary_schemas; at && *at; at++)
        if (ascii_is_same(schema, *at))
            return true;
    return false;
}

/* Where a database is a file, a schema is the name of a file, and the tenant's own has another name than the script may
 * give it. */
static void add_table(struct tables *tables, const struct dialect *dialect, struct table_name table)
{
    if (table.schema && is_temporary(dialect, table.schema))
        return;
    drop_table(tables, &table);
    if (strlen(table.name) > NAME_MAX_BYTES) /* the server cuts it */
        return;
    if (dialect_info(dialect->id)->is_file)
        table.schema = NULL;
    *ARENA_PUSH(tables->arena, tables->items, tables->count, tables->capacity) = table;
}

/* What has no schema may lie in any. */
static void drop_schema(struct tables *tables, const char *schema)
{
    size_t kept = 0;
    for (size_t i = 0; i < tables->count; i++)
        if (tables->items[i].schema && !ascii_is_same(tables->items[i].schema, schema))
            tables->items[kept++] = tables->items[i];
    tables->count = kept;
}

/* ---- statements ---------------------------------------------------------------------------- */

static void follow_create(struct tables *tables, const struct dialect *dialect,
                          struct reader *reader)
{
    static const char *const kinds[] = {"global", "local", "unlogged", "foreign", "virtual"};
    struct table_name table;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        (void)take_word(reader, kinds[i]);
    if (!take_word(reader, "table")) /* TEMP and TEMPORARY ones go with their session */
        return;
    if (take_word(reader, "if") && !(take_word(reader, "not") && take_word(reader, "exists")))
        return;
    if (take_table(reader, &table))
        add_table(tables, dialect, table);
}

static void follow_drop(struct tables *tables, struct reader *reader)
{
    struct table_name table;
    bool is_schema = take_word(reader, "schema");
    if (take_word(reader, "owned")) {
        tables->count = 0;
        return;
    }
    (void)take_word(reader, "foreign");
    if (!is_schema && !take_word(reader, "table"))
        return;
    if (take_word(reader, "if"))
        (void)take_word(reader, "exists");
    do {
        if (!take_table(reader, &table))
            return;
        if (is_schema)
            drop_schema(tables, table.name);
        else
            drop_table(tables, &table);
    } while (take_word(reader, ","));
}

static void follow_alter_schema(struct tables *tables, struct reader *reader)
{
    const char *schema = take_name(reader);
    if (schema && take_word(reader, "rename"))
        drop_schema(tables, schema);
}

/* RENAME TO and SET SCHEMA. */
static void follow_alter(struct tables *tables, const struct dialect *dialect,
                         struct reader *reader)
{
    struct table_name table;
    if (take_word(reader, "schema")) {
        follow_alter_schema(tables, reader);
        return;
    }
    (void)take_word(reader, "foreign");
    if (!take_word(reader, "table"))
        return;
    if (take_word(reader, "if"))
        (void)take_word(reader, "exists");
    (void)take_word(reader, "only");
    if (!take_table(reader, &table))
        return;
    struct table_name after = table;
    if (take_word(reader, "rename") && take_word(reader, "to"))
        after.name = take_name(reader);
    else if (take_word(reader, "set") && take_word(reader, "schema"))
        after.schema = take_name(reader);
    else
        return;
    if (drop_table(tables, &table) && after.name)
        add_table(tables, dialect, after);
}

static bool speaks_of_path(const char *sql, size_t len)
{
    static const char word[] = "search_path";
    for (size_t at = 0; at + sizeof word - 1 <= len; at++)
        if (ascii_to_lower(sql[at]) == *word && ascii_begins(sql + at, word))
            return true;
    return false;
}

void tables_follow(struct tables *tables, const struct dialect *dialect, const char *sql,
                   size_t len)
{
    struct reader reader = {.arena = tables->arena,
                            .sql = sql,
                            .len = len,
                            .comments_nest = dialect->traits & DIALECT_NESTS_COMMENTS};
    tables->has_own_path = tables->has_own_path || speaks_of_path(sql, len);
    if (take_word(&reader, "create"))
        follow_create(tables, dialect, &reader);
    else if (take_word(&reader, "drop"))
        follow_drop(tables, &reader);
    else if (take_word(&reader, "alter"))
        follow_alter(tables, dialect, &reader);
}
