/* Inventories: any bytes are loaded, or refused with at least one fault that names the file. */
#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/lack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_tenant(const struct tenant *tenant)
{
    require(tenant->name && *tenant->name && tenant->url_redacted);
    require(tenant->server || (tenant->lacks_url && tenant->lacks));
    require(tenant->settings && tenant->password && !tenant->url.password);
    require(tenant->line > 0 && tenant->password_line > 0);
    require((tenant_label(tenant, "dialect") == NULL) == tenant->lacks_dialect);
    for (size_t i = 0; i < tenant->label_count; i++)
        require(tenant->labels[i].value || tenant->lacks);
}

static void check_rules(const struct rollout_rules *rules)
{
    for (size_t i = 0; i < rules->wave_count; i++)
        require(rules->waves[i].name && rules->waves[i].select);
}

static void check_inventory(struct inventory_builder *builder, struct faults *faults)
{
    static const char *const columns[] = {"name", "url", "tier"};
    static const char *const values[] = {"found", "postgresql://h/found", "x y"};
    static const struct found_row row = {columns, values, 3};
    const struct inventory *draft = inventory_draft(builder);
    require((draft->chain_dir && draft->ledger && draft->version_table) || draft->lacks);
    for (size_t i = 0; i < draft->query_count; i++)
        require(inventory_add_found(builder, &draft->queries[i], &row, faults));
    for (size_t i = 0; i < draft->tenant_count; i++)
        check_tenant(&draft->tenants[i]);
    check_rules(&draft->rollout);
    struct inventory *inventory = inventory_finish(builder, faults);
    require((inventory != NULL) == (faults->total == 0));
    inventory_free(inventory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct faults faults;
    faults_init(&faults);
    struct inventory_builder *builder = inventory_parse("skein.yaml", data, size, &faults);
    require((builder != NULL) == (faults.total == 0));
    if (builder)
        check_inventory(builder, &faults);
    for (size_t i = 0; i < faults.count; i++)
        require(*faults.items[i].file && *faults.items[i].text && faults.items[i].line > 0);
    faults_done(&faults);
    return 0;
}
