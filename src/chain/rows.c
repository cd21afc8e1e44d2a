#include "chain/rows.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/texts.h"

struct rows rows_copy(struct arena *arena, const struct rows *rows)
{
    const char **ids = arena_calloc(arena, rows->count, sizeof *ids);
    for (size_t i = 0; i < rows->count; i++)
        ids[i] = arena_strdup(arena, rows->ids[i]);
    return (struct rows){ids, rows->count, rows->is_known};
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct rows rows_sorted(struct arena *arena, const char *const *ids, size_t count)
{
    const char **sorted = arena_calloc(arena, count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = ids[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, compare_ids);
    return (struct rows){sorted, count, true};
}

bool rows_have(const struct rows *rows, const char *id)
{
    return texts_have(rows->ids, rows->count, id);
}

bool rows_are_equal(const struct rows *a, const struct rows *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!rows_have(b, a->ids[i]))
            return false;
    return true;
}

void rows_add_key(struct buf *key, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        buf_addf(key, "%s\n", rows->ids[i]);
}

struct rows rows_changed(struct arena *arena, const struct rows *rows,
                         const struct version_change *change)
{
    const char **ids = arena_calloc(arena, rows->count + 1, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (change->kind == VERSION_INSERT || strcmp(rows->ids[i], change->from) != 0)
            ids[count++] = rows->ids[i];
    if (change->kind != VERSION_DELETE)
        ids[count++] = change->to;
    return (struct rows){ids, count, rows->is_known};
}

/* The ids that are in `a` and not in `b`. */
static struct rows rows_without(struct arena *arena, const struct rows *a, const struct rows *b)
{
    const char **ids = arena_calloc(arena, a->count, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++)
        if (!rows_have(b, a->ids[i]))
            ids[count++] = a->ids[i];
    return (struct rows){ids, count, true};
}

const struct version_change *rows_diff(struct arena *arena, const struct rows *from,
                                       const struct rows *to, size_t *ret_count)
{
    struct rows gone = rows_without(arena, from, to), come = rows_without(arena, to, from);
    size_t count = gone.count > come.count ? gone.count : come.count;
    struct version_change *changes = arena_calloc(arena, count, sizeof *changes);
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct version_change){
            .kind = i >= gone.count   ? VERSION_INSERT
                    : i >= come.count ? VERSION_DELETE
                                      : VERSION_UPDATE,
            .from = i < gone.count ? gone.ids[i] : NULL,
            .to = i < come.count ? come.ids[i] : NULL,
        };
    *ret_count = count;
    return changes;
}

/* ---- rows that are kept once --------------------------------------------------------------- */

struct rows_pool {
    struct arena arena;
    struct map by_key;
    struct rows **items;
    size_t count, capacity;
};

static uint32_t pool_add(struct rows_pool *pool, const struct rows *rows)
{
    struct rows *copy = arena_alloc(&pool->arena, sizeof *copy);
    *copy = rows_copy(&pool->arena, rows);
    *ARENA_PUSH(&pool->arena, pool->items, pool->count, pool->capacity) = copy;
    return (uint32_t)pool->count - 1;
}

struct rows_pool *rows_pool_new(void)
{
    struct rows_pool *pool = xcalloc(1, sizeof *pool);
    arena_init(&pool->arena);
    map_init(&pool->by_key);
    pool_add(pool, &(struct rows){.is_known = false});
    return pool;
}

void rows_pool_free(struct rows_pool *pool)
{
    if (!pool)
        return;
    map_done(&pool->by_key);
    arena_done(&pool->arena);
    free(pool);
}

uint32_t rows_pool_put(struct rows_pool *pool, const struct rows *rows)
{
    struct buf key;
    if (!rows->is_known)
        return 0;
    buf_init(&key, BUF_MAX_DEFAULT);
    rows_add_key(&key, rows);
    uint32_t number = map_get(&pool->by_key, key.data);
    if (number == MAP_NONE) {
        number = pool_add(pool, rows);
        map_put(&pool->by_key, arena_strdup(&pool->arena, key.data), number);
    }
    buf_done(&key);
    return number;
}

const struct rows *rows_pool_at(const struct rows_pool *pool, uint32_t number)
{
    return pool->items[number];
}
