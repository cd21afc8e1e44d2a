#include "library/continuation.h"

#include "base/clock.h"
#include "library/chain_changes.h"
#include "library/continuation_tenants.h"
#include "library/fleet_ledger.h"
#include "library/newest.h"
#include "library/own.h"

/* ---- which run ----------------------------------------------------------------------------- */

static bool refuse_run(struct err *err, const struct ledger_run *run, const char *why)
{
    return err_set(err, ERR_CONFIG, "run %s %s", run->id, why);
}

/* A resume of a run whose rollback is not done goes on with that rollback: to go forward would bring tenants to
 * the target again that were brought back on purpose. */
static const char *next_of(const struct ledger_run *run, const struct continuation_request *request)
{
    bool is_unfinished = run->rolled_back_by && run->state != RUN_ROLLED_BACK;
    if (run->resumed_by)
        return run->resumed_by;
    return is_unfinished && !request->is_rollback ? run->rolled_back_by : NULL;
}

static bool choose_newest(struct continuation *continuation, struct fleet *fleet,
                          const struct continuation_request *request, struct err *err)
{
    struct newest newest;
    if (!newest_find(fleet, continuation->ledger, request->is_rollback, &newest, err))
        return false;
    continuation->run = newest.run;
    continuation->is_newest = true;
    continuation->is_due = newest.is_due;
    continuation->others = newest.others;
    continuation->other_count = newest.other_count;
    return true;
}

/* Follows the chain of resumes to the newest run. Exception: a rollback stops before a resume that was itself
 * rolled back, since only the older run knows its tenants. */
static bool find_newest(struct continuation *continuation, struct fleet *fleet,
                        const struct continuation_request *request, struct err *err)
{
    struct ledger_run later;
    bool is_own;
    if (request->run ? !own_find(fleet, continuation->ledger, request->run, &continuation->run, err)
                     : !choose_newest(continuation, fleet, request, err))
        return false;
    if (!own_is(fleet, continuation->ledger, &continuation->run, &is_own, err))
        return false;
    continuation->is_of_other = !is_own;
    for (const char *next; (next = next_of(&continuation->run, request));) {
        if (!ledger_find(continuation->ledger, next, &fleet->arena, &later, err))
            return false;
        bool is_rolled_back =
            later.state == RUN_ROLLED_BACK ||
            (next == continuation->run.rolled_back_by && later.state == RUN_SUCCEEDED);
        if (is_rolled_back && continuation->run.state != RUN_ROLLED_BACK &&
            (request->is_rollback || next == continuation->run.rolled_back_by))
            break;
        continuation->run = later;
    }
    return true;
}

/* To go forward would bring tenants to the target again that were rolled back on purpose. */
static bool refuse_part(const struct ledger_run *run, struct err *err)
{
    return err_set(
        err, ERR_CONFIG,
        "run %s was rolled back in part (run %s), and to resume it would undo that: 'skein rollback %s' "
        "rolls the other tenants back, a new run goes forward",
        run->id, run->rolled_back_by, run->id);
}

static bool choose_run(struct continuation *continuation, struct fleet *fleet,
                       const struct continuation_request *request, struct err *err)
{
    if (!find_newest(continuation, fleet, request, err))
        return false;
    const struct ledger_run *run = &continuation->run;
    bool was_rollback = run->verb->rolls_back;
    const char *over =
        run->state == RUN_ROLLED_BACK ? "was rolled back: there is nothing left of it"
        : was_rollback && run->state == RUN_SUCCEEDED ? "rolled another run back, and is done"
                                                      : NULL;
    if (over && continuation->is_newest && !continuation->is_due)
        return err_set(err, ERR_CONFIG, "there is no run to %s: the newest, %s, %s",
                       request->is_rollback ? "roll back" : "resume", run->id, over);
    if (over)
        return refuse_run(err, run, over);
    continuation->is_rollback_begun = was_rollback || run->is_rolling_back;
    continuation->is_rollback = request->is_rollback || continuation->is_rollback_begun;
    return continuation->is_rollback || !run->rolled_back_by || refuse_part(run, err);
}

static bool refuse_chain(const struct continuation *continuation, struct fleet *fleet,
                         struct err *err)
{
    static const struct chain_words words = {"has changed", "is gone", "is new"};
    const char *changes;
    if (!chain_changes(fleet, continuation->ledger, continuation->run.chain_digest, &words,
                       &changes, err))
        return false;
    return err_set(
        err, ERR_CHAIN,
        "the chain has changed since run %s%s%s: put it back, or say --accept-chain-change where the tenants need "
        "nothing of what changed in files that they have applied",
        continuation->run.id, *changes ? ": " : "", changes);
}

static bool check_chain(const struct continuation *continuation, struct fleet *fleet,
                        const struct continuation_request *request, struct err *err)
{
    return request->accepts_chain_change || !continuation->run.chain_digest ||
           strcmp(continuation->run.chain_digest, fleet->chain->digest) == 0 ||
           refuse_chain(continuation, fleet, err);
}

/* ---- what it was about --------------------------------------------------------------------- */

/* Can runs of the verb be gone on with and rolled back, as far as this release knows? */
static bool check_verb(const struct ledger_run *run, struct err *err)
{
    const struct verb *verb = run->verb;
    if (verb->is_unknown)
        return err_set(
            err, ERR_CONFIG,
            "run %s is of the command '%s', which this release does not know: go on with it by the newer "
            "skein that made it",
            run->id, verb->name);
    return true;
}

/* A rollback runs scripts or only sets rows, as the run did that it rolls back. */
static bool find_verbs(struct continuation *continuation, struct fleet *fleet,
                       const struct continuation_request *request, struct err *err)
{
    struct ledger_run first = continuation->run;
    while (first.verb->rolls_back && first.resumed_from) {
        continuation->is_part |= origin_is_narrowed(&first.origin);
        if (!ledger_find(continuation->ledger, first.resumed_from, &fleet->arena, &first, err))
            return false;
    }
    if (!check_verb(&continuation->run, err) || !check_verb(&first, err))
        return false;
    continuation->ends_failure =
        continuation->is_rollback && first.is_rolling_back && !request->is_rollback;
    continuation->verb = continuation->is_rollback ? &verbs[VERB_ROLLBACK] : continuation->run.verb;
    continuation->rolled_back = continuation->is_rollback ? first.verb : NULL;
    return true;
}

/* Words with single blanks between them. */
static void split_targets(struct continuation *continuation, struct arena *arena)
{
    const char **targets = NULL;
    size_t count = 0, capacity = 0;
    const char *at = continuation->run.fixed_target ? continuation->run.fixed_target : "";
    while (*at) {
        size_t len = strcspn(at, " ");
        *ARENA_PUSH(arena, targets, count, capacity) = arena_strndup(arena, at, len);
        at += len + (at[len] == ' ');
    }
    continuation->targets = targets;
    continuation->target_count = count;
}

/* ---- the interface ------------------------------------------------------------------------- */

static bool read_run(struct fleet *fleet, const struct continuation_request *request,
                     struct continuation *continuation, struct err *err)
{
    struct ledger_fleet *past = arena_alloc(&fleet->arena, sizeof *past);
    continuation->past = past;
    if (!choose_run(continuation, fleet, request, err) ||
        !check_chain(continuation, fleet, request, err) ||
        !find_verbs(continuation, fleet, request, err) ||
        !ledger_read_family(continuation->ledger, continuation->run.id, &fleet->arena,
                            &continuation->family.ids, &continuation->family.count, err) ||
        !ledger_read_fleet(continuation->ledger, continuation->run.id, &fleet->arena, past, err))
        return false;
    split_targets(continuation, &fleet->arena);
    return continuation_select(continuation, fleet, request, err);
}

bool continuation_open(struct fleet *fleet, const struct continuation_request *request,
                       struct continuation *ret_continuation, struct err *err)
{
    struct continuation *continuation = ret_continuation;
    *continuation = (struct continuation){0};
    rollout_make_id(continuation->run_id);
    continuation->ledger = request->is_dry_run
                               ? fleet_ledger_read(fleet, err)
                               : fleet_ledger_open(fleet, continuation->run_id, err);
    if (!continuation->ledger)
        return false;
    if (read_run(fleet, request, continuation, err))
        return true;
    continuation_close(continuation);
    return false;
}

void continuation_close(struct continuation *continuation)
{
    ledger_close(continuation->ledger);
    continuation->ledger = NULL;
}

/* A tenant that was left out may be of any wave: to wait for nothing is better than not to wait. */
static bool has_wave_changed(const struct ledger_fleet *past, size_t wave)
{
    for (size_t i = 0; i < past->count; i++)
        if ((past->wave_of[i] == wave ||
             strcmp(past->waves[past->wave_of[i]].name, RUN_WAVE_NOT_SELECTED) == 0) &&
            standing_may_have_changed(&past->standings[i]))
            return true;
    return false;
}

/* The soak of a wave that the rollout has changed, as far as it is not over: all of it where the ledger does
 * not say when the wave ended. */
static int64_t soak_until(const struct ledger_fleet *past, const struct rollout_wave *wave)
{
    for (size_t i = 0; i < past->wave_count; i++) {
        int64_t finished_ms = past->wave_finished_ms[i];
        if (strcmp(past->waves[i].name, wave->name) == 0 && has_wave_changed(past, i))
            return (finished_ms ? finished_ms : clock_wall_ms()) + (int64_t)wave->soak_ms;
    }
    return 0;
}

void continuation_fill(struct continuation *continuation, struct request *request)
{
    request->verb = continuation->verb;
    request->rolled_back = continuation->rolled_back;
    request->targets = continuation->targets;
    request->target_count = continuation->target_count;
    request->forces = continuation->run.forces;
    request->purges = continuation->run.purges && !continuation->is_rollback;
    request->continues = continuation;
    if (!continuation->is_rollback)
        return;
    request->limits.wave = NULL;
    request->policy.has_on_failure = true;
    request->policy.on_failure = ON_FAILURE_CONTINUE;
}

void continuation_apply(const struct continuation *continuation, struct rollout_options *rollout)
{
    rollout->ends_failure = continuation->ends_failure;
    rollout->run.standings = continuation->standings;
    rollout->run.resumed_from = continuation->run.id;
    rollout->can_resume = continuation->is_rollback && !continuation->is_rollback_begun;
    rollout->family = continuation->family;
    struct rollout_wave *waves = (struct rollout_wave *)(uintptr_t)rollout->waves;
    bool soaks = request_changes(rollout->run.request); /* who only looks waits for nothing */
    for (size_t i = 0; soaks && i < rollout->wave_count; i++)
        waves[i].soak_until_ms = soak_until(continuation->past, &waves[i]);
}
