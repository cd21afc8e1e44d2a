#include "inventory/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/err.h"
#include "inventory/load/builder.h"
#include "inventory/load/yaml.h"

/* ---- the keys at the top ------------------------------------------------------------------- */

static const char *read_path(struct loader *loader, const char *key, const char *raw,
                             const char *fallback)
{
    const char *text = fallback;
    load_text(loader, key, raw, &text);
    return arena_strdup(loader->inventory->arena, load_path(loader, text));
}

/* An identifier that needs quoting nowhere, and fits into every database's names. */
static const char *read_version_table(struct loader *loader, const char *raw)
{
    const char *text = "alembic_version";
    load_text(loader, "version_table", raw, &text);
    if (!ascii_is_made_of(text, "_") || ascii_is_digit(*text) || strlen(text) > 63)
        load_fault(loader, "version_table",
                   "'version_table' must be made of at most 63 letters, digits and '_'");
    if (ascii_is_same(text, "skein_history"))
        load_fault(loader, "version_table", "'version_table' is the name of the history table");
    return arena_strdup(loader->inventory->arena, text);
}

/* A path, or the URL of a database that several machines share. */
static const char *read_ledger(struct loader *loader, const char *raw)
{
    const char *text = ".skein/ledger.db";
    struct arena *arena = loader->inventory->arena;
    struct url url = {0};
    struct err err;
    load_text(loader, "ledger", raw, &text);
    if (!strstr(text, "://"))
        return arena_strdup(arena, load_path(loader, text));
    if (!url_parse(&loader->scratch, text, &url, &err))
        load_fault(loader, "ledger", "'ledger': %s", err.text);
    else if (url.dialect == DIALECT_SQLITE)
        return arena_strdup(arena, load_path(loader, url.database));
    else if (url.dialect != DIALECT_POSTGRESQL)
        load_fault(loader, "ledger", "'ledger' must be a file or a postgresql:// URL");
    else /* without `+driver`: who opens it goes by the scheme, and takes all else for a file's path */
        return arena_printf(arena, "%s%s", url.scheme, strstr(text, "://"));
    return arena_strdup(arena, text);
}

static void read_top(struct loader *loader, const struct raw_inventory *raw)
{
    struct inventory *inventory = loader->inventory;
    load_turn_to(loader, SECTION_TOP, 0);
    inventory->chain_dir = read_path(loader, "chain", raw->chain, "versions");
    inventory->version_table = read_version_table(loader, raw->version_table);
    inventory->ledger = read_ledger(loader, raw->ledger);
}

static void read_report(struct loader *loader, const struct raw_report *raw)
{
    static const char *const booleans[] = {"false", "true", NULL};
    if (!raw)
        return;
    load_turn_to(loader, SECTION_REPORT, 0);
    loader->inventory->hides_values = !load_word(loader, "detail", raw->detail, booleans, true);
}

static void read_defaults(struct loader *loader, const struct raw_inventory *raw)
{
    loader->defaults.settings = load_default_settings(loader, raw->rollout);
    load_turn_to(loader, SECTION_DEFAULTS, 0);
    loader->defaults.password = load_keep_password(loader, PASSWORD_NONE, NULL);
    if (raw->defaults)
        loader->defaults = load_common(loader, raw->defaults, &loader->defaults);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void convert(struct loader *loader, const struct raw_inventory *raw)
{
    read_top(loader, raw);
    read_defaults(loader, raw);
    load_rules(loader, raw->rollout);
    read_report(loader, raw->report);
    load_tenants(loader, raw);
    load_sources(loader, raw);
}

static struct inventory *inventory_new(const char *path, struct faults *faults)
{
    struct inventory *inventory = xcalloc(1, sizeof *inventory);
    inventory->arena = xcalloc(1, sizeof *inventory->arena);
    arena_init(inventory->arena);
    inventory->path = arena_strdup(inventory->arena, path);
    inventory->private_ = load_begin(inventory, faults);
    return inventory;
}

struct inventory *inventory_parse(const char *path, const void *bytes, size_t len,
                                  struct faults *faults)
{
    struct inventory *inventory = inventory_new(path, faults);
    struct loader *loader = inventory->private_;
    size_t faults_before = faults->total;
    struct raw_inventory *raw = NULL;
    if (yaml_check(path, bytes, len, &loader->places, faults))
        raw = raw_load(path, bytes, len, &loader->places, faults);
    if (raw)
        convert(loader, raw);
    raw_free(raw);
    places_done(&loader->places);
    if (raw && faults->total == faults_before)
        return inventory;
    faults_sort(faults);
    inventory_free(inventory);
    return NULL;
}

/* One byte more than is allowed shows that there is too much. */
static bool read_file(const char *path, char **ret_bytes, size_t *ret_len)
{
    size_t len = 0;
    size_t capacity = 64 * 1024;
    ssize_t count;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    char *bytes = xmalloc(capacity);
    while ((count = read(fd, bytes + len, capacity - len)) != 0 && len <= YAML_MAX_BYTES) {
        if (count < 0 && errno != EINTR)
            break;
        len += count > 0 ? (size_t)count : 0;
        if (len == capacity)
            bytes = xrealloc(bytes, capacity *= 2);
    }
    int error = errno;
    close(fd);
    if (count < 0) {
        free(bytes);
        errno = error;
        return false;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    return true;
}

struct inventory *inventory_load(const char *path, struct faults *faults)
{
    char *bytes;
    size_t len;
    if (!read_file(path, &bytes, &len)) {
        faults_add(faults, ERR_CONFIG, path, 0, "the inventory cannot be read: %s",
                   strerror(errno));
        return NULL;
    }
    struct inventory *inventory = inventory_parse(path, bytes, len, faults);
    explicit_bzero(bytes, len); /* passwords may stand in it */
    free(bytes);
    return inventory;
}

void inventory_free(struct inventory *inventory)
{
    if (!inventory)
        return;
    load_end(inventory->private_);
    free(inventory->tenants);
    arena_done(inventory->arena);
    free(inventory->arena);
    free(inventory);
}
