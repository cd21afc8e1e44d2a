/* Any bytes as what the catalogs of PostgreSQL and MariaDB answer: the readers never crash, a catalog that is read twice is equal,
 * what differs between any two can be told, and the emitter writes statements for it or refuses to.
 *
 * The first byte says which engine. Two catalogs are parted by bytes 3, rows by bytes 1, their values by bytes 2. A row of PostgreSQL is
 * kind, owner, name, properties; one of MariaDB begins with a digit that says which of the queries it answers, from 0, or is, after a
 * `t`, what SHOW CREATE answers. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "schema/compare.h"
#include "schema/emit.h"
#include "schema/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUERIES = 5, TEXTS = QUERIES, TABLES = QUERIES + 1, COLUMNS_MOST = 12 };

/* Of each table its columns; the last is what SHOW CREATE answers. */
static const size_t columns_of[TABLES] = {2, 2, 2, 7, 11, 4};

struct table {
    const char **values;
    size_t count, capacity;
};

/* What is missing of a row is NULL where it may be. */
static void add_row(struct arena *arena, struct table *table, size_t columns, char *row)
{
    for (size_t column = 0; column < columns; column++)
        *ARENA_PUSH(arena, table->values, table->count, table->capacity) = strsep(&row, "\2");
}

static bool take_postgres(struct reading *reading, const struct catalog_reader *reader, char *text)
{
    struct table table = {0};
    struct err err;
    for (char *row; (row = strsep(&text, "\1"));) {
        *ARENA_PUSH(reading->arena, table.values, table.count, table.capacity) = "0";
        add_row(reading->arena, &table, 4, row);
        const char **values = table.values + table.count - 5;
        if (!values[1] || !values[3] || !values[4])
            return false;
    }
    const struct grid rows = {table.values, table.count / 5, 5};
    return reader->take(reading, &rows, 1, &err);
}

static bool take_mysql(struct reading *reading, const struct catalog_reader *reader, char *text)
{
    struct table tables[TABLES] = {0};
    struct grid answers[QUERIES], *texts;
    struct err err;
    for (char *row; (row = strsep(&text, "\1"));) {
        size_t number = *row == 't' ? TEXTS : *row >= '0' ? (size_t)(*row - '0') : TABLES;
        if (number >= TABLES)
            return false;
        size_t before = tables[number].count;
        add_row(reading->arena, &tables[number], columns_of[number], row + 1);
        /* names and texts are never NULL */
        for (size_t i = 0; number != TEXTS && i < columns_of[number]; i++)
            if (!tables[number].values[before + i])
                return false;
    }
    for (size_t i = 0; i < QUERIES; i++)
        answers[i] =
            (struct grid){tables[i].values, tables[i].count / columns_of[i], columns_of[i]};
    reader->ask(reading);
    if (!reader->take(reading, answers, QUERIES, &err))
        return false;
    reading->round = 1;
    reading->query_count = 0;
    reader->ask(reading);
    texts = arena_calloc(reading->arena, reading->query_count + 1, sizeof *texts);
    size_t told = tables[TEXTS].count / columns_of[TEXTS];
    for (size_t i = 0; i < told && i < reading->query_count; i++)
        texts[i] =
            (struct grid){tables[TEXTS].values + i * columns_of[TEXTS], 1, columns_of[TEXTS]};
    return reader->take(reading, texts, reading->query_count, &err);
}

static bool read_catalog(struct arena *arena, const struct dialect *dialect, const char *text,
                         struct catalog *ret)
{
    struct reading_part part = {NULL, ret};
    struct reading reading = {.arena = arena,
                              .parts = &part,
                              .part_count = 1,
                              .server_version = dialect->id == DIALECT_MYSQL ? 101119 : 150010,
                              .version_table = "alembic_version",
                              .history_table = "skein_history"};
    char *copy = arena_strdup(arena, text);
    catalog_init(ret, arena, dialect->id);
    return dialect->id == DIALECT_MYSQL ? take_mysql(&reading, dialect->catalog, copy)
                                        : take_postgres(&reading, dialect->catalog, copy);
}

static void compare(const struct catalog *a, const struct catalog *b,
                    const struct catalog_rules *rules)
{
    struct comparison comparison;
    struct buf words;
    buf_init(&words, SIZE_MAX / 2);
    comparison_make(&comparison, a, b, rules);
    for (size_t i = 0; i < comparison.count; i++)
        difference_add_words(&words, &comparison.items[i]);
    buf_done(&words);
}

static bool has_owner(const struct catalog *catalog, const struct object *object)
{
    for (size_t i = 0; object->owner && i < catalog->object_count; i++)
        if (!catalog->objects[i]->owner && strcmp(catalog->objects[i]->name, object->owner) == 0)
            return true;
    return !object->owner;
}

/* As a server tells it in one statement: what a table owns stands beside the table. */
static bool is_of_one_piece(const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->object_count; i++)
        if (!has_owner(catalog, catalog->objects[i]))
            return false;
    return true;
}

static void emit(const struct catalog *from, const struct catalog *to,
                 const struct catalog_rules *rules)
{
    struct arena arena;
    struct buf last;
    if (!is_of_one_piece(from) || !is_of_one_piece(to))
        return;
    arena_init(&arena);
    buf_init(&last, SIZE_MAX / 2);
    /* it may add to what it is given */
    struct emission emission = {.arena = &arena,
                                .from = catalog_copy(&arena, from),
                                .to = catalog_copy(&arena, to),
                                .rules = rules,
                                .last = &last};
    emission_text(dialect_of(from->dialect)->emitter, &emission);
    buf_done(&last);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct catalog a, again, b, none;
    struct comparison comparison;
    struct catalog_rules rules;
    if (size < 2 || memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    const struct dialect *dialect = dialect_of(*data == 'm' ? DIALECT_MYSQL : DIALECT_POSTGRESQL);
    char *rest = arena_strndup(&arena, (const char *)data + 1, size - 1);
    const char *first = strsep(&rest, "\3"), *second = rest ? rest : "";
    catalog_rules_init_strict(&rules, &arena);
    catalog_init(&none, &arena, dialect->id);
    if (read_catalog(&arena, dialect, first, &a) && read_catalog(&arena, dialect, first, &again)) {
        comparison_make(&comparison, &a, &again, &rules);
        if (comparison.count)
            abort();
        compare(&none, &a, &rules);
        compare(&a, &none, &rules);
        if (read_catalog(&arena, dialect, second, &b)) {
            compare(&a, &b, &rules);
            emit(&a, &b, &rules);
            emit(&b, &a, &rules);
        }
    }
    arena_done(&arena);
    return 0;
}
