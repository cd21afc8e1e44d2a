/* The author edits a file that a tenant is in the middle of. */
#include "sim/play_private.h"

#include "library/prepare.h"
#include "sim/fake_uv.h"

static void on_planned(void *ctx, const struct event *event)
{
    enum tenant_state *state = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        *state = event->outcome->state;
}

/* Is the tenant in the middle of a section, and are the statements that are done known by their texts? */
bool play_is_midway(const struct truth *truth)
{
    bool has_begun = truth->unfinished_statements || truth->is_running;
    return truth->unfinished >= 0 && truth->knows_statements && has_begun;
}

/* The author has put a statement on top of the section that a tenant is in the middle of. Returns the chain as it
 * was. */
static struct chain *edit_chain(struct play *play, const struct truth *truth)
{
    struct scene *scene = play->scene;
    struct chain *chain = scene->chain;
    scene->chain = scene_edit(scene, (size_t)truth->unfinished, truth->unfinished_direction);
    return chain;
}

static void take_edit_back(struct play *play, struct chain *chain)
{
    chain_free(play->scene->chain);
    play->scene->chain = chain;
}

/* No plan goes on with it. */
static void plan_edited(struct play *play, size_t tenant)
{
    struct request request = play_request(play);
    request.is_dry_run = true;
    request.limits.wave = NULL;
    enum tenant_state state = TENANT_PENDING;
    struct observer observer = {on_planned, &state};
    struct prepared_run prepared;
    struct fleet fleet;
    struct err err;
    play_open_fleet_of(play, &fleet, tenant);
    if (!prepare_run(&fleet, &request, &prepared, &err))
        play_wrong(play, err.text);
    watch_begin_run(&play->watch, false);
    rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
    play_close_fleet(&fleet);
    if (state != TENANT_PARTIAL)
        play_wrong(play, "a step is planned on though its statements are others by now");
}

static void check_refused(struct play *play, size_t tenant, const struct fake_store *before,
                          int exit_code)
{
    const struct watched *watched = &play->watch.tenants[tenant];
    if (!scene_is_same(play->scene, tenant, scene_store(play->scene, tenant), before))
        play_wrong(play, "a step is gone on with though its statements are others by now");
    /* A rollback is refused before it begins where a down section is missing, or a tenant is in the middle of a step. */
    if (exit_code == EXIT_NOTHING ||
        (exit_code == 2 && (play->scene->lacks_down || play->is_rollback)))
        return;
    if (watched->has_ended &&
        (exit_code != 4 || !tenant_state_needs_person(watched->outcome.state)))
        play_wrong(play, "no one is told that a step's statements are others by now");
}

/* Nor does a run that knows nothing of the rollout: another machine's, with a ledger of its own. */
static void upgrade_edited(struct play *play, size_t tenant)
{
    const struct fake_store *before = scene_store(play->scene, tenant);
    struct request request = play_request(play);
    struct fleet fleet;
    request.limits.wave = NULL;
    play_plan_calm(play);
    play->watch.ledger = memory_ledger_new(rng_split(&play->scene->rng));
    memory_ledger_use(play->watch.ledger);
    play_open_fleet_of(play, &fleet, tenant);
    check_refused(play, tenant, before, play_visit_carefully(play, &fleet, &request));
    play_close_fleet(&fleet);
    memory_ledger_free(play->watch.ledger);
    play->watch.ledger = play->ledger;
    memory_ledger_use(play->ledger);
}

void play_check_edited(struct play *play, size_t tenant, const struct truth *truth)
{
    struct chain *chain = edit_chain(play, truth);
    plan_edited(play, tenant);
    upgrade_edited(play, tenant);
    take_edit_back(play, chain);
}

/* Would no other tenant apply the revision, so that the edit stays out of all histories? */
static bool is_no_others(struct play *play, size_t tenant, int revision)
{
    const struct lineage *lineage = &play->watch.lineage;
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        bool is_in_it = play_is_midway(&truth) && truth.unfinished == revision;
        uint32_t settled = truth.stands | ~(lineage->goal[i] | lineage->back[i]);
        if (i != tenant && !is_in_it && !(settled >> revision & 1))
            return false;
    }
    return true;
}

/* Nor does the rollout itself, whatever the others come to, once someone has accepted that the chain has changed. Only
 * a copy takes such a file back. */
void play_go_on_edited(struct play *play, enum deed deed)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        bool is_file = play->scene->places[i].server == SERVER_OF_FILES;
        if (is_file || !play_is_midway(&truth) || !is_no_others(play, i, truth.unfinished))
            continue;
        const struct fake_store *before = scene_store(play->scene, i);
        struct chain *chain = edit_chain(play, &truth);
        play_plan_calm(play);
        if (!play->was_edited && play_run_deed(play, deed) != EXIT_NOTHING)
            play_wrong(play, "a run goes on though the chain has changed");
        play->was_edited = true;
        check_refused(play, i, before, play_run_deed(play, deed));
        take_edit_back(play, chain);
        return;
    }
}
