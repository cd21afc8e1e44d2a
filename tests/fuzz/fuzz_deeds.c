/* Any bytes as a statement of each dialect: what it does is told in deeds whose texts end, whatever it is. Two statements, so that
 * SQLite's reader meets what it has replayed. */
#include <stdlib.h>

#include "base/arena.h"
#include "dialect/deed.h"
#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t measure(const char *text)
{
    return text ? strlen(text) : 0;
}

static void check(const struct deeds *deeds)
{
    size_t len = 0;
    for (size_t i = 0; i < deeds->count; i++) {
        const struct deed *deed = &deeds->items[i];
        if (deed->kind >= DEED__COUNT)
            abort();
        len += measure(deed->schema) + measure(deed->table) + measure(deed->column) +
               measure(deed->name) + measure(deed->type) + measure(deed->other) +
               measure(deed->what) + measure(deed->rule);
    }
    if (len == SIZE_MAX)
        abort();
}

static void read_both(const struct dialect *dialect, const char *sql, size_t len)
{
    struct arena arena;
    arena_init(&arena);
    struct deeds deeds = {.arena = &arena};
    void *reader = dialect->open_deeds ? dialect->open_deeds() : NULL;
    const char *semicolon = memchr(sql, ';', len);
    size_t first = semicolon ? (size_t)(semicolon - sql) : len;
    dialect->read_deeds(reader, sql, first, &deeds);
    if (semicolon)
        dialect->read_deeds(reader, sql + first + 1, len - first - 1, &deeds);
    check(&deeds);
    for (size_t i = 0; i + 1 < deeds.count && dialect->keeps_rows; i++)
        if (deeds.items[i].type && deeds.items[i + 1].type) {
            (void)dialect->keeps_rows(deeds.items[i].type, deeds.items[i + 1].type);
            (void)dialect->takes_all(deeds.items[i].type, deeds.items[i + 1].type);
        }
    if (dialect->close_deeds)
        dialect->close_deeds(reader);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (memchr(data, '\0', size))
        return 0;
    arena_init(&arena);
    const char *sql = arena_strndup(&arena, (const char *)data, size);
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (dialect_of((enum dialect_id)d))
            read_both(dialect_of((enum dialect_id)d), sql, size);
    arena_done(&arena);
    return 0;
}
