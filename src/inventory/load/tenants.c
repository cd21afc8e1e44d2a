/* Tenants: what one is made of, those that the file lists, and what concerns all of them together. */
#include "inventory/load/builder.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/choice.h"
#include "base/err.h"
#include "dialect/dialect.h"

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
static struct url keep_url(struct inventory_builder *builder, const struct url *url)
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

/* What a URL has for an application alone is left out, and told once for each name. */
static void note_ignored(struct inventory_builder *builder, const struct dialect *dialect,
                         const struct url *url)
{
    for (size_t i = 0; dialect->ignores_param && i < url->param_count; i++)
        if (dialect->ignores_param(url->params[i].key))
            load_note(builder, "url", "'%.64s' of the 'url' has no effect here",
                      url->params[i].key);
}

/* The environment is told of once: it is the same for all tenants. */
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
    return strcmp(key, "schema") == 0 || strcmp(key, "search_path") == 0 ||
           strcmp(key, "settings") == 0;
}

/* What the tenant does not use of the defaults, it does not lack. */
static void drop_lacks(struct inventory_builder *builder, bool uses_password, bool uses_schemas)
{
    const struct lack *all = builder->subject.lacks;
    builder->subject.lacks = NULL;
    for (; all; all = all->next) {
        bool is_password = strncmp(all->key, "password_", strlen("password_")) == 0;
        if ((uses_password || !is_password) && (uses_schemas || !is_of_schemas(all->key)))
            load_keep_lack(builder, all);
    }
}

bool load_fill_tenant(struct inventory_builder *builder, const struct url *url,
                      const struct common *common, struct tenant *ret_tenant)
{
    size_t before = builder->faults->total;
    const struct password *password = choose_password(builder, url, common);
    bool is_well = check_database(builder, url, common) && password;
    if (!is_well && builder->faults->total != before)
        return false;
    bool has_schemas = !builder->subject.lacks_dialect && dialect_info(url->dialect)->has_schemas;
    bool is_file = !builder->subject.lacks_dialect && dialect_info(url->dialect)->is_file;
    drop_lacks(builder, !is_file && !url->password, has_schemas || builder->subject.lacks_dialect);
    *ret_tenant = (struct tenant){
        .url = keep_url(builder, url),
        .url_redacted = shown_url(builder, url),
        .server = server_of(builder, url),
        .schema = has_schemas ? common->schema : NULL,
        .labels = common->labels,
        .label_count = common->label_count,
        .settings = common->settings,
        .password = password ? password : common->password,
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

/* What can be known of a URL that the environment does not say whole. */
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

/* The folder last resolved: neighbours mostly share it. */
struct folder {
    char *path;
    char *resolved;
};

struct finder {
    const struct inventory *inventory;
    struct faults *faults;
    struct arena arena; /* the keys */
    struct map by_name;
    struct map by_database;
    struct folder folder;
    const char *ledger; /* its key; NULL: it is no file */
    const char *copies; /* the folder of the copies that are made beside it, as a real path */
    size_t copies_len;
};

/* ---- which database is it ------------------------------------------------------------------ */

/* Of one that is not there yet, as far as it is. */
static char *real_folder(struct arena *arena, const char *path)
{
    char *found = realpath(path, NULL);
    size_t len = strlen(path), end;
    char *resolved = found ? arena_strdup(arena, found) : NULL;
    free(found);
    while (len > 1 && path[len - 1] == '/')
        len--;
    for (end = len; end && path[end - 1] != '/';)
        end--;
    if (resolved || (len == 1 && *path == '/') || strcmp(path, ".") == 0)
        return resolved ? resolved : arena_strdup(arena, path);
    const char *parent = end ? arena_strndup(arena, path, end) : ".";
    return arena_printf(arena, "%s/%.*s", real_folder(arena, parent), (int)(len - end), path + end);
}

static const char *resolve_folder(struct finder *finder, const char *path, size_t len)
{
    struct folder *folder = &finder->folder;
    if (folder->path && strlen(folder->path) == len && memcmp(folder->path, path, len) == 0)
        return folder->resolved;
    folder->path = arena_strndup(&finder->arena, path, len);
    folder->resolved = real_folder(&finder->arena, *folder->path ? folder->path : ".");
    return folder->resolved;
}

/* A file that is not there yet is known by its folder's real path. */
static const char *file_key(struct finder *finder, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return arena_printf(&finder->arena, "inode %ju %ju", (uintmax_t)st.st_dev,
                            (uintmax_t)st.st_ino);
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    return arena_printf(&finder->arena, "path %s/%s", resolve_folder(finder, path, len),
                        path + len);
}

/* The names of this machine are one; a socket's folder is known as it stands. */
static const char *host_of(const struct url *url)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "::1"};
    for (size_t i = 0; url->host && i < ARRAY_LEN(local); i++)
        if (ascii_is_same(url->host, local[i]))
            return "";
    return url->host ? url->host : "";
}

/* Only the host's case does not matter; sizes keep parts from running into each other. */
static const char *server_key(struct finder *finder, const struct tenant *tenant)
{
    const struct url *url = &tenant->url;
    const char *host = host_of(url);
    const char *database = url->database ? url->database : "";
    const char *schema = tenant->schema ? tenant->schema : "";
    const char *service = url_param(url, "service");
    uint16_t port = url->port ? url->port : dialect_info(url->dialect)->default_port;
    char *key = arena_printf(&finder->arena, "server %d %s:%u %zu:%s %zu:%s %s", (int)url->dialect,
                             host, (unsigned)port, strlen(database), database, strlen(schema),
                             schema, service ? service : "");
    char *from = key + strlen("server ? ");
    for (size_t i = 0; *host != '/' && i < strlen(host); i++)
        from[i] = ascii_to_lower(from[i]);
    return key;
}

static bool is_ledger_file(const struct inventory *inventory)
{
    return inventory->ledger && !strstr(inventory->ledger, "://");
}

static void find_ledger(struct finder *finder)
{
    const char *path = finder->inventory->ledger;
    if (!is_ledger_file(finder->inventory))
        return;
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    finder->ledger = file_key(finder, path);
    finder->copies =
        arena_printf(&finder->arena, "%s/snapshots/", resolve_folder(finder, path, len));
    finder->copies_len = strlen(finder->copies);
}

/* skein writes the one while it works on tenants, and puts the others back where tenants were. */
static const char *own_file(struct finder *finder, const char *path, const char *key)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;
    if (!finder->ledger)
        return NULL;
    if (strcmp(key, finder->ledger) == 0)
        return "the ledger itself";
    const char *folder = arena_printf(&finder->arena, "%s/", resolve_folder(finder, path, len));
    bool is_below = strncmp(folder, finder->copies, finder->copies_len) == 0;
    return is_below && folder[finder->copies_len] /* of a run */
               ? "a copy that skein keeps beside the ledger"
               : NULL;
}

/* ---- all tenants together: no name twice, no database twice ----------------------------------------------------------------------------- */

static void check_tenant(struct finder *finder, size_t index)
{
    const struct inventory *inventory = finder->inventory;
    const struct tenant *tenant = &inventory->tenants[index];
    uint32_t first = map_put(&finder->by_name, tenant->name, (uint32_t)index);
    if (first != index)
        faults_add(finder->faults, ERR_CONFIG, inventory->path, tenant->line,
                   "tenant '%s': 'name' is taken by the tenant of line %d", tenant->name,
                   inventory->tenants[first].line);
    if (tenant->lacks_url)
        return;
    bool is_file = dialect_info(tenant->url.dialect)->is_file;
    const char *key = is_file ? file_key(finder, tenant->url.database) : server_key(finder, tenant);
    const char *own = is_file ? own_file(finder, tenant->url.database, key) : NULL;
    if (own)
        faults_add(finder->faults, ERR_CONFIG, inventory->path, tenant->line,
                   "tenant '%s': 'url' is %s, and no tenant's database: leave it out, or name "
                   "another file in 'ledger'",
                   tenant->name, own);
    first = map_put(&finder->by_database, key, (uint32_t)index);
    if (first != index)
        faults_add(finder->faults, ERR_CONFIG, inventory->path, tenant->line,
                   "tenant '%s': 'url' is the same database as that of tenant '%s' (line %d)",
                   tenant->name, inventory->tenants[first].name, inventory->tenants[first].line);
}

static void check_all(const struct inventory *inventory, struct faults *faults)
{
    struct finder finder = {.inventory = inventory, .faults = faults};
    arena_init(&finder.arena);
    map_init(&finder.by_name);
    map_init(&finder.by_database);
    find_ledger(&finder);
    for (size_t i = 0; i < inventory->tenant_count; i++)
        check_tenant(&finder, i);
    map_done(&finder.by_name);
    map_done(&finder.by_database);
    arena_done(&finder.arena);
}

struct inventory *inventory_finish(struct inventory_builder *builder, struct faults *faults)
{
    size_t faults_before = faults->total;
    struct inventory *inventory = inventory_take(builder);
    load_divide_settings(inventory);
    check_all(inventory, faults);
    if (faults->total == faults_before)
        return inventory;
    faults_sort(faults);
    inventory_free(inventory);
    return NULL;
}
