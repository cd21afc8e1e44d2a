/* A case of several machines (play.h): they work on one rollout, over one ledger that is a server's, while they die, stop for longer
 * than their leases and lose the ledger or their tenants; and the ledger's server goes down or loses its last commits. Whoever is
 * left brings the run to its end without a person, and at last all is well.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>

#include "dialect/scripts.h"
#include "event/standing_place.h"
#include "library/continuation.h"
#include "library/machines.h"
#include "link/loop.h"
#include "report/report.h"
#include "sim/heap.h"
#include "sim/machines_verify.h"
#include "sim/machines_watch.h"
#include "sim/person.h"
#include "sim/play.h"
#include "sim/shared_store.h"
#include "sim/spectator.h"
#include "sim/system.h"
#include "sim/troubles.h"

enum { GIVE_UP_MS = 2 * 3600 * 1000, JOINS_AGAIN_MS = 500 };
#define NOWHERE "nowhere" /* no machine is called like that */
enum { EXIT_NOTHING = -2 /* nothing is left of the run, or it is refused */ };

enum at { AT_HOME, AT_WORK, AT_REST };
enum deed { DEED_FORWARD, DEED_RESUME, DEED_ROLLBACK };

/* A process of `skein upgrade`, `resume`, `rollback` or `work`. */
struct machine_process {
    struct crowd *crowd;
    unsigned process; /* 1 and on; the first one begins the run */
    char name[8];
    enum at at;
    struct fleet fleet;
    struct request request;
    struct rows shown[TENANTS_MAX];
    struct continuation continuation;
    struct prepared_run prepared;
    struct joining joining;
    uv_loop_t loop;
    struct rollout *rollout;
    struct spectator spectator;
    struct status *status; /* NULL: no one watches */
};

/* What befalls a machine, or the ledger's server. */
enum fate_kind {
    FATE_DIES,
    FATE_STOPS,  /* as by SIGSTOP: for longer than a lease or for less */
    FATE_SLEEPS, /* its machine does */
    FATE_LOSES_LEDGER,
    FATE_LOSES_TENANTS,
    FATE_JUMPS, /* its time of day */
    FATE_SIGNAL,
    FATE_LEDGER_DOWN,
    FATE_LEDGER_FALLS_BACK, /* to what its standby had */
    FATE_LEDGER_LOSES_ANSWERS,
    FATE__COUNT
};

enum { FATES_MAX = 24 };

struct fate {
    struct crowd *crowd;
    enum fate_kind kind;
    unsigned process; /* 0: none's */
    uint64_t lasts_ms;
};

struct crowd {
    uint64_t seed;
    struct play_options options;
    struct rng rng;
    struct scene *scene;
    struct machines_watch watch;
    struct machines_verify verify;
    jmp_buf dies;
    unsigned rollouts;
    bool goes_back;   /* what is left of the rollout is its rollback */
    bool is_calm;     /* nothing goes wrong any more */
    bool knows_hosts; /* and passwords */
    bool have_hosts;  /* files, of which some machines know nothing */
    uint64_t lease_ms;
    uint64_t watched_by; /* 0: no one */
    bool are_told;       /* who joins has no list of tenants */
    struct fate fates[FATES_MAX];
    size_t fate_count;
    const char *targets[1];
    enum plan_command command;
    struct machine_process machines[MACHINES_MAX];
    size_t count; /* of those that have, or will have, a part in the run at hand */
    size_t to_come;
    int64_t last;        /* the run before the one at hand, of those that machines can join */
    int64_t last_of_all; /* and of all */
    char run[40];        /* the id of that one */
};

/* ---- the world ----------------------------------------------------------------------------- */

static void on_wrong(void *ctx, const char *what)
{
    struct crowd *crowd = ctx;
    fprintf(stderr, "sim: seed %" PRIu64 ": %s (at %" PRIu64 " ms)\n", crowd->seed, what,
            loop_now_ms() - LOOP_EPOCH_MS);
    exit(1);
}

static void on_trace(void *ctx, const char *what)
{
    (void)ctx;
    printf("%8" PRIu64 " %s\n", loop_now_ms() - LOOP_EPOCH_MS, what);
}

static void on_time(void *ctx, uint64_t now_ms)
{
    struct crowd *crowd = ctx;
    fake_set_time(crowd->scene->world, now_ms);
}

static void on_kill(void *ctx)
{
    struct crowd *crowd = ctx;
    longjmp(crowd->dies, 1);
}

static bool knows_host(void *ctx, const char *name)
{
    struct crowd *crowd = ctx;
    (void)name;
    return crowd->knows_hosts || !rng_chance(&crowd->rng, 3);
}

static bool knows_password(void *ctx)
{
    struct crowd *crowd = ctx;
    return crowd->knows_hosts || !rng_chance(&crowd->rng, 5);
}

static void on_spawn(void *ctx, uint64_t *ret_takes_ms, int *ret_status)
{
    struct crowd *crowd = ctx;
    crowd->watch.gates_asked++;
    *ret_takes_ms = rng_below(&crowd->rng, 500);
    *ret_status = !crowd->knows_hosts && rng_chance(&crowd->rng, 20) ? 1 : 0;
}

static void on_open(void *ctx, const struct conn *conn, const struct url *url)
{
    (void)ctx, (void)conn, (void)url;
}

static void on_close(void *ctx, const struct conn *conn)
{
    (void)ctx, (void)conn;
}

/* A tenant that another tool has brought where it stands is adopted by one machine: that is play.c's. */
static struct scene *make_scene(uint64_t seed)
{
    for (uint64_t i = 0;; i++) {
        struct scene *scene = scene_new(seed ^ i << 48);
        if (!scene->is_foreign)
            return scene;
        scene_free(scene);
    }
}

/* Files are on the hosts of those who can reach them; now and then on one that never comes. */
static void place_files(struct crowd *crowd)
{
    static const char *const names[] = {"m1", "m2", "m3", NOWHERE};
    struct scene *scene = crowd->scene;
    size_t last = rng_chance(&crowd->rng, 20) ? ARRAY_LEN(names) : ARRAY_LEN(names) - 1;
    crowd->have_hosts = rng_chance(&crowd->rng, 30);
    for (size_t i = 0; crowd->have_hosts && i < scene->inventory.tenant_count; i++) {
        struct tenant *tenant = &scene->inventory.tenants[i];
        if (scene->places[i].server != SERVER_OF_FILES)
            continue;
        struct label *labels = arena_calloc(&scene->arena, 2, sizeof *labels);
        labels[0] = (struct label){"reachable_from", names[rng_below(&crowd->rng, (uint32_t)last)]};
        labels[1] = tenant->labels[0];
        tenant->labels = labels;
        tenant->label_count = 2;
    }
}

static void make_world(struct crowd *crowd)
{
    struct loop_hooks hooks = {.on_time = on_time,
                               .on_kill = on_kill,
                               .on_spawn = on_spawn,
                               .on_wrong = on_wrong,
                               .ctx = crowd};
    loop_begin(rng_split(&crowd->rng), &hooks);
    crowd->scene = make_scene(crowd->seed);
    crowd->scene->inventory.ledger = SHARED_STORE;
    place_files(crowd);
    struct system_hooks asked = {.knows_host = knows_host,
                                 .knows_password = knows_password,
                                 .on_open = on_open,
                                 .on_close = on_close,
                                 .drivers = crowd->scene->drivers,
                                 .world = crowd->scene->world,
                                 .ctx = crowd};
    system_begin(&asked);
    fake_set_time(crowd->scene->world, loop_now_ms());
    shared_store_begin(rng_split(&crowd->rng));
    crowd->watch = (struct machines_watch){.scene = crowd->scene,
                                           .on_wrong = on_wrong,
                                           .on_trace = crowd->options.is_traced ? on_trace : NULL,
                                           .ctx = crowd};
    crowd->verify = (struct machines_verify){.rng = {crowd->seed ^ 0x5ec0da17f1e35u},
                                             .scene = crowd->scene,
                                             .on_wrong = on_wrong,
                                             .ctx = crowd};
    catalog_rules_init(&crowd->verify.rules, &crowd->scene->arena);
}

/* ---- a process ----------------------------------------------------------------------------- */

/* One without a list of tenants: the run tells of them. Passwords are its own. */
static void open_without_list(struct machine_process *machine)
{
    struct fleet *fleet = &machine->fleet;
    struct inventory *own = arena_alloc(&fleet->arena, sizeof *own);
    *own = machine->crowd->scene->inventory;
    own->tenants = NULL;
    own->tenant_count = own->tenant_capacity = 0;
    own->password = &scene_by_command;
    fleet->inventory = own;
}

static void open_fleet(struct machine_process *machine)
{
    struct scene *scene = machine->crowd->scene;
    struct fleet *fleet = &machine->fleet;
    *fleet = (struct fleet){.inventory = &scene->inventory, .chain = scene->chain};
    arena_init(&fleet->arena);
    fleet->scripts = scripts_new(fleet->chain);
    if (machine->crowd->are_told && machine->process > 1) {
        open_without_list(machine);
        return;
    }
    fleet->tenant_count = scene->inventory.tenant_count;
    fleet->tenants = arena_calloc(&fleet->arena, fleet->tenant_count, sizeof *fleet->tenants);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        fleet->tenants[i] = &scene->inventory.tenants[i];
}

static void close_fleet(struct machine_process *machine)
{
    if (machine->fleet.own)
        fleet_use_told(&machine->fleet, NULL);
    scripts_free(machine->fleet.scripts);
    arena_done(&machine->fleet.arena);
}

/* In a crowd that is watched all are: who pauses the run may die, and someone has to have it go on. */
static void be_watched(struct machine_process *machine, struct rollout_options *options)
{
    struct crowd *crowd = machine->crowd;
    machine->spectator = (struct spectator){.rng = {crowd->watched_by ^ machine->process},
                                            .scene = crowd->scene,
                                            .on_wrong = on_wrong,
                                            .ctx = crowd};
    machine->status = status_new();
    spectator_watch(&machine->spectator, machine->status, options);
}

static void start(struct machine_process *machine, struct rollout_options *options)
{
    struct observer observers[] = {machines_watch_observer(&machine->crowd->watch),
                                   machines_verify_observer(&machine->crowd->verify),
                                   {0}};
    size_t count = 2;
    struct err err;
    if (machine->crowd->watched_by) {
        be_watched(machine, options);
        observers[count++] = spectator_observer(&machine->spectator);
    }
    if (!loop_open(&machine->loop, &err))
        on_wrong(machine->crowd, err.text);
    machine->rollout = rollout_new(&machine->loop, options, observers, count);
    machine->at = AT_WORK;
    rollout_begin(machine->rollout);
}

static void rest(struct machine_process *machine)
{
    struct rollout_end end = rollout_end(machine->rollout);
    uv_loop_close(&machine->loop);
    machines_watch_say(&machine->crowd->watch, "has ended: %s",
                       end.err.kind != ERR_NONE          ? end.err.text
                       : end.ledger_err.kind != ERR_NONE ? end.ledger_err.text
                       : end.has_left                    ? "it left"
                                                         : "");
    if (machine->process == 1) {
        prepare_done(&machine->prepared);
        continuation_close(&machine->continuation);
        machines_verify_done(&machine->crowd->verify);
    } else {
        machines_leave(&machine->joining);
    }
    close_fleet(machine);
    status_free(machine->status);
    machine->status = NULL;
    machines_watch_forget(&machine->crowd->watch, machine->process);
    machine->at = AT_REST;
}

/* Its process is gone, with all that it had. */
static void bury(struct machine_process *machine)
{
    machines_watch_say(&machine->crowd->watch, "dies");
    loop_be(machine->process);
    loop_forget();
    system_bury(machine->process);
    shared_store_forget(machine->process);
    machines_watch_forget(&machine->crowd->watch, machine->process);
    machine->at = AT_REST;
}

/* ---- beginning, and joining ------------------------------------------------------------------ */

/* False: it is refused. */
static bool open_run(struct machine_process *machine, enum deed deed)
{
    struct crowd *crowd = machine->crowd;
    struct err err;
    machine->continuation = (struct continuation){0};
    if (deed == DEED_FORWARD) {
        machine->request = (struct request){
            .verb = &verbs[crowd->command == PLAN_UPGRADE ? VERB_UPGRADE : VERB_DOWNGRADE],
            .targets = crowd->targets,
            .target_count = 1,
            .machine = machine->name};
        return true;
    }
    struct continuation_request asked = {.run = crowd->run, .is_rollback = deed == DEED_ROLLBACK};
    machine->request = (struct request){.machine = machine->name};
    if (!continuation_open(&machine->fleet, &asked, &machine->continuation, &err)) {
        machines_watch_say(&crowd->watch, "refused: %s", err.text);
        return false;
    }
    continuation_fill(&machine->continuation, &machine->request);
    crowd->watch.is_rollback = machine->continuation.is_rollback;
    return true;
}

/* What a person is shown, and says yes to. */
static void on_shown(void *ctx, const struct event *event)
{
    struct machine_process *machine = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        machine->shown[event->tenant] =
            standing_place(&machine->fleet.arena, &event->outcome->from, event->outcome->half_step);
}

static bool can_begin(struct machine_process *machine)
{
    struct crowd *crowd = machine->crowd;
    struct observer person = {on_shown, machine};
    bool is_shown = (machine->request.verb->rolls_back || crowd->command == PLAN_DOWNGRADE) &&
                    !crowd->is_calm && rng_chance(&crowd->rng, 40);
    struct faults faults;
    int signal_number;
    faults_init(&faults);
    bool can = prepare_can_roll_back(&machine->fleet, &machine->request, is_shown ? &person : NULL,
                                     &signal_number, &faults);
    if (faults.total)
        machines_watch_say(&machine->crowd->watch, "refused: %s", faults.items[0].text);
    faults_done(&faults);
    machine->request.shown = is_shown ? machine->shown : NULL;
    return can && !signal_number;
}

/* False: it is refused. */
static bool begin_run(struct machine_process *machine, enum deed deed)
{
    struct err err;
    loop_be(machine->process);
    open_fleet(machine);
    bool is_open = open_run(machine, deed);
    if (!is_open || !can_begin(machine)) {
        if (is_open)
            continuation_close(&machine->continuation);
        close_fleet(machine);
        return false;
    }
    machine->crowd->verify.knows_all = machine->crowd->is_calm;
    machines_verify_learn(&machine->crowd->verify, &machine->fleet, &machine->request);
    if (!prepare_run(&machine->fleet, &machine->request, &machine->prepared, &err))
        on_wrong(machine->crowd, err.text);
    start(machine, &machine->prepared.rollout);
    return true;
}

/* The run at hand, or it never began. */
static bool is_over(struct crowd *crowd)
{
    bool has_ended;
    bool has_begun = machines_watch_newest(&has_ended) > crowd->last;
    return has_begun ? has_ended : crowd->machines[0].at == AT_REST;
}

static void on_join(void *arg);

static void join_later(struct machine_process *machine, uint64_t ms)
{
    machine->crowd->to_come++;
    loop_at(ms, on_join, machine);
}

/* One that finds no run waits for one, as `skein work --wait` does. */
static void on_join(void *arg)
{
    struct machine_process *machine = arg;
    struct crowd *crowd = machine->crowd;
    struct joining_request ask = {.machine = machine->name};
    struct err err;
    crowd->to_come--;
    if (is_over(crowd))
        return;
    loop_be(machine->process);
    open_fleet(machine);
    if (machines_join(&machine->fleet, &ask, &machine->joining, &err)) {
        start(machine, &machine->joining.prepared.rollout);
        return;
    }
    machines_watch_say(&crowd->watch, "does not join: %s", err.text);
    close_fleet(machine);
    if (err.kind != ERR_LEDGER && strcmp(err.code, MACHINES_NONE) != 0)
        on_wrong(crowd, err.text);
    join_later(machine, JOINS_AGAIN_MS);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static size_t at_work(const struct crowd *crowd)
{
    size_t count = 0;
    for (size_t i = 0; i < crowd->count; i++)
        count += crowd->machines[i].at == AT_WORK;
    return count;
}

static struct machine_process *machine_of(struct crowd *crowd, unsigned process)
{
    return process && process <= crowd->count ? &crowd->machines[process - 1] : NULL;
}

static void take_turns(struct crowd *crowd)
{
    if (setjmp(crowd->dies))
        bury(machine_of(crowd, loop_process()));
    while (at_work(crowd) || crowd->to_come) {
        if (!loop_turn())
            on_wrong(crowd, "nothing happens any more, and the run is not over");
        struct machine_process *machine = machine_of(crowd, loop_process());
        if (machine && machine->at == AT_WORK && !loop_is_alive(machine->process))
            rest(machine);
    }
}

static struct machine_process *add_machine(struct crowd *crowd)
{
    if (crowd->count == MACHINES_MAX)
        on_wrong(crowd, "machine after machine leaves the run, and it does not end");
    struct machine_process *machine = &crowd->machines[crowd->count++];
    *machine = (struct machine_process){.crowd = crowd, .process = (unsigned)crowd->count};
    snprintf(machine->name, sizeof machine->name, "m%u", machine->process);
    loop_be(machine->process);
    loop_forget();
    system_set_wall(machine->process, 0);
    return machine;
}

/* Until the run is over: where no one is at work on it any more, another machine comes. */
static void bring_to_an_end(struct crowd *crowd)
{
    take_turns(crowd);
    while (!is_over(crowd)) {
        join_later(add_machine(crowd), 1);
        take_turns(crowd);
    }
}

static void wait_for_quiet(struct crowd *crowd)
{
    enum { STEP_MS = 500, STEPS = 20 * 60 * 2 };
    for (int i = 0; fake_orphan_count(crowd->scene->world); i++) {
        loop_advance(STEP_MS);
        if (i > STEPS)
            on_wrong(crowd, "an orphan never ends");
    }
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void end_soon(struct conn *conn)
{
    fake_fall_silent(conn, false);
}

static void end_late(struct conn *conn)
{
    fake_fall_silent(conn, true);
}

/* What a quiet session has locked its server gives back after a lease, and after two minutes, as docs/machines.md has it. */
static void on_silent(void *arg)
{
    struct fate *fate = arg;
    if (loop_is_paused(fate->process))
        system_each_connection(fate->process, end_soon);
}

static void on_long_silent(void *arg)
{
    struct fate *fate = arg;
    if (loop_is_paused(fate->process))
        system_each_connection(fate->process, end_late);
}

static void pause_machine(struct fate *fate)
{
    enum { IDLE_MS = 120000 };
    loop_pause(fate->process, fate->lasts_ms, fate->kind == FATE_SLEEPS);
    loop_at(fate->crowd->lease_ms, on_silent, fate);
    loop_at(IDLE_MS, on_long_silent, fate);
}

/* It is over. */
static void on_recovery(void *arg)
{
    struct fate *fate = arg;
    switch (fate->kind) {
    case FATE_LOSES_LEDGER: shared_store_cut(fate->process, false); break;
    case FATE_LOSES_TENANTS: system_cut(fate->process, false); break;
    case FATE_LEDGER_DOWN: shared_store_go_down(false); break;
    case FATE_LEDGER_LOSES_ANSWERS: shared_store_lose_answers(0); break;
    case FATE_LEDGER_FALLS_BACK:
        machines_watch_say(&fate->crowd->watch, "the ledger loses its last commits");
        for (size_t i = 0; i < fate->crowd->count; i++)
            if (fate->crowd->machines[i].at != AT_HOME)
                machines_watch_lose(&fate->crowd->watch, fate->crowd->machines[i].process,
                                    fate->crowd->machines[i].at == AT_WORK);
        shared_store_fall_back();
        break;
    default: break;
    }
}

static void strike(struct fate *fate)
{
    enum { STEPS_MOST = 60, JUMP_MS = 3 * 3600 * 1000, LOSES_PERCENT = 20 };
    struct crowd *crowd = fate->crowd;
    struct rng *rng = &crowd->rng;
    switch (fate->kind) {
    case FATE_DIES: loop_die_after(fate->process, rng_between(rng, 1, STEPS_MOST)); break;
    case FATE_STOPS:
    case FATE_SLEEPS: pause_machine(fate); return;
    case FATE_LOSES_LEDGER: shared_store_cut(fate->process, true); break;
    case FATE_LOSES_TENANTS: system_cut(fate->process, true); break;
    case FATE_JUMPS:
        system_set_wall(fate->process, (int64_t)rng_below(rng, 2 * JUMP_MS) - JUMP_MS);
        return;
    case FATE_SIGNAL:
        crowd->watch.is_stopped = true;
        loop_signal(fate->process, rng_chance(rng, 50) ? SIGINT : SIGTERM);
        return;
    case FATE_LEDGER_DOWN: shared_store_go_down(true); break;
    case FATE_LEDGER_FALLS_BACK: shared_store_keep(); break;
    case FATE_LEDGER_LOSES_ANSWERS: shared_store_lose_answers(LOSES_PERCENT); break;
    case FATE__COUNT: break;
    }
    loop_at(fate->lasts_ms, on_recovery, fate);
}

static void on_fate(void *arg)
{
    static const char *const names[] = {
        [FATE_DIES] = "dies soon",
        [FATE_STOPS] = "stops",
        [FATE_SLEEPS] = "sleeps",
        [FATE_LOSES_LEDGER] = "loses the ledger",
        [FATE_LOSES_TENANTS] = "loses its tenants",
        [FATE_JUMPS] = "has another time of day",
        [FATE_SIGNAL] = "gets a signal",
        [FATE_LEDGER_DOWN] = "the ledger is down",
        [FATE_LEDGER_FALLS_BACK] = "the standby of the ledger gets no more",
        [FATE_LEDGER_LOSES_ANSWERS] = "the ledger loses answers",
    };
    struct fate *fate = arg;
    struct crowd *crowd = fate->crowd;
    struct machine_process *machine = machine_of(crowd, fate->process);
    if (machine ? machine->at != AT_WORK : !at_work(crowd))
        return;
    loop_be(fate->process);
    machines_watch_say(&crowd->watch, "%s for %d ms", names[fate->kind], (int)fate->lasts_ms);
    strike(fate);
}

static void plan_fates(struct crowd *crowd, uint32_t count)
{
    static const uint32_t often[] = {0, 1, 1, 2, 4, 8};
    static const uint32_t begins_ms[] = {20, 100, 500, 2000, 10000, 60000};
    static const uint32_t lasts_ms[] = {100, 3000, 50000, 100000, 400000};
    struct rng *rng = &crowd->rng;
    uint32_t signals = 0;
    crowd->fate_count = crowd->is_calm ? 0 : RNG_PICK(rng, often);
    for (size_t i = 0; i < crowd->fate_count; i++) {
        struct fate *fate = &crowd->fates[i];
        *fate = (struct fate){.crowd = crowd,
                              .kind = (enum fate_kind)rng_below(rng, FATE__COUNT),
                              .lasts_ms = rng_between(rng, 1, RNG_PICK(rng, lasts_ms))};
        if (fate->kind == FATE_DIES && !crowd->options.may_kill)
            fate->kind = FATE_SLEEPS;
        if (fate->kind == FATE_SIGNAL && ++signals > 2) /* the third would be ours */
            fate->kind = FATE_JUMPS;
        if (fate->kind < FATE_LEDGER_DOWN)
            fate->process = rng_between(rng, 1, count);
        crowd->watch.is_quiet = crowd->watch.is_quiet && fate->kind == FATE_JUMPS;
        loop_at(rng_between(rng, 1, RNG_PICK(rng, begins_ms)), on_fate, fate);
    }
}

/* What is still to come of it has no one to befall. */
static void end_fates(struct crowd *crowd)
{
    loop_forget_world();
    shared_store_go_down(false);
    shared_store_lose_answers(0);
    for (unsigned i = 0; i < LOOP_PROCESSES_MAX; i++) {
        shared_store_cut(i, false);
        system_cut(i, false);
    }
    crowd->fate_count = 0;
}

/* ---- after a run ----------------------------------------------------------------------------- */

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

static const struct {
    struct observer observers[2];
} * reading;

static void on_both(void *ctx, const struct event *event)
{
    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(reading->observers); i++)
        reading->observers[i].on_event(reading->observers[i].ctx, event);
}

/* What the ledger tells of the newest run, as `skein report` does. Its exit code. */
static int check_report(struct crowd *crowd)
{
    struct report *report = report_new();
    __typeof__(*reading) both = {{machines_watch_reader(&crowd->watch), {on_report_event, report}}};
    struct observer observer = {on_both, NULL};
    struct ledger_run run;
    struct arena arena;
    struct err err;
    reading = &both;
    loop_be(0);
    arena_init(&arena);
    struct ledger *ledger = ledger_open(SHARED_STORE, LEDGER_READ, &err);
    if (!ledger || !ledger_find(ledger, NULL, &arena, &run, &err) ||
        !ledger_replay(ledger, run.id, &arena, &observer, &err))
        on_wrong(crowd, err.text);
    machines_watch_check_end(&crowd->watch, report, run.tenant_count);
    int exit_code = report_exit_code(report, 0);
    crowd->goes_back =
        report_state(report) == RUN_ROLLBACK_FAILED || (crowd->watch.is_rollback && exit_code != 0);
    machines_watch_say(&crowd->watch, "the report: %s, exit %d",
                       run_state_name(report_state(report)), exit_code);
    ledger_close(ledger);
    report_free(report);
    arena_done(&arena);
    return exit_code;
}

/* The exit code of the run; EXIT_NOTHING: it was refused, or the ledger knows nothing of it. */
static int run_together(struct crowd *crowd, enum deed deed, uint32_t count)
{
    static const uint32_t soon_ms[] = {20, 1, 300, 3000, 30000};
    bool has_ended;
    crowd->count = crowd->to_come = 0;
    crowd->last = machines_watch_newest(&has_ended);
    crowd->last_of_all = machines_watch_newest_of_all(crowd->run, sizeof crowd->run);
    machines_watch_begin_run(&crowd->watch);
    loop_plan(&(struct loop_plan){.give_up_ms = GIVE_UP_MS});
    if (!begin_run(add_machine(crowd), deed))
        return EXIT_NOTHING;
    crowd->rollouts++;
    for (uint32_t i = 1; i < count; i++)
        join_later(add_machine(crowd),
                   rng_between(&crowd->rng, 1,
                               crowd->is_calm ? *soon_ms : RNG_PICK(&crowd->rng, soon_ms)));
    plan_fates(crowd, count);
    bring_to_an_end(crowd);
    end_fates(crowd);
    wait_for_quiet(crowd);
    bool is_on_record =
        machines_watch_newest_of_all(crowd->run, sizeof crowd->run) > crowd->last_of_all;
    return is_on_record ? check_report(crowd) : EXIT_NOTHING;
}

/* ---- the case -------------------------------------------------------------------------------- */

static void settle_all(struct crowd *crowd, bool finishes)
{
    for (size_t i = 0; i < crowd->scene->inventory.tenant_count; i++) {
        struct truth truth = machines_watch_truth(&crowd->watch, i);
        bool is_other_way = (truth.unfinished_direction == DIRECTION_UP) ==
                            (crowd->goes_back != (crowd->command == PLAN_DOWNGRADE));
        person_settle(crowd->scene, i, &truth,
                      finishes || is_other_way || rng_chance(&crowd->rng, 50));
    }
}

/* Where everyone stands by now is where a rollout begins; what an earlier one has left half way a person has finished by then. */
static int begin_rollout(struct crowd *crowd, uint32_t count)
{
    bool is_down = crowd->command == PLAN_DOWNGRADE;
    settle_all(crowd, true);
    machines_watch_begin_rollout(&crowd->watch, is_down ? 0 : crowd->scene->all, is_down);
    return run_together(crowd, DEED_FORWARD, count);
}

static void become_calm(struct crowd *crowd)
{
    crowd->is_calm = crowd->knows_hosts = crowd->watch.is_quiet = true;
    crowd->scene->inventory.rollout.forecast = (struct forecast_rules){0};
    troubles_heal(crowd->scene);
    for (size_t i = 0; i < crowd->scene->inventory.tenant_count; i++) {
        const struct tenant *tenant = &crowd->scene->inventory.tenants[i];
        const char *host = tenant_label(tenant, "reachable_from");
        if (host && strcmp(host, NOWHERE) == 0)
            ((struct label *)(uintptr_t)tenant->labels)[0].value = "m1";
    }
}

/* Where files have hosts, all of these. */
static uint32_t calm_count(struct crowd *crowd)
{
    enum { HOSTS = 3 };
    return crowd->have_hosts ? HOSTS : rng_between(&crowd->rng, 1, HOSTS);
}

/* One resume, and where a person had to look one more, brings all to the end. */
static void heal(struct crowd *crowd, int exit_code)
{
    become_calm(crowd);
    if (crowd->watch.is_forgotten) /* a new rollout does not ask what became of that one */
        exit_code = EXIT_NOTHING;
    for (int i = 0; exit_code != 0 && exit_code != 3; i++) {
        if (i > 2)
            on_wrong(crowd, "it does not heal");
        if (i)
            settle_all(crowd, false);
        exit_code = exit_code == EXIT_NOTHING ? begin_rollout(crowd, calm_count(crowd))
                                              : run_together(crowd, DEED_RESUME, calm_count(crowd));
        if (exit_code == EXIT_NOTHING && crowd->scene->lacks_down)
            return;
    }
    if (exit_code == 0)
        exit_code = run_together(crowd, DEED_RESUME, calm_count(crowd));
    if (exit_code != EXIT_NOTHING && exit_code != 0 && exit_code != 3)
        on_wrong(crowd, "doing it twice ends otherwise than once");
}

static void choose_rollout(struct crowd *crowd)
{
    bool is_down = rng_chance(&crowd->rng, 10) && !crowd->scene->lacks_down;
    crowd->command = is_down ? PLAN_DOWNGRADE : PLAN_UPGRADE;
    crowd->targets[0] = is_down ? "base" : "heads";
}

/* A test of real machines cannot wait for long; these can. */
static void choose_lease(struct crowd *crowd)
{
    static char settings[][32] = {"SKEIN_LEASE_MS=60000", "SKEIN_LEASE_MS=60000",
                                  "SKEIN_LEASE_MS=5000", "SKEIN_LEASE_MS=600000"};
    char *setting = RNG_PICK(&crowd->rng, settings);
    putenv(setting);
    crowd->lease_ms = strtoull(strchr(setting, '=') + 1, NULL, 10);
}

/* By a seed of their own: all other crowds stay as they were. */
static void choose_kind(struct crowd *crowd)
{
    enum { WATCHED_PERCENT = 25, TOLD_PERCENT = 40 };
    struct rng rng = {crowd->seed ^ 0x1f83d9abfb41bd6bu};
    crowd->watched_by = rng_chance(&rng, WATCHED_PERCENT) ? rng_next(&rng) | 1 : 0;
    /* a file that is told of would be looked for on the disk */
    crowd->are_told = rng_chance(&rng, TOLD_PERCENT) && !crowd->scene->has_files;
}

static void plan_fate(struct crowd *crowd)
{
    crowd->is_calm = false;
    crowd->knows_hosts = rng_chance(&crowd->rng, 80);
    crowd->scene->inventory.rollout.forecast = crowd->scene->forecast;
    crowd->watch.is_quiet = true;
    troubles_heal(crowd->scene);
    if (rng_chance(&crowd->rng, 60))
        troubles_scatter(crowd->scene);
}

/* What is done may be brought back, and what is not may be gone on with. */
static bool is_to_go_on(struct crowd *crowd, int exit_code)
{
    bool is_done = exit_code == 0 && !crowd->watch.is_rollback;
    return exit_code != 3 && exit_code != EXIT_NOTHING && !crowd->watch.is_forgotten &&
           (is_done || exit_code != 0) && rng_chance(&crowd->rng, 40);
}

static enum deed choose_deed(struct crowd *crowd, int exit_code)
{
    return exit_code == 0 || rng_chance(&crowd->rng, 25) ? DEED_ROLLBACK : DEED_RESUME;
}

unsigned play_case(uint64_t seed, const struct play_options *options)
{
    static const uint32_t counts[] = {2, 2, 2, 3, 3, 4, 5, 8};
    static struct crowd crowd; /* outlives longjmp */
    crowd = (struct crowd){.seed = seed, .options = *options, .rng = {seed ^ 0x2545f4914f6cdd1du}};
    heap_begin();
    make_world(&crowd);
    choose_kind(&crowd);
    choose_rollout(&crowd);
    choose_lease(&crowd);
    plan_fate(&crowd);
    int exit_code = begin_rollout(&crowd, RNG_PICK(&crowd.rng, counts));
    while (is_to_go_on(&crowd, exit_code)) {
        enum deed deed = choose_deed(&crowd, exit_code);
        plan_fate(&crowd);
        exit_code = run_together(&crowd, deed, RNG_PICK(&crowd.rng, counts));
    }
    heal(&crowd, exit_code);
    scene_free(crowd.scene);
    loop_end();
    heap_drop();
    return crowd.rollouts;
}
