#include "library/fleet.h"

#include "base/clock.h"
#include "library/selection.h"
#include "rollout/discover.h"
#include "rollout/rollout.h"

/* ---- opening ------------------------------------------------------------------------------- */

/* A script that is broken for a dialect of the selection is known before anyone is touched. */
static void open_scripts(struct fleet *fleet, struct faults *faults)
{
    bool is_used[DIALECT__COUNT] = {false};
    fleet->scripts = scripts_new(fleet->chain);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        is_used[fleet->tenants[i]->url.dialect] = true;
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (is_used[d] && dialect_of((enum dialect_id)d))
            scripts_check(fleet->scripts, dialect_of((enum dialect_id)d), faults);
}

/* Ends the building; the tenants are looked at only where they are needed. */
static void open_inventory(struct fleet *fleet, struct inventory_builder *builder,
                           const struct fleet_request *request, struct faults *faults)
{
    if (!(request->needs & FLEET_TENANTS)) {
        fleet->inventory = inventory_take(builder);
        return;
    }
    if (!discover_tenants(builder, faults)) {
        inventory_abandon(builder);
        return;
    }
    fleet->inventory = inventory_finish(builder, faults);
    if (fleet->inventory)
        selection_make(fleet, request, faults);
}

static void open_all(struct fleet *fleet, const struct fleet_request *request,
                     struct faults *faults)
{
    struct inventory_builder *builder = inventory_read(request->inventory, faults);
    if (!builder)
        return;
    struct err err;
    if (request->ledger && !inventory_use_ledger(builder, request->ledger, &err)) {
        err_prefix(&err, "--ledger");
        faults_add_err(faults, &err);
        inventory_abandon(builder);
        return;
    }
    const struct inventory *draft = inventory_draft(builder);
    uint32_t parallel = request->parallel ? request->parallel : draft->rollout.parallel;
    if (request->needs & FLEET_TENANTS && !rollout_size_pool(parallel, &err)) {
        faults_add_err(faults, &err);
        inventory_abandon(builder);
        return;
    }
    if (request->needs & FLEET_CHAIN)
        fleet->chain = chain_load(draft->chain_dir, faults);
    open_inventory(fleet, builder, request, faults);
    if (fleet->chain && request->needs & FLEET_SCRIPTS)
        open_scripts(fleet, faults);
}

bool fleet_open(struct fleet *fleet, const struct fleet_request *request, struct faults *faults)
{
    size_t before = faults->total;
    *fleet = (struct fleet){.patience = request->patience, .waits_from_ms = clock_steady_ms()};
    arena_init(&fleet->arena);
    if (request->needs)
        open_all(fleet, request, faults);
    return faults->total == before;
}

void fleet_done(struct fleet *fleet)
{
    scripts_free(fleet->scripts);
    chain_free(fleet->chain);
    inventory_free(fleet->inventory);
    arena_done(&fleet->arena);
}
