#include "library/saved_plan.h"

#include "base/buf.h"
#include "base/human.h"
#include "base/map.h"
#include "library/fleet_lint.h"

/* The chain's files of one kind. */
struct present {
    const struct revision *const *items;
    size_t count;
    const char *what; /* before the id */
};

static void check_files(const struct saved_plan *plan, const struct saved_plan_files *files,
                        const struct present *present, struct faults *faults)
{
    struct map known, found;
    map_init(&known);
    map_init(&found);
    for (size_t i = 0; i < present->count; i++)
        map_put(&found, present->items[i]->id, (uint32_t)i);
    for (size_t i = 0; i < files->count; i++) {
        const struct saved_plan_file *saved = &files->items[i];
        uint32_t at = map_get(&found, saved->id);
        map_put(&known, saved->id, (uint32_t)i);
        if (at == MAP_NONE)
            faults_add(faults, ERR_CONFIG, plan->path, 0, "the chain has no %s '%s' any more",
                       present->what, saved->id);
        else if (strcmp(present->items[at]->checksum, saved->checksum) != 0)
            faults_add(faults, ERR_CONFIG, present->items[at]->path, 0,
                       "it has changed since the plan '%s' was made", plan->path);
    }
    for (size_t i = 0; i < present->count; i++)
        if (map_get(&known, present->items[i]->id) == MAP_NONE)
            faults_add(faults, ERR_CONFIG, present->items[i]->path, 0,
                       "it is new since the plan '%s' was made", plan->path);
    map_done(&known);
    map_done(&found);
}

static void check_chain(const struct saved_plan *plan, const struct chain *chain,
                        struct faults *faults)
{
    const struct present revisions = {chain->revisions, chain->count, "revision"};
    const struct present checkpoints = {chain->checkpoints, chain->checkpoint_count,
                                        "checkpoint of"};
    check_files(plan, &plan->revisions, &revisions, faults);
    check_files(plan, &plan->checkpoints, &checkpoints, faults);
}

/* A tenant of the plan that is gone would silently stay as it is. */
static void check_tenants(const struct saved_plan *plan, const struct fleet *fleet,
                          struct faults *faults)
{
    struct map selected;
    if (fleet->selects.count || fleet->names.count || fleet->narrowed.count)
        return;
    map_init(&selected);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        map_put(&selected, fleet->tenants[i]->name, (uint32_t)i);
    for (size_t i = 0; i < plan->tenant_count; i++)
        if (map_get(&selected, plan->tenants[i].name) == MAP_NONE)
            faults_add(faults, ERR_CONFIG, plan->path, 0,
                       "the inventory has no tenant '%s' any more", plan->tenants[i].name);
    map_done(&selected);
}

static void narrow(const struct saved_plan *plan, struct fleet *fleet, struct request *request)
{
    struct map planned;
    size_t before = fleet->tenant_count, count = 0;
    const struct tenant **tenants = arena_calloc(&fleet->arena, before + 1, sizeof *tenants);
    struct rows *shown = arena_calloc(&fleet->arena, before + 1, sizeof *shown);
    double *foretold = arena_calloc(&fleet->arena, before + 1, sizeof *foretold);
    map_init(&planned);
    for (size_t i = 0; i < plan->tenant_count; i++)
        map_put(&planned, plan->tenants[i].name, (uint32_t)i);
    for (size_t i = 0; i < before; i++) {
        uint32_t at = map_get(&planned, fleet->tenants[i]->name);
        if (at == MAP_NONE)
            continue;
        shown[count] = plan->tenants[at].rows;
        foretold[count] = plan->tenants[at].visit_ms;
        tenants[count++] = fleet->tenants[i];
    }
    map_done(&planned);
    fleet->tenants = tenants;
    fleet->tenant_count = count;
    request->shown = shown;
    request->shown_by = plan->path;
    request->foretold_ms = plan->forecast ? foretold : NULL;
    request->foretold_by = plan->forecast ? arena_strdup(&fleet->arena, plan->forecast->run) : NULL;
}

/* What the inventory keeps out of reports by now is kept out of these, too. */
static const struct told_findings *apply_findings(const struct saved_plan *plan,
                                                  struct fleet *fleet)
{
    size_t count = plan->findings.count;
    struct told_findings *applied = arena_alloc(&fleet->arena, sizeof *applied);
    struct told_finding *items = arena_calloc(&fleet->arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = plan->findings.items[i];
        const char **const texts[] = {&items[i].source, &items[i].message, &items[i].better,
                                      &items[i].allowed};
        if (fleet->inventory->hides_sql)
            items[i].source = "";
        for (size_t t = 0; t < ARRAY_LEN(texts); t++)
            if (*texts[t])
                *texts[t] = fleet_lint_hide(fleet->inventory, &fleet->arena, *texts[t]);
    }
    *applied = (struct told_findings){items, count};
    return count ? applied : NULL;
}

bool saved_plan_apply(const struct saved_plan *plan, struct fleet *fleet, struct request *request,
                      struct faults *faults)
{
    size_t before = faults->total;
    check_chain(plan, fleet->chain, faults);
    check_tenants(plan, fleet, faults);
    if (faults->total > before)
        return false;
    narrow(plan, fleet, request);
    request->findings = apply_findings(plan, fleet);
    fleet_note_narrowed(fleet, arena_printf(&fleet->arena, "--plan %s", plan->path));
    request->targets = plan->targets.items;
    request->target_count = plan->targets.count;
    return true;
}

/* ---- what it foretells ------------------------------------------------------------------------- */

static void add_rehearsed(const struct saved_plan_forecast *forecast, struct buf *buf)
{
    if (forecast->lock_tenant) {
        buf_addf(buf, "; %s wait for at most ", forecast->lock_blocks);
        human_add_duration(buf, forecast->lock_ms);
        buf_addf(buf, ", for %s in %s",
                 forecast->lock_table ? forecast->lock_table : "the database",
                 forecast->lock_tenant);
    }
    if (!forecast->written_bytes)
        return;
    buf_adds(buf, "; ");
    human_add_size(buf, forecast->written_bytes);
    buf_adds(buf, " are written");
}

void saved_plan_add_forecast(const struct saved_plan *plan, struct buf *buf)
{
    const struct saved_plan_forecast *forecast = plan->forecast;
    buf_adds(buf, "the plan foretells about ");
    human_add_duration(buf, forecast->duration_ms);
    if (!forecast->run) {
        buf_adds(buf, ", as it was rehearsed");
        add_rehearsed(forecast, buf);
        return;
    }
    buf_addf(buf, ", as run %s took; no transaction held its locks for longer than ",
             forecast->run);
    human_add_duration(buf, forecast->transaction_ms);
}
