#include "rollout/queues.h"

#include "base/arena.h"

struct queue { /* a credential */
    uint32_t server;
    struct list tenants; /* waiting */
    uint32_t running;
    bool is_proven;
    bool is_listed; /* in the ring, with the server, or given up */
};

struct server {
    uint32_t running;
    uint32_t limit; /* at most per_server; less while the server is crowded */
    uint32_t good;  /* finished well since the limit last moved */
    bool is_unlimited;
    bool is_crowded; /* the limit was lowered, and is not back yet */
    bool is_troubled;
    struct list waiting; /* queues that could start something but for the server */
};

struct queues {
    struct arena *arena;
    struct server *servers;
    size_t server_count, server_capacity;
    struct queue *items;
    size_t count, capacity;
    uint32_t *behind; /* by queue: the next in the list it stands in */
    size_t behind_count, behind_capacity;
    uint32_t *queue_of; /* by tenant */
    uint32_t *links;    /* by tenant: the next in the list it stands in */
    struct list ring;
    struct list given_up; /* queues whose server is lost */
    uint32_t parallel, per_server;
    uint32_t running;
    uint32_t waiting;
    uint32_t troubled_count; /* servers */
};

struct queues *queues_new(struct arena *arena, uint32_t tenant_count)
{
    struct queues *queues = arena_calloc(arena, 1, sizeof *queues);
    queues->arena = arena;
    queues->queue_of = arena_calloc(arena, tenant_count + 1, sizeof *queues->queue_of);
    queues->links = arena_calloc(arena, tenant_count + 1, sizeof *queues->links);
    queues->ring = queues->given_up = list_empty();
    return queues;
}

uint32_t queues_add_server(struct queues *queues, bool is_unlimited)
{
    *ARENA_PUSH(queues->arena, queues->servers, queues->server_count, queues->server_capacity) =
        (struct server){.is_unlimited = is_unlimited, .waiting = list_empty()};
    return (uint32_t)queues->server_count - 1;
}

uint32_t queues_add_credential(struct queues *queues, uint32_t server, bool needs_proof)
{
    *ARENA_PUSH(queues->arena, queues->items, queues->count, queues->capacity) =
        (struct queue){.server = server, .tenants = list_empty(), .is_proven = !needs_proof};
    *ARENA_PUSH(queues->arena, queues->behind, queues->behind_count, queues->behind_capacity) =
        LIST_NONE;
    return (uint32_t)queues->count - 1;
}

void queues_add_tenant(struct queues *queues, uint32_t tenant, uint32_t credential)
{
    queues->queue_of[tenant] = credential;
}

uint32_t *queues_links(struct queues *queues)
{
    return queues->links;
}

static struct queue *queue_of(struct queues *queues, uint32_t tenant)
{
    return &queues->items[queues->queue_of[tenant]];
}

static struct server *server_of(struct queues *queues, uint32_t tenant)
{
    return &queues->servers[queue_of(queues, tenant)->server];
}

/* ---- where a queue stands ------------------------------------------------------------------ */

static bool is_closed(const struct server *server)
{
    return server->is_troubled || (!server->is_unlimited && server->running >= server->limit);
}

/* Puts a queue where it belongs now, unless it stands somewhere already or has nothing to start. */
static void enlist(struct queues *queues, uint32_t index)
{
    struct queue *queue = &queues->items[index];
    struct server *server = &queues->servers[queue->server];
    bool can_start = !list_is_empty(&queue->tenants) && (queue->is_proven || queue->running == 0);
    if (queue->is_listed || !can_start)
        return;
    queue->is_listed = true;
    list_push(is_closed(server) ? &server->waiting : &queues->ring, queues->behind, index);
}

/* One of the queues that wait for this server goes back to the ring, if there is room again. */
static void call_in(struct queues *queues, struct server *server)
{
    uint32_t waiting = is_closed(server) ? LIST_NONE : list_pop(&server->waiting, queues->behind);
    if (waiting != LIST_NONE)
        list_push(&queues->ring, queues->behind, waiting);
}

/* The next queue of the ring that can start something; those whose server is closed step aside. */
static uint32_t next_queue(struct queues *queues)
{
    uint32_t index;
    while ((index = list_pop(&queues->ring, queues->behind)) != LIST_NONE) {
        struct server *server = &queues->servers[queues->items[index].server];
        if (!is_closed(server)) {
            queues->items[index].is_listed = false;
            return index;
        }
        list_push(&server->waiting, queues->behind, index);
    }
    return LIST_NONE;
}

/* ---- tenants come and go ------------------------------------------------------------------- */

void queues_begin(struct queues *queues, uint32_t parallel, uint32_t per_server)
{
    queues->parallel = parallel;
    queues->per_server = per_server;
    queues->troubled_count = 0;
    for (size_t i = 0; i < queues->server_count; i++) {
        struct server *server = &queues->servers[i];
        server->is_troubled = false;
        if (!server->is_crowded || server->limit > per_server)
            server->limit = per_server;
    }
}

void queues_put(struct queues *queues, uint32_t tenant)
{
    list_push(&queue_of(queues, tenant)->tenants, queues->links, tenant);
    queues->waiting++;
    enlist(queues, queues->queue_of[tenant]);
}

void queues_clear(struct queues *queues)
{
    for (size_t i = 0; i < queues->count; i++) {
        queues->items[i].tenants = list_empty();
        queues->items[i].is_listed = false;
    }
    for (size_t i = 0; i < queues->server_count; i++)
        queues->servers[i].waiting = list_empty();
    queues->ring = queues->given_up = list_empty();
    queues->waiting = 0;
}

uint32_t queues_start(struct queues *queues)
{
    if (queues->running >= queues->parallel)
        return LIST_NONE;
    uint32_t index = next_queue(queues);
    if (index == LIST_NONE)
        return LIST_NONE;
    struct queue *queue = &queues->items[index];
    struct server *server = &queues->servers[queue->server];
    uint32_t tenant = list_pop(&queue->tenants, queues->links);
    queue->running++;
    server->running++;
    queues->running++;
    queues->waiting--;
    enlist(queues, index);
    call_in(queues, server);
    return tenant;
}

static void give_up_lost_servers(struct queues *queues)
{
    uint32_t index;
    for (size_t i = 0; queues->troubled_count && i < queues->server_count; i++) {
        struct server *server = &queues->servers[i];
        bool is_lost = server->is_troubled && !server->running;
        while (is_lost && (index = list_pop(&server->waiting, queues->behind)) != LIST_NONE)
            list_push(&queues->given_up, queues->behind, index);
    }
}

uint32_t queues_give_up(struct queues *queues)
{
    give_up_lost_servers(queues);
    while (!list_is_empty(&queues->given_up)) {
        struct queue *queue = &queues->items[queues->given_up.first];
        uint32_t tenant = list_pop(&queue->tenants, queues->links);
        if (list_is_empty(&queue->tenants)) { /* the next wave may fill it again */
            queue->is_listed = false;
            list_pop(&queues->given_up, queues->behind);
        }
        if (tenant != LIST_NONE) {
            queues->waiting--;
            return tenant;
        }
    }
    return LIST_NONE;
}

static void leave_server(struct queues *queues, struct server *server, bool went_well)
{
    server->running--;
    if (went_well && server->limit < queues->per_server && ++server->good >= server->limit) {
        server->limit++;
        server->good = 0;
        server->is_crowded = server->limit < queues->per_server;
    }
    call_in(queues, server);
}

void queues_finished(struct queues *queues, uint32_t tenant, bool went_well)
{
    queue_of(queues, tenant)->running--;
    queues->running--;
    leave_server(queues, server_of(queues, tenant), went_well);
    enlist(queues, queues->queue_of[tenant]);
}

/* ---- what is learned ----------------------------------------------------------------------- */

void queues_proven(struct queues *queues, uint32_t tenant)
{
    struct queue *queue = queue_of(queues, tenant);
    if (queue->is_proven)
        return;
    queue->is_proven = true;
    enlist(queues, queues->queue_of[tenant]);
}

void queues_crowded(struct queues *queues, uint32_t tenant)
{
    struct server *server = server_of(queues, tenant);
    server->limit = server->limit > 1 ? (server->limit + 1) / 2 : 1;
    server->is_crowded = true;
    server->good = 0;
}

void queues_trouble(struct queues *queues, uint32_t tenant)
{
    struct server *server = server_of(queues, tenant);
    if (server->is_unlimited || server->is_troubled)
        return;
    server->is_troubled = true;
    queues->troubled_count++;
}

void queues_well(struct queues *queues, uint32_t tenant)
{
    struct server *server = server_of(queues, tenant);
    if (!server->is_troubled)
        return;
    server->is_troubled = false;
    queues->troubled_count--;
    for (uint32_t free = server->limit; free && !list_is_empty(&server->waiting); free--)
        call_in(queues, server);
}

uint32_t queues_running(const struct queues *queues)
{
    return queues->running;
}

uint32_t queues_waiting(const struct queues *queues)
{
    return queues->waiting;
}
