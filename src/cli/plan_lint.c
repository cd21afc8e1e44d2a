#include "cli/plan_lint.h"

#include "cli/faults.h"
#include "report/report.h"

/* Where no tenant's URL is known, sections say whose SQL it is; a plan has tenants. */
static void find_dialects(const struct fleet *fleet, bool *ret_used)
{
    for (size_t i = 0; i < fleet->tenant_count; i++)
        dialect_mark_possible(fleet->tenants[i]->url.dialect, fleet->tenants[i]->url.scheme,
                              ret_used);
}

void plan_lint_begin(struct plan_lint *plan_lint, const struct fleet *fleet,
                     const struct request *request, bool is_quiet)
{
    bool used[DIALECT__COUNT] = {false};
    struct faults faults;
    *plan_lint = (struct plan_lint){.hides_sql = fleet->inventory->hides_sql};
    faults_init(&faults);
    find_dialects(fleet, used);
    bool goes_down = request->verb->rolls_back || request_plan(request) == PLAN_DOWNGRADE;
    struct fleet_lint_request asked = {.used = used, .reads_down = goes_down};
    fleet_lint(fleet, &asked, &plan_lint->lint, &faults);
    for (size_t i = 0; i < faults.count && !is_quiet; i++)
        cli_note("%s:%d: %s", faults.items[i].file, faults.items[i].line, faults.items[i].text);
    faults_done(&faults);
    for (int d = 0; d < DIRECTION__COUNT; d++)
        plan_lint->is_pending[d] =
            arena_calloc(&plan_lint->lint.arena, fleet->chain->count + 1, sizeof(bool));
    table_weights_begin(&plan_lint->weights, &plan_lint->lint);
}

void plan_lint_ask(const struct plan_lint *plan_lint, struct request *request)
{
    table_weights_ask(&plan_lint->weights, request);
}

/* A checkpoint's tables are new and empty: nothing that lint tells of its revision meets a tenant there. */
static bool is_linted(const struct step_done *step)
{
    return step->revision && !step->revision->is_checkpoint;
}

static void on_planned(void *ctx, const struct event *event)
{
    struct plan_lint *plan_lint = ctx;
    const struct outcome *outcome = event->outcome;
    struct observer weighing = table_weights_observer(&plan_lint->weights);
    weighing.on_event(weighing.ctx, event);
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    for (size_t i = 0; i < outcome->step_count; i++)
        if (is_linted(&outcome->steps[i]))
            plan_lint->is_pending[outcome->steps[i].direction][outcome->steps[i].revision->index] =
                true;
}

struct observer plan_lint_observer(struct plan_lint *plan_lint)
{
    return (struct observer){on_planned, plan_lint};
}

void plan_lint_report(struct plan_lint *plan_lint, struct report *report)
{
    struct lint *lint = &plan_lint->lint;
    size_t kept = 0;
    for (size_t i = 0; i < lint->count; i++) {
        const struct finding *finding = &lint->findings[i];
        if (plan_lint->is_pending[finding->direction][finding->revision->index])
            lint->findings[kept++] = *finding;
    }
    lint->count = kept;
    table_weights_apply(&plan_lint->weights, lint);
    for (size_t i = 0; plan_lint->hides_sql && i < kept; i++)
        lint->findings[i].source = "";
    plan_lint->told = lint_tell(&lint->arena, lint);
    report_set_findings(report, &plan_lint->told);
}

void plan_lint_end(struct plan_lint *plan_lint)
{
    table_weights_end(&plan_lint->weights);
    lint_done(&plan_lint->lint);
}
