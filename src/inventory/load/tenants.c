/* Tenants: what one is made of, and those that the file lists. */
#include "inventory/load/builder.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "dialect/dialect.h"
#include "inventory/password.h"

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

/* The password is left to the tenant's password source, which is what all others read. */
struct url load_keep_url(struct inventory_builder *builder, const struct url *url)
{
    struct arena *arena = builder->inventory->arena;
    bool is_file = url->database && dialect_info(url->dialect)->is_file;
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
    bool is_file = !builder->subject.lacks_dialect && dialect_info(url->dialect)->is_file;
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

/* A URL may have parameters that only an application understands. They have no effect here, and a note says so, once
 * for each name. */
static void note_ignored(struct inventory_builder *builder, const struct dialect *dialect,
                         const struct url *url)
{
    for (size_t i = 0; dialect->ignores_param && i < url->param_count; i++)
        if (dialect->ignores_param(url->params[i].key))
            load_note(builder, "url", "'%.64s' of the 'url' has no effect here",
                      url->params[i].key);
}

/* Checks what the client library takes from the environment. A fault of it is added once, since it is the same for
 * all tenants. */
static bool check_environment(struct inventory_builder *builder, const struct dialect *dialect,
                              const struct dialect_use *use)
{
    bool *has_judged = &builder->has_judged_environment[dialect->id];
    struct err err;
    if (*has_judged || !dialect->check_environment || dialect->check_environment(use, &err))
        return true;
    *has_judged = true;
    load_fault(builder, "url", "%s", err.text);
    return false;
}

static bool check_params(struct inventory_builder *builder, const struct url *url,
                         const struct common *common)
{
    const struct dialect *dialect = dialect_of(url->dialect);
    const struct dialect_use use = {url, common->schema != NULL, common->is_control};
    struct err err;
    if (!dialect)
        return true;
    note_ignored(builder, dialect, url);
    if (dialect->check_url && !dialect->check_url(&use, &err)) {
        load_fault(builder, "url", "'url': %s", err.text);
        return false;
    }
    return check_environment(builder, dialect, &use);
}

/* A choice: whose sessions have settings. */
static const char *title_with_settings_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        bool is_engine = dialect_info((enum dialect_id)d)->engine == (enum dialect_id)d;
        if (dialect && dialect->refuse_setting && is_engine && !index--)
            return dialect_info((enum dialect_id)d)->title;
    }
    return NULL;
}

static bool has_settings(enum dialect_id id)
{
    return dialect_of(id) && dialect_of(id)->refuse_setting;
}

/* A choice: as whose tenants a schema can be one. */
static const char *title_with_schemas_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect_info *info = dialect_info((enum dialect_id)d);
        if (info->has_schemas && !index--)
            return info->title;
    }
    return NULL;
}

/* The key has a meaning only for these engines. */
static void fault_of_key(struct inventory_builder *builder, const char *key, choice_fn *title_at)
{
    struct buf titles;
    buf_init(&titles, BUF_MAX_DEFAULT);
    choice_add(&titles, title_at);
    load_fault(builder, key, "'%s' is for %s only", key, titles.data);
    buf_done(&titles);
}

static bool check_database(struct inventory_builder *builder, const struct url *url,
                           const struct common *common)
{
    bool has_schemas = dialect_info(url->dialect)->has_schemas;
    if (builder->subject.lacks_dialect)
        return true;
    if (!has_schemas && common->has_own_schema)
        fault_of_key(builder, "schema", title_with_schemas_at);
    else if (common->has_own_session && !has_settings(url->dialect))
        fault_of_key(builder, "settings", title_with_settings_at);
    else if (!has_schemas && common->has_own_path)
        fault_of_key(builder, "search_path", title_with_schemas_at);
    else if (common->has_own_path && !common->schema)
        load_fault(builder, "search_path",
                   "'search_path' is what comes after the tenant's schema: give its 'schema' too");
    else if (!url->database && !url_param(url, "service") && !builder->subject.lacks_url)
        load_fault(builder, "url", "the 'url' names no database");
    else
        return check_params(builder, url, common);
    return false;
}

/* A URL that is not wholly known is shown with its variables, and without what may hold a password. */
static const char *shown_url(struct inventory_builder *builder, const struct url *url)
{
    struct arena *arena = builder->inventory->arena;
    if (!builder->subject.lacks_url)
        return url_redacted(arena, url);
    if (builder->subject.lacks_dialect)
        return builder->subject.shown_url ? builder->subject.shown_url : "***";
    if (!url->database && !url->host && !url->param_count)
        return arena_printf(arena, "%s://***", url->scheme);
    return variables_show(arena, url_redacted(&builder->scratch, url));
}

/* NULL: it is not known. */
static const char *server_of(struct inventory_builder *builder, const struct url *url)
{
    if (!builder->subject.lacks_url)
        return sharing_string(&builder->sharing, url_server(&builder->scratch, url));
    bool is_known = !builder->subject.lacks_dialect &&
                    (dialect_info(url->dialect)->is_file || url->host || url->database);
    const char *server = is_known ? url_server(&builder->scratch, url) : NULL;
    return server && !variables_are_in(server) ? sharing_string(&builder->sharing, server) : NULL;
}

static bool is_of_schemas(const char *key)
{
    return strcmp(key, "schema") == 0 || strcmp(key, "search_path") == 0;
}

/* Drops the lacks of the defaults' keys that the tenant does not use. */
static void drop_lacks(struct inventory_builder *builder, bool uses_password, bool uses_schemas,
                       bool uses_replicas)
{
    const struct lack *all = builder->subject.lacks;
    builder->subject.lacks = NULL;
    for (; all; all = all->next) {
        bool is_password = strncmp(all->key, "password_", strlen("password_")) == 0;
        bool is_replica = strcmp(all->key, "batch_replicas") == 0;
        if ((uses_password || !is_password) && (uses_schemas || !is_of_schemas(all->key)) &&
            (uses_replicas || !is_replica))
            load_keep_lack(builder, all);
    }
}

/* ---- a file of options that the URL names ----------------------------------------------------- */

static const char *option_path(struct inventory_builder *builder, const char *path)
{
    const char *home = getenv("HOME");
    if (strncmp(path, "~/", 2) == 0 && home)
        return arena_printf(&builder->scratch, "%s%s", home, path + 1);
    return load_path(builder, path);
}

/* A fault of the file of options is a lack of the tenant, since the file may be right on another machine. */
static void lack_options(struct inventory_builder *builder, const char *what)
{
    load_lack(builder, "url", NULL, arena_printf(&builder->scratch, "'url': %s", what));
    builder->subject.lacks_url = true;
}

/* May the item name a file of options? The row of a query source may not: a person who may write that table could
 * otherwise choose which of our files is read, and which server gets its password. */
static bool may_name_file(struct inventory_builder *builder)
{
    if (!builder->subject.row && !builder->subject.told)
        return true;
    load_fault(builder, "url", "its 'url': only the inventory's file may name a file of options");
    return false;
}

/* Adds to the URL what the file of options says and the URL does not. A password that a key gives beats the file's.
 * False: a fault. */
static bool take_options(struct inventory_builder *builder, const struct common *common,
                         struct url *url)
{
    const struct dialect *dialect =
        builder->subject.lacks_dialect ? NULL : dialect_of(url->dialect);
    const char *path = dialect && dialect->option_file ? dialect->option_file(url) : NULL;
    const char *password = url->password;
    struct option_notes notes = {0};
    struct err err;
    char *text;
    if (!path)
        return true;
    if (!may_name_file(builder))
        return false;
    path = option_path(builder, path);
    if (!private_file_read("option file", path, &text, &err)) {
        lack_options(builder, err.text);
        return true;
    }
    if (!dialect->take_options(&builder->scratch, text, url, &notes, &err))
        lack_options(builder,
                     arena_printf(&builder->scratch, "option file '%.256s', %s", path, err.text));
    password_free(text);
    if (!password && common->has_own_password)
        url->password = NULL;
    for (size_t i = 0; i < notes.count; i++)
        load_note(builder, "url", "'%s' of the option file '%.100s' has no effect here",
                  notes.names[i], path);
    return true;
}

/* A choice: of whose databases copies can be made. */
static const char *title_with_copies_at(size_t index)
{
    for (int d = 0; d < DIALECT__COUNT; d++)
        if (dialect_info((enum dialect_id)d)->is_file && !index--)
            return dialect_info((enum dialect_id)d)->title;
    return NULL;
}

static void note_copies(struct inventory_builder *builder, const struct url *url,
                        const struct common *common)
{
    struct buf titles;
    if (builder->subject.lacks_dialect || dialect_info(url->dialect)->is_file ||
        common->is_control || common->settings->rollback_by != ROLLBACK_BY_SNAPSHOT)
        return;
    buf_init(&titles, BUF_MAX_DEFAULT);
    choice_add(&titles, title_with_copies_at);
    load_note(
        builder, "rollback_by",
        "'rollback_by: snapshot' is for %s only: tenants of %s go back by their down sections",
        titles.data, dialect_info(url->dialect)->title);
    buf_done(&titles);
}

/* ---- a tenant -------------------------------------------------------------------------------- */

bool load_fill_tenant(struct inventory_builder *builder, const struct url *given,
                      const struct common *common, struct tenant *ret_tenant)
{
    size_t before = builder->faults->total;
    struct url merged = *given;
    const struct url *url = &merged;
    if (!take_options(builder, common, &merged))
        return false;
    const struct password *password = choose_password(builder, url, common);
    bool is_well = check_database(builder, url, common) && password;
    if (!is_well && builder->faults->total != before)
        return false;
    note_copies(builder, url, common);
    bool has_schemas = !builder->subject.lacks_dialect && dialect_info(url->dialect)->has_schemas;
    bool is_file = !builder->subject.lacks_dialect && dialect_info(url->dialect)->is_file;
    drop_lacks(builder, !is_file && !url->password, has_schemas || builder->subject.lacks_dialect,
               !is_file && !common->is_control);
    const char *server = server_of(builder, url);
    *ret_tenant = (struct tenant){
        .url = load_keep_url(builder, url),
        .url_redacted = shown_url(builder, url),
        .server = server,
        .schema = has_schemas ? common->schema : NULL,
        .labels = common->labels,
        .label_count = common->label_count,
        .settings = common->settings,
        .password = password ? password : common->password,
        .replicas = load_replicas_of(builder, url, server, common),
        .lacks = builder->subject.lacks,
        .line = load_line(builder, NULL),
        .password_line = common->password_line ? common->password_line : load_line(builder, NULL),
        .lacks_url = builder->subject.lacks_url,
        .lacks_dialect = builder->subject.lacks_dialect,
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
        return self->lacks_dialect ? NULL : dialect_info(self->url.dialect)->name;
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

/* Reads as much of a URL as is known where a variable in it is not set. */
static struct url partial_url(struct inventory_builder *builder, const char *partial)
{
    struct subject *subject = &builder->subject;
    struct url url = {0};
    struct err err;
    subject->lacks_url = true;
    if (url_parse(&builder->scratch, partial, &url, &err))
        return url;
    url = (struct url){0};
    subject->lacks_dialect = !dialect_find_by_scheme(partial, &url.dialect);
    if (!subject->lacks_dialect)
        url.scheme = arena_strndup(&builder->scratch, partial, strcspn(partial, "+:"));
    return url;
}

bool load_url(struct inventory_builder *builder, const char *raw, struct url *ret_url)
{
    const char *text;
    struct err err;
    if (!raw) {
        load_fault(builder, NULL, "'url' is missing");
        return false;
    }
    size_t before = builder->faults->total;
    if (load_text(builder, (struct field){"url", raw}, &text)) {
        if (url_parse(&builder->scratch, text, ret_url, &err))
            return true;
        load_fault(builder, "url", "'url': %s", err.text);
    }
    if (builder->faults->total != before)
        return false;
    struct expansion expansion = variables_expand(&builder->scratch, raw, &err);
    if (variables_are_all(raw))
        builder->subject.shown_url = arena_strdup(builder->inventory->arena, raw);
    *ret_url = partial_url(builder, expansion.text ? "" : expansion.partial);
    return true;
}

/* A tenant whose name is lacking can neither be selected nor left out: it is the whole fleet's. */
static void read_tenant(struct inventory_builder *builder, const struct raw_tenant *raw)
{
    const char *name = NULL;
    struct url url;
    struct tenant tenant;
    bool has_name = read_name(builder, raw->name, &name);
    if (builder->subject.lacks)
        load_lack_part(builder, PART_TENANTS);
    bool has_url = load_url(builder, raw->url, &url);
    builder->subject.has_dialect = has_url && !builder->subject.lacks_dialect;
    if (has_url)
        builder->subject.dialect = url.dialect;
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
