#include "link/pool.h"

#include <inttypes.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "driver/driver.h"
#include "inventory/inventory.h"

enum { IDLE_MAX = 64 }; /* of a server */

struct group {        /* tenants that may leave a connection to each other */
    uint32_t waiting; /* that have not asked for one yet */
    uint32_t idle_count;
    bool is_refused;
};

struct idle {
    struct io *io;
    uint32_t group;
};

struct server {
    uint32_t open; /* connections, those that wait among them */
    uint32_t idle_count;
    struct idle idle[IDLE_MAX]; /* the one that was left last comes last */
};

struct place {              /* of a tenant */
    uint32_t server, group; /* MAP_NONE: it shares with no other */
};

struct pool {
    struct arena arena;
    struct map servers_by_name, groups_by_key;
    struct server **servers;
    size_t server_count, server_capacity;
    struct group **groups;
    size_t group_count, group_capacity;
    struct place *places; /* by tenant */
    size_t tenant_count, tenant_capacity;
    uint32_t in_all, per_server; /* the limits */
    uint32_t open, idle_count;   /* of all servers */
};

struct pool *pool_new(void)
{
    struct pool *pool = xcalloc(1, sizeof *pool);
    arena_init(&pool->arena);
    map_init(&pool->servers_by_name);
    map_init(&pool->groups_by_key);
    pool_limit(pool, UINT32_MAX, UINT32_MAX);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    map_done(&pool->servers_by_name);
    map_done(&pool->groups_by_key);
    arena_done(&pool->arena);
    free(pool);
}

void pool_limit(struct pool *pool, uint32_t in_all, uint32_t per_server)
{
    pool->in_all = in_all;
    pool->per_server = per_server;
}

/* ---- who may share ----------------------------------------------------------------------------- */

/* Appends all that a connection is made from but its database, where that can be changed. False: it is never left. */
static bool add_key(struct buf *key, const struct tenant *tenant)
{
    const struct url *url = &tenant->url;
    const struct driver *driver = driver_find(url->dialect);
    bool can_move = driver && driver->move && url->database;
    bool is_schema = driver && driver->dialect->sql[SQL_RESET] && tenant->schema;
    if (!can_move && !is_schema)
        return false;
    buf_addf(key, "%s\n%s\n%s\n%u\n%s\n%" PRIu32, url->scheme ? url->scheme : "",
             url->user ? url->user : "", url->host ? url->host : "", url->port,
             can_move || !url->database ? "" : url->database, tenant->password->number);
    for (size_t i = 0; i < url->param_count; i++)
        buf_addf(key, "\n%s=%s", url->params[i].key, url->params[i].value);
    return true;
}

static uint32_t find_group(struct pool *pool, const struct tenant *tenant)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    bool may_share = add_key(&key, tenant);
    uint32_t index = may_share ? map_get(&pool->groups_by_key, key.data) : MAP_NONE;
    if (may_share && index == MAP_NONE) {
        index = map_put(&pool->groups_by_key, arena_strdup(&pool->arena, key.data),
                        (uint32_t)pool->group_count);
        *ARENA_PUSH(&pool->arena, pool->groups, pool->group_count, pool->group_capacity) =
            arena_alloc(&pool->arena, sizeof(struct group));
    }
    buf_done(&key);
    return index;
}

static uint32_t find_server(struct pool *pool, const struct tenant *tenant)
{
    uint32_t index = map_put(&pool->servers_by_name, tenant->server, (uint32_t)pool->server_count);
    if (index == pool->server_count)
        *ARENA_PUSH(&pool->arena, pool->servers, pool->server_count, pool->server_capacity) =
            arena_alloc(&pool->arena, sizeof(struct server));
    return index;
}

void pool_add_tenant(struct pool *pool, const struct tenant *tenant)
{
    struct place place = {find_server(pool, tenant), find_group(pool, tenant)};
    if (place.group != MAP_NONE)
        pool->groups[place.group]->waiting++;
    *ARENA_PUSH(&pool->arena, pool->places, pool->tenant_count, pool->tenant_capacity) = place;
}

uint32_t pool_group(const struct pool *pool, size_t tenant)
{
    return pool->places[tenant].group;
}

static struct group *group_of(const struct pool *pool, size_t tenant)
{
    uint32_t group = pool->places[tenant].group;
    return group == MAP_NONE ? NULL : pool->groups[group];
}

static struct server *server_of(const struct pool *pool, size_t tenant)
{
    return pool->servers[pool->places[tenant].server];
}

/* ---- those that wait --------------------------------------------------------------------------- */

static struct io *remove_idle(struct pool *pool, struct server *server, size_t at)
{
    struct idle idle = server->idle[at];
    server->idle_count--;
    pool->idle_count--;
    memmove(&server->idle[at], &server->idle[at + 1],
            (server->idle_count - at) * sizeof *server->idle);
    pool->groups[idle.group]->idle_count--;
    return idle.io;
}

struct io *pool_take(struct pool *pool, size_t tenant)
{
    struct group *group = group_of(pool, tenant);
    struct server *server = server_of(pool, tenant);
    if (!group)
        return NULL;
    group->waiting -= group->waiting > 0;
    for (size_t i = server->idle_count; group->idle_count && i-- > 0;)
        if (server->idle[i].group == pool->places[tenant].group)
            return remove_idle(pool, server, i);
    return NULL;
}

bool pool_wants(const struct pool *pool, size_t tenant)
{
    const struct group *group = group_of(pool, tenant);
    return group && !group->is_refused && server_of(pool, tenant)->idle_count < IDLE_MAX &&
           group->waiting > group->idle_count;
}

void pool_leave(struct pool *pool, size_t tenant, struct io *io)
{
    struct server *server = server_of(pool, tenant);
    group_of(pool, tenant)->idle_count++;
    pool->idle_count++;
    server->idle[server->idle_count++] = (struct idle){io, pool->places[tenant].group};
}

void pool_refuse(struct pool *pool, size_t tenant)
{
    struct group *group = group_of(pool, tenant);
    if (group)
        group->is_refused = true;
}

/* ---- how many there are ------------------------------------------------------------------------ */

void pool_note_opened(struct pool *pool, size_t tenant)
{
    server_of(pool, tenant)->open++;
    pool->open++;
}

void pool_note_closed(struct pool *pool, size_t tenant)
{
    server_of(pool, tenant)->open--;
    pool->open--;
}

static struct io *remove_oldest(struct pool *pool, struct server *server)
{
    if (!server->idle_count)
        return NULL;
    server->open--;
    pool->open--;
    return remove_idle(pool, server, 0);
}

struct io *pool_idle_of_server(struct pool *pool, size_t tenant)
{
    return remove_oldest(pool, server_of(pool, tenant));
}

struct io *pool_idle(struct pool *pool)
{
    for (size_t i = 0; pool->idle_count && i < pool->server_count; i++)
        if (pool->servers[i]->idle_count)
            return remove_oldest(pool, pool->servers[i]);
    return NULL;
}

struct io *pool_excess(struct pool *pool, size_t tenant)
{
    struct server *server = server_of(pool, tenant);
    struct io *io = server->open >= pool->per_server ? remove_oldest(pool, server) : NULL;
    return io || pool->open < pool->in_all ? io : pool_idle(pool);
}

struct io *pool_beyond(struct pool *pool)
{
    for (size_t i = 0; pool->idle_count && i < pool->server_count; i++)
        if (pool->servers[i]->open > pool->per_server && pool->servers[i]->idle_count)
            return remove_oldest(pool, pool->servers[i]);
    return pool->open > pool->in_all ? pool_idle(pool) : NULL;
}
