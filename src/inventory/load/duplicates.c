/* Checks all tenants together: no name may stand twice, and no database. */
#include "base/path.h"
#include "inventory/load/builder.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/ascii.h"
#include "base/err.h"

/* The folder whose real path was looked up last: files that stand together are mostly in one folder. */
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

/* The real path of a folder. Where it is not there yet: the real path of the part that is, with the rest appended. */
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
    size_t len = path_folder_len(path);
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
    size_t len = path_folder_len(path);
    finder->ledger = file_key(finder, path);
    finder->copies =
        arena_printf(&finder->arena, "%s/snapshots/", resolve_folder(finder, path, len));
    finder->copies_len = strlen(finder->copies);
}

/* skein writes the one while it works on tenants, and puts the others back where tenants were. */
static const char *own_file(struct finder *finder, const char *path, const char *key)
{
    size_t len = path_folder_len(path);
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
