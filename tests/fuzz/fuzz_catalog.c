/* Any bytes as what sqlite_schema holds: the reader never crashes, and a catalog that is read twice is equal. Rows are parted
 * by bytes 1, their values by bytes 2. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/sqlite/catalog.h"
#include "schema/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 4 };

struct rows {
    const char **values;
    size_t count, capacity;
};

/* What is missing of a row is NULL. */
static struct grid split_rows(struct arena *arena, char *text)
{
    struct rows rows = {0};
    for (char *row, *rest = text; (row = strsep(&rest, "\1"));) {
        for (int column = 0; column < COLUMNS; column++)
            *ARENA_PUSH(arena, rows.values, rows.count, rows.capacity) = strsep(&row, "\2");
    }
    return (struct grid){rows.values, rows.count / COLUMNS, COLUMNS};
}

static void read_catalog(struct arena *arena, const struct grid *rows, struct catalog *catalog)
{
    struct reading_part part = {NULL, catalog};
    struct reading reading = {.arena = arena,
                              .parts = &part,
                              .part_count = 1,
                              .version_table = "alembic_version",
                              .history_table = "skein_history"};
    struct err err;
    catalog_init(catalog, arena, DIALECT_SQLITE);
    if (!sqlite_catalog.take(&reading, rows, 1, &err))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct catalog a, b;
    struct comparison comparison;
    struct catalog_rules rules;
    struct buf words;
    if (memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    buf_init(&words, BUF_MAX_DEFAULT);
    struct grid rows = split_rows(&arena, arena_strndup(&arena, (const char *)data, size));
    read_catalog(&arena, &rows, &a);
    read_catalog(&arena, &rows, &b);
    catalog_rules_init_strict(&rules, &arena);
    comparison_make(&comparison, &a, &b, &rules);
    if (comparison.count)
        abort();
    b.object_count = 0;
    comparison_make(&comparison, &a, &b, &rules);
    if (!comparison.count && a.object_count)
        abort();
    for (size_t i = 0; i < comparison.count; i++)
        difference_add_words(&words, &comparison.items[i]);
    buf_done(&words);
    arena_done(&arena);
    return 0;
}
