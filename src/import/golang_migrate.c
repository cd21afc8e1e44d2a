/* golang-migrate: `VERSION_title.up.sql` and `VERSION_title.down.sql`.
 *
 * The id is the version as its schema_migrations holds it: a number, so without leading zeros. No
 * marker says what must run outside a transaction; import_add_sql finds it in the statements. */
#include "base/arena.h"
#include "base/err.h"
#include "chain/walk.h"
#include "import/tool.h"

static bool wants(const char *name)
{
    size_t digits = import_count_digits(name);
    return digits && name[digits] == '_' &&
           (import_ends_with(name, ".up.sql") || import_ends_with(name, ".down.sql"));
}

static void read_file(struct import *import, const struct import_file *file)
{
    struct arena *arena = import->arena;
    size_t digits = import_count_digits(file->name);
    bool is_up = import_ends_with(file->name, ".up.sql");
    size_t end = strlen(file->name) - strlen(is_up ? ".up.sql" : ".down.sql");
    enum direction direction = is_up ? DIRECTION_UP : DIRECTION_DOWN;
    const char *id = import_canonical_version(arena, file->name, digits);
    const char *title = arena_strndup(arena, file->name + digits, end - digits);
    struct imported *item = import_find(import, id);
    if (!item)
        item = import_add(import, id, id, title, file->path);
    if (revision_has_direction(&item->revision, direction)) {
        import_fault(import, file->path, 0, "version '%s' is in '%s' already", id,
                     item->revision.path);
        return;
    }
    struct import_sql sql = import_sql_of(import, file, direction);
    import_add_sql(import, item, &sql);
}

static void read_all(struct import *import)
{
    for (size_t i = 0; i < import->request->file_count; i++) {
        const struct import_file *file = &import->request->files[i];
        if (file->bytes)
            read_file(import, file);
        else if (import_ends_with(file->name, ".sql"))
            import_note(import, file->path,
                        "left out: not named VERSION_title.up.sql or .down.sql");
    }
}

/* One row at most: the version reached, and whether it was left half done. */
static bool stand(struct adopting *adopting)
{
    if (!adopting->rows->row_count)
        return true;
    const char *version = adopting_value(adopting, 0, 0);
    if (adopting_is_true(adopting, 0, 1))
        return err_set(
            adopting->err, ERR_DRIFT,
            "golang-migrate left version '%s' dirty: repair it and set its version first",
            version ? version : "");
    const struct revision *revision = adopting_find(adopting, version ? version : "");
    if (revision)
        walk_mark(adopting->chain, adopting->applied, revision->index, WALK_PARENTS);
    return revision != NULL;
}

const struct import_tool import_golang_migrate = {
    .name = "golang-migrate",
    .wants = wants,
    .read = read_all,
    .compare = import_compare_versions,
    .table = "schema_migrations",
    .query = "SELECT version, dirty FROM {foreign}",
    .stand = stand,
};
