#include "sim/play.h"

#include <signal.h>

#include "library/prepare.h"
#include "sim/fake_uv.h"
#include "sim/heap.h"
#include "sim/person.h"
#include "sim/play_private.h"
#include "sim/troubles.h"

/* ---- the course of a case ------------------------------------------------------------------ */

/* Orphans are at work for as long as they were told to be. */
void play_wait_for_quiet(struct play *play)
{
    enum { STEP_MS = 500, STEPS = 20 * 60 * 2 };
    for (int i = 0; fake_orphan_count(play->scene->world); i++) {
        loop_advance(STEP_MS);
        if (i > STEPS)
            play_wrong(play, "an orphan never ends");
    }
}

static void choose_waves(struct play *play, bool may_be_few)
{
    const struct rollout_rules *rules = &play->scene->inventory.rollout;
    bool is_few = may_be_few && rules->wave_count && rng_chance(&play->scene->rng, 25);
    uint32_t last = is_few ? rng_below(&play->scene->rng, (uint32_t)rules->wave_count) : 0;
    play->wave = is_few ? rules->waves[last].name : NULL;
    play->watch.wave_limit = is_few ? last + 1 : SIZE_MAX;
}

void play_plan_fate(struct play *play)
{
    play->is_calm = false;
    static const uint32_t steps[] = {20, 100, 400, 1500, 5000};
    struct rng *rng = &play->scene->rng;
    struct loop_plan plan = {.give_up_ms = GIVE_UP_MS};
    uint32_t most = RNG_PICK(rng, steps);
    choose_waves(play, true);
    if (rng_chance(rng, 35) && play->options.may_kill)
        plan.kill_at = rng_between(rng, 1, most);
    if (rng_chance(rng, 15)) {
        plan.signal = rng_chance(rng, 50) ? SIGINT : SIGTERM;
        plan.signal_at[0] = rng_between(rng, 1, most);
        plan.signal_at[1] = rng_chance(rng, 50) ? plan.signal_at[0] + rng_below(rng, 200) : 0;
    }
    loop_plan(&plan);
    memory_ledger_fail_at(play->ledger, rng_chance(rng, 8) ? rng_between(rng, 1, 12) : 0);
    play->knows_hosts = rng_chance(rng, 80);
    play->scene->inventory.rollout.forecast = play->scene->forecast;
    troubles_heal(play->scene);
    if (rng_chance(rng, 80))
        troubles_scatter(play->scene);
}

void play_plan_calm(struct play *play)
{
    play->is_calm = true;
    choose_waves(play, false);
    loop_plan(&(struct loop_plan){.give_up_ms = GIVE_UP_MS});
    memory_ledger_fail_at(play->ledger, 0);
    play->knows_hosts = true;
    /* A person has taken the limit away: a wave may take as long as it likes. */
    play->scene->inventory.rollout.forecast = (struct forecast_rules){0};
    troubles_heal(play->scene);
}

/* `skein resolve`: what a person says of a statement that was under way, or of all of them. */
static void resolve(struct play *play, size_t tenant, const struct request *request)
{
    struct observer observer = watch_observer(&play->watch);
    struct prepared_run prepared;
    struct fleet fleet;
    struct err err;
    play_open_fleet_of(play, &fleet, tenant);
    if (!prepare_run(&fleet, request, &prepared, &err))
        play_wrong(play, err.text);
    watch_begin_run(&play->watch, false);
    watch_settles(&play->watch);
    rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
    play_close_fleet(&fleet);
}

static void settle_by_command(struct play *play, size_t tenant, enum settle settle, unsigned done)
{
    struct request request = {
        .verb = &verbs[VERB_RESOLVE], .settle = settle, .settle_statements = done};
    const struct fake_store *before = scene_store(play->scene, tenant);
    request.is_dry_run = true;
    if (rng_chance(&play->scene->more, 30))
        resolve(play, tenant, &request);
    if (scene_store(play->scene, tenant) != before)
        play_wrong(play, "a tenant is settled by a run that only looks");
    request.is_dry_run = false;
    resolve(play, tenant, &request);
    struct truth truth = watch_truth(&play->watch, tenant);
    if (truth.is_running || truth.unfinished_statements != done)
        play_wrong(play, "a statement is in doubt, though a person has settled it");
}

/* The command knows two answers for one statement that was under way: it took effect, or it did not; or how many did. */
static bool try_command(struct play *play, size_t tenant, const struct truth *truth)
{
    bool counts = truth->unfinished >= 0 && rng_chance(&play->scene->more, 30);
    if (!counts && (!truth->is_running || !rng_chance(&play->scene->rng, 50)))
        return false;
    const struct scene_revision *revision = &play->scene->revisions[truth->unfinished];
    unsigned next = truth->unfinished_statements + 1;
    /* nothing is in doubt of one that repeats, nor of the rows that follow the last one */
    counts = counts || next > revision->statements[truth->unfinished_direction] ||
             revision->batches[truth->unfinished_direction][next];
    person_clean(play->scene, tenant);
    unsigned done = person_count(play->scene, truth);
    unsigned more = done - truth->unfinished_statements;
    if (!counts && more > 1)
        return false;
    enum settle settle = counts ? SETTLE_STATEMENTS : more == 1 ? SETTLE_DONE : SETTLE_UNDONE;
    settle_by_command(play, tenant, settle, done);
    return true;
}

static void settle_all(struct play *play)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        bool is_other_way = (truth.unfinished_direction == DIRECTION_UP) ==
                            (play->is_rollback != (play->command == PLAN_DOWNGRADE));
        if (play_is_midway(&truth) && rng_chance(&play->scene->rng, 30))
            play_check_edited(play, i, &truth);
        bool finishes = is_other_way || rng_chance(&play->scene->rng, 30);
        if (!finishes && try_command(play, i, &truth))
            continue;
        person_settle(play->scene, i, &truth, finishes);
    }
}

void play_check_end(struct play *play, bool is_rollback)
{
    char text[128];
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        uint32_t wanted = is_rollback ? play->watch.lineage.back[i] : play->watch.lineage.goal[i];
        if (truth_is_whole(play->scene, &truth) && truth.stands == wanted)
            continue;
        snprintf(text, sizeof text, "t%zu has %x in the end, not %x (%s)", i, truth.stands, wanted,
                 is_rollback ? "back" : "forward");
        play_wrong(play, text);
    }
}

void play_note_stores(struct play *play, const struct fake_store **ret_stores)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        ret_stores[i] = scene_store(play->scene, i);
}

void play_check_stores(struct play *play, const struct fake_store *const *stores,
                       const char *complaint)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        if (!scene_is_same(play->scene, i, scene_store(play->scene, i), stores[i]))
            play_wrong(play, complaint);
}

/* Once more: nothing may change. */
static void check_twice(struct play *play, enum deed deed, bool is_rollback)
{
    const struct fake_store *before[TENANTS_MAX];
    play_note_stores(play, before);
    int exit_code = play_run_deed(play, deed);
    if (exit_code != 0 && exit_code != EXIT_NOTHING)
        play_wrong(play, "doing it twice ends otherwise than once");
    play_check_stores(play, before, "doing it twice changes something");
    play_check_end(play, is_rollback);
}

/* Where everyone stands now is where everyone goes back to; what an earlier rollout has left half way a
 * person has finished by then. */
static void begin_lineage(struct play *play)
{
    play_wait_for_quiet(play);
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        person_settle(play->scene, i, &truth, true);
    }
    play->is_rollback = play->was_edited = false;
    play->part_of = NULL;
    watch_begin_lineage(&play->watch, play->target_set, play->command == PLAN_DOWNGRADE);
}

/* Conflicts that only skein's own concurrency makes are nothing that goes wrong, as long as it may try continuation. Those of
 * statements outside a transaction may need a person. */
static void plan_conflicts(struct play *play)
{
    struct scene *scene = play->scene;
    bool can_retry = scene->inventory.tenants[0].settings->retries > 0;
    if (can_retry && !scene->has_checkpoints && !scene->has_no_ddl && rng_chance(&scene->rng, 60))
        troubles_conflict(scene);
}

/* Nothing goes wrong any more: one resume, and where a person had to look one more, brings all to the
 * end. False: it is refused, since a down section is missing. */
static bool heal(struct play *play, enum deed deed)
{
    play_wait_for_quiet(play);
    if (deed != DEED_FORWARD && rng_chance(&play->scene->rng, 30))
        play_go_on_edited(play, deed);
    play_plan_calm(play);
    plan_conflicts(play);
    if (deed == DEED_FORWARD)
        begin_lineage(play);
    for (bool is_settled = false;; is_settled = true) {
        int exit_code = play_run_deed(play, deed);
        bool has_ended_rollback = exit_code == 3 && play->is_rollback;
        if (exit_code == 0 || exit_code == EXIT_NOTHING || has_ended_rollback)
            break;
        if (exit_code == 2 && play->scene->lacks_down)
            return false;
        bool needs_person = exit_code == 4 || (exit_code == 2 && deed == DEED_ROLLBACK);
        if (is_settled || !needs_person)
            play_wrong(play, "it does not heal");
        deed = deed == DEED_FORWARD ? DEED_RESUME : deed;
        play_wait_for_quiet(play);
        settle_all(play);
    }
    play_wait_for_quiet(play);
    play_check_end(play, play->is_rollback);
    watch_check_quiet(&play->watch);
    check_twice(play, DEED_RESUME, play->is_rollback);
    if (play->is_rollback)
        check_twice(play, DEED_ROLLBACK, true);
    return true;
}

/* A tenant that was done is put back to what it was before: a resume says so, and leaves it and all others
 * alone. */
static void check_regression(struct play *play)
{
    const struct fake_store *before[TENANTS_MAX];
    size_t tenant = rng_below(&play->scene->rng, (uint32_t)play->scene->inventory.tenant_count);
    const struct lineage *lineage = &play->watch.lineage;
    if (lineage->goal[tenant] == lineage->back[tenant])
        return;
    const struct scene_place *place = &play->scene->places[tenant];
    fake_restore(place->db, lineage->start[tenant], place->is_shared ? place->schema : NULL);
    play_note_stores(play, before);
    for (int times = 0; times < 2; times++) { /* every resume says so again */
        play_plan_calm(play);
        if (play_run_deed(play, DEED_RESUME) != 1)
            play_wrong(play, "no resume says that a tenant has fallen back");
        play_check_stores(play, before, "a tenant that has fallen back, or another, is changed");
    }
}

/* In the place of a tenant there is a stranger's database that stands where the tenant should, but whose history
 * knows nothing of the rollout: a rollback says so, and leaves it alone. */
static void check_stranger(struct play *play)
{
    struct scene *scene = play->scene;
    size_t tenant = rng_below(&scene->rng, (uint32_t)scene->inventory.tenant_count);
    const struct lineage *lineage = &play->watch.lineage;
    if (lineage->goal[tenant] == lineage->back[tenant])
        return;
    scene_do(scene, tenant, "disown \"skein_history\" 'stranger'");
    const struct fake_store *before = scene_store(scene, tenant);
    play_plan_calm(play);
    int exit_code = play_run_deed(play, DEED_ROLLBACK);
    if (exit_code == 2 && scene->lacks_down)
        return;
    if (exit_code != 4)
        play_wrong(play, "a rollback does not say that a database is a stranger's");
    if (!scene_is_same(scene, tenant, scene_store(scene, tenant), before))
        play_wrong(play, "a stranger's database is taken back");
}

static void choose_rollout(struct play *play)
{
    struct scene *scene = play->scene;
    bool is_down = rng_chance(&scene->rng, 12) && !scene->lacks_down;
    size_t revision = rng_below(&scene->rng, (uint32_t)scene->revision_count);
    bool is_partial = rng_chance(&scene->rng, 25) && !is_down;
    play->command = is_down ? PLAN_DOWNGRADE : PLAN_UPGRADE;
    play->targets[0] = is_down ? "base" : is_partial ? scene->revisions[revision].id : "heads";
    play->target_count = 1;
    play->target_set = is_down ? 0 : is_partial ? 1u << revision : scene->all;
}

/* Now and then a run goes on with a part of the tenants, or rolls a part back. */
static void choose_part(struct play *play, enum deed deed)
{
    bool may_be_part = deed == DEED_ROLLBACK || (deed == DEED_RESUME && !play->is_rollback);
    play->only =
        may_be_part && rng_chance(&play->scene->more, 25) ? rng_next(&play->scene->more) : 0;
}

/* The next thing that a person does about a rollout that did not end well. */
static enum deed choose_deed(struct play *play, enum deed last, int exit_code)
{
    bool was_part = play->only != 0;
    play->only = 0;
    if (play->part_of)
        return DEED_ROLLBACK; /* only that is left to do with it */
    if (exit_code == EXIT_NOTHING && was_part)
        return last; /* none of those was in the run */
    if (exit_code == EXIT_NOTHING || exit_code == 2)
        return DEED_FORWARD;
    return rng_chance(&play->scene->rng, 15) ? DEED_ROLLBACK : DEED_RESUME;
}

/* Another tool has brought everyone there; at last all of them are ours. */
static void play_adoption(struct play *play)
{
    struct rng *rng = &play->scene->rng;
    enum deed deed = DEED_ADOPT;
    play->adopts = true;
    watch_begin_lineage(&play->watch, 0, false);
    for (uint32_t left = rng_below(rng, 3); left; left--) {
        play_plan_fate(play);
        int exit_code = play_run_deed(play, deed);
        loop_advance(rng_below(rng, 3000));
        bool is_there = exit_code != EXIT_NOTHING && exit_code != 2;
        deed = is_there && rng_chance(rng, 50) ? DEED_RESUME : DEED_ADOPT;
    }
    play_plan_calm(play);
    play_wait_for_quiet(play);
    if (play_run_deed(play, DEED_ADOPT) != 0)
        play_wrong(play, "a fleet cannot be taken over from another tool");
    play_check_end(play, false);
    play->adopts = false;
}

/* Someone looks where the fleet stands, or what an upgrade would do: nothing changes. */
static void look(struct play *play)
{
    static const enum verb_id ids[] = {VERB_CURRENT, VERB_PLAN, VERB_CHECK};
    const struct fake_store *before[TENANTS_MAX];
    play_wait_for_quiet(play);
    play_note_stores(play, before);
    play->looks_by = &verbs[RNG_PICK(&play->scene->more, ids)];
    /* files are rehearsed on copies, which are files */
    play->rehearses = play->looks_by == &verbs[VERB_PLAN] && !play->scene->has_files &&
                      rng_chance(&play->rehearsing, 50);
    play_plan_fate(play);
    play->watch.wave_limit = SIZE_MAX; /* it has no waves */
    (void)play_run_deed(play, DEED_LOOK);
    play_wait_for_quiet(play);
    play_check_stores(play, before, "a run that only looks changes something");
}

static void play_rollout(struct play *play)
{
    struct rng *rng = &play->scene->rng;
    enum deed deed = DEED_FORWARD;
    choose_rollout(play);
    for (uint32_t left = rng_between(rng, 0, 4); left; left--) {
        if (deed == DEED_FORWARD)
            begin_lineage(play);
        play_plan_fate(play);
        choose_part(play, deed);
        int exit_code = play_run_deed(play, deed);
        loop_advance(rng_below(rng, 3000));
        if (rng_chance(rng, 30)) {
            play_wait_for_quiet(play);
            watch_check_quiet(&play->watch);
        }
        if (rng_chance(&play->scene->more, 15))
            look(play);
        deed = choose_deed(play, deed, exit_code);
    }
    if (!heal(play, deed) || play->is_rollback)
        return;
    if (rng_chance(rng, 20))
        check_regression(play);
    else if (rng_chance(rng, 20))
        check_stranger(play);
    else if (rng_chance(rng, 20))
        heal(play, DEED_ROLLBACK);
    else if (rng_chance(&play->scene->more, 25))
        play_stamp(play);
    else if (rng_chance(&play->scene->more, 25))
        play_accept(play);
}

unsigned play_case(uint64_t seed, const struct play_options *options)
{
    static struct play play; /* outlives longjmp */
    play = (struct play){.seed = seed, .options = *options};
    heap_begin();
    play_begin(&play);
    play_begin_verifying(&play);
    play.rehearsing.state = seed ^ 0x3c6ef372fe94f82bu;
    play.watching.state = seed ^ 0x1f83d9abfb41bd6bu;
    if (rng_chance(&play.scene->more, 10))
        play_find(&play);
    if (play.scene->is_foreign)
        play_adoption(&play);
    play_rollout(&play);
    play_end_verifying(&play);
    memory_ledger_free(play.ledger);
    scene_free(play.scene);
    loop_end();
    heap_drop();
    return play.rollouts;
}
