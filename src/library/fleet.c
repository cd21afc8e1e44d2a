#include "library/fleet.h"

#include "base/clock.h"
#include "dialect/scripts.h"
#include "driver/driver.h"
#include "import/guess.h"
#include "inventory/lack.h"
#include "library/selection.h"
#include "link/workers.h"
#include "rollout/discover.h"

/* ---- a chain that is none ------------------------------------------------------------------ */

/* What all tenants speak; NULL: they differ, or there is none. */
static const char *common_dialect(const struct inventory *inventory)
{
    for (size_t i = 1; i < inventory->tenant_count; i++)
        if (inventory->tenants[i].url.dialect != inventory->tenants[0].url.dialect)
            return NULL;
    return inventory->tenant_count ? dialect_info(inventory->tenants[0].url.dialect)->name : NULL;
}

bool fleet_has_revisions(const struct fleet *fleet, struct err *err)
{
    const char *dir = fleet->inventory->chain_dir;
    struct import_guess guess;
    if (fleet->chain->count)
        return true;
    import_guess(dir, &guess);
    err_at(err, ERR_CHAIN, dir, 0, "the chain's folder holds no revision: ");
    import_advise(&guess, dir, common_dialect(fleet->inventory), err);
    return false;
}

/* A folder of another tool's has a fault for each file, and one cause. */
static void explain_chain(const struct fleet *fleet, struct faults *faults)
{
    const char *dir = fleet->inventory->chain_dir;
    struct import_guess guess;
    struct err err;
    if (!import_guess(dir, &guess) || !guess.tool)
        return;
    err_at(&err, ERR_CHAIN, dir, 0, "the chain's folder holds no revision: ");
    import_advise(&guess, dir, common_dialect(fleet->inventory), &err);
    faults_add_err(faults, &err);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A script that is broken for a dialect of the selection is known before anyone is touched. */
static void open_scripts(struct fleet *fleet, struct faults *faults)
{
    bool is_used[DIALECT__COUNT] = {false};
    fleet->scripts = scripts_new(fleet->chain);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (!fleet->tenants[i]->lacks_dialect)
            dialect_mark_possible(fleet->tenants[i]->url.dialect, fleet->tenants[i]->url.scheme,
                                  is_used);
    scripts_check(fleet->scripts, is_used, faults);
}

/* ---- what the environment does not say ------------------------------------------------------ */

static bool check_parts(const struct inventory *draft, unsigned needs, struct faults *faults)
{
    unsigned parts = 0;
    if (needs & (FLEET_CHAIN | FLEET_CHAIN_DIR))
        parts |= PART_CHAIN_DIR;
    if (needs & (FLEET_TENANTS | FLEET_VERSION_TABLE))
        parts |= PART_VERSION_TABLE;
    if (needs & FLEET_TENANTS)
        parts |= PART_TENANTS;
    return inventory_check_parts(draft, parts, faults);
}

/* The databases that query sources ask. */
static bool check_sources(struct fleet *fleet, const struct inventory *draft, struct faults *faults)
{
    const struct tenant **controls =
        arena_calloc(&fleet->arena, draft->query_count + 1, sizeof *controls);
    for (size_t i = 0; i < draft->query_count; i++)
        controls[i] = &draft->queries[i].control;
    return inventory_check_tenants(&(struct tenants_check){.inventory = draft,
                                                           .tenants = controls,
                                                           .count = draft->query_count,
                                                           .use = TENANTS_ARE_VISITED,
                                                           .are_sources = true},
                                   faults);
}

static bool check_tenants(const struct fleet *fleet, enum tenants_use use, struct faults *faults)
{
    return inventory_check_tenants(&(struct tenants_check){.inventory = fleet->inventory,
                                                           .tenants = fleet->tenants,
                                                           .count = fleet->tenant_count,
                                                           .use = use},
                                   faults);
}

bool fleet_check_logins(const struct fleet *fleet, struct faults *faults)
{
    return check_tenants(fleet, TENANTS_ARE_VISITED, faults);
}

struct lookup fleet_lookup(struct fleet *fleet, struct err *err)
{
    return (struct lookup){&fleet->arena, fleet->chain, err};
}

const char *fleet_ledger(const struct fleet *fleet, struct err *err)
{
    struct faults faults;
    if (fleet->inventory->ledger)
        return fleet->inventory->ledger;
    faults_init(&faults);
    if (!inventory_check_parts(fleet->inventory, PART_LEDGER, &faults))
        *err = faults.items[0];
    faults_done(&faults);
    return NULL;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void open_tenants(struct fleet *fleet, const struct fleet_request *request,
                         struct faults *faults)
{
    size_t before = faults->total;
    selection_make(fleet, request, faults);
    bool is_fine = faults->total == before;
    if (is_fine && request->needs & FLEET_LOGINS)
        is_fine = check_tenants(fleet, TENANTS_ARE_VISITED, faults);
    if (is_fine && request->needs & FLEET_DIALECTS)
        is_fine = check_tenants(fleet, TENANTS_ARE_SCRIPTED, faults);
    (void)is_fine; /* the faults say it */
}

/* Ends the building; the tenants are looked at only where they are needed. */
static void open_inventory(struct fleet *fleet, struct inventory_builder *builder,
                           const struct fleet_request *request, struct faults *faults)
{
    if (!(request->needs & FLEET_TENANTS)) {
        fleet->inventory = inventory_take(builder);
        return;
    }
    if (!check_sources(fleet, inventory_draft(builder), faults) ||
        !discover_tenants(builder, faults)) {
        inventory_abandon(builder);
        return;
    }
    fleet->inventory = inventory_finish(builder, faults);
    if (fleet->inventory)
        open_tenants(fleet, request, faults);
}

/* Threads for as many tenants as are worked on at once. */
static bool size_pool(const struct inventory *draft, const struct fleet_request *request,
                      struct faults *faults)
{
    struct err err;
    uint32_t parallel = request->parallel ? request->parallel : draft->rollout.parallel;
    if (!(request->needs & (FLEET_TENANTS | FLEET_SCRATCH)) || workers_start(parallel, &err))
        return true;
    faults_add_err(faults, &err);
    return false;
}

static bool use_ledger(struct inventory_builder *builder, const struct fleet_request *request,
                       struct faults *faults)
{
    struct err err;
    if (!request->ledger || inventory_use_ledger(builder, request->ledger, &err))
        return true;
    err_prefix(&err, "--ledger");
    faults_add_err(faults, &err);
    return false;
}

static void open_all(struct fleet *fleet, const struct fleet_request *request,
                     struct faults *faults)
{
    struct inventory_builder *builder = request->may_lack_file
                                            ? inventory_read_if_there(request->inventory, faults)
                                            : inventory_read(request->inventory, faults);
    if (!builder)
        return;
    const struct inventory *draft = inventory_draft(builder);
    if (!use_ledger(builder, request, faults) || !check_parts(draft, request->needs, faults) ||
        !size_pool(draft, request, faults)) {
        inventory_abandon(builder);
        return;
    }
    if (request->needs & (FLEET_TENANTS | FLEET_SCRATCH))
        drivers_init(); /* before the ledger and the parsers open a database: SQLite is set up once */
    if (request->needs & FLEET_CHAIN)
        fleet->chain = chain_load(draft->chain_dir, faults);
    open_inventory(fleet, builder, request, faults);
    if (!fleet->chain && fleet->inventory && request->needs & FLEET_CHAIN)
        explain_chain(fleet, faults);
    if (fleet->chain && request->needs & FLEET_SCRIPTS)
        open_scripts(fleet, faults);
}

void fleet_note_narrowed(struct fleet *fleet, const char *text)
{
    size_t count = fleet->narrowed.count;
    const char **items = arena_calloc(&fleet->arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = fleet->narrowed.items[i];
    items[count] = text;
    fleet->narrowed = (struct texts){items, count + 1};
}

static struct texts copy_texts(struct arena *arena, const char *const *items, size_t count)
{
    const char **copies = arena_calloc(arena, count + 1, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_strdup(arena, items[i]);
    return (struct texts){copies, count};
}

bool fleet_open(struct fleet *fleet, const struct fleet_request *request, struct faults *faults)
{
    size_t before = faults->total;
    *fleet = (struct fleet){.patience = request->patience, .waits_from_ms = clock_steady_ms()};
    arena_init(&fleet->arena);
    fleet->selects = copy_texts(&fleet->arena, request->selects, request->select_count);
    fleet->names = copy_texts(&fleet->arena, request->names, request->name_count);
    fleet->grants = request->grants;
    fleet->settings = copy_texts(&fleet->arena, request->settings.items, request->settings.count);
    if (request->needs)
        open_all(fleet, request, faults);
    return faults->total == before;
}

bool fleet_has_file(const struct fleet *fleet)
{
    return !fleet->inventory->is_absent;
}

bool fleet_has_no_list(const struct fleet *fleet)
{
    const struct inventory *own = fleet->own ? fleet->own : fleet->inventory;
    return !own->tenant_count && !own->query_count && !own->glob_count;
}

void fleet_use_told(struct fleet *fleet, struct inventory *told)
{
    if (fleet->own)
        inventory_free(fleet->inventory);
    else
        fleet->own = fleet->inventory;
    fleet->inventory = told ? told : fleet->own;
    if (!told)
        fleet->own = NULL;
}

void fleet_done(struct fleet *fleet)
{
    if (fleet->own)
        fleet_use_told(fleet, NULL);
    scripts_free(fleet->scripts);
    chain_free(fleet->chain);
    inventory_free(fleet->inventory);
    arena_done(&fleet->arena);
}
