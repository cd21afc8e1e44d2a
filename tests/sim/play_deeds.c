#include "dialect/scripts.h"
#include "sim/play_private.h"

#include "event/status.h"
#include "library/continuation.h"
#include "library/prepare.h"
#include "report/report.h"
#include "sim/fake_uv.h"
#include "sim/heap.h"
#include "sim/spectator.h"

static const char *const deed_names[] = {
    [DEED_FORWARD] = "forward", [DEED_RESUME] = "resume", [DEED_ROLLBACK] = "rollback",
    [DEED_ADOPT] = "adopt",     [DEED_STAMP] = "stamp",   [DEED_ACCEPT] = "accept",
    [DEED_LOOK] = "look",       [DEED_FIND] = "find"};

/* ---- a command, as src/cli runs it --------------------------------------------------------- */

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

/* What gates print comes in whole lines. */
static void on_output(void *ctx, const char *text, size_t len)
{
    if (!len || text[len - 1] != '\n')
        play_wrong(ctx, "a gate's output is handed on in the middle of a line");
}

static void on_status_event(void *ctx, const struct event *event)
{
    status_apply(ctx, event, loop_now_ms());
}

/* What is shown while the run goes on, and what is told of it afterwards, agree. */
static void check_status(struct play *play, const struct status *status,
                         const struct report *report)
{
    static const enum tenant_state own[] = {TENANT_SUCCEEDED, TENANT_UNCHANGED, TENANT_ROLLED_BACK};
    size_t sum = 0;
    for (int state = 0; state < TENANT__COUNT; state++)
        sum += status->states[state];
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (status->states[own[i]] != report_total(report, own[i]))
            play_wrong(play, "the status counts otherwise than the report");
    if (sum != status->total || status->running || status->oldest != STATUS_NONE ||
        status->done > status->total || status->bad > status->done || status->waits_for.what)
        play_wrong(play, "the status of a run that is over does not add up");
}

struct request play_request(const struct play *play)
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
                            .targets = play->targets,
                            .target_count = play->target_count,
                            .purges = play->purges,
                            .forces = play->forces,
                            .limits = {.wave = play->wave}};
}

/* Who keeps the status. In some runs that is the run itself, and someone watches it. */
static struct observer watch_status(struct play *play, struct spectator *spectator,
                                    struct status *status, struct rollout_options *options)
{
    enum { WATCHED_PERCENT = 25 };
    if (!rng_chance(&play->watching, WATCHED_PERCENT))
        return (struct observer){on_status_event, status};
    *spectator = (struct spectator){.rng = rng_split(&play->watching),
                                    .scene = play->scene,
                                    .on_wrong = play_wrong,
                                    .ctx = play};
    spectator_watch(spectator, status, options);
    return spectator_observer(spectator);
}

static bool is_stamp(const struct request *request)
{
    return request->verb->work == WORK_PLAN && request_plan(request) == PLAN_STAMP;
}

static int visit_fleet(struct play *play, struct fleet *fleet, const struct request *asked)
{
    struct request verifying = *asked;
    const struct request *request = &verifying;
    verifying.verifying = play_verifying(play, asked);
    struct prepared_run prepared;
    struct err err;
    int exit_code = 2;
    if (!prepare_run(fleet, request, &prepared, &err)) {
        prepare_done(&prepared);
        play_wrong(play, err.text);
    }
    struct report *report = report_new();
    struct status *status = status_new();
    struct spectator spectator;
    struct observer observers[] = {watch_observer(&play->watch),
                                   {on_report_event, report},
                                   watch_status(play, &spectator, status, &prepared.rollout),
                                   {play_check_verified, play}};
    play->rollouts++;
    watch_begin_run(&play->watch, request->verb->rolls_back);
    play->watch.rehearses = request->rehearses;
    play->watch.stops =
        request->policy.has_on_failure && request->policy.on_failure == ON_FAILURE_STOP;
    if (is_stamp(request))
        watch_stamps(&play->watch, request->forces);
    if (!request->verb->keeps_ledger)
        watch_settles(&play->watch);
    if (rng_chance(&play->scene->more, 70)) {
        prepared.rollout.on_output = on_output;
        prepared.rollout.output_ctx = play;
    }
    struct rollout_end end = rollout_run(&prepared.rollout, observers, ARRAY_LEN(observers));
    exit_code = end.ledger_err.kind != ERR_NONE ? 6 : report_exit_code(report, end.signal);
    if (!request->verb->takes_tool && request->verb->changes)
        watch_check_report(&play->watch, report, exit_code);
    if (exit_code == 6)
        watch_lose_track(&play->watch);
    check_status(play, status, report);
    status_free(status);
    report_free(report);
    prepare_done(&prepared);
    return exit_code;
}

int play_visit_carefully(struct play *play, struct fleet *fleet, const struct request *request)
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

/* Some of the tenants; whether the run has them is not known yet. */
static const struct tenant **choose_only(const struct play *play, struct fleet *fleet,
                                         size_t *ret_count)
{
    const struct tenant **only =
        arena_calloc(&fleet->arena, fleet->tenant_count + 1, sizeof(const struct tenant *));
    *ret_count = 0;
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (play->only >> i & 1)
            only[(*ret_count)++] = fleet->tenants[i];
    return play->only ? only : NULL;
}

/* Which one is meant without an id is not the simulation's to find out. */
static const char *run_of(const struct play *play, bool is_rollback)
{
    return is_rollback && play->part_of ? play->part_of : memory_ledger_newest(play->ledger);
}

static void take_continuation(struct play *play, const struct continuation *continuation)
{
    if (continuation->is_rollback && play->only && !play->part_of)
        play->part_of = continuation->run.id;
    play->is_rollback = continuation->is_rollback;
    play->watch.only = play->only;
    play->watch.is_from_older =
        strcmp(continuation->run.id, memory_ledger_newest(play->ledger)) != 0;
    if (!play->is_rollback)
        return;
    play->wave = NULL; /* everyone goes back */
    play->watch.wave_limit = SIZE_MAX;
}

static int visit_again(struct play *play, struct fleet *fleet, bool is_rollback)
{
    struct continuation continuation;
    struct err err;
    int exit_code = EXIT_NOTHING;
    struct continuation_request asked = {.run = run_of(play, is_rollback),
                                         .is_rollback = is_rollback,
                                         .accepts_chain_change = play->was_edited};
    if (!asked.run)
        return exit_code;
    asked.only = choose_only(play, fleet, &asked.only_count);
    if (!continuation_open(fleet, &asked, &continuation, &err)) {
        play_tell(play, "refused:", err.text);
        return exit_code;
    }
    take_continuation(play, &continuation);
    bool stops = continuation.verb->takes_tool || play->only; /* a part does not roll others back */
    struct request request = {.limits = {.wave = play->wave}, .policy = {.has_on_failure = stops}};
    continuation_fill(&continuation, &request);
    exit_code = play_visit_carefully(play, fleet, &request);
    continuation_close(&continuation);
    return exit_code;
}

void play_open_fleet(const struct play *play, struct fleet *ret_fleet)
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

void play_open_fleet_of(const struct play *play, struct fleet *ret_fleet, size_t tenant)
{
    play_open_fleet(play, ret_fleet);
    ret_fleet->tenants += tenant;
    ret_fleet->tenant_count = 1;
}

void play_close_fleet(struct fleet *fleet)
{
    scripts_free(fleet->scripts);
    arena_done(&fleet->arena);
}

static bool is_new(enum deed deed)
{
    return deed != DEED_RESUME && deed != DEED_ROLLBACK;
}

static int do_deed(struct play *play, enum deed deed)
{
    static const char *const all[] = {"heads"};
    struct fleet fleet;
    int exit_code;
    if (deed == DEED_FIND)
        return play_find_deed(play);
    play_open_fleet(play, &fleet);
    if (is_new(deed)) {
        struct request request = play_request(play);
        if (deed == DEED_LOOK)
            request = (struct request){.verb = play->looks_by,
                                       .weighs_changes = true,
                                       .rehearses = play->rehearses,
                                       .reads_catalog =
                                           rng_chance(&play->scene->more, 40) && !play->rehearses,
                                       .targets = all,
                                       .target_count = play->looks_by->work == WORK_PLAN};
        else if (deed == DEED_ACCEPT)
            request = (struct request){.verb = &verbs[VERB_ACCEPT],
                                       .targets = play->targets,
                                       .target_count = play->target_count};
        exit_code = play_visit_carefully(play, &fleet, &request);
    } else {
        exit_code = visit_again(play, &fleet, deed == DEED_ROLLBACK);
    }
    play_close_fleet(&fleet);
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
    play_tell(play, "killed", "");
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
int play_run_deed(struct play *play, enum deed deed)
{
    char text[16];
    size_t runs = memory_ledger_run_count(play->ledger);
    play_tell(play, play->only ? "begins in part:" : "begins:", deed_names[deed]);
    int exit_code = do_or_die(play, deed);
    play->watch.only = 0;
    bool is_rolled_back = play->watch.has_finished && play->watch.state == RUN_ROLLED_BACK;
    bool is_rolling = play->watch.has_finished && play->watch.is_going_back && exit_code != 6;
    play->is_rollback = play->is_rollback || is_rolling || (exit_code == 6 && is_rolled_back);
    snprintf(text, sizeof text, "%d", exit_code);
    play_tell(play, "exit", text);
    bool is_known =
        memory_ledger_run_count(play->ledger) > runs || !is_new(deed) || deed >= DEED_ACCEPT;
    return is_known || exit_code == 2 ? exit_code : EXIT_NOTHING;
}
