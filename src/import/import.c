#include "import/import.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "chain/write.h"
#include "dialect/dialect.h"
#include "dialect/scripts.h"
#include "import/tool.h"

enum { ID_MAX = 32 };

static const struct import_tool *const tools[] = {
    &import_alembic_sql, &import_dbmate,         &import_diesel,
    &import_flyway,      &import_golang_migrate, &import_goose,
};

const struct import_tool *import_tool_at(size_t index)
{
    return index < ARRAY_LEN(tools) ? tools[index] : NULL;
}

const char *import_tool_name_at(size_t index)
{
    return index < ARRAY_LEN(tools) ? tools[index]->name : NULL;
}

const struct import_tool *import_tool_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(tools); i++)
        if (strcmp(tools[i]->name, name) == 0)
            return tools[i];
    return NULL;
}

const char *import_tool_name(const struct import_tool *tool)
{
    return tool->name;
}

struct import_usage import_tool_usage(const struct import_tool *tool)
{
    return (struct import_usage){tool->name, tool->arguments, tool->reads};
}

bool import_tool_takes_files(const struct import_tool *tool)
{
    return tool->takes_files;
}

bool import_tool_finds_dialect(const struct import_tool *tool)
{
    return tool->finds_dialect;
}

/* ---- what the tools' files use ------------------------------------------------------------- */

void import_fault(struct import *import, const char *path, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    faults_vadd(import->faults, ERR_CHAIN, path, line, format, args);
    va_end(args);
}

void import_note(struct import *import, const char *path, const char *text)
{
    *ARENA_PUSH(import->arena, import->notes, import->note_count, import->note_capacity) =
        (struct import_note){path, text};
}

static const char *message_of(struct arena *arena, const char *name)
{
    char *message = arena_strdup(arena, name + strspn(name, "_- "));
    size_t len = strlen(message);
    for (char *at = message; *at; at++)
        if (*at == '_' || (unsigned char)*at < ' ')
            *at = ' ';
    while (len && message[len - 1] == ' ')
        message[--len] = '\0';
    return message;
}

/* 20261123101500 as a time; "" where it is none. */
static const char *date_of(struct arena *arena, const char *version)
{
    int year, month, day, hour, minute, second;
    if (strlen(version) != 14 || import_count_digits(version) != 14 ||
        sscanf(version, "%4d%2d%2d%2d%2d%2d", &year, &month, &day, &hour, &minute, &second) != 6 ||
        year < 1990 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 59)
        return "";
    return arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d", year, month, day, hour, minute,
                        second);
}

/* Can the version be an id? A version table must be able to hold it, and it must not look like a target such as `head`. */
static bool can_be_id(const char *version)
{
    size_t len = strlen(version);
    return len <= ID_MAX && ascii_is_made_of(version, "_") &&
           !revision_name_is_reserved(version, len);
}

const char *import_id(struct arena *arena, const char *version)
{
    enum { HASH_DIGITS = 8 };
    char hex[HASH_HEX_SIZE];
    if (!*version || can_be_id(version))
        return version;
    char *id = arena_strndup(arena, version, strnlen(version, ID_MAX - HASH_DIGITS - 1));
    for (char *at = id; *at; at++)
        if (!ascii_is_alnum(*at))
            *at = '_';
    hash_hex(version, strlen(version), hex);
    return arena_printf(arena, "%s_%.*s", id, HASH_DIGITS, hex);
}

static void note_mapping(struct import *import, const char *path, const char *version,
                         const char *id)
{
    if (strcmp(version, id) != 0)
        *ARENA_PUSH(import->arena, import->mapped, import->mapped_count, import->mapped_capacity) =
            (struct import_mapped){path, version, id};
}

struct imported *import_add(struct import *import, const char *version, const char *key,
                            const char *name, const char *path)
{
    const char *id = import_id(import->arena, version);
    struct imported *item = arena_alloc(import->arena, sizeof *item);
    *item = (struct imported){.key = key,
                              .revision = {.id = id,
                                           .path = path,
                                           .id_line = 1,
                                           .message = message_of(import->arena, name),
                                           .create_date = date_of(import->arena, id)}};
    if (!*id)
        import_fault(import, path, 0, "its name has no version");
    note_mapping(import, path, version, id);
    *ARENA_PUSH(import->arena, import->items, import->count, import->capacity) = item;
    return item;
}

struct imported *import_find(const struct import *import, const char *version)
{
    const char *id = import_id(import->arena, version);
    for (size_t i = import->count; i-- > 0;)
        if (strcmp(import->items[i]->revision.id, id) == 0)
            return import->items[i];
    return NULL;
}

/* ---- one chain of them --------------------------------------------------------------------- */

/* Sorts by the tool's own order. Where two are equal in it, they are sorted by path, so that the same faults come in
 * the same order each time. */
static int compare_items(const void *a, const void *b, void *ctx)
{
    const struct imported *left = *(struct imported *const *)a,
                          *right = *(struct imported *const *)b;
    const struct import_tool *tool = ctx;
    int order = tool->compare(left->key, right->key);
    return order ? order : strcmp(left->revision.path, right->revision.path);
}

static void sort_items(struct import *import, const struct import_tool *tool)
{
    if (import->count)
        qsort_r(import->items, import->count, sizeof(struct imported *), compare_items,
                (void *)(uintptr_t)tool);
}

static void link_items(struct import *import)
{
    for (size_t i = 1; i < import->count; i++) {
        struct revision *revision = &import->items[i]->revision;
        const char **down = arena_alloc(import->arena, sizeof *down);
        *down = import->items[i - 1]->revision.id;
        revision->down_ids = down;
        revision->down_count = 1;
    }
}

/* Puts the up sections first, as people write them. */
static void order_sections(struct import *import, struct imported *item)
{
    size_t count = item->revision.section_count, used = 0;
    struct section *ordered = arena_calloc(import->arena, count + 1, sizeof *ordered);
    for (int d = 0; d < DIRECTION__COUNT; d++)
        for (size_t i = 0; i < count; i++)
            if (item->sections[i].direction == (enum direction)d)
                ordered[used++] = item->sections[i];
    item->revision.sections = item->sections = ordered;
}

static void check_items(struct import *import)
{
    struct map ids;
    map_init(&ids);
    for (size_t i = 0; i < import->count; i++) {
        const struct revision *revision = &import->items[i]->revision;
        order_sections(import, import->items[i]);
        uint32_t first = map_put(&ids, revision->id, (uint32_t)i);
        if (first != i)
            import_fault(import, revision->path, 0, "version '%s' is in '%s' already", revision->id,
                         import->items[first]->revision.path);
        if (!revision_has_direction(revision, DIRECTION_UP))
            import_fault(import, revision->path, 0, "'%s' has a way down but none up",
                         revision->id);
    }
    map_done(&ids);
}

/* ---- files --------------------------------------------------------------------------------- */

struct making {
    struct import *import;
    struct chain_file *files; /* those present, then the new ones */
    size_t count;
    size_t unchanged;
    /* of all of them, in small letters: not every file system tells them from large ones */
    struct map names;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct chain_file *)a)->name, ((const struct chain_file *)b)->name);
}

static const struct chain_file *find_present(const struct import_request *request, const char *name)
{
    struct chain_file key = {.name = name};
    if (!request->present_count)
        return NULL;
    return bsearch(&key, request->present, request->present_count, sizeof key, compare_names);
}

static const char *in_small_letters(struct arena *arena, const char *name)
{
    char *small = arena_strdup(arena, name);
    for (char *at = small; *at; at++)
        *at = ascii_to_lower(*at);
    return small;
}

/* Is the file that bears this name one of another revision? */
static bool is_taken(const struct making *making, const char *name, const char *id)
{
    struct arena *arena = making->import->arena;
    uint32_t index = map_get(&making->names, in_small_letters(arena, name));
    struct faults faults;
    if (index == MAP_NONE)
        return false;
    const struct chain_file *file = &making->files[index];
    faults_init(&faults);
    const struct revision *revision =
        revision_parse(arena, file->name, file->bytes, file->len, &faults);
    faults_done(&faults);
    return !revision || strcmp(revision->id, id) != 0;
}

/* Two revisions can come to one name: 1 of '2 x' and 1_2 of 'x'. The later one's has a hash of its id. */
static const char *choose_name(const struct making *making, const struct revision *revision)
{
    struct arena *arena = making->import->arena;
    const char *name = revision_file_name(arena, revision->id, revision->message);
    char hex[HASH_HEX_SIZE];
    if (!is_taken(making, name, revision->id))
        return name;
    hash_hex(revision->id, strlen(revision->id), hex);
    return arena_printf(arena, "%.*s_%.8s.sql", (int)(strlen(name) - strlen(".sql")), name, hex);
}

static void note_name(struct making *making, size_t index)
{
    map_put(&making->names, in_small_letters(making->import->arena, making->files[index].name),
            (uint32_t)index);
}

static void make_file(struct making *making, const struct revision *revision)
{
    struct import *import = making->import;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    revision_write(&text, revision);
    struct chain_file file = {
        .name = choose_name(making, revision),
        .bytes = arena_strndup(import->arena, text.data, text.len),
        .len = text.len,
    };
    const struct chain_file *present = find_present(import->request, file.name);
    if (!present) {
        making->files[making->count++] = file;
        note_name(making, making->count - 1);
    } else if (present->len == file.len && memcmp(present->bytes, file.bytes, file.len) == 0)
        making->unchanged++;
    else
        import_fault(
            import, arena_printf(import->arena, "%s/%s", import->request->chain_dir, file.name), 0,
            "is there already, and is not what '%s' comes to: nothing is replaced", revision->path);
    buf_done(&text);
}

static size_t trimmed(const struct section *section)
{
    size_t len = section->sql_len;
    while (len && strchr(" \t\r\n", section->sql[len - 1]))
        len--;
    return len;
}

static bool sections_are_equal(const struct section *a, const struct section *b)
{
    return a->direction == b->direction && a->is_general == b->is_general &&
           (a->is_general || a->dialect == b->dialect) &&
           a->is_transactional == b->is_transactional && trimmed(a) == trimmed(b) &&
           memcmp(a->sql, b->sql, trimmed(a)) == 0;
}

/* Does the chain, read back, say what was meant? With a message that looks like a key of the header it would not. */
static bool is_same(const struct revision *meant, const struct revision *read)
{
    bool is_equal = read && strcmp(meant->message, read->message) == 0 &&
                    meant->down_count == read->down_count &&
                    meant->section_count == read->section_count;
    for (size_t i = 0; is_equal && i < meant->down_count; i++)
        is_equal = strcmp(meant->down_ids[i], read->down_ids[i]) == 0;
    for (size_t i = 0; is_equal && i < meant->section_count; i++)
        is_equal = sections_are_equal(&meant->sections[i], &read->sections[i]);
    return is_equal;
}

static void check_scripts(struct import *import, const struct chain *chain)
{
    struct scripts *scripts = scripts_new(chain);
    bool is_used[DIALECT__COUNT] = {false};
    for (size_t i = 0; i < import->count; i++)
        for (size_t s = 0; s < import->items[i]->revision.section_count; s++)
            is_used[import->items[i]->sections[s].dialect] = true;
    scripts_check(scripts, is_used, import->faults);
    scripts_free(scripts);
}

static void check_chain(struct making *making)
{
    struct import *import = making->import;
    struct chain *chain =
        chain_build(import->request->chain_dir, making->files, making->count, import->faults);
    if (!chain)
        return;
    for (size_t i = 0; i < import->count; i++) {
        const struct revision *meant = &import->items[i]->revision;
        if (!is_same(meant, chain_get(chain, meant->id)))
            import_fault(import, meant->path, 0,
                         "cannot be written as a revision file: would be "
                         "read back as something else");
    }
    check_scripts(import, chain);
    chain_free(chain);
}

static void make_files(struct making *making)
{
    struct import *import = making->import;
    const struct import_request *request = import->request;
    making->files = arena_calloc(import->arena, request->present_count + import->count + 1,
                                 sizeof *making->files);
    map_init(&making->names);
    for (size_t i = 0; i < request->present_count; i++) {
        making->files[making->count++] = request->present[i];
        note_name(making, i);
    }
    for (size_t i = 0; i < import->count; i++)
        make_file(making, &import->items[i]->revision);
    map_done(&making->names);
}

bool import_files(struct arena *arena, const struct import_request *request,
                  struct import_result *ret_result, struct faults *faults)
{
    struct import import = {.arena = arena, .faults = faults, .request = request};
    struct making making = {.import = &import};
    size_t before = faults->total;
    request->tool->read(&import);
    if (!import.count && faults->total == before)
        import_fault(&import, request->where ? request->where : "", 0,
                     "nothing to import: %s looks for %s", request->tool->name,
                     request->tool->looks_for);
    if (request->tool->compare) {
        sort_items(&import, request->tool);
        link_items(&import);
    }
    if (faults->total == before)
        check_items(&import);
    if (faults->total == before)
        make_files(&making);
    if (faults->total == before)
        check_chain(&making);
    bool is_good = faults->total == before;
    *ret_result = (struct import_result){
        .files = is_good ? making.files + request->present_count : NULL,
        .file_count = is_good ? making.count - request->present_count : 0,
        .unchanged = is_good ? making.unchanged : 0,
        .notes = import.notes,
        .note_count = import.note_count,
        .mapped = import.mapped,
        .mapped_count = import.mapped_count,
    };
    return is_good;
}
