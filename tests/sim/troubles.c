#include "sim/troubles.h"

#include "sim/fake_uv.h"

enum { MANY = 1000000 };

/* A row a kind of trouble; `weight` is how often. */
static const struct trouble {
    uint32_t weight;
    unsigned at;
    enum fake_act act;
    const char *code;
    uint32_t nth_max;   /* the first event that it strikes: up to this one */
    uint32_t times_max; /* and so many more; MANY: all */
    uint32_t delay_max_ms;
} kinds[] = {
    {6, FAKE_CONNECT, FAKE_REFUSE, "57P03", 2, 6, 0},
    {3, FAKE_CONNECT, FAKE_REFUSE, "57P03", 1, MANY, 0},
    {2, FAKE_CONNECT, FAKE_REFUSE, "28P01", 2, MANY, 0},
    {3, FAKE_CONNECT, FAKE_REFUSE, "53300", 2, 8, 0},
    {2, FAKE_CONNECT, FAKE_LOSE_BEFORE, NULL, 2, 3, 0},
    {2, FAKE_CONNECT, FAKE_DELAY, NULL, 2, 3, 15000},
    {4, FAKE_LOCK, FAKE_BUSY, NULL, 2, 60, 0},
    {1, FAKE_LOCK, FAKE_BUSY, NULL, 1, MANY, 0},
    {8, FAKE_ANY, FAKE_LOSE_BEFORE, NULL, 40, 2, 0},
    {8, FAKE_ANY, FAKE_LOSE_AFTER, NULL, 40, 2, 0},
    {8, FAKE_ANY, FAKE_LOSE_LATE, NULL, 40, 2, 20000},
    {8, FAKE_COMMIT, FAKE_LOSE_BEFORE, NULL, 6, 3, 0},
    {8, FAKE_COMMIT, FAKE_LOSE_AFTER, NULL, 6, 3, 0},
    {12, FAKE_COMMIT, FAKE_LOSE_LATE, NULL, 6, 3, 20000},
    {2, FAKE_COMMIT, FAKE_REFUSE, "40001", 4, 2, 0},
    {2, FAKE_COMMIT, FAKE_REFUSE, "23503", 4, MANY, 0},
    {8, FAKE_SCRIPT, FAKE_REFUSE, "23505", 12, MANY, 0},
    {3, FAKE_SCRIPT, FAKE_REFUSE, "40P01", 12, 2, 0},
    {3, FAKE_SCRIPT, FAKE_REFUSE, TROUBLES_CONFLICT, 12, 8, 0},
    {3, FAKE_SCRIPT, FAKE_REFUSE, TROUBLES_CONFLICT, 4, MANY, 0},
    {3, FAKE_QUERY | FAKE_SCRIPT | FAKE_COMMIT, FAKE_REFUSE, "53100", 30, 10, 0},
    {2, FAKE_QUERY, FAKE_REFUSE, "XX000", 30, 1, 0},
    {2, FAKE_COPY, FAKE_REFUSE, "13", 1, 3, 0},
    {4, FAKE_ANY, FAKE_DELAY, NULL, 40, 3, 60000},
};

static const struct trouble *choose(struct rng *rng)
{
    uint32_t sum = 0;
    const struct trouble *chosen = kinds;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        sum += kinds[i].weight;
        if (rng_below(rng, sum) < kinds[i].weight)
            chosen = &kinds[i];
    }
    return chosen;
}

static void trouble_tenant(struct scene *scene, struct fake_db *db)
{
    struct rng *rng = &scene->rng;
    const struct trouble *trouble = choose(rng);
    bool is_lasting = trouble->times_max == MANY;
    bool is_conflict = trouble->code && strcmp(trouble->code, TROUBLES_CONFLICT) == 0;
    fake_add_fault(db, &(struct fake_fault){
                           .at = trouble->at,
                           .act = trouble->act,
                           .code = trouble->code,
                           .nth = rng_between(rng, 1, trouble->nth_max),
                           .times = is_lasting ? MANY : rng_between(rng, 1, trouble->times_max),
                           .delay_ms = rng_below(rng, trouble->delay_max_ms + 1),
                           .is_conflict = is_conflict,
                       });
}

/* A server is down, or its disk full, for a while. */
static void trouble_server(struct scene *scene, size_t server)
{
    struct rng *rng = &scene->rng;
    uint64_t from_ms = loop_now_ms() + rng_below(rng, 300);
    bool is_down = rng_chance(rng, 60);
    struct fake_fault fault = {
        .at = is_down ? FAKE_ANY : FAKE_SCRIPT | FAKE_QUERY | FAKE_COMMIT,
        .act = is_down ? FAKE_LOSE_BEFORE : FAKE_REFUSE,
        .code = "53100",
        .times = MANY,
        .from_ms = from_ms,
        .until_ms = from_ms + rng_between(rng, 1, 8000),
    };
    for (size_t i = 0; i < scene->inventory.tenant_count; i++)
        if (scene->places[i].server == server)
            fake_add_fault(scene->places[i].db, &fault);
}

/* Another run makes a database meanwhile, or the server's own one is not to be reached. */
static void trouble_creation(struct scene *scene)
{
    struct rng *rng = &scene->rng;
    fake_add_fault(fake_db_find(scene->world, "postgres"),
                   &(struct fake_fault){.at = rng_chance(rng, 50) ? FAKE_QUERY : FAKE_ANY,
                                        .act = FAKE_REFUSE,
                                        .code = rng_chance(rng, 50) ? "42P04" : "57P03",
                                        .times = rng_between(rng, 1, 3)});
}

void troubles_scatter(struct scene *scene)
{
    static const uint32_t densities[] = {0, 5, 10, 20, 20, 50, 100}; /* of 100 tenants */
    struct rng *rng = &scene->rng;
    uint32_t density = RNG_PICK(rng, densities);
    for (size_t i = 0; i < scene->inventory.tenant_count; i++)
        while (rng_chance(rng, density ? density / 2 + 5 : 0))
            trouble_tenant(scene, scene->places[i].db);
    for (size_t i = 0; i < scene->inventory.tenant_count; i++)
        fake_set_read_only(scene->places[i].db, rng_chance(rng, density / 20));
    for (size_t i = 0; i < scene->inventory.tenant_count; i++)
        fake_set_disagreeing(scene->places[i].db, rng_chance(rng, density / 10));
    if (rng_chance(rng, density))
        trouble_creation(scene);
    for (size_t server = 0; server < scene->server_count; server++)
        if (rng_chance(rng, density / 4))
            trouble_server(scene, server);
}

/* Each revision touches what all tenants of a server share: a role, a function, an extension. */
void troubles_conflict(struct scene *scene)
{
    static const char *const codes[] = {TROUBLES_CONFLICT, "40001"};
    struct rng *rng = &scene->rng;
    const char *code = RNG_PICK(rng, codes);
    for (size_t i = 0; i < scene->inventory.tenant_count; i++)
        fake_add_fault(scene->places[i].db, &(struct fake_fault){.at = FAKE_SCRIPT,
                                                                 .act = FAKE_REFUSE,
                                                                 .code = code,
                                                                 .times = MANY,
                                                                 .is_conflict = true});
}

void troubles_heal(struct scene *scene)
{
    fake_clear_faults(fake_db_find(scene->world, "postgres"));
    for (size_t i = 0; i < scene->inventory.tenant_count; i++) {
        fake_clear_faults(scene->places[i].db);
        fake_set_read_only(scene->places[i].db, false);
        fake_set_disagreeing(scene->places[i].db, false);
    }
}
