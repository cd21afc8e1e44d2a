/* Alembic's own offline output: `alembic upgrade base:heads --sql`, `alembic downgrade … --sql`.
 *
 * `-- Running upgrade A, B -> C` begins the part of C, which revises A and B; what changes the version
 * table is Alembic's own and goes; BEGIN and COMMIT say what runs in a transaction. Alembic's log may
 * be among the files, or mixed into one (`2>&1`): it alone has the messages. A dependency shows where
 * a revision replaces a row of another branch. */
#include "base/arena.h"
#include "base/ascii.h"
#include "import/tool.h"

struct marker {
    enum direction direction;
    const char *id;
    const char **parents;
    size_t parent_count, parent_capacity;
    const char *message; /* "" but in the log */
};

struct reading {
    struct import *import;
    const struct import_file *file;
    enum dialect dialect;
    bool has_blocks; /* the file begins transactions: what is outside them is so on purpose */
    bool is_in_block;
    struct imported *item; /* whose part it is; NULL before the first */
    enum direction direction;
    const char *part; /* where it begins */
    int part_line;
};

/* ---- markers ------------------------------------------------------------------------------- */

/* "a, b" up to `end`. */
static void read_ids(struct arena *arena, const char *text, const char *end, struct marker *marker)
{
    for (;;) {
        while (text < end && strchr(" ,", *text))
            text++;
        const char *id = text;
        while (text < end && !strchr(" ,", *text))
            text++;
        if (text == id)
            return;
        *ARENA_PUSH(arena, marker->parents, marker->parent_count, marker->parent_capacity) =
            arena_strndup(arena, id, (size_t)(text - id));
    }
}

/* "A, B -> C" is C's way up, "C -> A, B" its way down; the log has ", message" behind. */
static bool read_arrow(struct arena *arena, const char *text, bool is_log, struct marker *marker)
{
    const char *arrow = strstr(text, "-> ");
    if (!arrow)
        arrow = import_ends_with(text, "->") ? text + strlen(text) - 2 : NULL;
    if (!arrow)
        return false;
    const char *behind = arrow + 2 + strspn(arrow + 2, " ");
    bool is_up = marker->direction == DIRECTION_UP;
    const char *own = is_up ? behind : text + strspn(text, " ");
    size_t own_len = strcspn(own, " ,");
    marker->id = arena_strndup(arena, own, own_len);
    marker->message = "";
    if (is_up && is_log && own[own_len] == ',')
        marker->message = arena_strdup(arena, own + own_len + 1 + strspn(own + own_len + 1, " "));
    if (is_up)
        read_ids(arena, text, arrow, marker);
    else
        read_ids(arena, behind, behind + strlen(behind), marker);
    return own_len > 0;
}

/* A line of the script, `-- Running …`, or of the log, `INFO  [alembic.runtime.migration] Running …`. */
static bool read_marker(struct arena *arena, const struct import_line *line, struct marker *ret,
                        bool *ret_is_log)
{
    static const struct {
        const char *words;
        enum direction direction;
    } kinds[] = {{"Running upgrade ", DIRECTION_UP}, {"Running downgrade ", DIRECTION_DOWN}};
    const char *text = arena_strndup(arena, line->text, line->len);
    const char *bracket = strstr(text, "[alembic.");
    *ret_is_log = bracket && strchr(bracket, ']');
    const char *at = *ret_is_log ? strchr(bracket, ']') + 1 : text;
    if (!*ret_is_log && strncmp(text, "-- ", 3) != 0)
        return false;
    at += *ret_is_log ? strspn(at, " ") : 3;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t len = strlen(kinds[i].words);
        *ret = (struct marker){.direction = kinds[i].direction};
        if (strncmp(at, kinds[i].words, len) == 0)
            return read_arrow(arena, at + len, *ret_is_log, ret);
    }
    return false;
}

static bool is_log_line(const struct import_line *line)
{
    return line->len > 4 && memcmp(line->text, "INFO", 4) == 0 &&
           memmem(line->text, line->len, "[alembic.", 9);
}

/* ---- Alembic's own statements -------------------------------------------------------------- */

static bool is_version_statement(const struct import *import, const struct statement_words *words)
{
    static const char *const firsts[][2] = {
        {"insert", "into"},  {"update", NULL},  {"delete", "from"},
        {"create", "table"}, {"drop", "table"},
    };
    for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
        size_t at = firsts[i][1] ? 2 : 1;
        if (words->count <= at || strcmp(words->items[0], firsts[i][0]) != 0 ||
            (firsts[i][1] && strcmp(words->items[1], firsts[i][1]) != 0))
            continue;
        bool has_schema = at + 1 < words->count && words->follows_dot[at + 1];
        return ascii_is_same(words->items[at + has_schema], import->request->version_table);
    }
    return false;
}

static bool is_among(const char *const *items, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(items[i], id) == 0)
            return true;
    return false;
}

/* A row that the revision replaces without revising it is one that it depends on: the statement's
 * last literal. */
static void add_dependency(struct reading *reading, const char *statement, size_t len)
{
    struct imported *item = reading->item;
    struct revision *revision = &item->revision;
    const char *end = statement + len, *last = NULL, *open = NULL;
    for (const char *at = statement; at < end; at++)
        if (*at == '\'') {
            last = open ? open : last;
            open = open ? NULL : at + 1;
        }
    size_t id_len = last ? strcspn(last, "'") : 0;
    const char *id = id_len ? arena_strndup(reading->import->arena, last, id_len) : "";
    if (!*id || strcmp(id, revision->id) == 0 ||
        is_among(revision->down_ids, revision->down_count, id) ||
        is_among(revision->depend_ids, revision->depend_count, id))
        return;
    const char **ids =
        arena_calloc(reading->import->arena, revision->depend_count + 1, sizeof *ids);
    for (size_t i = 0; i < revision->depend_count; i++)
        ids[i] = revision->depend_ids[i];
    ids[revision->depend_count++] = id;
    revision->depend_ids = ids;
}

static bool is_alembics(void *ctx, const char *statement, size_t len)
{
    struct reading *reading = ctx;
    struct statement_words words;
    import_words(statement, len, &words);
    if (!is_version_statement(reading->import, &words))
        return false;
    bool replaces = strcmp(words.items[0], "update") == 0 || strcmp(words.items[0], "delete") == 0;
    if (reading->item && reading->direction == DIRECTION_UP && replaces)
        add_dependency(reading, statement, len);
    return true;
}

/* ---- revisions ----------------------------------------------------------------------------- */

static void check_parents(struct reading *reading, const struct marker *marker, int line)
{
    const struct revision *revision = &reading->item->revision;
    bool is_same = revision->down_count == marker->parent_count;
    for (size_t i = 0; is_same && i < marker->parent_count; i++)
        is_same = is_among(revision->down_ids, revision->down_count, marker->parents[i]);
    if (!is_same)
        import_fault(reading->import, reading->file->path, line,
                     "'%s' revises something else here than in '%s', line %d", marker->id,
                     revision->path, revision->revises_line);
}

static bool has_section(const struct reading *reading)
{
    const struct revision *revision = &reading->item->revision;
    for (size_t i = 0; i < revision->section_count; i++)
        if (revision->sections[i].direction == reading->direction &&
            revision->sections[i].dialect == reading->dialect)
            return true;
    return false;
}

static struct imported *find_or_add(struct reading *reading, const struct marker *marker, int line)
{
    struct import *import = reading->import;
    struct imported *item = import_find(import, marker->id);
    if (item)
        return item;
    item = import_add(import, marker->id, marker->id, "", reading->file->path);
    item->revision.down_ids = marker->parents;
    item->revision.down_count = marker->parent_count;
    item->revision.revises_line = line;
    return item;
}

/* The part before: to its revision, or, before the first marker, nobody's. */
static void end_part(struct reading *reading, const char *end)
{
    struct import *import = reading->import;
    size_t len = (size_t)(end - reading->part);
    struct imported prelude = {.revision = {.id = ""}};
    struct import_sql sql = {
        .direction = reading->direction,
        .is_transactional = !reading->has_blocks,
        .dialect = reading->dialect,
        .is_marked = true,
        .path = reading->file->path,
        .text = arena_strndup(import->arena, reading->part, len),
        .len = len,
        .line = reading->part_line,
        .is_foreign = is_alembics,
        .ctx = reading,
        .is_in_block = &reading->is_in_block,
    };
    import_add_sql(import, reading->item ? reading->item : &prelude, &sql);
    for (size_t i = 0; i < prelude.revision.section_count; i++)
        if (strspn(prelude.sections[i].sql, " \t\r\n") != prelude.sections[i].sql_len &&
            strncmp(prelude.sections[i].sql, "--", 2) != 0)
            import_fault(import, reading->file->path, reading->part_line,
                         "SQL before the first '-- Running upgrade' line");
}

static void begin_part(struct reading *reading, const struct marker *marker,
                       const struct import_line *line)
{
    reading->direction = marker->direction;
    reading->part = reading->file->bytes + line->next;
    reading->part_line = line->number + 1;
    reading->item = find_or_add(reading, marker, line->number);
    check_parents(reading, marker, line->number);
    if (has_section(reading))
        import_fault(reading->import, reading->file->path, line->number,
                     "'%s' has this section for %s already", marker->id,
                     dialect_info(reading->dialect)->name);
}

/* ---- files --------------------------------------------------------------------------------- */

static bool has_blocks(const struct import_file *file)
{
    struct import_line line = {0};
    while (import_next_line(file->bytes, file->len, &line))
        if (line.len == 6 && memcmp(line.text, "BEGIN;", 6) == 0)
            return true;
    return false;
}

/* PostgreSQL's script alone has `BEGIN;`, and MySQL's its own quotes and words. */
static enum dialect find_dialect(const struct import_file *file)
{
    if (has_blocks(file))
        return DIALECT_POSTGRESQL;
    if (strstr(file->bytes, "AUTO_INCREMENT") || strchr(file->bytes, '`'))
        return DIALECT_MYSQL;
    return DIALECT_SQLITE;
}

/* Log lines may stand between statements; they are blanked, so that lines keep their numbers. */
static const struct import_file *without_log(struct arena *arena, const struct import_file *file)
{
    struct import_file *clean = arena_alloc(arena, sizeof *clean);
    char *bytes = arena_strndup(arena, file->bytes, file->len);
    struct import_line line = {0};
    *clean = *file;
    clean->bytes = bytes;
    while (import_next_line(file->bytes, file->len, &line))
        if (is_log_line(&line))
            memset(bytes + line.begin, ' ', line.len);
    return clean;
}

static void read_file(struct import *import, const struct import_file *given)
{
    const struct import_file *file = without_log(import->arena, given);
    const struct import_request *request = import->request;
    struct reading reading = {
        .import = import,
        .file = file,
        .dialect = request->has_dialect ? request->dialect : find_dialect(file),
        .has_blocks = has_blocks(file),
        .part = file->bytes,
        .part_line = 1,
    };
    struct import_line line = {0};
    while (import_next_line(file->bytes, file->len, &line)) {
        struct marker marker;
        bool is_log;
        if (!read_marker(import->arena, &line, &marker, &is_log))
            continue;
        end_part(&reading, line.text);
        begin_part(&reading, &marker, &line);
    }
    end_part(&reading, file->bytes + file->len);
    if (reading.is_in_block)
        import_fault(import, file->path, line.number, "the last transaction is not ended");
}

static void take_messages(struct import *import, const struct import_file *file)
{
    struct import_line line = {0};
    while (import_next_line(file->bytes, file->len, &line)) {
        struct marker marker;
        bool is_log;
        if (!read_marker(import->arena, &line, &marker, &is_log) || !is_log)
            continue;
        struct imported *item = import_find(import, marker.id);
        if (item && marker.direction == DIRECTION_UP)
            item->revision.message = marker.message;
    }
}

static void read_all(struct import *import)
{
    const struct import_request *request = import->request;
    for (size_t i = 0; i < request->file_count; i++)
        if (request->files[i].bytes)
            read_file(import, &request->files[i]);
    for (size_t i = 0; i < request->file_count; i++)
        if (request->files[i].bytes)
            take_messages(import, &request->files[i]);
}

static bool wants(const char *name)
{
    (void)name;
    return true;
}

const struct import_tool import_alembic_sql = {
    .name = "alembic-sql",
    .takes_files = true,
    .finds_dialect = true,
    .wants = wants,
    .read = read_all,
};
