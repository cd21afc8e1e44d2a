/* The tenants that the file lists. */
#include "inventory/loader.h"

#include "base/err.h"

static bool read_name(struct loader *loader, const char *raw, const char **ret_name)
{
    const char *name;
    if (!raw) {
        load_fault(loader, NULL, "'name' is missing");
        return false;
    }
    if (!load_text(loader, "name", raw, &name))
        return false;
    if (!load_is_name(name)) {
        load_fault(loader, "name",
                   "'name' must be text of 1 to 128 bytes without control characters");
        return false;
    }
    *ret_name = name;
    return true;
}

bool load_url(struct loader *loader, const char *raw, struct url *ret_url)
{
    const char *text;
    struct err err;
    if (!raw) {
        load_fault(loader, NULL, "'url' is missing");
        return false;
    }
    if (!load_text(loader, "url", raw, &text))
        return false;
    if (!url_parse(&loader->scratch, text, ret_url, &err)) {
        load_fault(loader, "url", "'url': %s", err.text);
        return false;
    }
    return true;
}

static void read_tenant(struct loader *loader, const struct raw_tenant *raw)
{
    const char *name = NULL;
    struct url url;
    struct tenant tenant;
    bool has_name = read_name(loader, raw->name, &name);
    bool has_url = load_url(loader, raw->url, &url);
    struct common common = load_common(loader, &raw->common, &loader->defaults);
    if (!has_url || !load_fill_tenant(loader, &url, &common, &tenant) || !has_name)
        return;
    tenant.name = arena_strdup(loader->inventory->arena, name);
    load_add_tenant(loader->inventory, &tenant);
}

void load_tenants(struct loader *loader, const struct raw_inventory *raw)
{
    for (size_t i = 0; i < raw->tenants_count; i++) {
        load_turn_to(loader, SECTION_TENANTS, i);
        read_tenant(loader, &raw->tenants[i]);
    }
}
