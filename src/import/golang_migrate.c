/* golang-migrate: `VERSION_title.up.sql` and `VERSION_title.down.sql`.
 *
 * It takes every file whose name is `^([0-9]+)_(.*)\.(down|up)\.(.*)$`, whatever the ending, and passes over
 * all others without a word; so do we, with one. The id is the version as its schema_migrations holds it: a
 * number, so without leading zeros. No marker says what must run outside a transaction; import_add_sql finds it
 * in the statements. */
#include "base/arena.h"
#include "base/err.h"
#include "chain/walk.h"
#include "import/tool.h"

struct name {
    size_t digits;    /* of the version */
    size_t title_end; /* where ".up." or ".down." begins */
    enum direction direction;
};

static bool fits_64_bits(const char *number, size_t digits)
{
    static const char most[] = "18446744073709551615";
    size_t zeros = strspn(number, "0"), len = digits - (zeros < digits ? zeros : digits);
    if (len != sizeof most - 1)
        return len < sizeof most;
    return strncmp(number + zeros, most, len) <= 0;
}

/* The last ".up." or ".down." counts, as the expression's first `.*` is greedy. The version must fit 64 bits, or
 * golang-migrate does not know the file. */
static bool parse_name(const char *name, struct name *ret_name)
{
    size_t digits = import_count_digits(name);
    bool is_found = false;
    if (!digits || name[digits] != '_' || !fits_64_bits(name, digits))
        return false;
    for (const char *at = name + digits; (at = strchr(at + 1, '.'));) {
        bool is_up = strncmp(at, ".up.", 4) == 0, is_down = strncmp(at, ".down.", 6) == 0;
        if (is_up || is_down) {
            *ret_name =
                (struct name){digits, (size_t)(at - name), is_up ? DIRECTION_UP : DIRECTION_DOWN};
            is_found = true;
        }
    }
    return is_found;
}

static bool wants(const char *path)
{
    struct name name;
    return parse_name(path, &name);
}

static bool recognises(const char *path, const char *text)
{
    (void)text;
    return wants(path);
}

static void read_file(struct import *import, const struct import_file *file)
{
    struct arena *arena = import->arena;
    struct name name;
    if (!parse_name(file->name, &name))
        return;
    enum direction direction = name.direction;
    const char *id = import_canonical_version(arena, file->name, name.digits);
    const char *title =
        arena_strndup(arena, file->name + name.digits, name.title_end - name.digits);
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

static void read_golang_migrate(struct import *import)
{
    for (size_t i = 0; i < import->request->file_count; i++) {
        const struct import_file *file = &import->request->files[i];
        if (file->bytes)
            read_file(import, file);
        else
            import_note(import, file->path,
                        file->is_folder ? "left out: golang-migrate reads no folders in its folder"
                                        : "left out: not named VERSION_title.up.sql or .down.sql");
    }
}

/* The table has at most one row: the version that was reached, and whether it was left half done. */
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
    .arguments = "DIR",
    .reads = "1_name.up.sql, 1_name.down.sql",
    .looks_for = "files named VERSION_title.up.sql and VERSION_title.down.sql",
    .wants = wants,
    .recognises = recognises,
    .read = read_golang_migrate,
    .compare = import_compare_versions,
    .table = "schema_migrations",
    .query = "SELECT version, dirty FROM {foreign}",
    .stand = stand,
};
