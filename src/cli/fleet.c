#include "cli/fleet.h"

#include "base/buf.h"
#include "base/human.h"
#include "base/map.h"
#include "cli/exit.h"
#include "inventory/selector.h"
#include "rollout/discover.h"
#include "rollout/rollout.h"

/* ---- telling ------------------------------------------------------------------------------- */

static void tell(const struct err *err)
{
    struct buf line;
    buf_init(&line, 8192);
    human_add_text(&line, err->file);
    if (err->file[0])
        buf_addf(&line, err->line ? ":%d: " : ": ", err->line);
    else
        buf_adds(&line, "skein: ");
    human_add_text(&line, err->text);
    fprintf(stderr, "%s\n", line.data);
    buf_done(&line);
}

int cli_fail(const struct err *err)
{
    tell(err);
    return EXIT_USAGE;
}

static bool tell_all(struct faults *faults)
{
    bool is_good = faults->total == 0;
    faults_sort(faults);
    for (size_t i = 0; i < faults->count; i++)
        tell(&faults->items[i]);
    if (faults->total > faults->count)
        fprintf(stderr, "… and %zu more\n", faults->total - faults->count);
    if (!is_good)
        fprintf(stderr, "skein: %zu fault%s; no tenant was touched\n", faults->total,
                faults->total == 1 ? "" : "s");
    return is_good;
}

/* ---- selecting ----------------------------------------------------------------------------- */

const struct wave *fleet_wave(const struct fleet *fleet, const struct tenant *tenant)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    for (size_t i = 0; i < rules->wave_count; i++)
        if (selector_matches(rules->waves[i].select, tenant_label, tenant))
            return &rules->waves[i];
    return NULL;
}

static const struct wave *find_wave(const struct inventory *inventory, const char *name)
{
    for (size_t i = 0; i < inventory->rollout.wave_count; i++)
        if (strcmp(inventory->rollout.waves[i].name, name) == 0)
            return &inventory->rollout.waves[i];
    return NULL;
}

struct selection {
    const struct selector *selector;
    const struct wave *last_wave; /* NULL: all */
    struct map names;             /* of --tenant; empty: all */
};

static bool is_selected(const struct fleet *fleet, const struct selection *selection,
                        const struct tenant *tenant)
{
    if (selection->names.count && map_get(&selection->names, tenant->name) == MAP_NONE)
        return false;
    if (selection->last_wave) {
        const struct wave *wave = fleet_wave(fleet, tenant);
        if (!wave || wave > selection->last_wave)
            return false;
    }
    return selector_matches(selection->selector, tenant_label, tenant);
}

/* A name that nobody bears is a mistake, not an empty selection. */
static void check_names(const struct fleet *fleet, const struct options *options,
                        struct faults *faults)
{
    struct map all;
    map_init(&all);
    for (size_t i = 0; i < fleet->inventory->tenant_count; i++)
        map_put(&all, fleet->inventory->tenants[i].name, (uint32_t)i);
    for (size_t i = 0; i < options->tenant_count; i++)
        if (map_get(&all, options->tenants[i]) == MAP_NONE)
            faults_add(faults, ERR_CONFIG, fleet->inventory->path, 0, "there is no tenant '%s'",
                       options->tenants[i]);
    map_done(&all);
}

static void check_driver(struct fleet *fleet, const struct tenant *tenant, struct faults *faults)
{
    if (!driver_find(tenant->url.dialect))
        faults_add(faults, ERR_CONFIG, fleet->inventory->path, tenant->line,
                   "tenant '%s': this build has no driver for %s", tenant->name,
                   dialect_info(tenant->url.dialect)->name);
}

static void select_tenants(struct fleet *fleet, const struct options *options,
                           struct faults *faults)
{
    struct selection selection = {0};
    struct err err;
    size_t all = fleet->inventory->tenant_count;
    selection.selector =
        selector_parse(&fleet->arena, options->select ? options->select : "", &err);
    if (!selection.selector) {
        err_prefix(&err, "--select");
        faults_add_err(faults, &err);
        return;
    }
    if (options->wave && !(selection.last_wave = find_wave(fleet->inventory, options->wave))) {
        faults_add(faults, ERR_CONFIG, fleet->inventory->path, 0, "there is no wave '%s'",
                   options->wave);
        return;
    }
    map_init(&selection.names);
    for (size_t i = 0; i < options->tenant_count; i++)
        map_put(&selection.names, options->tenants[i], 0);
    if (options->tenant_count)
        check_names(fleet, options, faults);
    fleet->tenants = arena_calloc(&fleet->arena, all + 1, sizeof *fleet->tenants);
    for (size_t i = 0; i < all; i++) {
        const struct tenant *tenant = &fleet->inventory->tenants[i];
        if (!is_selected(fleet, &selection, tenant))
            continue;
        check_driver(fleet, tenant, faults);
        fleet->tenants[fleet->tenant_count++] = tenant;
    }
    map_done(&selection.names);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void open_tenants(struct fleet *fleet, const struct options *options, struct faults *faults)
{
    if (discover_tenants(fleet->inventory, faults) && inventory_finish(fleet->inventory, faults))
        select_tenants(fleet, options, faults);
}

/* A script that is broken for a dialect of the selection is known before anyone is touched. */
static void open_scripts(struct fleet *fleet, struct faults *faults)
{
    bool is_used[DIALECT__COUNT] = {false};
    fleet->scripts = scripts_new(fleet->chain);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        is_used[fleet->tenants[i]->url.dialect] = true;
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (is_used[d] && driver_find((enum dialect)d))
            scripts_check(fleet->scripts, driver_find((enum dialect)d), faults);
}

static void open_all(struct fleet *fleet, const struct options *options, unsigned needs,
                     struct faults *faults)
{
    fleet->inventory = inventory_load(options->file, faults);
    if (!fleet->inventory)
        return;
    rollout_size_pool(options->parallel ? options->parallel : fleet->inventory->rollout.parallel);
    if (needs & FLEET_CHAIN)
        fleet->chain = chain_load(fleet->inventory->chain_dir, faults);
    if (needs & FLEET_TENANTS)
        open_tenants(fleet, options, faults);
    if (fleet->chain && needs & FLEET_SCRIPTS)
        open_scripts(fleet, faults);
}

bool fleet_open(struct fleet *fleet, const struct options *options, unsigned needs)
{
    struct faults faults;
    *fleet = (struct fleet){0};
    arena_init(&fleet->arena);
    faults_init(&faults);
    open_all(fleet, options, needs, &faults);
    bool is_good = tell_all(&faults);
    faults_done(&faults);
    return is_good;
}

void fleet_done(struct fleet *fleet)
{
    scripts_free(fleet->scripts);
    chain_free(fleet->chain);
    inventory_free(fleet->inventory);
    arena_done(&fleet->arena);
}
