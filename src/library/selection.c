#include "library/selection.h"

#include "base/map.h"
#include "base/similar.h"
#include "driver/driver.h"
#include "inventory/selector.h"
#include "library/fleet.h"

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

static void refuse_name(const struct fleet *fleet, const char *name, struct faults *faults)
{
    struct similar similar = similar_to(name);
    struct err err;
    for (size_t i = 0; i < fleet->inventory->tenant_count; i++)
        similar_try(&similar, fleet->inventory->tenants[i].name);
    err_at(&err, ERR_CONFIG, fleet->inventory->path, 0, "there is no tenant '%s'", name);
    similar_add_hint(&err, &similar);
    faults_add_err(faults, &err);
}

/* A name that no tenant bears is a mistake, not an empty selection. */
static void check_names(const struct fleet *fleet, const struct fleet_request *request,
                        struct faults *faults)
{
    struct map all;
    map_init(&all);
    for (size_t i = 0; i < fleet->inventory->tenant_count; i++)
        map_put(&all, fleet->inventory->tenants[i].name, (uint32_t)i);
    for (size_t i = 0; i < request->name_count; i++)
        if (map_get(&all, request->names[i]) == MAP_NONE)
            refuse_name(fleet, request->names[i], faults);
    map_done(&all);
}

static void check_driver(struct fleet *fleet, const struct tenant *tenant, struct faults *faults)
{
    if (!driver_find(tenant->url.dialect))
        faults_add(faults, ERR_CONFIG, fleet->inventory->path, tenant->line,
                   "tenant '%s': this build has no driver for %s", tenant->name,
                   dialect_info(tenant->url.dialect)->name);
}

void selection_make(struct fleet *fleet, const struct fleet_request *request, struct faults *faults)
{
    struct selection selection = {0};
    struct err err;
    size_t all = fleet->inventory->tenant_count;
    selection.selector =
        selector_parse(&fleet->arena, request->select ? request->select : "", &err);
    if (!selection.selector) {
        err_prefix(&err, "--select");
        faults_add_err(faults, &err);
        return;
    }
    if (request->wave && !(selection.last_wave = find_wave(fleet->inventory, request->wave))) {
        faults_add(faults, ERR_CONFIG, fleet->inventory->path, 0, "there is no wave '%s'",
                   request->wave);
        return;
    }
    map_init(&selection.names);
    for (size_t i = 0; i < request->name_count; i++)
        map_put(&selection.names, request->names[i], 0);
    if (request->name_count)
        check_names(fleet, request, faults);
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
