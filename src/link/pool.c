#include "link/pool.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/map.h"
#include "inventory/inventory.h"
#include "link/io.h"

enum { IDLE_MAX = 64 };

struct group {        /* tenants of one database and login */
    uint32_t waiting; /* that have not asked for a connection yet */
    uint32_t idle_count;
    struct io *idle[IDLE_MAX];
};

struct pool {
    struct arena arena;
    struct map by_key;
    struct group **groups;
    size_t group_count, group_capacity;
    uint32_t *group_of; /* by tenant; MAP_NONE: it shares with no other */
    size_t tenant_count, tenant_capacity;
};

struct pool *pool_new(void)
{
    struct pool *pool = xcalloc(1, sizeof *pool);
    arena_init(&pool->arena);
    map_init(&pool->by_key);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    map_done(&pool->by_key);
    arena_done(&pool->arena);
    free(pool);
}

static uint32_t group_of(struct pool *pool, const struct tenant *tenant)
{
    if (!tenant->schema)
        return MAP_NONE;
    char *key =
        arena_printf(&pool->arena, "%s\n%" PRIu32, tenant->url_redacted, tenant->password->number);
    uint32_t index = map_put(&pool->by_key, key, (uint32_t)pool->group_count);
    if (index == pool->group_count)
        *ARENA_PUSH(&pool->arena, pool->groups, pool->group_count, pool->group_capacity) =
            arena_alloc(&pool->arena, sizeof(struct group));
    return index;
}

void pool_add_tenant(struct pool *pool, const struct tenant *tenant)
{
    uint32_t group = group_of(pool, tenant);
    if (group != MAP_NONE)
        pool->groups[group]->waiting++;
    *ARENA_PUSH(&pool->arena, pool->group_of, pool->tenant_count, pool->tenant_capacity) = group;
}

static struct group *find_group(const struct pool *pool, size_t tenant)
{
    uint32_t group = pool->group_of[tenant];
    return group == MAP_NONE ? NULL : pool->groups[group];
}

struct io *pool_take(struct pool *pool, size_t tenant)
{
    struct group *group = find_group(pool, tenant);
    if (!group)
        return NULL;
    group->waiting -= group->waiting > 0;
    return group->idle_count ? group->idle[--group->idle_count] : NULL;
}

bool pool_wants(const struct pool *pool, size_t tenant)
{
    const struct group *group = find_group(pool, tenant);
    return group && group->idle_count < IDLE_MAX && group->waiting > group->idle_count;
}

void pool_leave(struct pool *pool, size_t tenant, struct io *io)
{
    struct group *group = find_group(pool, tenant);
    group->idle[group->idle_count++] = io;
}

void pool_close(struct pool *pool)
{
    for (size_t i = 0; i < pool->group_count; i++)
        while (pool->groups[i]->idle_count)
            io_close(pool->groups[i]->idle[--pool->groups[i]->idle_count], NULL, NULL);
}
