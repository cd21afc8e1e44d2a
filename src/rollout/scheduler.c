#include "rollout/scheduler.h"

#include "base/arena.h"

#define NONE UINT32_MAX

struct list {
    uint32_t first, last;
};

/* Tenants of one credential wait in a queue of their own; queues that could start something stand
 * in one ring, and those whose server is full or in trouble wait with it. */
struct queue { /* a credential */
    uint32_t server;
    struct list tenants; /* waiting */
    uint32_t running;
    bool is_proven;
    bool is_listed; /* in the ring, or waiting with the server */
    uint32_t next;  /* of the list it stands in */
};

struct server {
    uint32_t running;
    uint32_t limit; /* at most the wave's per_server; less while the server is crowded */
    uint32_t good;  /* finished well since the limit last moved */
    bool is_unlimited;
    bool is_crowded; /* the limit was lowered, and is not back yet */
    bool is_troubled;
    struct list waiting; /* queues that could start something but for the server */
};

struct slot { /* a tenant */
    uint32_t queue;
    uint32_t next; /* in its wave's list, then in its queue */
    bool is_changed;
};

struct wave {
    struct scheduler_rules rules;
    struct list tenants;
    uint64_t soak_until_ms; /* left from an earlier run; 0: none */
};

enum phase {
    PHASE_BEFORE_WAVE,
    PHASE_WAVE,
    PHASE_AFTER_WAVE,
    PHASE_SOAK,
    PHASE_ROLLBACK,
    PHASE_OVER
};

struct scheduler {
    struct arena arena;
    struct wave *waves;
    size_t wave_count, wave_capacity;
    uint32_t wave_limit;
    struct server *servers;
    size_t server_count, server_capacity;
    struct queue *queues;
    size_t queue_count, queue_capacity;
    struct slot *slots;
    struct list ring;
    struct list given_up; /* queues whose server is lost; linked by `next` */
    uint32_t *changed;    /* tenants, in the order in which they were changed */
    size_t changed_count, changed_capacity;
    struct scheduler_rules rollback_rules;
    bool rolls_back;

    enum phase phase;
    uint32_t wave;                /* the one at hand */
    struct scheduler_rules rules; /* in force */
    uint64_t soak_until_ms;
    uint32_t running;
    uint32_t waiting;        /* in queues */
    uint32_t failures;       /* of the wave */
    uint32_t troubled_count; /* servers */
    bool has_wave_changed;
    bool has_tripped;
    bool is_stopped;
};

struct scheduler *scheduler_new(uint32_t tenant_count)
{
    struct scheduler *scheduler = xcalloc(1, sizeof *scheduler);
    arena_init(&scheduler->arena);
    scheduler->slots = arena_calloc(&scheduler->arena, tenant_count + 1, sizeof(struct slot));
    scheduler->ring = scheduler->given_up = (struct list){NONE, NONE};
    scheduler->wave_limit = NONE;
    return scheduler;
}

void scheduler_free(struct scheduler *scheduler)
{
    if (!scheduler)
        return;
    arena_done(&scheduler->arena);
    free(scheduler);
}

/* ---- lists --------------------------------------------------------------------------------- */

static void push_queue(struct scheduler *scheduler, struct list *list, uint32_t queue)
{
    scheduler->queues[queue].next = NONE;
    if (list->last == NONE)
        list->first = queue;
    else
        scheduler->queues[list->last].next = queue;
    list->last = queue;
}

static uint32_t pop_queue(struct scheduler *scheduler, struct list *list)
{
    uint32_t queue = list->first;
    if (queue == NONE)
        return NONE;
    list->first = scheduler->queues[queue].next;
    if (list->first == NONE)
        list->last = NONE;
    return queue;
}

static void push_tenant(struct scheduler *scheduler, struct list *list, uint32_t tenant)
{
    scheduler->slots[tenant].next = NONE;
    if (list->last == NONE)
        list->first = tenant;
    else
        scheduler->slots[list->last].next = tenant;
    list->last = tenant;
}

static uint32_t pop_tenant(struct scheduler *scheduler, struct list *list)
{
    uint32_t tenant = list->first;
    if (tenant == NONE)
        return NONE;
    list->first = scheduler->slots[tenant].next;
    if (list->first == NONE)
        list->last = NONE;
    return tenant;
}

/* ---- setting up ---------------------------------------------------------------------------- */

uint32_t scheduler_add_wave(struct scheduler *scheduler, const struct scheduler_rules *rules)
{
    *ARENA_PUSH(&scheduler->arena, scheduler->waves, scheduler->wave_count,
                scheduler->wave_capacity) = (struct wave){.rules = *rules, .tenants = {NONE, NONE}};
    return (uint32_t)scheduler->wave_count - 1;
}

void scheduler_limit_waves(struct scheduler *scheduler, uint32_t count)
{
    scheduler->wave_limit = count;
}

void scheduler_set_soak_until(struct scheduler *scheduler, uint32_t wave, uint64_t until_ms)
{
    scheduler->waves[wave].soak_until_ms = until_ms;
}

void scheduler_roll_back_on_trip(struct scheduler *scheduler, const struct scheduler_rules *rules)
{
    scheduler->rolls_back = true;
    scheduler->rollback_rules = *rules;
}

uint32_t scheduler_add_server(struct scheduler *scheduler, bool is_unlimited)
{
    *ARENA_PUSH(&scheduler->arena, scheduler->servers, scheduler->server_count,
                scheduler->server_capacity) = (struct server){
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
        .tenants = {NONE, NONE},
        .is_proven = !needs_proof,
        .next = NONE,
    };
    return (uint32_t)scheduler->queue_count - 1;
}

void scheduler_add_tenant(struct scheduler *scheduler, uint32_t tenant, uint32_t wave,
                          uint32_t credential)
{
    scheduler->slots[tenant].queue = credential;
    push_tenant(scheduler, &scheduler->waves[wave].tenants, tenant);
}

void scheduler_add_changed(struct scheduler *scheduler, uint32_t tenant)
{
    struct slot *slot = &scheduler->slots[tenant];
    if (slot->is_changed)
        return;
    slot->is_changed = true;
    *ARENA_PUSH(&scheduler->arena, scheduler->changed, scheduler->changed_count,
                scheduler->changed_capacity) = tenant;
}

void scheduler_drop_changed(struct scheduler *scheduler, uint32_t tenant)
{
    scheduler->slots[tenant].is_changed = false;
}

/* ---- which tenant of the wave at hand ------------------------------------------------------ */

static bool is_closed(const struct server *server)
{
    return server->is_troubled || (!server->is_unlimited && server->running >= server->limit);
}

/* Puts a queue where it belongs now, unless it stands somewhere already or has nothing to start. */
static void enlist(struct scheduler *scheduler, uint32_t index)
{
    struct queue *queue = &scheduler->queues[index];
    struct server *server = &scheduler->servers[queue->server];
    bool can_start = queue->tenants.first != NONE && (queue->is_proven || queue->running == 0);
    if (queue->is_listed || !can_start)
        return;
    queue->is_listed = true;
    push_queue(scheduler, is_closed(server) ? &server->waiting : &scheduler->ring, index);
}

/* One of the queues that wait for this server goes back to the ring, if there is room again. */
static void call_in(struct scheduler *scheduler, struct server *server)
{
    uint32_t waiting = is_closed(server) ? NONE : pop_queue(scheduler, &server->waiting);
    if (waiting != NONE)
        push_queue(scheduler, &scheduler->ring, waiting);
}

/* The next queue of the ring that can start something; those whose server is closed step aside. */
static uint32_t next_queue(struct scheduler *scheduler)
{
    uint32_t index;
    while ((index = pop_queue(scheduler, &scheduler->ring)) != NONE) {
        struct server *server = &scheduler->servers[scheduler->queues[index].server];
        if (!is_closed(server)) {
            scheduler->queues[index].is_listed = false;
            return index;
        }
        push_queue(scheduler, &server->waiting, index);
    }
    return NONE;
}

static uint32_t next_tenant(struct scheduler *scheduler)
{
    if (scheduler->running >= scheduler->rules.parallel)
        return NONE;
    uint32_t index = next_queue(scheduler);
    if (index == NONE)
        return NONE;
    struct queue *queue = &scheduler->queues[index];
    struct server *server = &scheduler->servers[queue->server];
    uint32_t tenant = pop_tenant(scheduler, &queue->tenants);
    queue->running++;
    server->running++;
    scheduler->running++;
    scheduler->waiting--;
    enlist(scheduler, index);
    call_in(scheduler, server);
    return tenant;
}

/* A waiting tenant of a server that nobody is left to find well again. */
static uint32_t next_given_up(struct scheduler *scheduler)
{
    while (scheduler->given_up.first != NONE) {
        struct queue *queue = &scheduler->queues[scheduler->given_up.first];
        uint32_t tenant = pop_tenant(scheduler, &queue->tenants);
        if (queue->tenants.first == NONE) { /* the next wave may fill it again */
            queue->is_listed = false;
            pop_queue(scheduler, &scheduler->given_up);
        }
        if (tenant != NONE) {
            scheduler->waiting--;
            return tenant;
        }
    }
    return NONE;
}

static void give_up(struct scheduler *scheduler, struct server *server)
{
    uint32_t queue;
    while ((queue = pop_queue(scheduler, &server->waiting)) != NONE)
        push_queue(scheduler, &scheduler->given_up, queue);
}

static void give_up_lost_servers(struct scheduler *scheduler)
{
    for (size_t i = 0; scheduler->troubled_count && i < scheduler->server_count; i++)
        if (scheduler->servers[i].is_troubled && !scheduler->servers[i].running)
            give_up(scheduler, &scheduler->servers[i]);
}

/* ---- the course of the rollout ------------------------------------------------------------- */

/* What was in trouble in the part before is tried again. */
static void set_rules(struct scheduler *scheduler, const struct scheduler_rules *rules)
{
    scheduler->rules = *rules;
    scheduler->failures = 0;
    scheduler->has_wave_changed = false;
    scheduler->troubled_count = 0;
    for (size_t i = 0; i < scheduler->server_count; i++) {
        struct server *server = &scheduler->servers[i];
        server->is_troubled = false;
        if (!server->is_crowded || server->limit > rules->per_server)
            server->limit = rules->per_server;
    }
}

static void enqueue(struct scheduler *scheduler, uint32_t tenant)
{
    uint32_t queue = scheduler->slots[tenant].queue;
    push_tenant(scheduler, &scheduler->queues[queue].tenants, tenant);
    scheduler->waiting++;
    enlist(scheduler, queue);
}

static struct decision begin_wave(struct scheduler *scheduler)
{
    struct wave *wave = &scheduler->waves[scheduler->wave];
    uint32_t tenant;
    set_rules(scheduler, &wave->rules);
    while ((tenant = pop_tenant(scheduler, &wave->tenants)) != NONE)
        enqueue(scheduler, tenant);
    scheduler->phase = PHASE_WAVE;
    return (struct decision){.kind = DECIDE_WAVE_BEGINS, .wave = scheduler->wave};
}

/* What waits in queues when nothing more is begun was never begun. */
static void empty_queues(struct scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->queue_count; i++) {
        scheduler->queues[i].tenants = (struct list){NONE, NONE};
        scheduler->queues[i].is_listed = false;
        scheduler->queues[i].next = NONE;
    }
    for (size_t i = 0; i < scheduler->server_count; i++)
        scheduler->servers[i].waiting = (struct list){NONE, NONE};
    scheduler->ring = scheduler->given_up = (struct list){NONE, NONE};
    scheduler->waiting = 0;
}

static struct decision begin_rollback(struct scheduler *scheduler)
{
    empty_queues(scheduler);
    set_rules(scheduler, &scheduler->rollback_rules);
    while (scheduler->changed_count) {
        uint32_t tenant = scheduler->changed[--scheduler->changed_count];
        if (scheduler->slots[tenant].is_changed)
            enqueue(scheduler, tenant);
        scheduler->slots[tenant].is_changed = false;
    }
    scheduler->phase = PHASE_ROLLBACK;
    return (struct decision){.kind = DECIDE_ROLLBACK_BEGINS};
}

static const struct decision idle = {.kind = DECIDE_IDLE};

/* START, GIVE_UP or IDLE; *ret_is_over once all that was queued has finished. */
static struct decision next_of_queues(struct scheduler *scheduler, bool *ret_is_over)
{
    bool may_start =
        !scheduler->is_stopped && (!scheduler->has_tripped || scheduler->phase == PHASE_ROLLBACK);
    uint32_t tenant = may_start ? next_tenant(scheduler) : NONE;
    *ret_is_over = false;
    if (tenant != NONE)
        return (struct decision){.kind = DECIDE_START, .tenant = tenant};
    if (may_start && scheduler->waiting) {
        give_up_lost_servers(scheduler);
        tenant = next_given_up(scheduler);
        if (tenant != NONE)
            return (struct decision){.kind = DECIDE_GIVE_UP, .tenant = tenant};
    }
    *ret_is_over = !scheduler->running && (!may_start || !scheduler->waiting);
    return idle;
}

static struct decision end_wave(struct scheduler *scheduler)
{
    scheduler->phase = PHASE_AFTER_WAVE;
    return (struct decision){
        .kind = DECIDE_WAVE_ENDS, .wave = scheduler->wave, .has_tripped = scheduler->has_tripped};
}

static bool is_last_wave(const struct scheduler *scheduler)
{
    return scheduler->wave + 1 >= scheduler->wave_count ||
           scheduler->wave + 1 >= scheduler->wave_limit;
}

static void leave_wave(struct scheduler *scheduler, uint64_t now_ms)
{
    const struct wave *wave = &scheduler->waves[scheduler->wave];
    scheduler->soak_until_ms =
        scheduler->has_wave_changed ? now_ms + wave->rules.soak_ms : wave->soak_until_ms;
    scheduler->phase = PHASE_SOAK;
}

static struct decision end_forward(struct scheduler *scheduler)
{
    bool goes_back = scheduler->rolls_back && scheduler->has_tripped && !scheduler->is_stopped &&
                     scheduler->changed_count;
    if (goes_back)
        return begin_rollback(scheduler);
    scheduler->phase = PHASE_OVER;
    return (struct decision){.kind = DECIDE_OVER};
}

struct decision scheduler_next(struct scheduler *scheduler, uint64_t now_ms)
{
    struct decision decision;
    bool is_over;
    switch (scheduler->phase) {
    case PHASE_BEFORE_WAVE:
        if (scheduler_is_stopping(scheduler) || scheduler->wave >= scheduler->wave_count ||
            scheduler->wave >= scheduler->wave_limit)
            return end_forward(scheduler);
        return begin_wave(scheduler);
    case PHASE_WAVE:
        decision = next_of_queues(scheduler, &is_over);
        return is_over ? end_wave(scheduler) : decision;
    case PHASE_AFTER_WAVE:
        if (scheduler_is_stopping(scheduler) || is_last_wave(scheduler))
            return end_forward(scheduler);
        leave_wave(scheduler, now_ms);
        return scheduler_next(scheduler, now_ms);
    case PHASE_SOAK:
        if (scheduler_is_stopping(scheduler))
            return end_forward(scheduler);
        if (now_ms < scheduler->soak_until_ms)
            return (struct decision){.kind = DECIDE_WAIT, .until_ms = scheduler->soak_until_ms};
        scheduler->wave++;
        return begin_wave(scheduler);
    case PHASE_ROLLBACK:
        decision = next_of_queues(scheduler, &is_over);
        if (!is_over)
            return decision;
        scheduler->phase = PHASE_OVER;
        break;
    case PHASE_OVER: break;
    }
    return (struct decision){.kind = DECIDE_OVER};
}

/* ---- what happens -------------------------------------------------------------------------- */

static struct queue *queue_of(struct scheduler *scheduler, uint32_t tenant)
{
    return &scheduler->queues[scheduler->slots[tenant].queue];
}

static struct server *server_of(struct scheduler *scheduler, uint32_t tenant)
{
    return &scheduler->servers[queue_of(scheduler, tenant)->server];
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
    struct server *server = server_of(scheduler, tenant);
    server->limit = server->limit > 1 ? (server->limit + 1) / 2 : 1;
    server->is_crowded = true;
    server->good = 0;
}

void scheduler_trouble(struct scheduler *scheduler, uint32_t tenant)
{
    struct server *server = server_of(scheduler, tenant);
    if (server->is_unlimited || server->is_troubled)
        return;
    server->is_troubled = true;
    scheduler->troubled_count++;
}

void scheduler_well(struct scheduler *scheduler, uint32_t tenant)
{
    struct server *server = server_of(scheduler, tenant);
    if (!server->is_troubled)
        return;
    server->is_troubled = false;
    scheduler->troubled_count--;
    for (uint32_t free = server->limit; free && server->waiting.first != NONE; free--)
        call_in(scheduler, server);
}

static void leave_server(struct scheduler *scheduler, struct server *server, bool went_well)
{
    server->running--;
    if (went_well && server->limit < scheduler->rules.per_server &&
        ++server->good >= server->limit) {
        server->limit++;
        server->good = 0;
        server->is_crowded = server->limit < scheduler->rules.per_server;
    }
    call_in(scheduler, server);
}

void scheduler_finished(struct scheduler *scheduler, uint32_t tenant, const struct finish *how)
{
    struct queue *queue = queue_of(scheduler, tenant);
    queue->running--;
    scheduler->running--;
    leave_server(scheduler, server_of(scheduler, tenant), !how->has_failed);
    enlist(scheduler, scheduler->slots[tenant].queue);
    if (scheduler->phase == PHASE_ROLLBACK)
        return;
    if (how->has_changed)
        scheduler_add_changed(scheduler, tenant);
    scheduler->has_wave_changed |= how->is_news;
    scheduler->failures += how->has_failed;
    if (!scheduler->rules.never_trips && scheduler->failures > scheduler->rules.max_failures)
        scheduler->has_tripped = true;
}

void scheduler_trip(struct scheduler *scheduler)
{
    scheduler->has_tripped = true;
}

void scheduler_stop(struct scheduler *scheduler)
{
    scheduler->is_stopped = true;
}

bool scheduler_has_tripped(const struct scheduler *scheduler)
{
    return scheduler->has_tripped;
}

bool scheduler_is_stopping(const struct scheduler *scheduler)
{
    return scheduler->has_tripped || scheduler->is_stopped;
}

bool scheduler_is_rolling_back(const struct scheduler *scheduler)
{
    return scheduler->phase == PHASE_ROLLBACK;
}

uint32_t scheduler_running(const struct scheduler *scheduler)
{
    return scheduler->running;
}
