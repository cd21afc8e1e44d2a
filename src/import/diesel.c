/* diesel: a folder `VERSION_name/` each, with up.sql, down.sql and metadata.toml.
 *
 * The id is the version as __diesel_schema_migrations holds it: the folder's name up to the first
 * '_', without '-'. No down.sql: irreversible, there as here. */
#include "base/arena.h"
#include "base/ascii.h"
#include "import/tool.h"

/* The name of a file that lies directly in a migration's folder; NULL: it lies elsewhere. */
static const char *file_of(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash && !strchr(slash + 1, '/') ? slash + 1 : NULL;
}

static bool is_file(const char *name, const char *wanted)
{
    const char *file = file_of(name);
    return file && strcmp(file, wanted) == 0;
}

static bool wants(const char *name)
{
    return is_file(name, "up.sql") || is_file(name, "down.sql") || is_file(name, "metadata.toml");
}

static bool recognises(const char *name, const char *text)
{
    (void)text;
    return is_file(name, "up.sql");
}

static const char *version_of(struct arena *arena, const char *folder)
{
    char *version = arena_alloc(arena, strlen(folder) + 1);
    size_t used = 0;
    for (const char *at = folder; *at && *at != '_'; at++)
        if (*at != '-')
            version[used++] = *at;
    return version;
}

/* `run_in_transaction = false`; diesel knows no other key. */
static bool says_no_transaction(const struct import_file *file)
{
    static const char key[] = "run_in_transaction";
    struct import_line line = {0};
    while (file && import_next_line(file->bytes, file->len, &line)) {
        const char *at = line.text + strspn(line.text, " \t");
        if (strncmp(at, key, sizeof key - 1) != 0)
            continue;
        at += sizeof key - 1;
        at += strspn(at, " \t");
        if (*at == '=') {
            at += 1 + strspn(at + 1, " \t");
            return strncmp(at, "false", 5) == 0 && !ascii_is_alnum(at[5]);
        }
    }
    return false;
}

struct folder {
    const char *name;
    const struct import_file *up, *down, *metadata;
};

static void read_direction(struct import *import, struct imported *item,
                           const struct folder *folder, enum direction direction)
{
    const struct import_file *file = direction == DIRECTION_UP ? folder->up : folder->down;
    if (!file)
        return;
    struct import_sql sql = import_sql_of(import, file, direction);
    sql.is_transactional = !says_no_transaction(folder->metadata);
    import_add_sql(import, item, &sql);
}

static void read_folder(struct import *import, const struct folder *folder)
{
    const struct import_file *any = folder->up ? folder->up : folder->down;
    if (!any)
        return;
    const char *version = version_of(import->arena, folder->name);
    const char *name = strchr(folder->name, '_');
    struct imported *item = import_add(import, version, version, name ? name : "", any->path);
    read_direction(import, item, folder, DIRECTION_UP);
    read_direction(import, item, folder, DIRECTION_DOWN);
}

static bool has_file(const struct import *import, const char *folder, const char *wanted)
{
    const char *name = arena_printf(import->arena, "%s/%s", folder, wanted);
    for (size_t i = 0; i < import->request->file_count; i++)
        if (strcmp(import->request->files[i].name, name) == 0)
            return true;
    return false;
}

/* diesel takes every folder for a migration, and ignores all files outside of folders. */
static void refuse_or_note(struct import *import, const struct import_file *file)
{
    bool is_below = strchr(file->name, '/');
    if (file->is_folder && is_below)
        import_note(import, file->path, "left out: diesel reads no folder in a migration's");
    else if (file->is_folder && !has_file(import, file->name, "up.sql") &&
             !has_file(import, file->name, "down.sql"))
        import_fault(import, file->path, 0, "no up.sql in it");
    else if (!file->is_folder && import_is_sql(file->name))
        import_note(import, file->path,
                    "left out: not up.sql or down.sql of a folder VERSION_name");
}

/* The files are sorted, so that those of a folder stand together. */
static void read_diesel(struct import *import)
{
    struct folder folder = {0};
    for (size_t i = 0; i < import->request->file_count; i++) {
        const struct import_file *file = &import->request->files[i];
        if (!file->bytes) {
            refuse_or_note(import, file);
            continue;
        }
        const char *name = arena_strndup(import->arena, file->name, strcspn(file->name, "/"));
        if (!folder.name || strcmp(folder.name, name) != 0) {
            read_folder(import, &folder);
            folder = (struct folder){.name = name};
        }
        if (is_file(file->name, "up.sql"))
            folder.up = file;
        else if (is_file(file->name, "down.sql"))
            folder.down = file;
        else
            folder.metadata = file;
    }
    read_folder(import, &folder);
}

const struct import_tool import_diesel = {
    .name = "diesel",
    .arguments = "DIR",
    .reads = "VERSION_name/up.sql, down.sql, metadata.toml",
    .looks_for = "folders named VERSION_name with an up.sql each",
    .is_recursive = true,
    .wants = wants,
    .recognises = recognises,
    .read = read_diesel,
    .compare = strcmp,
    .table = "__diesel_schema_migrations",
    .query = "SELECT version FROM {foreign}",
    .stand = adopting_rows,
};
