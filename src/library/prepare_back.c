/* Can what a run does be taken back? Asked before any tenant is touched. */
#include "dialect/scripts.h"
#include "library/prepare.h"

#include "chain/walk.h"
#include "library/continuation.h"

/* The files without a down section that any tenant would need, each once; tenants that a rollback would fail in. */
struct check {
    bool refuses_partial;
    const struct fleet *fleet;
    struct faults *faults;
    bool *seen; /* by revision */
    bool is_refused;
};

static void refuse_tenant(struct check *check, const char *tenant, const struct err *err)
{
    struct err fault = *err;
    err_prefix(&fault, "tenant '%s'", tenant);
    faults_add_err(check->faults, &fault);
    check->is_refused = true;
}

static bool is_irreversible(const struct err *err)
{
    return err && strcmp(err->code, PLAN_IRREVERSIBLE) == 0;
}

/* From where a checkpoint leads, the way back is that of the revisions. */
static bool can_go_back_under(const struct fleet *fleet, enum dialect_id dialect,
                              const struct revision *checkpoint, struct err *err)
{
    bool *under = xcalloc(fleet->chain->count + 1, sizeof *under);
    bool is_good = true;
    walk_mark(fleet->chain, under, checkpoint->index, WALK_PARENTS);
    for (size_t i = 0; i < fleet->chain->count && is_good; i++) {
        const struct revision *revision = fleet->chain->revisions[i];
        if (under[i] && !revision_has_direction(revision, DIRECTION_DOWN))
            is_good = plan_refuse_irreversible(revision, err);
        else if (under[i])
            is_good =
                scripts_get(fleet->scripts, dialect_of(dialect), revision, DIRECTION_DOWN, err);
    }
    free(under);
    return is_good;
}

static bool has_rollback(const struct fleet *fleet, enum dialect_id dialect,
                         const struct step_done *step, struct err *err)
{
    enum direction back = step->direction == DIRECTION_UP ? DIRECTION_DOWN : DIRECTION_UP;
    if (step->revision->is_checkpoint)
        return can_go_back_under(fleet, dialect, step->revision, err);
    if (!revision_has_direction(step->revision, back))
        return plan_refuse_irreversible(step->revision, err);
    return scripts_get(fleet->scripts, dialect_of(dialect), step->revision, back, err);
}

/* A plan that goes back says by itself what it lacks; one that goes forward may have to go back. */
static void on_planned(void *ctx, const struct event *event)
{
    struct check *check = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    const struct tenant *tenant = event->run->tenants[event->tenant];
    if (is_irreversible(outcome->error) && !check->is_refused)
        refuse_tenant(check, tenant->name, outcome->error);
    if (check->refuses_partial && outcome->state == TENANT_PARTIAL)
        refuse_tenant(check, tenant->name, outcome->error);
    if (rollout_rolls_back_by_copy(tenant))
        return;
    for (size_t i = 0; check->seen && i < outcome->step_count; i++) {
        const struct step_done *step = &outcome->steps[i];
        struct err err;
        if (!step->revision || check->seen[step->revision->index] ||
            has_rollback(check->fleet, outcome->dialect, step, &err))
            continue;
        check->seen[step->revision->index] = true;
        refuse_tenant(check, tenant->name, &err);
    }
}

static bool needs_look(const struct fleet *fleet, const struct request *request,
                       bool *ret_may_roll_back)
{
    bool goes_up = request->verb->work == WORK_PLAN && request_plan(request) == PLAN_UPGRADE;
    bool goes_down = request->verb->work == WORK_PLAN && request_plan(request) == PLAN_DOWNGRADE;
    *ret_may_roll_back = goes_up && request->verb->changes &&
                         prepare_policy(request, &fleet->inventory->rollout) == ON_FAILURE_ROLLBACK;
    return goes_down || request->verb->rolls_back || *ret_may_roll_back;
}

bool prepare_looks_first(const struct fleet *fleet, const struct request *request)
{
    enum verify_schema verifies = request->verifying.is_said
                                      ? request->verifying.when
                                      : fleet->inventory->rollout.verify_schema;
    bool stamps = request->verb->work == WORK_PLAN && request_plan(request) == PLAN_STAMP;
    bool may_roll_back;
    return stamps || (request->verb->verifies && verifies != VERIFY_NONE) ||
           needs_look(fleet, request, &may_roll_back);
}

bool prepare_can_roll_back(struct fleet *fleet, const struct request *request,
                           const struct observer *observer, int *ret_signal, struct faults *faults)
{
    struct check check = {.fleet = fleet, .faults = faults};
    struct observer observers[2] = {{on_planned, &check}};
    struct request look = *request;
    struct prepared_run prepared;
    struct err err;
    bool may_roll_back;
    *ret_signal = 0;
    if (!needs_look(fleet, request, &may_roll_back))
        return true;
    if (may_roll_back)
        check.seen = arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof(bool));
    /* A rollback that has begun goes on with what can go back. */
    check.refuses_partial = request->verb->rolls_back && !request->continues->is_rollback_begun;
    look.is_dry_run = true;
    look.verifying.verification = NULL; /* what tenants hold does not matter here */
    if (!prepare_run(fleet, &look, &prepared, &err)) {
        faults_add_err(faults, &err);
        return false;
    }
    if (observer)
        observers[1] = *observer;
    struct rollout_end end = rollout_run(&prepared.rollout, observers, observer ? 2 : 1);
    prepare_done(&prepared);
    *ret_signal = end.signal;
    if (end.err.kind != ERR_NONE)
        faults_add_err(faults, &end.err);
    return !check.is_refused && end.err.kind == ERR_NONE;
}
