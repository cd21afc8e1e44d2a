#include "inventory/load/builder.h"

#include "base/err.h"

static const struct url_param *intern_params(struct inventory_builder *builder,
                                             const struct url *url)
{
    struct url_param *copy =
        arena_calloc(builder->inventory->arena, url->param_count, sizeof *copy);
    for (size_t i = 0; i < url->param_count; i++)
        copy[i] = (struct url_param){sharing_string(&builder->sharing, url->params[i].key),
                                     sharing_string(&builder->sharing, url->params[i].value)};
    return url->param_count ? copy : NULL;
}

/* The password is left to the tenant's password source, which is what everybody reads. */
static struct url keep_url(struct inventory_builder *builder, const struct url *url)
{
    struct arena *arena = builder->inventory->arena;
    bool is_file = dialect_info(url->dialect)->is_file;
    return (struct url){
        .dialect = url->dialect,
        .scheme = sharing_string(&builder->sharing, url->scheme),
        .user = sharing_string(&builder->sharing, url->user),
        .host = sharing_string(&builder->sharing, url->host),
        .port = url->port,
        .database =
            arena_strdup(arena, is_file ? load_path(builder, url->database) : url->database),
        .params = intern_params(builder, url),
        .param_count = url->param_count,
    };
}

/* NULL: a fault. The URL's own password beats the defaults', and contradicts the tenant's. */
static const struct password *choose_password(struct inventory_builder *builder,
                                              const struct url *url, const struct common *common)
{
    bool is_file = dialect_info(url->dialect)->is_file;
    if (is_file && common->has_own_password) {
        load_fault(builder, NULL, "a %s database has no password",
                   dialect_info(url->dialect)->title);
        return NULL;
    }
    if (url->password && common->has_own_password) {
        load_fault(builder, "url",
                   "more than one password: in the 'url' and in a 'password_…' key");
        return NULL;
    }
    if (is_file)
        return load_keep_password(builder, PASSWORD_NONE, NULL);
    if (url->password)
        return load_keep_password(builder, PASSWORD_VALUE, url->password);
    return common->password;
}

static bool check_database(struct inventory_builder *builder, const struct url *url,
                           const struct common *common)
{
    bool has_schemas = dialect_info(url->dialect)->has_schemas;
    if (!has_schemas && common->has_own_schema)
        load_fault(builder, "schema", "'schema' is for PostgreSQL only");
    else if (!has_schemas && common->has_own_session)
        load_fault(builder, "settings",
                   "'settings' is for PostgreSQL only: set it in the revision that needs it");
    else if (common->has_own_path && !(has_schemas && common->schema))
        load_fault(
            builder, "search_path",
            has_schemas
                ? "'search_path' is what comes after the tenant's schema: give its 'schema' too"
                : "'search_path' is for PostgreSQL only");
    else if (!url->database && !url_param(url, "service"))
        load_fault(builder, "url", "the 'url' names no database");
    else
        return !has_schemas || common->is_control || load_check_options(builder, url, common);
    return false;
}

bool load_fill_tenant(struct inventory_builder *builder, const struct url *url,
                      const struct common *common, struct tenant *ret_tenant)
{
    const struct password *password = choose_password(builder, url, common);
    if (!check_database(builder, url, common) || !password)
        return false;
    *ret_tenant = (struct tenant){
        .url = keep_url(builder, url),
        .url_redacted = url_redacted(builder->inventory->arena, url),
        .server = sharing_string(&builder->sharing, url_server(&builder->scratch, url)),
        .schema = dialect_info(url->dialect)->has_schemas ? common->schema : NULL,
        .labels = common->labels,
        .label_count = common->label_count,
        .settings = common->settings,
        .password = password,
        .line = load_line(builder, NULL),
    };
    return true;
}

/* Outside the arena, since it may grow to 100,000 found tenants. */
void load_add_tenant(struct inventory *inventory, const struct tenant *tenant)
{
    if (inventory->tenant_count == inventory->tenant_capacity) {
        size_t doubled = inventory->tenant_capacity * 2;
        inventory->tenant_capacity = doubled ? doubled : 16;
        inventory->tenants =
            xrealloc(inventory->tenants, inventory->tenant_capacity * sizeof *inventory->tenants);
    }
    inventory->tenants[inventory->tenant_count++] = *tenant;
}

const char *tenant_label(const void *tenant, const char *key)
{
    const struct tenant *self = tenant;
    if (strcmp(key, "name") == 0)
        return self->name;
    if (strcmp(key, "dialect") == 0)
        return dialect_info(self->url.dialect)->name;
    if (strcmp(key, "server") == 0)
        return self->server;
    for (size_t i = 0; i < self->label_count; i++)
        if (strcmp(self->labels[i].key, key) == 0)
            return self->labels[i].value;
    return NULL;
}

/* ---- the tenants that the file lists -------------------------------------------------------- */

static bool read_name(struct inventory_builder *builder, const char *raw, const char **ret_name)
{
    const char *name;
    if (!raw) {
        load_fault(builder, NULL, "'name' is missing");
        return false;
    }
    if (!load_text(builder, (struct field){"name", raw}, &name))
        return false;
    if (!load_is_name(name)) {
        load_fault(builder, "name",
                   "'name' must be text of 1 to 128 bytes without control characters");
        return false;
    }
    *ret_name = name;
    return true;
}

bool load_url(struct inventory_builder *builder, const char *raw, struct url *ret_url)
{
    const char *text;
    struct err err;
    if (!raw) {
        load_fault(builder, NULL, "'url' is missing");
        return false;
    }
    if (!load_text(builder, (struct field){"url", raw}, &text))
        return false;
    if (!url_parse(&builder->scratch, text, ret_url, &err)) {
        load_fault(builder, "url", "'url': %s", err.text);
        return false;
    }
    return true;
}

static void read_tenant(struct inventory_builder *builder, const struct raw_tenant *raw)
{
    const char *name = NULL;
    struct url url;
    struct tenant tenant;
    bool has_name = read_name(builder, raw->name, &name);
    bool has_url = load_url(builder, raw->url, &url);
    struct common common = load_common(builder, &raw->common, &builder->defaults);
    if (!has_url || !load_fill_tenant(builder, &url, &common, &tenant) || !has_name)
        return;
    tenant.name = arena_strdup(builder->inventory->arena, name);
    load_add_tenant(builder->inventory, &tenant);
}

void load_tenants(struct inventory_builder *builder, const struct raw_inventory *raw)
{
    for (size_t i = 0; i < raw->tenants_count; i++) {
        load_turn_to(builder, SECTION_TENANTS, i);
        read_tenant(builder, &raw->tenants[i]);
    }
}
