#include "sim/play.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>

#include "library/continuation.h"
#include "library/prepare.h"
#include "report/report.h"
#include "sim/fake_uv.h"
#include "sim/heap.h"
#include "sim/person.h"
#include "sim/system.h"
#include "sim/troubles.h"
#include "sim/watch.h"

enum { EXIT_KILLED = -1, EXIT_NOTHING = -2 /* there is no such run, or nothing is left of it */ };
enum { GIVE_UP_MS = 6 * 3600 * 1000 };

enum deed { DEED_FORWARD, DEED_RESUME, DEED_ROLLBACK, DEED_ADOPT };
static const char *const deed_names[] = {"forward", "resume", "rollback", "adopt"};

struct play {
    uint64_t seed;
    struct play_options options;
    struct scene *scene;
    struct memory_ledger *ledger;
    struct watch watch;
    jmp_buf killed;
    unsigned rollouts;
    bool knows_hosts; /* and passwords; gates say yes, and soon */

    /* the rollout at hand */
    enum plan_command command;
    const char *target[1];
    uint32_t target_set;
    const char *wave; /* up to that one; NULL: all */
    bool is_rollback; /* what is left of it is its rollback */
    bool adopts;      /* it takes over from another tool */
    bool was_edited;  /* the chain, meanwhile: a run that goes on with it accepts that */
};

/* ---- what others tell us ------------------------------------------------------------------- */

static void on_wrong(void *ctx, const char *what)
{
    struct play *play = ctx;
    fprintf(stderr, "sim: seed %" PRIu64 ": %s (at %" PRIu64 " ms)\n", play->seed, what,
            loop_now_ms() - LOOP_EPOCH_MS);
    exit(1);
}

static void on_trace(void *ctx, const char *what)
{
    (void)ctx;
    printf("%8" PRIu64 " %s\n", loop_now_ms() - LOOP_EPOCH_MS, what);
}

static void tell(struct play *play, const char *what, const char *more)
{
    char text[128];
    snprintf(text, sizeof text, "---- %s %s", what, more);
    if (play->options.is_traced)
        on_trace(play, text);
}

static void on_time(void *ctx, uint64_t now_ms)
{
    struct play *play = ctx;
    fake_set_time(play->scene->world, now_ms);
}

static void on_kill(void *ctx)
{
    struct play *play = ctx;
    longjmp(play->killed, 1);
}

static bool knows_host(void *ctx, const char *name)
{
    struct play *play = ctx;
    (void)name;
    return play->knows_hosts || !rng_chance(&play->scene->rng, 3);
}

static bool knows_password(void *ctx)
{
    struct play *play = ctx;
    return play->knows_hosts || !rng_chance(&play->scene->rng, 5);
}

/* Most gates say yes. */
static void on_spawn(void *ctx, uint64_t *ret_takes_ms, int *ret_status)
{
    struct play *play = ctx;
    struct rng *rng = &play->scene->rng;
    enum { HANGS_MS = 600000 };
    bool is_calm = play->knows_hosts;
    *ret_takes_ms = !is_calm && rng_chance(rng, 5) ? HANGS_MS : rng_below(rng, 500);
    *ret_status = !is_calm && rng_chance(rng, 20) ? 1 : 0;
}

static void on_open(void *ctx, const struct conn *conn, const struct url *url)
{
    struct play *play = ctx;
    watch_opened(&play->watch, conn, url->host ? (size_t)(url->host[1] - '0') : SERVER_OF_FILES);
}

static void on_op(void *ctx, const struct url *url, const struct op *op)
{
    char text[512];
    snprintf(text, sizeof text, "        %s %d: %s", url->database, (int)op->kind,
             op->sql ? op->sql : "");
    on_trace(ctx, text);
    for (op = op->joined; op; op = op->joined) {
        snprintf(text, sizeof text, "        %s +: %s", url->database, op->sql);
        on_trace(ctx, text);
    }
}

static void on_close(void *ctx, const struct conn *conn)
{
    struct play *play = ctx;
    watch_closed(&play->watch, conn);
}

/* ---- a command, as src/cli runs it --------------------------------------------------------- */

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

static struct request make_request(const struct play *play)
{
    static const char *const tools[] = {"dbmate"};
    static const enum verb_id ids[] = {[PLAN_UPGRADE] = VERB_UPGRADE,
                                       [PLAN_DOWNGRADE] = VERB_DOWNGRADE,
                                       [PLAN_STAMP] = VERB_STAMP};
    if (play->adopts)
        return (struct request){.verb = &verbs[VERB_ADOPT],
                                .targets = tools,
                                .target_count = ARRAY_LEN(tools),
                                .policy = {.has_on_failure = true}, /* ON_FAILURE_STOP */
                                .limits = {.wave = play->wave}};
    return (struct request){.verb = &verbs[ids[play->command]],
                            .targets = play->target,
                            .target_count = 1,
                            .limits = {.wave = play->wave}};
}

static int visit_fleet(struct play *play, struct fleet *fleet, const struct request *request)
{
    struct prepared_run prepared;
    struct err err;
    int exit_code = 2;
    if (!prepare_run(fleet, request, &prepared, &err)) {
        prepare_done(&prepared);
        on_wrong(play, err.text);
    }
    struct report *report = report_new();
    struct observer observers[] = {watch_observer(&play->watch), {on_report_event, report}};
    play->rollouts++;
    watch_begin_run(&play->watch, request->verb->rolls_back);
    if (request->verb->takes_tool)
        watch_adopts(&play->watch);
    struct rollout_end end = rollout_run(&prepared.rollout, observers, ARRAY_LEN(observers));
    exit_code = end.ledger_err.kind != ERR_NONE ? 6 : report_exit_code(report, end.signal);
    if (!request->verb->takes_tool)
        watch_check_report(&play->watch, report, exit_code);
    if (exit_code == 6)
        watch_lose_track(&play->watch);
    report_free(report);
    prepare_done(&prepared);
    return exit_code;
}

static int visit_carefully(struct play *play, struct fleet *fleet, const struct request *request)
{
    struct observer observer = watch_observer(&play->watch);
    struct faults faults;
    int signal_number;
    faults_init(&faults);
    watch_begin_run(&play->watch, false);
    bool can = prepare_can_roll_back(fleet, request, &observer, &signal_number, &faults);
    faults_done(&faults);
    if (!can || signal_number)
        return can ? 128 + signal_number : 2;
    return visit_fleet(play, fleet, request);
}

static int visit_again(struct play *play, struct fleet *fleet, bool is_rollback)
{
    struct continuation continuation;
    struct err err;
    int exit_code = EXIT_NOTHING;
    /* which one is meant without an id is not the simulation's to find out */
    struct continuation_request asked = {.run = memory_ledger_newest(play->ledger),
                                         .is_rollback = is_rollback,
                                         .accepts_chain_change = play->was_edited};
    if (!asked.run)
        return exit_code;
    if (!continuation_open(fleet, &asked, &continuation, &err)) {
        tell(play, "refused:", err.text);
        return exit_code;
    }
    play->is_rollback = continuation.is_rollback;
    if (play->is_rollback) { /* everyone goes back */
        play->wave = NULL;
        play->watch.wave_limit = SIZE_MAX;
    }
    struct request request = {.limits = {.wave = play->wave},
                              .policy = {.has_on_failure = continuation.verb->takes_tool}};
    continuation_fill(&continuation, &request);
    exit_code = visit_carefully(play, fleet, &request);
    continuation_close(&continuation);
    return exit_code;
}

static void open_fleet(const struct play *play, struct fleet *ret_fleet)
{
    struct scene *scene = play->scene;
    struct fleet *fleet = ret_fleet;
    *fleet = (struct fleet){.inventory = &scene->inventory, .chain = scene->chain};
    arena_init(&fleet->arena);
    fleet->scripts = scripts_new(fleet->chain);
    fleet->tenant_count = scene->inventory.tenant_count;
    fleet->tenants = arena_calloc(&fleet->arena, fleet->tenant_count, sizeof *fleet->tenants);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        fleet->tenants[i] = &scene->inventory.tenants[i];
}

static void close_fleet(struct fleet *fleet)
{
    scripts_free(fleet->scripts);
    arena_done(&fleet->arena);
}

static int do_deed(struct play *play, enum deed deed)
{
    struct fleet fleet;
    int exit_code;
    open_fleet(play, &fleet);
    if (deed == DEED_FORWARD || deed == DEED_ADOPT) {
        struct request request = make_request(play);
        exit_code = visit_carefully(play, &fleet, &request);
    } else {
        exit_code = visit_again(play, &fleet, deed == DEED_ROLLBACK);
    }
    close_fleet(&fleet);
    return exit_code;
}

/* The process is gone with all it had; what it had asked of servers is not. */
static void bury(struct play *play)
{
    loop_forget();
    system_forget_connections();
    fake_leave_all(play->scene->world);
    memory_ledger_forget_holder(play->ledger);
    watch_lose_track(&play->watch);
    tell(play, "killed", "");
}

static int do_or_die(struct play *play, enum deed deed)
{
    if (setjmp(play->killed)) {
        bury(play);
        return EXIT_KILLED;
    }
    return do_deed(play, deed);
}

/* A run that the ledger does not know of cannot be gone on with. */
static int run_deed(struct play *play, enum deed deed)
{
    char text[16];
    size_t runs = memory_ledger_run_count(play->ledger);
    tell(play, "begins:", deed_names[deed]);
    int exit_code = do_or_die(play, deed);
    bool is_rolled_back = play->watch.has_finished && play->watch.state == RUN_ROLLED_BACK;
    bool is_rolling = play->watch.has_finished && play->watch.is_going_back && exit_code != 6;
    play->is_rollback = play->is_rollback || is_rolling || (exit_code == 6 && is_rolled_back);
    snprintf(text, sizeof text, "%d", exit_code);
    tell(play, "exit", text);
    bool is_new = deed == DEED_FORWARD || deed == DEED_ADOPT;
    bool is_known = memory_ledger_run_count(play->ledger) > runs || !is_new;
    return is_known || exit_code == 2 ? exit_code : EXIT_NOTHING;
}

/* ---- the course of a case ------------------------------------------------------------------ */

/* Orphans are at work for as long as they were told to be. */
static void wait_for_quiet(struct play *play)
{
    enum { STEP_MS = 500, STEPS = 20 * 60 * 2 };
    for (int i = 0; fake_orphan_count(play->scene->world); i++) {
        loop_advance(STEP_MS);
        if (i > STEPS)
            on_wrong(play, "an orphan never ends");
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

static void plan_fate(struct play *play)
{
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
    troubles_heal(play->scene);
    if (rng_chance(rng, 80))
        troubles_scatter(play->scene);
}

static void plan_calm(struct play *play)
{
    choose_waves(play, false);
    loop_plan(&(struct loop_plan){.give_up_ms = GIVE_UP_MS});
    memory_ledger_fail_at(play->ledger, 0);
    play->knows_hosts = true;
    troubles_heal(play->scene);
}

/* `skein resolve`: what a person says of a statement that was under way. */
static void settle_by_command(struct play *play, size_t tenant, bool is_done)
{
    struct request request = {.verb = &verbs[VERB_RESOLVE],
                              .settle = is_done ? SETTLE_DONE : SETTLE_UNDONE};
    struct observer observer = watch_observer(&play->watch);
    struct prepared_run prepared;
    struct fleet fleet;
    struct err err;
    open_fleet(play, &fleet);
    fleet.tenants += tenant;
    fleet.tenant_count = 1;
    if (!prepare_run(&fleet, &request, &prepared, &err))
        on_wrong(play, err.text);
    watch_begin_run(&play->watch, false);
    watch_settles(&play->watch);
    rollout_run(&prepared.rollout, &observer, 1);
    if (watch_truth(&play->watch, tenant).is_running)
        on_wrong(play, "a statement is in doubt, though a person has settled it");
    prepare_done(&prepared);
    close_fleet(&fleet);
}

static void on_planned(void *ctx, const struct event *event)
{
    enum tenant_state *state = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        *state = event->outcome->state;
}

/* Is the tenant in the middle of a section, and are the statements that are done known by their texts? */
static bool is_midway(const struct truth *truth)
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

static void open_fleet_of(const struct play *play, struct fleet *ret_fleet, size_t tenant)
{
    open_fleet(play, ret_fleet);
    ret_fleet->tenants += tenant;
    ret_fleet->tenant_count = 1;
}

/* No plan goes on with it. */
static void plan_edited(struct play *play, size_t tenant)
{
    struct request request = make_request(play);
    request.is_dry_run = true;
    request.limits.wave = NULL;
    enum tenant_state state = TENANT_PENDING;
    struct observer observer = {on_planned, &state};
    struct prepared_run prepared;
    struct fleet fleet;
    struct err err;
    open_fleet_of(play, &fleet, tenant);
    if (!prepare_run(&fleet, &request, &prepared, &err))
        on_wrong(play, err.text);
    watch_begin_run(&play->watch, false);
    rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
    close_fleet(&fleet);
    if (state != TENANT_PARTIAL)
        on_wrong(play, "a step is planned on though its statements are others by now");
}

static void check_refused(struct play *play, size_t tenant, const struct fake_store *before,
                          int exit_code)
{
    const struct watched *watched = &play->watch.tenants[tenant];
    if (!scene_is_same(play->scene, tenant, scene_store(play->scene, tenant), before))
        on_wrong(play, "a step is gone on with though its statements are others by now");
    /* A rollback is refused before it begins where a down section is missing, or a tenant is in the middle of a step. */
    if (exit_code == EXIT_NOTHING ||
        (exit_code == 2 && (play->scene->lacks_down || play->is_rollback)))
        return;
    if (watched->has_ended &&
        (exit_code != 4 || !tenant_state_needs_person(watched->outcome.state)))
        on_wrong(play, "no one is told that a step's statements are others by now");
}

/* Nor does a run that knows nothing of the rollout: another machine's, with a ledger of its own. */
static void upgrade_edited(struct play *play, size_t tenant)
{
    const struct fake_store *before = scene_store(play->scene, tenant);
    struct request request = make_request(play);
    struct fleet fleet;
    request.limits.wave = NULL;
    plan_calm(play);
    play->watch.ledger = memory_ledger_new(rng_split(&play->scene->rng));
    memory_ledger_use(play->watch.ledger);
    open_fleet_of(play, &fleet, tenant);
    check_refused(play, tenant, before, visit_carefully(play, &fleet, &request));
    close_fleet(&fleet);
    memory_ledger_free(play->watch.ledger);
    play->watch.ledger = play->ledger;
    memory_ledger_use(play->ledger);
}

static void check_edited(struct play *play, size_t tenant, const struct truth *truth)
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
        bool is_in_it = is_midway(&truth) && truth.unfinished == revision;
        uint32_t settled = truth.stands | ~(lineage->goal[i] | lineage->back[i]);
        if (i != tenant && !is_in_it && !(settled >> revision & 1))
            return false;
    }
    return true;
}

/* Nor does the rollout itself, whatever the others come to, once someone has accepted that the chain has changed. Only
 * a copy takes such a file back. */
static void go_on_edited(struct play *play, enum deed deed)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        bool is_file = play->scene->places[i].server == SERVER_OF_FILES;
        if (is_file || !is_midway(&truth) || !is_no_others(play, i, truth.unfinished))
            continue;
        const struct fake_store *before = scene_store(play->scene, i);
        struct chain *chain = edit_chain(play, &truth);
        plan_calm(play);
        if (!play->was_edited && run_deed(play, deed) != EXIT_NOTHING)
            on_wrong(play, "a run goes on though the chain has changed");
        play->was_edited = true;
        check_refused(play, i, before, run_deed(play, deed));
        take_edit_back(play, chain);
        return;
    }
}

/* The command knows two answers: the statement after those that are counted took effect, or it did not. */
static bool try_command(struct play *play, size_t tenant, const struct truth *truth)
{
    if (!truth->is_running || !rng_chance(&play->scene->rng, 50))
        return false;
    person_clean(play->scene, tenant);
    unsigned more = person_count(play->scene, truth) - truth->unfinished_statements;
    if (more > 1)
        return false;
    settle_by_command(play, tenant, more == 1);
    return true;
}

static void settle_all(struct play *play)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        bool is_other_way = (truth.unfinished_direction == DIRECTION_UP) ==
                            (play->is_rollback != (play->command == PLAN_DOWNGRADE));
        if (is_midway(&truth) && rng_chance(&play->scene->rng, 30))
            check_edited(play, i, &truth);
        bool finishes = is_other_way || rng_chance(&play->scene->rng, 30);
        if (!finishes && try_command(play, i, &truth))
            continue;
        person_settle(play->scene, i, &truth, finishes);
    }
}

/* Everything stands where it should: forward, or where it stood before. */
static void check_end(struct play *play, bool is_rollback)
{
    char text[128];
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        uint32_t wanted = is_rollback ? play->watch.lineage.back[i] : play->watch.lineage.goal[i];
        if (truth_is_whole(play->scene, &truth) && truth.stands == wanted)
            continue;
        snprintf(text, sizeof text, "t%zu has %x in the end, not %x (%s)", i, truth.stands, wanted,
                 is_rollback ? "back" : "forward");
        on_wrong(play, text);
    }
}

static void note_stores(struct play *play, const struct fake_store **ret_stores)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        ret_stores[i] = scene_store(play->scene, i);
}

static void check_stores(struct play *play, const struct fake_store *const *stores,
                         const char *complaint)
{
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++)
        if (!scene_is_same(play->scene, i, scene_store(play->scene, i), stores[i]))
            on_wrong(play, complaint);
}

/* Once more: nothing may change. */
static void check_twice(struct play *play, enum deed deed, bool is_rollback)
{
    const struct fake_store *before[TENANTS_MAX];
    note_stores(play, before);
    int exit_code = run_deed(play, deed);
    if (exit_code != 0 && exit_code != EXIT_NOTHING)
        on_wrong(play, "doing it twice ends otherwise than once");
    check_stores(play, before, "doing it twice changes something");
    check_end(play, is_rollback);
}

/* Where everyone stands now is where everyone goes back to; what an earlier rollout has left half way a
 * person has finished by then. */
static void begin_lineage(struct play *play)
{
    wait_for_quiet(play);
    for (size_t i = 0; i < play->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(&play->watch, i);
        person_settle(play->scene, i, &truth, true);
    }
    play->is_rollback = play->was_edited = false;
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
    wait_for_quiet(play);
    if (deed != DEED_FORWARD && rng_chance(&play->scene->rng, 30))
        go_on_edited(play, deed);
    plan_calm(play);
    plan_conflicts(play);
    if (deed == DEED_FORWARD)
        begin_lineage(play);
    for (bool is_settled = false;; is_settled = true) {
        int exit_code = run_deed(play, deed);
        bool has_ended_rollback = exit_code == 3 && play->is_rollback;
        if (exit_code == 0 || exit_code == EXIT_NOTHING || has_ended_rollback)
            break;
        if (exit_code == 2 && play->scene->lacks_down)
            return false;
        bool needs_person = exit_code == 4 || (exit_code == 2 && deed == DEED_ROLLBACK);
        if (is_settled || !needs_person)
            on_wrong(play, "it does not heal");
        deed = deed == DEED_FORWARD ? DEED_RESUME : deed;
        wait_for_quiet(play);
        settle_all(play);
    }
    wait_for_quiet(play);
    check_end(play, play->is_rollback);
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
    note_stores(play, before);
    for (int times = 0; times < 2; times++) { /* every resume says so again */
        plan_calm(play);
        if (run_deed(play, DEED_RESUME) != 1)
            on_wrong(play, "no resume says that a tenant has fallen back");
        check_stores(play, before, "a tenant that has fallen back, or another, is changed");
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
    plan_calm(play);
    int exit_code = run_deed(play, DEED_ROLLBACK);
    if (exit_code == 2 && scene->lacks_down)
        return;
    if (exit_code != 4)
        on_wrong(play, "a rollback does not say that a database is a stranger's");
    if (!scene_is_same(scene, tenant, scene_store(scene, tenant), before))
        on_wrong(play, "a stranger's database is taken back");
}

static void choose_rollout(struct play *play)
{
    struct scene *scene = play->scene;
    bool is_down = rng_chance(&scene->rng, 12) && !scene->lacks_down;
    size_t revision = rng_below(&scene->rng, (uint32_t)scene->revision_count);
    bool is_partial = rng_chance(&scene->rng, 25) && !is_down;
    play->command = is_down ? PLAN_DOWNGRADE : PLAN_UPGRADE;
    play->target[0] = is_down ? "base" : is_partial ? scene->revisions[revision].id : "heads";
    play->target_set = is_down ? 0 : is_partial ? 1u << revision : scene->all;
}

/* The next thing that a person does about a rollout that did not end well. */
static enum deed choose_deed(struct play *play, int exit_code)
{
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
        plan_fate(play);
        int exit_code = run_deed(play, deed);
        loop_advance(rng_below(rng, 3000));
        bool is_there = exit_code != EXIT_NOTHING && exit_code != 2;
        deed = is_there && rng_chance(rng, 50) ? DEED_RESUME : DEED_ADOPT;
    }
    plan_calm(play);
    wait_for_quiet(play);
    if (run_deed(play, DEED_ADOPT) != 0)
        on_wrong(play, "a fleet cannot be taken over from another tool");
    check_end(play, false);
    play->adopts = false;
}

static void play_rollout(struct play *play)
{
    struct rng *rng = &play->scene->rng;
    enum deed deed = DEED_FORWARD;
    choose_rollout(play);
    for (uint32_t left = rng_between(rng, 0, 4); left; left--) {
        if (deed == DEED_FORWARD)
            begin_lineage(play);
        plan_fate(play);
        int exit_code = run_deed(play, deed);
        loop_advance(rng_below(rng, 3000));
        if (rng_chance(rng, 30)) {
            wait_for_quiet(play);
            watch_check_quiet(&play->watch);
        }
        deed = choose_deed(play, exit_code);
    }
    if (!heal(play, deed) || play->is_rollback)
        return;
    if (rng_chance(rng, 20))
        check_regression(play);
    else if (rng_chance(rng, 20))
        check_stranger(play);
    else if (rng_chance(rng, 20))
        heal(play, DEED_ROLLBACK);
}

static void begin(struct play *play)
{
    struct rng rng = {play->seed ^ 0x5851f42d4c957f2du};
    struct loop_hooks hooks = {.on_time = on_time,
                               .on_kill = on_kill,
                               .on_spawn = on_spawn,
                               .on_wrong = on_wrong,
                               .ctx = play};
    loop_begin(rng_split(&rng), &hooks);
    play->scene = scene_new(play->seed);
    struct system_hooks asked = {.knows_host = knows_host,
                                 .knows_password = knows_password,
                                 .on_open = on_open,
                                 .on_op = play->options.is_traced ? on_op : NULL,
                                 .on_close = on_close,
                                 .drivers = play->scene->drivers,
                                 .ctx = play};
    system_begin(&asked);
    fake_set_time(play->scene->world, loop_now_ms());
    play->ledger = memory_ledger_new(rng_split(&rng));
    memory_ledger_use(play->ledger);
    play->watch = (struct watch){.scene = play->scene,
                                 .ledger = play->ledger,
                                 .on_wrong = on_wrong,
                                 .on_trace = play->options.is_traced ? on_trace : NULL,
                                 .ctx = play};
    watch_hook_up(&play->watch);
}

unsigned play_case(uint64_t seed, const struct play_options *options)
{
    static struct play play; /* outlives longjmp */
    play = (struct play){.seed = seed, .options = *options};
    heap_begin();
    begin(&play);
    if (play.scene->is_foreign)
        play_adoption(&play);
    play_rollout(&play);
    memory_ledger_free(play.ledger);
    scene_free(play.scene);
    loop_end();
    heap_drop();
    return play.rollouts;
}
