/* Flyway: `V1.2__name.sql`, `U1.2__name.sql` (undo), `R__name.sql` (repeatable), and `….sql.conf`.
 *
 * The id is the version as Flyway compares it, with '_' for '.': V001.10.0 is 1_10. An undo file is
 * the way down. A repeatable becomes a revision at the end of the chain, `R_name`: from then on a
 * change of it is a new revision, like every other change. A baseline (`B5__name.sql`) is what Flyway runs in
 * a new database instead of the versions up to it: where these are there, they are the chain, and where they are
 * gone, it is its first revision. Callbacks are left out and named; migrations in Java cannot be taken over and
 * are faults. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/path.h"
#include "import/tool.h"

static bool is_baseline(const char *base)
{
    return *base == 'B' && ascii_is_digit(base[1]) && strstr(base, "__") && import_is_sql(base);
}

static bool wants(const char *name)
{
    const char *base = path_name(name);
    if (is_baseline(base))
        return true;
    return (strchr("VUR", *base) && import_is_sql(base)) || import_ends_with(base, ".conf");
}

static bool recognises(const char *name, const char *text)
{
    const char *base = path_name(name);
    (void)text;
    return *base == 'V' && import_count_digits(base + 1) && strstr(base, "__") &&
           import_is_sql(base);
}

/* Cuts a name, without its ending, at "__": into what comes before it (or the whole name) and what comes after it. */
static void split_name(struct arena *arena, const char *base, const char **ret_version,
                       const char **ret_description)
{
    const char *whole = arena_strndup(arena, base + 1, strlen(base) - 1 - strlen(".sql"));
    const char *separator = strstr(whole, "__");
    *ret_version = separator ? arena_strndup(arena, whole, (size_t)(separator - whole)) : whole;
    *ret_description = separator ? separator + 2 : "";
}

/* ---- script configuration ------------------------------------------------------------------ */

static const struct import_file *find_conf(const struct import *import, const char *name)
{
    const char *conf = arena_printf(import->arena, "%s.conf", name);
    for (size_t i = 0; i < import->request->file_count; i++)
        if (strcmp(import->request->files[i].name, conf) == 0)
            return &import->request->files[i];
    return NULL;
}

struct conf {
    bool is_transactional;
    bool replaces_placeholders;
};

static void take_setting(struct import *import, const struct import_file *file,
                         const struct import_line *line, struct conf *conf)
{
    char key[64], value[64];
    const char *text = arena_strndup(import->arena, line->text, line->len);
    text += strspn(text, " \t");
    if (!*text || *text == '#')
        return;
    if (sscanf(text, "%63[A-Za-z.] = %63s", key, value) != 2 &&
        sscanf(text, "%63[A-Za-z.]=%63s", key, value) != 2)
        import_fault(import, file->path, line->number, "not 'key=value'");
    else if (strcmp(key, "executeInTransaction") == 0)
        conf->is_transactional = strcmp(value, "false") != 0;
    else if (strcmp(key, "placeholderReplacement") == 0)
        conf->replaces_placeholders = strcmp(value, "false") != 0;
    else
        import_fault(import, file->path, line->number, "'%s' cannot be taken over", key);
}

static struct conf read_conf(struct import *import, const struct import_file *file)
{
    struct conf conf = {.is_transactional = true, .replaces_placeholders = true};
    struct import_line line = {0};
    while (file && file->bytes && import_next_line(file->bytes, file->len, &line))
        take_setting(import, file, &line, &conf);
    return conf;
}

/* The value; NULL: it was not given. */
static const char *find_value(const struct import_request *request, const char *name, size_t len)
{
    for (size_t i = 0; i < request->placeholder_count; i++) {
        const char *pair = request->placeholders[i];
        if (strcspn(pair, "=") == len && memcmp(pair, name, len) == 0)
            return pair + len + 1;
    }
    return NULL;
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

/* Replaces `${name}` everywhere in the file's text, in comments and literals too, as Flyway does. */
static const char *fill_placeholders(struct import *import, const struct import_file *file)
{
    struct buf text;
    const char *at = file->bytes, *open;
    buf_init(&text, FILE_MAX_BYTES);
    for (; (open = strstr(at, "${")); at = strchr(open, '}') + 1) {
        size_t len = strcspn(open + 2, "}\n");
        if (open[2 + len] != '}')
            break;
        const char *value = find_value(import->request, open + 2, len);
        if (!value)
            import_fault(import, file->path, line_of(file->bytes, open),
                         "what does '${%.*s}' stand for? say --placeholder %.*s=VALUE",
                         (int)(len < 80 ? len : 80), open + 2, (int)(len < 80 ? len : 80),
                         open + 2);
        buf_add(&text, at, (size_t)(open - at));
        buf_adds(&text, value ? value : "");
    }
    buf_adds(&text, at);
    if (text.is_full)
        import_fault(import, file->path, 0, "too long with its placeholders filled in");
    const char *filled = arena_strdup(import->arena, text.data);
    buf_done(&text);
    return filled;
}

/* ---- revisions ----------------------------------------------------------------------------- */

static void add_script(struct import *import, struct imported *item, const struct import_file *file,
                       enum direction direction)
{
    struct import_sql sql = import_sql_of(import, file, direction);
    struct conf conf = read_conf(import, find_conf(import, file->name));
    if (revision_has_direction(&item->revision, direction)) {
        import_fault(import, file->path, 0, "version '%s' is in '%s' already", item->revision.id,
                     item->revision.path);
        return;
    }
    if (conf.replaces_placeholders)
        sql.text = fill_placeholders(import, file);
    sql.len = strlen(sql.text);
    sql.is_transactional = conf.is_transactional;
    import_add_sql(import, item, &sql);
}

/* NULL: it has none. */
static const char *version_of(struct import *import, const struct import_file *file)
{
    const char *version, *description;
    split_name(import->arena, path_name(file->name), &version, &description);
    return import_canonical_version(import->arena, version, strlen(version));
}

/* NULL: it is no such file. */
static const char *version_of_if(struct import *import, const struct import_file *file, char prefix)
{
    bool is_such = file->bytes && *path_name(file->name) == prefix && import_is_sql(file->name);
    return is_such ? version_of(import, file) : NULL;
}

static void read_versioned(struct import *import, const struct import_file *file, char prefix)
{
    const char *version, *description;
    split_name(import->arena, path_name(file->name), &version, &description);
    const char *id = version_of(import, file);
    if (!id) {
        import_fault(import, file->path, 0, "'%s' is no version", version);
        return;
    }
    struct imported *item = import_find(import, id);
    if (!item)
        item =
            import_add(import, id, arena_printf(import->arena, "V%s", id), description, file->path);
    add_script(import, item, file, prefix == 'U' ? DIRECTION_DOWN : DIRECTION_UP);
}

/* The newest baseline that is older than all versions in the folder; NULL: there is none, and the chain begins with
 * the first version. */
static const struct import_file *choose_baseline(struct import *import)
{
    const struct import_request *request = import->request;
    const struct import_file *chosen = NULL;
    const char *lowest = NULL, *newest = NULL;
    for (size_t i = 0; i < request->file_count; i++) {
        const char *version = version_of_if(import, &request->files[i], 'V');
        if (version && (!lowest || import_compare_versions(version, lowest) < 0))
            lowest = version;
    }
    for (size_t i = 0; i < request->file_count; i++) {
        const char *version = version_of_if(import, &request->files[i], 'B');
        if (!version || (lowest && import_compare_versions(version, lowest) >= 0) ||
            (newest && import_compare_versions(version, newest) <= 0))
            continue;
        newest = version;
        chosen = &request->files[i];
    }
    return chosen;
}

/* Readable where it can be. */
static const char *repeatable_id(struct arena *arena, const char *description)
{
    const char *id = arena_printf(arena, "R_%s", description);
    char hex[HASH_HEX_SIZE];
    if (strlen(id) <= 32 && ascii_is_made_of(id, "_"))
        return id;
    hash_hex(description, strlen(description), hex);
    return arena_printf(arena, "R_%.12s", hex);
}

static void read_repeatable(struct import *import, const struct import_file *file)
{
    const char *version, *description;
    split_name(import->arena, path_name(file->name), &version, &description);
    if (*version || !*description) {
        import_fault(import, file->path, 0, "not named R__description.sql");
        return;
    }
    const char *key = arena_printf(import->arena, "R%s", description);
    add_script(
        import,
        import_add(import, repeatable_id(import->arena, description), key, description, file->path),
        file, DIRECTION_UP);
}

static void refuse_or_note(struct import *import, const struct import_file *file)
{
    const char *base = path_name(file->name);
    bool is_java = import_ends_with(base, ".java") || import_ends_with(base, ".class");
    if (is_java && strchr("VUR", *base) && strstr(base, "__"))
        import_fault(import, file->path, 0, "a migration in Java: write its SQL down first");
    else if (!file->is_folder && import_is_sql(base))
        import_note(import, file->path, "left out: a callback, or no name of a migration");
    else if (!file->is_folder && *base && strchr("VURB", *base) && strstr(base, "__"))
        import_note(import, file->path, "left out: its name does not end in '.sql'");
}

static void note_conf(struct import *import, const struct import_file *file)
{
    size_t len = strlen(file->name) - strlen(".conf");
    for (size_t i = 0; i < import->request->file_count; i++) {
        const char *name = import->request->files[i].name;
        if (strlen(name) == len && memcmp(name, file->name, len) == 0)
            return;
    }
    import_note(import, file->path, "left out: settings of no migration here");
}

static void read_flyway(struct import *import)
{
    const struct import_file *baseline = choose_baseline(import);
    for (size_t i = 0; i < import->request->file_count; i++) {
        const struct import_file *file = &import->request->files[i];
        char prefix = *path_name(file->name);
        if (!file->bytes)
            refuse_or_note(import, file);
        else if (import_ends_with(file->name, ".conf"))
            note_conf(import, file);
        else if (prefix == 'B' && file != baseline)
            import_note(import, file->path,
                        "left out: skein runs the versions up to it, or a newer baseline, instead");
        else if (prefix == 'R')
            read_repeatable(import, file);
        else
            read_versioned(import, file, prefix);
    }
}

/* Repeatables come after all versions, in the order of their descriptions. */
static int compare(const char *a, const char *b)
{
    if (*a != *b)
        return *a == 'V' ? -1 : 1;
    return *a == 'V' ? import_compare_versions(a + 1, b + 1) : strcmp(a, b);
}

/* ---- the version table --------------------------------------------------------------------- */

/* All versions up to a baseline count as applied, whether Flyway ever saw them or not. An id of
 * `skein revision` may begin with a digit too, and is no version. */
static void apply_baseline(struct adopting *adopting, const char *version)
{
    for (size_t i = 0; i < adopting->chain->count; i++) {
        const char *id = adopting->chain->revisions[i]->id;
        if (import_canonical_version(adopting->arena, id, strlen(id)) &&
            import_compare_versions(id, version) <= 0)
            adopting->applied[i] = true;
    }
}

/* The lowest version of the chain; NULL: it has none. */
static const struct revision *find_lowest(struct adopting *adopting)
{
    const struct revision *lowest = NULL;
    for (size_t i = 0; i < adopting->chain->count; i++) {
        const struct revision *revision = adopting->chain->revisions[i];
        bool is_version =
            import_canonical_version(adopting->arena, revision->id, strlen(revision->id));
        if (is_version && (!lowest || import_compare_versions(revision->id, lowest->id) < 0))
            lowest = revision;
    }
    return lowest;
}

/* A row of the type BASELINE comes from Flyway's command of that name, one of the type SQL_BASELINE or the like from
 * a baseline migration. Either stands for all versions up to its own. */
static bool apply_row(struct adopting *adopting, const char *version, const char *type)
{
    const char *id = import_canonical_version(adopting->arena, version, strlen(version));
    if (import_ends_with(type, "BASELINE")) {
        apply_baseline(adopting, version);
        return true;
    }
    const struct revision *revision = adopting_find(adopting, id ? id : version);
    if (revision)
        adopting->applied[revision->index] =
            strncmp(type, "UNDO", 4) != 0 && strcmp(type, "DELETE") != 0;
    return revision != NULL;
}

/* Each row is something that Flyway did, oldest first. Rows without a version are repeatables, which the next upgrade
 * runs once more (that does no harm), and schemas that Flyway has made. */
static bool stand(struct adopting *adopting)
{
    const struct revision *lowest = find_lowest(adopting);
    /* a version that a baseline migration has taken the place of; NULL: none has */
    const char *below = NULL;
    for (size_t i = 0; i < adopting->rows->row_count; i++) {
        const char *version = adopting_value(adopting, i, 0),
                   *type = adopting_value(adopting, i, 1);
        if (!adopting_is_true(adopting, i, 2))
            return err_set(adopting->err, ERR_DRIFT,
                           "migration '%s' has failed in Flyway: repair it first",
                           version ? version : "repeatable");
        bool is_below = version && lowest && import_compare_versions(version, lowest->id) < 0 &&
                        import_canonical_version(adopting->arena, version, strlen(version)) &&
                        !import_ends_with(type ? type : "", "BASELINE");
        if (is_below)
            below = version;
        else if (version && !apply_row(adopting, version, type ? type : ""))
            return false;
    }
    return !below || adopting->applied[lowest->index] || adopting_find(adopting, below);
}

const struct import_tool import_flyway = {
    .name = "flyway",
    .arguments = "DIR…",
    .reads = "V1__name.sql, U1__name.sql, R__name.sql",
    .looks_for = "files named V1__name.sql",
    .is_recursive = true,
    .wants = wants,
    .recognises = recognises,
    .read = read_flyway,
    .compare = compare,
    .table = "flyway_schema_history",
    .query = "SELECT version, type, success FROM {foreign} ORDER BY installed_rank",
    .stand = stand,
};
