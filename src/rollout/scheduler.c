#include "rollout/scheduler.h"

#include "base/arena.h"

#define NONE UINT32_MAX

/* Tenants of one credential wait in a queue of their own; queues that could start something stand
 * in one ring, and those whose server is full wait with it. */
struct queue { /* a credential */
    uint32_t server;
    uint32_t first, last; /* waiting tenants */
    uint32_t running;
    bool is_proven;
    bool is_listed; /* in the ring, or waiting with the server */
    uint32_t next;  /* of the list it stands in */
};

struct list {
    uint32_t first, last;
};

struct server {
    uint32_t running;
    uint32_t limit; /* at most per_server; less while the server is crowded */
    uint32_t good;  /* finished well since the limit last moved */
    bool is_unlimited;
    struct list waiting; /* queues that could start something but for the limit */
};

struct slot { /* a tenant */
    uint32_t queue;
    uint32_t next;
};

struct scheduler {
    struct arena arena;
    struct scheduler_rules rules;
    struct server *servers;
    size_t server_count, server_capacity;
    struct queue *queues;
    size_t queue_count, queue_capacity;
    struct slot *slots;
    size_t slot_count, slot_capacity;
    struct list ring;
    uint32_t running;
    uint32_t waiting;
    uint32_t failures;
    bool is_halted;
};

struct scheduler *scheduler_new(const struct scheduler_rules *rules)
{
    struct scheduler *scheduler = xcalloc(1, sizeof *scheduler);
    arena_init(&scheduler->arena);
    scheduler->rules = *rules;
    scheduler->ring = (struct list){NONE, NONE};
    return scheduler;
}

void scheduler_free(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    arena_done(&scheduler->arena);
    free(scheduler);
}

static void push(struct scheduler *scheduler, struct list *list, uint32_t queue)
{
    scheduler->queues[queue].next = NONE;
    if (list->last == NONE)
        list->first = queue;
    else
        scheduler->queues[list->last].next = queue;
    list->last = queue;
}

static uint32_t pop(struct scheduler *scheduler, struct list *list)
{
    uint32_t queue = list->first;
    if (queue == NONE)
        return NONE;
    list->first = scheduler->queues[queue].next;
    if (list->first == NONE)
        list->last = NONE;
    return queue;
}

static bool is_full(const struct server *server)
{
    return !server->is_unlimited && server->running >= server->limit;
}

/* Puts a queue where it belongs now, unless it stands somewhere already or has nothing to start. */
static void enlist(struct scheduler *scheduler, uint32_t index)
{
    struct queue *queue = &scheduler->queues[index];
    struct server *server = &scheduler->servers[queue->server];
    bool can_start = queue->first != NONE && (queue->is_proven || queue->running == 0);
    if (queue->is_listed || !can_start)
        return;
    queue->is_listed = true;
    push(scheduler, is_full(server) ? &server->waiting : &scheduler->ring, index);
}

uint32_t scheduler_add_server(struct scheduler *scheduler, bool is_unlimited)
{
    *ARENA_PUSH(&scheduler->arena, scheduler->servers, scheduler->server_count,
                scheduler->server_capacity) = (struct server){
        .limit = scheduler->rules.per_server,
        .is_unlimited = is_unlimited,
        .waiting = {NONE, NONE},
    };
    return (uint32_t)scheduler->server_count - 1;
}

uint32_t scheduler_add_credential(struct scheduler *scheduler, uint32_t server, bool needs_proof)
{
    *ARENA_PUSH(&scheduler->arena, scheduler->queues, scheduler->queue_count,
                scheduler->queue_capacity) = (struct queue){
        .server = server,
        .first = NONE,
        .last = NONE,
        .is_proven = !needs_proof,
        .next = NONE,
    };
    return (uint32_t)scheduler->queue_count - 1;
}

void scheduler_add_tenant(struct scheduler *scheduler, uint32_t credential)
{
    struct queue *queue = &scheduler->queues[credential];
    uint32_t tenant = (uint32_t)scheduler->slot_count;
    *ARENA_PUSH(&scheduler->arena, scheduler->slots, scheduler->slot_count,
                scheduler->slot_capacity) = (struct slot){credential, NONE};
    if (queue->last == NONE)
        queue->first = tenant;
    else
        scheduler->slots[queue->last].next = tenant;
    queue->last = tenant;
    scheduler->waiting++;
    enlist(scheduler, credential);
}

/* One of the queues that wait for this server goes back to the ring, if there is room again. */
static void call_in(struct scheduler *scheduler, struct server *server)
{
    uint32_t waiting = is_full(server) ? NONE : pop(scheduler, &server->waiting);
    if (waiting != NONE)
        push(scheduler, &scheduler->ring, waiting);
}

/* The next queue of the ring that can start something; those whose server is full step aside. */
static uint32_t next_queue(struct scheduler *scheduler)
{
    uint32_t index;
    while ((index = pop(scheduler, &scheduler->ring)) != NONE) {
        struct server *server = &scheduler->servers[scheduler->queues[index].server];
        if (!is_full(server)) {
            scheduler->queues[index].is_listed = false;
            return index;
        }
        push(scheduler, &server->waiting, index);
    }
    return NONE;
}

uint32_t scheduler_next(struct scheduler *scheduler)
{
    if (scheduler->is_halted || scheduler->running >= scheduler->rules.parallel)
        return SCHEDULER_NONE;
    uint32_t index = next_queue(scheduler);
    if (index == NONE)
        return SCHEDULER_NONE;
    struct queue *queue = &scheduler->queues[index];
    struct server *server = &scheduler->servers[queue->server];
    uint32_t tenant = queue->first;
    queue->first = scheduler->slots[tenant].next;
    if (queue->first == NONE)
        queue->last = NONE;
    queue->running++;
    server->running++;
    scheduler->running++;
    scheduler->waiting--;
    enlist(scheduler, index);
    call_in(scheduler, server);
    return tenant;
}

static struct queue *queue_of(struct scheduler *scheduler, uint32_t tenant)
{
    return &scheduler->queues[scheduler->slots[tenant].queue];
}

void scheduler_proven(struct scheduler *scheduler, uint32_t tenant)
{
    struct queue *queue = queue_of(scheduler, tenant);
    if (queue->is_proven)
        return;
    queue->is_proven = true;
    enlist(scheduler, scheduler->slots[tenant].queue);
}

void scheduler_crowded(struct scheduler *scheduler, uint32_t tenant)
{
    struct server *server = &scheduler->servers[queue_of(scheduler, tenant)->server];
    server->limit = server->limit > 1 ? (server->limit + 1) / 2 : 1;
    server->good = 0;
}

static void leave_server(struct scheduler *scheduler, struct server *server, bool went_well)
{
    server->running--;
    if (went_well && server->limit < scheduler->rules.per_server &&
        ++server->good >= server->limit) {
        server->limit++;
        server->good = 0;
    }
    call_in(scheduler, server);
}

void scheduler_finished(struct scheduler *scheduler, uint32_t tenant, bool has_failed)
{
    struct queue *queue = queue_of(scheduler, tenant);
    queue->running--;
    scheduler->running--;
    leave_server(scheduler, &scheduler->servers[queue->server], !has_failed);
    enlist(scheduler, scheduler->slots[tenant].queue);
    scheduler->failures += has_failed;
    if (scheduler->rules.stops_on_failure && scheduler->failures > scheduler->rules.max_failures)
        scheduler->is_halted = true;
}

void scheduler_halt(struct scheduler *scheduler)
{
    scheduler->is_halted = true;
}

bool scheduler_is_halted(const struct scheduler *scheduler)
{
    return scheduler->is_halted;
}

bool scheduler_is_over(const struct scheduler *scheduler)
{
    return !scheduler->running && (scheduler->is_halted || !scheduler->waiting);
}

uint32_t scheduler_running(const struct scheduler *scheduler)
{
    return scheduler->running;
}
