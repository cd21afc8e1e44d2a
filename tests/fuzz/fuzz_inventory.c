/* Inventories: any bytes are loaded, or refused with at least one fault that names the file. */
#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_tenant(const struct tenant *tenant)
{
    require(tenant->name && *tenant->name && tenant->url_redacted && tenant->server);
    require(tenant->settings && tenant->password && !tenant->url.password);
    require(tenant_label(tenant, "dialect") != NULL && tenant->line > 0);
}

static void check_inventory(struct inventory *inventory, struct faults *faults)
{
    static const char *const columns[] = {"name", "url", "tier"};
    static const char *const row[] = {"found", "postgresql://h/found", "x y"};
    require(inventory->chain_dir && inventory->ledger && inventory->version_table);
    for (size_t i = 0; i < inventory->query_count; i++)
        require(inventory_add_found(inventory, &inventory->queries[i], columns, row, 3, faults));
    for (size_t i = 0; i < inventory->tenant_count; i++)
        check_tenant(&inventory->tenants[i]);
    for (size_t i = 0; i < inventory->rollout.wave_count; i++)
        require(inventory->rollout.waves[i].name && inventory->rollout.waves[i].select);
    require(inventory_finish(inventory, faults) == (faults->total == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults faults;
    faults_init(&faults);
    struct inventory *inventory = inventory_parse("skein.yaml", data, size, &faults);
    require((inventory != NULL) == (faults.total == 0));
    if (inventory)
        check_inventory(inventory, &faults);
    for (size_t i = 0; i < faults.count; i++)
        require(*faults.items[i].file && *faults.items[i].text && faults.items[i].line > 0);
    inventory_free(inventory);
    faults_done(&faults);
    return 0;
}
