/* Any bytes as names and comments of a catalog: what an emitter writes has as many statements as it has for plain names, so nothing
 * breaks out of its quotes. The first byte says which engine; names are parted by bytes 1. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "schema/emit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAMES = 6 };

static const char *const plain[NAMES] = {"a", "b", "c", "d", "e", "f"};

static struct object *add(struct catalog *catalog, enum object_kind kind, const char *owner,
                          const char *name, const char *sql)
{
    struct object *object = catalog_add(catalog, kind, owner, name);
    object->sql = sql;
    return object;
}

/* As the record has it: that of MariaDB is what SHOW CREATE prints between quotes. */
static const char *comment_of(const struct catalog *catalog, const char *text)
{
    struct buf buf;
    if (catalog->dialect != DIALECT_MYSQL)
        return text;
    buf_init(&buf, SIZE_MAX / 2);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            buf_addc(&buf, *text);
        buf_addc(&buf, *text);
    }
    return buf_into(&buf, catalog->arena);
}

/* Texts of definitions come from the server, which has quoted what is in them. */
static void fill(struct catalog *catalog, const char *const *names, bool has_all)
{
    bool is_sqlite = catalog->dialect == DIALECT_SQLITE;
    struct object *table =
        add(catalog, OBJECT_TABLE, NULL, names[0], is_sqlite ? "CREATE TABLE a (id int)" : NULL);
    struct object *column = add(catalog, OBJECT_COLUMN, names[0], "id", NULL);
    object_set(column, ASPECT_SHAPE, "type", "int");
    object_set(column, ASPECT_ORDER, "position", "1");
    if (!has_all)
        return;
    if (!is_sqlite)
        object_set(table, ASPECT_COMMENTS, "comment", comment_of(catalog, names[5]));
    column = add(catalog, OBJECT_COLUMN, names[0], names[1], NULL);
    object_set(column, ASPECT_SHAPE, "type", "int");
    object_set(column, ASPECT_ORDER, "position", "2");
    if (!is_sqlite)
        object_set(column, ASPECT_COMMENTS, "comment", comment_of(catalog, names[5]));
    struct object *index =
        add(catalog, OBJECT_INDEX, names[0], names[2],
            is_sqlite ? "CREATE INDEX c ON a (id)" : "CREATE INDEX c ON a USING btree (id)");
    object_set(index, ASPECT_SHAPE,
               catalog->dialect == DIALECT_POSTGRESQL ? "definition" : "columns",
               catalog->dialect == DIALECT_POSTGRESQL ? "btree (id)" : "(`id`)");
    struct object *view = add(catalog, OBJECT_VIEW, NULL, names[3], "CREATE VIEW d AS SELECT 1");
    object_set(view, ASPECT_SHAPE, is_sqlite ? "query" : "definition", "SELECT 1");
    struct object *trigger = add(catalog, OBJECT_TRIGGER, names[0], names[4],
                                 "CREATE TRIGGER e BEFORE INSERT ON a EXECUTE FUNCTION f()");
    object_set(trigger, ASPECT_SHAPE, catalog->dialect == DIALECT_MYSQL ? "timing" : "definition",
               catalog->dialect == DIALECT_MYSQL ? "BEFORE INSERT"
                                                 : "BEFORE INSERT ON a EXECUTE FUNCTION f()");
    if (catalog->dialect != DIALECT_MYSQL)
        return;
    object_set(trigger, ASPECT_SHAPE, "definition", "SET @a = 1");
    object_set(trigger, ASPECT_SHAPE, "sql mode", "");
}

static size_t count_of(struct arena *arena, const struct dialect *dialect, const struct buf *sql)
{
    struct statement *statements;
    size_t count;
    struct err err;
    if (!sql->len)
        return 0;
    if (!dialect->split(arena, sql->data, sql->len, &statements, &count, &err))
        abort();
    return count;
}

/* Statements that make the one of the other. */
static size_t count_statements(struct arena *arena, const struct dialect *dialect,
                               const char *const *names, bool is_up)
{
    struct catalog some, all;
    struct catalog_rules rules;
    struct buf sql, later, last;
    catalog_init(&some, arena, dialect->id);
    catalog_init(&all, arena, dialect->id);
    fill(&some, names, false);
    fill(&all, names, true);
    catalog_rules_init(&rules, arena);
    buf_init(&sql, SIZE_MAX / 2);
    buf_init(&later, SIZE_MAX / 2);
    buf_init(&last, SIZE_MAX / 2);
    struct emission emission = {.arena = arena,
                                .from = is_up ? &some : &all,
                                .to = is_up ? &all : &some,
                                .rules = &rules,
                                .allows_all = true,
                                .sql = &sql,
                                .later = &later,
                                .last = &last};
    emission_change(dialect->emitter, &emission);
    size_t count = count_of(arena, dialect, &sql) + count_of(arena, dialect, &later);
    buf_done(&sql);
    buf_done(&later);
    buf_done(&last);
    return count;
}

/* As they are in a database: not empty, and each another one, whatever the case. */
static bool take_names(struct arena *arena, char *text, const char **names)
{
    for (size_t i = 0; i < NAMES; i++) {
        const char *name = strsep(&text, "\1");
        if (!name || !*name)
            return false;
        names[i] = i + 1 < NAMES ? arena_printf(arena, "%zu%s", i, name) : name;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dialect_id dialects[] = {DIALECT_SQLITE, DIALECT_POSTGRESQL, DIALECT_MYSQL};
    const char *names[NAMES];
    struct arena arena;
    if (size < 2 || memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    const struct dialect *dialect = dialect_of(dialects[*data % 3]);
    if (dialect->emitter &&
        take_names(&arena, arena_strndup(&arena, (const char *)data + 1, size - 1), names))
        for (int is_up = 0; is_up < 2; is_up++)
            if (count_statements(&arena, dialect, names, is_up) !=
                count_statements(&arena, dialect, plain, is_up))
                abort();
    arena_done(&arena);
    return 0;
}
