/* Any bytes as a script: statements ascend and lie within it, and what the parser takes is split the same by the
 * tokens alone, which a newer statement in front makes sure of. The tables that the statements leave are read, and all
 * that is read of statements of MySQL. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "dialect/postgres/split.h"
#include "dialect/dialects.h"
#include "dialect/mysql/probe.h"
#include "dialect/mysql/split.h"
#include "dialect/mysql/words.h"
#include "dialect/sqlite/split.h"
#include "dialect/tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef bool (*split_fn)(struct arena *arena, const char *sql, size_t len,
                         struct statement **ret_statements, size_t *ret_count, struct err *err);

struct splits {
    struct statement *items;
    size_t count;
};

static bool split(split_fn split, struct arena *arena, const char *sql, struct splits *ret_splits)
{
    struct err err = {0};
    size_t len = strlen(sql), behind = 0;
    if (!split(arena, sql, len, &ret_splits->items, &ret_splits->count, &err)) {
        if (err.kind != ERR_CHAIN || err.offset > len + 1)
            abort();
        return false;
    }
    for (size_t i = 0; i < ret_splits->count; i++) {
        const struct statement *item = &ret_splits->items[i];
        if (item->offset < behind || !item->len || item->len > len - item->offset)
            abort();
        behind = item->offset + item->len;
    }
    return true;
}

/* What is read of its statements as well. */
static void read_as_mysql(struct arena *arena, const char *sql)
{
    struct splits splits;
    bool is_split = split(mysql_split, arena, sql, &splits);
    for (size_t i = 0; is_split && i < splits.count; i++) {
        struct statement_checks checks;
        struct probe probe;
        const char *text = arena_strndup(arena, sql + splits.items[i].offset, splits.items[i].len);
        (void)mysql_refuses(text, splits.items[i].len);
        (void)mysql_keeps_transaction(text, splits.items[i].len);
        mysql_check(arena, text, splits.items[i].len, &checks);
        mysql_probe(arena, text, &probe);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char newer[] = "SELECT 0x1F;";
    struct arena arena;
    struct splits alone, beside;
    if (memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    const char *sql = arena_strndup(&arena, (const char *)data, size);
    bool is_split = split(postgres_split, &arena, sql, &alone);
    if (is_split !=
        split(postgres_split, &arena, arena_printf(&arena, "%s%s", newer, sql), &beside))
        abort();
    for (size_t i = 0; is_split && i < alone.count; i++)
        if (beside.count != alone.count + 1 || beside.items[i + 1].len != alone.items[i].len)
            abort();
    struct tables tables = {.arena = &arena};
    for (size_t i = 0; is_split && i < alone.count; i++)
        tables_follow(&tables, &dialect_postgres, sql + alone.items[i].offset, alone.items[i].len);
    is_split = split(sqlite_split, &arena, sql, &alone);
    for (size_t i = 0; is_split && i < alone.count; i++)
        tables_follow(&tables, &dialect_sqlite, sql + alone.items[i].offset, alone.items[i].len);
    read_as_mysql(&arena, sql);
    arena_done(&arena);
    return 0;
}
