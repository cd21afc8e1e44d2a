/* Some runs verify what tenants hold. The made-up catalogs have nothing in them, so they are as they should be wherever something is
 * expected; in a run that may go wrong, of some places it is not known what they make, and the tenants there fail. */
#include "sim/play_private.h"

#include "rollout/verification.h"
#include "schema/catalog.h"

static void add_place(const struct play *play, uint32_t set, const struct verified_kind *kind,
                      struct verification *verification)
{
    const struct scene *scene = play->scene;
    const char *ids[REVISIONS_MAX];
    size_t count = 0;
    struct arena arena;
    struct catalog catalog;
    arena_init(&arena);
    for (size_t i = 0; i < scene->revision_count; i++)
        if (scene_heads(scene, set) >> i & 1)
            ids[count++] = scene->revisions[i].id;
    struct rows rows = rows_sorted(&arena, ids, count);
    catalog_init(&catalog, &arena, kind->dialect);
    catalog.group = "fake";
    verification_add(verification, kind, &rows, &catalog);
    arena_done(&arena);
}

static struct verification *make_verification(struct play *play, uint32_t percent,
                                              bool ret_known[VERIFIED_KINDS][1 << REVISIONS_MAX])
{
    const struct scene *scene = play->scene;
    struct verification *verification = verification_new(&play->rules);
    for (uint32_t set = 0; set <= scene->all; set++)
        for (int kind = 0; kind < VERIFIED_KINDS; kind++) {
            struct verified_kind place = {(enum dialect_id)(kind / 2), kind % 2};
            bool is_known =
                scene_closure(scene, set) == set && rng_chance(&play->verifying, percent);
            /* base is nothing, and a schema that is not there yet, which no one reads, stands there */
            is_known = is_known || !set;
            ret_known[kind][set] = is_known;
            if (is_known)
                add_place(play, set, &place, verification);
        }
    return verification;
}

void play_begin_verifying(struct play *play)
{
    enum { KNOWN_PERCENT = 70 };
    play->verifying.state = play->seed ^ 0x5ec0da17f1e35u;
    catalog_rules_init(&play->rules, &play->scene->arena);
    play->places = make_verification(play, 100, play->known);
    play->some_places = make_verification(play, KNOWN_PERCENT, play->known);
}

void play_end_verifying(struct play *play)
{
    verification_free(play->places);
    verification_free(play->some_places);
}

/* Its driver for PostgreSQL may be one that reads no catalog. */
struct verifying play_verifying(struct play *play, const struct request *request)
{
    bool can_read = play->scene->drivers[DIALECT_POSTGRESQL]->dialect->catalog;
    if (!request->verb->verifies || !can_read || !rng_chance(&play->verifying, 35))
        return (struct verifying){.is_said = true};
    bool is_known = play->is_calm || rng_chance(&play->verifying, 60);
    return (struct verifying){
        .is_said = true,
        .when = (enum verify_schema)rng_between(&play->verifying, VERIFY_BEFORE, VERIFY_BOTH),
        .verification = is_known ? play->places : play->some_places};
}

/* Who is done in a run that verifies after it stands at a place of which it is known what it makes. */
void play_check_verified(void *ctx, const struct event *event)
{
    struct play *play = ctx;
    const struct outcome *outcome = event->outcome;
    bool is_done = event->kind == EVENT_TENANT_FINISHED &&
                   (outcome->state == TENANT_SUCCEEDED || outcome->state == TENANT_UNCHANGED);
    if (!is_done || !request_changes(event->run->request) ||
        event->run->request->verifying.verification != play->some_places ||
        !(event->run->request->verifying.when & VERIFY_AFTER))
        return;
    const struct tenant *tenant = event->run->tenants[event->tenant];
    uint32_t set = 0;
    for (size_t i = 0; i < outcome->to.count; i++)
        set |= 1u << scene_find(play->scene, outcome->to.ids[i]);
    int kind = 2 * (int)tenant->url.dialect + (tenant->schema != NULL);
    if (!play->known[kind][scene_closure(play->scene, set)])
        play_wrong(play, "a tenant is done, though no one knows what it should hold");
}
