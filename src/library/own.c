#include "library/own.h"
#include "base/path.h"

#include <sys/stat.h>

/* ---- where it lies ------------------------------------------------------------------------- */

static char *real_path(struct arena *arena, const char *path)
{
    char *resolved = realpath(path, NULL);
    char *copy = arena_strdup(arena, resolved);
    free(resolved);
    return copy;
}

/* Both are real paths: what they have in common falls away. */
static const char *as_seen_from(struct arena *arena, const char *folder, const char *path)
{
    size_t common = 0;
    for (size_t i = 0; path[i] && path[i] == folder[i]; i++)
        if (path[i] == '/')
            common = i + 1;
    size_t len = strlen(folder);
    if (strncmp(path, folder, len) == 0 && path[len] == '/')
        return path + len + 1;
    const char *seen = path + common;
    for (const char *p = folder + common; *p; p += strcspn(p, "/"), p += *p == '/')
        seen = arena_printf(arena, "../%s", seen);
    return seen;
}

const char *own_inventory(const struct inventory *inventory, struct arena *arena)
{
    const char *path = inventory->path ? real_path(arena, inventory->path) : NULL;
    struct stat st;
    if (!path || stat(path, &st) || !S_ISREG(st.st_mode))
        return NULL;
    const char *folder = real_path(arena, path_folder(arena, inventory->ledger));
    return folder && *folder == '/' ? as_seen_from(arena, folder, path) : path;
}

/* ---- whether it is the same database ------------------------------------------------------- */

static const char *after_last(const char *path, char separator)
{
    const char *at = strrchr(path, separator);
    return at ? at + 1 : path;
}

static const char *without_ups(const char *path)
{
    while (strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0)
        path += strcspn(path, "/") + 1;
    return path;
}

static bool ends_with(const char *path, const char *end)
{
    size_t len = strlen(path), end_len = strlen(end);
    return len >= end_len && strcmp(path + len - end_len, end) == 0 &&
           (len == end_len || path[len - end_len - 1] == '/' || *end == '/');
}

static enum own_home file_home(const char *path, const char *other)
{
    struct stat a, b;
    if (*path == '/' && *other == '/') {
        bool is_same = strcmp(path, other) == 0 || (stat(path, &a) == 0 && stat(other, &b) == 0 &&
                                                    a.st_dev == b.st_dev && a.st_ino == b.st_ino);
        return is_same ? OWN_HOME_SAME : OWN_HOME_OTHER;
    }
    path = without_ups(path);
    other = without_ups(other);
    return ends_with(path, other) || ends_with(other, path) ? OWN_HOME_UNKNOWN : OWN_HOME_OTHER;
}

/* Host, port and database: neither who logs in nor with which parameters. */
static const char *server_part(const char *url, size_t *ret_len)
{
    const char *from = strstr(url, "://");
    from = from ? from + strlen("://") : url;
    size_t len = strcspn(from, "?");
    for (size_t i = 0; i < len; i++)
        if (from[i] == '@') {
            from += i + 1;
            len -= i + 1;
            break;
        }
    *ret_len = len;
    return from;
}

/* `url` may hide its secrets. */
static bool is_of_file(const char *url)
{
    enum dialect_id dialect;
    return dialect_find_by_scheme(url, &dialect) && dialect_info(dialect)->is_file;
}

enum own_home own_home(const struct tenant *tenant, const char *url, const char *schema)
{
    size_t len, other_len;
    bool is_file = dialect_info(tenant->url.dialect)->is_file;
    if (is_file != is_of_file(url))
        return OWN_HOME_OTHER;
    if (is_file) {
        const char *path = strstr(url, ":///");
        return path ? file_home(tenant->url.database, path + strlen(":///")) : OWN_HOME_UNKNOWN;
    }
    const char *one = server_part(tenant->url_redacted, &len);
    const char *other = server_part(url, &other_len);
    bool is_same = len == other_len && memcmp(one, other, len) == 0 &&
                   strcmp(tenant->schema ? tenant->schema : "", schema ? schema : "") == 0;
    return is_same ? OWN_HOME_SAME : OWN_HOME_OTHER;
}

/* ---- in whose home ------------------------------------------------------------------------- */

/* The names of this machine are one, as they are in the inventory's own check. */
static const char *server_key(struct arena *arena, const char *text, const char *schema)
{
    static const char *const local[] = {"localhost:", "127.0.0.1:", "[::1]:"};
    struct url url;
    struct err err;
    size_t len;
    if (!url_parse(arena, text, &url, &err)) { /* redacted */
        const char *part = server_part(text, &len);
        return arena_printf(arena, "%.*s\n%s", (int)len, part, schema);
    }
    const char *server = url_server(arena, &url);
    for (size_t i = 0; i < ARRAY_LEN(local); i++)
        if (strncmp(server, local[i], strlen(local[i])) == 0)
            server += strlen(local[i]);
    return arena_printf(arena, "%s\n%s\n%s", server, url.database ? url.database : "", schema);
}

/* The same text for what names the same database. */
static const char *home_key(const struct own_homes *homes, const char *url, const char *schema)
{
    struct arena *arena = homes->arena;
    const char *path = is_of_file(url) ? strstr(url, ":///") : NULL;
    if (path) {
        path += strlen(":///");
        if (*path != '/')
            path = arena_printf(arena, "%s/%s", homes->folder, path);
        const char *real = real_path(arena, path);
        return real ? real : path;
    }
    return server_key(arena, url, schema ? schema : "");
}

void own_homes_init(struct own_homes *homes, const struct inventory *inventory, struct arena *arena)
{
    *homes = (struct own_homes){.arena = arena};
    homes->folder = path_folder(arena, inventory->path ? inventory->path : ".");
    map_init(&homes->names);
    map_init(&homes->keys);
}

void own_homes_done(struct own_homes *homes)
{
    map_done(&homes->names);
    map_done(&homes->keys);
}

void own_homes_add(struct own_homes *homes, const struct ledger_fleet *past)
{
    for (size_t i = 0; past->urls && i < past->count; i++) {
        struct own_was was = {past->names[i], past->urls[i], past->schemas[i]};
        uint32_t number = (uint32_t)homes->count;
        if (standing_may_have_changed(&past->standings[i]) &&
            map_put(&homes->names, was.name, number) == number)
            *ARENA_PUSH(homes->arena, homes->items, homes->count, homes->capacity) = was;
    }
}

static const char *find_twin(struct own_homes *homes, const struct tenant *tenant)
{
    for (size_t i = 0; !homes->has_keys && i < homes->count; i++) {
        const struct own_was *was = &homes->items[i];
        map_put(&homes->keys, home_key(homes, was->url, was->schema), (uint32_t)i);
    }
    homes->has_keys = true;
    uint32_t at = map_get(&homes->keys, home_key(homes, tenant->url_redacted, tenant->schema));
    bool is_twin = at != MAP_NONE && strcmp(homes->items[at].name, tenant->name) != 0;
    return is_twin ? homes->items[at].name : NULL;
}

static bool is_same_text(const char *one, const char *other)
{
    return strcmp(one ? one : "", other ? other : "") == 0;
}

void own_homes_judge(struct own_homes *homes, const struct tenant *tenant,
                     const struct own_was *last, struct standing *standing)
{
    uint32_t at = map_get(&homes->names, tenant->name);
    const struct own_was *was = at == MAP_NONE ? last : &homes->items[at];
    if (!was->url ||
        (is_same_text(tenant->url_redacted, was->url) && is_same_text(tenant->schema, was->schema)))
        return; /* the inventory says what it said then */
    standing->twin = find_twin(homes, tenant);
    standing->is_elsewhere =
        standing->twin || own_home(tenant, was->url, was->schema) == OWN_HOME_OTHER;
}

/* ---- whose it is --------------------------------------------------------------------------- */

/* How many of a run's tenants are here by their names, by where they are. */
struct shared {
    size_t counts[OWN_HOME_UNKNOWN + 1];
    bool has_none; /* the run was of no one */
};

static enum own_home home_of(const struct tenant *tenant, const struct ledger_fleet *past, size_t n)
{
    return past->urls ? own_home(tenant, past->urls[n], past->schemas[n]) : OWN_HOME_UNKNOWN;
}

static bool count_shared(struct fleet *fleet, struct ledger *ledger, const char *run,
                         struct shared *ret_shared, struct err *err)
{
    const struct inventory *inventory = fleet->inventory;
    struct ledger_fleet past;
    struct map names;
    *ret_shared = (struct shared){0};
    if (!ledger_read_fleet(ledger, run, &fleet->arena, &past, err))
        return false;
    ret_shared->has_none = !past.count;
    map_init(&names);
    for (uint32_t i = 0; i < inventory->tenant_count; i++)
        map_put(&names, inventory->tenants[i].name, i);
    for (size_t i = 0; i < past.count; i++) {
        uint32_t at = map_get(&names, past.names[i]);
        if (at != MAP_NONE)
            ret_shared->counts[home_of(&inventory->tenants[at], &past, i)]++;
    }
    map_done(&names);
    return true;
}

/* Tenants that a query source finds are known only once it was asked. */
static bool is_of_unknown(const struct fleet *fleet, const struct shared *shared)
{
    bool has_any = shared->counts[OWN_HOME_SAME] || shared->counts[OWN_HOME_UNKNOWN];
    return has_any || shared->has_none ||
           (fleet->inventory->query_count && !shared->counts[OWN_HOME_OTHER]);
}

bool own_is(struct fleet *fleet, struct ledger *ledger, const struct ledger_run *run, bool *ret_is,
            struct err *err)
{
    if (!fleet_has_file(fleet)) {
        *ret_is = true;
        return true;
    }
    const char *mine = own_inventory(fleet->inventory, &fleet->arena);
    bool are_known = mine && run->inventory;
    struct shared shared;
    *ret_is = are_known && strcmp(mine, run->inventory) == 0;
    if (*ret_is ||
        (are_known && strcmp(after_last(mine, '/'), after_last(run->inventory, '/')) != 0))
        return true;
    if (!count_shared(fleet, ledger, run->id, &shared, err))
        return false;
    *ret_is = are_known ? shared.counts[OWN_HOME_SAME] > 0 : is_of_unknown(fleet, &shared);
    return true;
}

static bool fail_none(const struct fleet *fleet, struct err *err)
{
    err_set(err, ERR_LEDGER,
            "no run of '%s' in the ledger: its runs are of other inventories ('skein runs --all' "
            "lists them, and one of them is taken where its id is given)",
            fleet->inventory->path);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_NO_RUN);
    return false;
}

bool own_find(struct fleet *fleet, struct ledger *ledger, const char *id,
              struct ledger_run *ret_run, struct err *err)
{
    struct ledger_run run;
    bool is_own;
    if (!ledger_find(ledger, id, &fleet->arena, &run, err))
        return false;
    while (!id) {
        if (!own_is(fleet, ledger, &run, &is_own, err))
            return false;
        if (is_own)
            break;
        if (!ledger_find_older(ledger, run.id, &fleet->arena, &run, err))
            return strcmp(err->code, LEDGER_NO_RUN) == 0 && fail_none(fleet, err);
    }
    *ret_run = run;
    return true;
}
