#include "cli/plan_lint.h"

#include "cli/faults.h"
#include "report/report.h"

static void add_table(struct plan_lint *plan_lint, const char *table)
{
    if (!table || map_put(&plan_lint->by_table, table, (uint32_t)plan_lint->table_count) !=
                      plan_lint->table_count)
        return;
    plan_lint->weights[plan_lint->table_count] = (struct table_weight){.table = table};
    plan_lint->tables[plan_lint->table_count++] = table;
}

/* Where no tenant's URL is known, sections say whose SQL it is; a plan has tenants. */
static void find_dialects(const struct fleet *fleet, bool *ret_used)
{
    for (size_t i = 0; i < fleet->tenant_count; i++)
        dialect_mark_possible(fleet->tenants[i]->url.dialect, fleet->tenants[i]->url.scheme,
                              ret_used);
}

void plan_lint_begin(struct plan_lint *plan_lint, const struct fleet *fleet, bool is_quiet)
{
    bool used[DIALECT__COUNT] = {false};
    struct faults faults;
    *plan_lint = (struct plan_lint){0};
    faults_init(&faults);
    find_dialects(fleet, used);
    struct fleet_lint_request request = {.used = used};
    fleet_lint(fleet, &request, &plan_lint->lint, &faults);
    for (size_t i = 0; i < faults.count && !is_quiet; i++)
        cli_note("%s:%d: %s", faults.items[i].file, faults.items[i].line, faults.items[i].text);
    faults_done(&faults);
    struct lint *lint = &plan_lint->lint;
    map_init(&plan_lint->by_table);
    plan_lint->is_pending = arena_calloc(&lint->arena, fleet->chain->count + 1, sizeof(bool));
    plan_lint->weights =
        arena_calloc(&lint->arena, 2 * lint->count + 1, sizeof *plan_lint->weights);
    plan_lint->tables = arena_calloc(&lint->arena, 2 * lint->count + 1, sizeof *plan_lint->tables);
    for (size_t i = 0; i < lint->count; i++) {
        add_table(plan_lint, lint->findings[i].table);
        add_table(plan_lint, lint->findings[i].other_table);
    }
}

void plan_lint_ask(const struct plan_lint *plan_lint, struct request *request)
{
    request->measured = plan_lint->tables;
    request->measured_count = plan_lint->table_count;
}

static void take_size(struct plan_lint *plan_lint, const struct measured *measured,
                      const char *tenant)
{
    uint32_t index = map_get(&plan_lint->by_table, measured->table);
    if (index == MAP_NONE)
        return;
    struct table_weight *weight = &plan_lint->weights[index];
    struct table_weight mine = {.table = weight->table,
                                .tenants = weight->tenants + 1,
                                .knows_rows = measured->knows_rows,
                                .rows = measured->rows,
                                .bytes = measured->bytes,
                                .heaviest = tenant};
    if (!weight->tenants || lint_is_heavier(&mine, weight))
        *weight = mine;
    else
        weight->tenants++;
}

/* A checkpoint's tables are new and empty: nothing that lint tells of its revision meets a tenant there. */
static bool is_linted(const struct step_done *step)
{
    return step->revision && step->direction == DIRECTION_UP && !step->revision->is_checkpoint;
}

static void on_planned(void *ctx, const struct event *event)
{
    struct plan_lint *plan_lint = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    for (size_t i = 0; i < outcome->step_count; i++)
        if (is_linted(&outcome->steps[i]))
            plan_lint->is_pending[outcome->steps[i].revision->index] = true;
    plan_lint->asked += outcome->measured != NULL;
    for (size_t i = 0; i < outcome->measured_count; i++)
        take_size(plan_lint, &outcome->measured[i], event->run->tenants[event->tenant]->name);
}

struct observer plan_lint_observer(struct plan_lint *plan_lint)
{
    return (struct observer){on_planned, plan_lint};
}

static size_t present(struct plan_lint *plan_lint, struct table_weight *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < plan_lint->table_count; i++)
        if (plan_lint->weights[i].tenants)
            ret[count++] = plan_lint->weights[i];
    return count;
}

void plan_lint_report(struct plan_lint *plan_lint, struct report *report)
{
    struct lint *lint = &plan_lint->lint;
    size_t kept = 0;
    for (size_t i = 0; i < lint->count; i++)
        if (plan_lint->is_pending[lint->findings[i].revision->index])
            lint->findings[kept++] = lint->findings[i];
    lint->count = kept;
    struct lint_weights weights = {.items = plan_lint->weights, .asked = plan_lint->asked};
    weights.count = present(plan_lint, plan_lint->weights);
    lint_weigh(lint, &weights);
    report_set_lint(report, lint);
}

void plan_lint_end(struct plan_lint *plan_lint)
{
    map_done(&plan_lint->by_table);
    lint_done(&plan_lint->lint);
}
