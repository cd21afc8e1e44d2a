#include "rollout/queues.h"

#include "base/arena.h"

/* Parked tenants keep what they have learned in memory. */
enum { PARKED_MOST = 256, CAUTION_MOST = 8 };

enum member_state {
    MEMBER_WAITS, /* in its queue, or elsewhere */
    MEMBER_RUNS,
    MEMBER_PARKED,
    MEMBER_RETURNS, /* parked, and its time has come */
};

struct member { /* a tenant */
    uint32_t queue;
    uint32_t database;
    uint32_t start; /* the number of its attempt among those of its server */
    uint8_t state;
    uint8_t turn;
    bool had_company; /* when that attempt began */
    bool is_refuted;  /* it called its server troubled, and another was well there */
};

struct queue { /* a credential */
    uint32_t server;
    struct list tenants; /* that have not begun yet */
    uint32_t running;
    uint32_t tenant_count;
    bool is_proven;
    bool is_listed; /* in the ring, with the server, or given up */
};

struct server {
    uint32_t running;
    uint32_t held; /* they, and those that wait to be begun */
    uint32_t parked;
    uint32_t limit;      /* at most per_server; less while the server is crowded */
    uint32_t good;       /* finished well since the limit last moved */
    uint32_t caution;    /* so many rounds must go well before the limit is raised */
    uint32_t starts;     /* attempts so far */
    uint32_t lowered_at; /* the number of attempts when the limit was lowered last */
    uint32_t loner;      /* the tenant that works alone; LIST_NONE: none does */
    uint32_t witness;    /* the tenant that calls the server troubled; LIST_NONE: none does */
    uint32_t probe;      /* the one that was begun to find out whether it is; LIST_NONE: none */
    bool is_confirmed;   /* the trouble is the server's, as far as can be known */
    bool is_full;        /* its disk is full: only a tenant that has written proves it well */
    bool is_unlimited;
    bool is_crowded;               /* the limit was lowered, and is not back yet */
    struct list waiting;           /* queues that could start something but for the server */
    struct list back[TURN__COUNT]; /* parked tenants whose time has come */
    bool is_listed[2];             /* among queues.returners */
};

/* Servers to which parked tenants may return: before others begin, and after. */
enum returner { RETURNER_SOON, RETURNER_LATE, RETURNER__COUNT };

struct queues {
    struct arena *arena;
    struct server *servers;
    size_t server_count, server_capacity;
    struct queue *items;
    size_t count, capacity;
    uint32_t *next_in_list; /* by queue: the next in the list it stands in */
    size_t next_in_list_count, next_in_list_capacity;
    struct member *members; /* by tenant */
    uint32_t *links;        /* by tenant: the next in the list it stands in */
    struct list ring;
    struct list given_up; /* queues whose server is lost */
    struct list returners[RETURNER__COUNT];
    uint32_t *next_server[RETURNER__COUNT]; /* by server: the next in that list */
    size_t next_count[RETURNER__COUNT], next_capacity[RETURNER__COUNT];
    uint32_t parallel, per_server;
    uint32_t running;
    uint32_t parked;
    uint32_t waiting;
    uint32_t places;         /* that the running ones take, or those that wait could */
    uint32_t troubled_count; /* servers that have a witness */
    uint32_t suspect_count;  /* those of them that are not confirmed */
};

struct queues *queues_new(struct arena *arena, uint32_t tenant_count)
{
    struct queues *queues = arena_calloc(arena, 1, sizeof *queues);
    queues->arena = arena;
    queues->members = arena_calloc(arena, tenant_count + 1, sizeof *queues->members);
    queues->links = arena_calloc(arena, tenant_count + 1, sizeof *queues->links);
    queues->ring = queues->given_up = list_empty();
    queues->returners[RETURNER_SOON] = queues->returners[RETURNER_LATE] = list_empty();
    return queues;
}

uint32_t queues_add_server(struct queues *queues, bool is_unlimited)
{
    struct server server = {.is_unlimited = is_unlimited,
                            .caution = 1,
                            .loner = LIST_NONE,
                            .witness = LIST_NONE,
                            .probe = LIST_NONE,
                            .waiting = list_empty()};
    for (int turn = 0; turn < TURN__COUNT; turn++)
        server.back[turn] = list_empty();
    *ARENA_PUSH(queues->arena, queues->servers, queues->server_count, queues->server_capacity) =
        server;
    for (int kind = 0; kind < RETURNER__COUNT; kind++)
        *ARENA_PUSH(queues->arena, queues->next_server[kind], queues->next_count[kind],
                    queues->next_capacity[kind]) = LIST_NONE;
    return (uint32_t)queues->server_count - 1;
}

uint32_t queues_add_credential(struct queues *queues, uint32_t server, bool needs_proof)
{
    *ARENA_PUSH(queues->arena, queues->items, queues->count, queues->capacity) =
        (struct queue){.server = server, .tenants = list_empty(), .is_proven = !needs_proof};
    *ARENA_PUSH(queues->arena, queues->next_in_list, queues->next_in_list_count,
                queues->next_in_list_capacity) = LIST_NONE;
    return (uint32_t)queues->count - 1;
}

void queues_add_tenant(struct queues *queues, uint32_t tenant, uint32_t credential,
                       uint32_t database)
{
    queues->members[tenant].queue = credential;
    queues->members[tenant].database = database;
    queues->items[credential].tenant_count++;
}

uint32_t *queues_links(struct queues *queues)
{
    return queues->links;
}

static struct queue *queue_of(const struct queues *queues, uint32_t tenant)
{
    return &queues->items[queues->members[tenant].queue];
}

static struct server *server_of(const struct queues *queues, uint32_t tenant)
{
    return &queues->servers[queue_of(queues, tenant)->server];
}

/* ---- places -------------------------------------------------------------------------------- */

static uint32_t places_on(const struct queues *queues, const struct server *server)
{
    bool is_limited = !server->is_unlimited && server->held > queues->per_server;
    return is_limited ? queues->per_server : server->held;
}

static void set_held(struct queues *queues, struct server *server, uint32_t held)
{
    queues->places -= places_on(queues, server);
    server->held = held;
    queues->places += places_on(queues, server);
}

/* ---- where a queue stands ------------------------------------------------------------------ */

static bool has_room(const struct server *server)
{
    return server->is_unlimited || server->running < server->limit;
}

/* A tenant works alone, or waits for that. */
static bool is_reserved(const struct server *server)
{
    return server->loner != LIST_NONE || !list_is_empty(&server->back[TURN_ALONE]);
}

static bool is_closed(const struct server *server)
{
    return server->witness != LIST_NONE || is_reserved(server) || !has_room(server);
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
    list_push(is_closed(server) ? &server->waiting : &queues->ring, queues->next_in_list, index);
}

/* So many of the queues that wait for this server go back to the ring, if there is room again. */
static void call_in(struct queues *queues, struct server *server, uint32_t most)
{
    uint32_t waiting;
    while (most-- && !is_closed(server) &&
           (waiting = list_pop(&server->waiting, queues->next_in_list)) != LIST_NONE)
        list_push(&queues->ring, queues->next_in_list, waiting);
}

/* The next queue of the ring that can start something; those whose server is closed step aside. */
static uint32_t next_queue(struct queues *queues)
{
    uint32_t index;
    while ((index = list_pop(&queues->ring, queues->next_in_list)) != LIST_NONE) {
        struct queue *queue = &queues->items[index];
        struct server *server = &queues->servers[queue->server];
        if (is_closed(server)) {
            list_push(&server->waiting, queues->next_in_list, index);
            continue;
        }
        queue->is_listed = false;
        if (!list_is_empty(&queue->tenants)) /* a probe may have been its last */
            return index;
        call_in(queues, server, 1);
    }
    return LIST_NONE;
}

/* ---- who returns --------------------------------------------------------------------------- */

/* Whose turn it is on the server; TURN__COUNT: no one's, at the moment. */
static enum turn turn_on(const struct server *server, enum returner kind)
{
    bool has_loner = !list_is_empty(&server->back[TURN_ALONE]);
    enum turn turn = kind == RETURNER_SOON ? TURN_SOON : TURN_LATE;
    if (server->loner != LIST_NONE)
        return TURN__COUNT;
    if (has_loner)
        return kind == RETURNER_SOON && (server->is_unlimited || !server->running) ? TURN_ALONE
                                                                                   : TURN__COUNT;
    return !list_is_empty(&server->back[turn]) && has_room(server) ? turn : TURN__COUNT;
}

static void list_returners(struct queues *queues, struct server *server)
{
    for (int kind = 0; kind < RETURNER__COUNT; kind++) {
        if (server->is_listed[kind] || turn_on(server, (enum returner)kind) == TURN__COUNT)
            continue;
        server->is_listed[kind] = true;
        list_push(&queues->returners[kind], queues->next_server[kind],
                  (uint32_t)(server - queues->servers));
    }
}

/* There may be room for `most` more. */
static void make_use_of_room(struct queues *queues, struct server *server, uint32_t most)
{
    list_returners(queues, server);
    call_in(queues, server, most);
}

/* ---- tenants come and go ------------------------------------------------------------------- */

void queues_begin(struct queues *queues, uint32_t parallel, uint32_t per_server)
{
    queues->parallel = parallel;
    queues->per_server = per_server;
    queues->troubled_count = queues->suspect_count = queues->places = 0;
    for (size_t i = 0; i < queues->server_count; i++) {
        struct server *server = &queues->servers[i];
        server->witness = server->probe = LIST_NONE;
        server->is_confirmed = false;
        queues->places += places_on(queues, server);
        if (!server->is_crowded || server->limit > per_server)
            server->limit = per_server;
        make_use_of_room(queues, server, UINT32_MAX);
    }
}

void queues_put(struct queues *queues, uint32_t tenant)
{
    struct server *server = server_of(queues, tenant);
    queues->members[tenant].state = MEMBER_WAITS;
    set_held(queues, server, server->held + 1);
    list_push(&queue_of(queues, tenant)->tenants, queues->links, tenant);
    queues->waiting++;
    enlist(queues, queues->members[tenant].queue);
}

void queues_clear(struct queues *queues)
{
    for (size_t i = 0; i < queues->count; i++) {
        queues->items[i].tenants = list_empty();
        queues->items[i].is_listed = false;
    }
    for (size_t i = 0; i < queues->server_count; i++) {
        queues->servers[i].waiting = list_empty();
        set_held(queues, &queues->servers[i], queues->servers[i].running);
    }
    queues->ring = queues->given_up = list_empty();
    queues->waiting = 0;
}

static void start(struct queues *queues, uint32_t tenant)
{
    struct member *member = &queues->members[tenant];
    struct server *server = server_of(queues, tenant);
    member->had_company = server->running > 0;
    member->start = ++server->starts;
    member->state = MEMBER_RUNS;
    queue_of(queues, tenant)->running++;
    server->running++;
    queues->running++;
}

static uint32_t start_returner(struct queues *queues, enum returner kind)
{
    uint32_t index;
    while ((index = list_pop(&queues->returners[kind], queues->next_server[kind])) != LIST_NONE) {
        struct server *server = &queues->servers[index];
        enum turn turn = turn_on(server, kind);
        server->is_listed[kind] = false;
        if (turn == TURN__COUNT)
            continue; /* listed again when something changes there */
        uint32_t tenant = list_pop(&server->back[turn], queues->links);
        set_held(queues, server, server->held + 1);
        server->parked--;
        queues->parked--;
        start(queues, tenant);
        if (turn == TURN_ALONE && !server->is_unlimited)
            server->loner = tenant;
        list_returners(queues, server);
        return tenant;
    }
    return LIST_NONE;
}

/* The first tenant of the queue that is none of this database's. */
static uint32_t take_other(struct queues *queues, struct queue *queue, uint32_t database)
{
    uint32_t tenant = queue->tenants.first;
    while (tenant != LIST_NONE && queues->members[tenant].database == database)
        tenant = queues->links[tenant];
    if (tenant != LIST_NONE)
        list_remove(&queue->tenants, queues->links, tenant);
    return tenant;
}

/* A tenant of another database finds out whether the trouble is the server's. */
static uint32_t take_probe(struct queues *queues, struct server *server)
{
    uint32_t database = queues->members[server->witness].database, tenant = LIST_NONE;
    for (size_t i = 0; i < queues->count && tenant == LIST_NONE; i++)
        if (&queues->servers[queues->items[i].server] == server)
            tenant = take_other(queues, &queues->items[i], database);
    return tenant;
}

static uint32_t start_probe(struct queues *queues)
{
    for (size_t i = 0; queues->suspect_count && i < queues->server_count; i++) {
        struct server *server = &queues->servers[i];
        bool wants_probe = server->witness != LIST_NONE && !server->is_confirmed &&
                           server->probe == LIST_NONE && has_room(server) && !is_reserved(server);
        if (!wants_probe)
            continue;
        uint32_t tenant = take_probe(queues, server);
        if (tenant == LIST_NONE) { /* there is no one to ask */
            server->is_confirmed = true;
            queues->suspect_count--;
            continue;
        }
        server->probe = tenant;
        queues->waiting--;
        start(queues, tenant);
        return tenant;
    }
    return LIST_NONE;
}

static uint32_t start_new(struct queues *queues)
{
    uint32_t probe = start_probe(queues);
    uint32_t index = probe == LIST_NONE ? next_queue(queues) : LIST_NONE;
    if (index == LIST_NONE)
        return probe;
    uint32_t tenant = list_pop(&queues->items[index].tenants, queues->links);
    queues->waiting--;
    start(queues, tenant);
    enlist(queues, index);
    call_in(queues, server_of(queues, tenant), 1);
    return tenant;
}

uint32_t queues_start(struct queues *queues, bool begins_none)
{
    if (queues->running >= queues->parallel)
        return LIST_NONE;
    uint32_t tenant = start_returner(queues, RETURNER_SOON);
    if (tenant == LIST_NONE && !begins_none)
        tenant = start_new(queues);
    return tenant != LIST_NONE ? tenant : start_returner(queues, RETURNER_LATE);
}

/* One that a probe has emptied has no one to give up now, and the next wave may fill it. */
static void give_up_queue(struct queues *queues, uint32_t index)
{
    struct queue *queue = &queues->items[index];
    queue->is_listed = !list_is_empty(&queue->tenants);
    if (queue->is_listed)
        list_push(&queues->given_up, queues->next_in_list, index);
}

static void give_up_lost_servers(struct queues *queues)
{
    uint32_t index;
    for (size_t i = 0; queues->troubled_count && i < queues->server_count; i++) {
        struct server *server = &queues->servers[i];
        bool is_lost = server->witness != LIST_NONE && server->is_confirmed && !server->running &&
                       !server->parked;
        while (is_lost && (index = list_pop(&server->waiting, queues->next_in_list)) != LIST_NONE)
            give_up_queue(queues, index);
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
            list_pop(&queues->given_up, queues->next_in_list);
        }
        if (tenant != LIST_NONE) {
            queues->waiting--;
            set_held(queues, server_of(queues, tenant), server_of(queues, tenant)->held - 1);
            return tenant;
        }
    }
    return LIST_NONE;
}

static void note_well(struct queues *queues, struct server *server)
{
    if (server->limit >= queues->per_server || ++server->good < server->limit * server->caution)
        return;
    server->limit++;
    server->good = 0;
    server->is_crowded = server->limit < queues->per_server;
    server->caution = server->is_crowded && server->caution > 1 ? server->caution - 1 : 1;
}

/* The running tenant gives its place up. */
static void leave(struct queues *queues, uint32_t tenant, bool went_well)
{
    struct server *server = server_of(queues, tenant);
    bool was_alone = server->loner == tenant;
    queue_of(queues, tenant)->running--;
    queues->running--;
    server->running--;
    set_held(queues, server, server->held - 1);
    if (was_alone)
        server->loner = LIST_NONE;
    if (server->probe == tenant)
        server->probe = LIST_NONE;
    if (went_well)
        note_well(queues, server);
    make_use_of_room(queues, server, was_alone ? server->limit : 1);
    enlist(queues, queues->members[tenant].queue);
}

bool queues_park(struct queues *queues, uint32_t tenant)
{
    if (queues->parked >= PARKED_MOST)
        return false;
    struct server *server = server_of(queues, tenant);
    bool is_probe = server->probe == tenant;
    queues->members[tenant].state = MEMBER_PARKED;
    server->parked++;
    queues->parked++;
    leave(queues, tenant, false);
    if (is_probe) /* it has not found out yet */
        server->probe = tenant;
    return true;
}

void queues_return(struct queues *queues, uint32_t tenant, enum turn turn)
{
    struct server *server = server_of(queues, tenant);
    queues->members[tenant].state = MEMBER_RETURNS;
    queues->members[tenant].turn = (uint8_t)turn;
    list_push(&server->back[turn], queues->links, tenant);
    list_returners(queues, server);
}

static void leave_parked(struct queues *queues, uint32_t tenant)
{
    struct member *member = &queues->members[tenant];
    struct server *server = server_of(queues, tenant);
    if (member->state == MEMBER_RETURNS)
        list_remove(&server->back[member->turn], queues->links, tenant);
    if (server->probe == tenant)
        server->probe = LIST_NONE;
    server->parked--;
    queues->parked--;
    make_use_of_room(queues, server, server->limit);
}

void queues_finished(struct queues *queues, uint32_t tenant, bool went_well)
{
    struct member *member = &queues->members[tenant];
    if (member->state == MEMBER_RUNS)
        leave(queues, tenant, went_well);
    else
        leave_parked(queues, tenant);
    member->state = MEMBER_WAITS;
}

/* ---- what is learned ----------------------------------------------------------------------- */

void queues_proven(struct queues *queues, uint32_t tenant)
{
    struct queue *queue = queue_of(queues, tenant);
    if (queue->is_proven)
        return;
    queue->is_proven = true;
    enlist(queues, queues->members[tenant].queue);
}

/* A tenant that met the same crowd as one before it tells nothing new. */
void queues_crowded(struct queues *queues, uint32_t tenant)
{
    struct server *server = server_of(queues, tenant);
    if (queues->members[tenant].start <= server->lowered_at)
        return;
    uint32_t at_once = server->running < server->limit ? server->running : server->limit;
    server->limit = at_once > 1 ? (at_once + 1) / 2 : 1;
    server->lowered_at = server->starts;
    server->is_crowded = true;
    server->good = 0;
    if (server->caution < CAUTION_MOST)
        server->caution *= 2;
}

void queues_trouble(struct queues *queues, uint32_t tenant, bool is_full)
{
    struct member *member = &queues->members[tenant];
    struct server *server = server_of(queues, tenant);
    if (server->is_unlimited || server->is_confirmed || member->is_refuted)
        return;
    if (server->witness == LIST_NONE) {
        server->witness = tenant;
        server->is_full = is_full;
        queues->troubled_count++;
        queues->suspect_count++;
    } else if (queues->members[server->witness].database != member->database) {
        server->is_confirmed = true;
        queues->suspect_count--;
    }
}

void queues_well(struct queues *queues, uint32_t tenant, bool has_written)
{
    struct member *member = &queues->members[tenant];
    struct server *server = server_of(queues, tenant);
    if (server->witness == LIST_NONE || (server->is_full && !has_written))
        return;
    struct member *witness = &queues->members[server->witness];
    witness->is_refuted = witness->database != member->database;
    queues->troubled_count--;
    queues->suspect_count -= !server->is_confirmed;
    server->is_confirmed = false;
    server->witness = server->probe = LIST_NONE;
    make_use_of_room(queues, server, server->limit);
}

bool queues_had_company(const struct queues *queues, uint32_t tenant)
{
    const struct member *member = &queues->members[tenant];
    return member->had_company || server_of(queues, tenant)->starts != member->start;
}

bool queues_shares_credential(const struct queues *queues, uint32_t tenant)
{
    return queue_of(queues, tenant)->tenant_count > 1;
}

uint32_t queues_running(const struct queues *queues)
{
    return queues->running;
}

uint32_t queues_parked(const struct queues *queues)
{
    return queues->parked;
}

uint32_t queues_waiting(const struct queues *queues)
{
    return queues->waiting;
}

uint32_t queues_places(const struct queues *queues)
{
    return queues->places;
}
