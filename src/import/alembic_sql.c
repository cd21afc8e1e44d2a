/* Alembic's own offline output: `alembic upgrade base:heads --sql`, `alembic downgrade … --sql`.
 *
 * `-- Running upgrade A, B -> C` begins the part of C, which revises A and B; what changes the version
 * table is Alembic's own and goes; BEGIN and COMMIT say what runs in a transaction. Alembic's log may
 * be among the files, or mixed into one (`2>&1`): it alone has the messages. A dependency shows where
 * a revision replaces a row of another branch. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/texts.h"
#include "chain/walk.h"
#include "dialect/dialect.h"
#include "import/tool.h"

struct marker {
    enum direction direction;
    const char *version;  /* Alembic's id, as it stands */
    const char **parents; /* ids of ours */
    size_t parent_count, parent_capacity;
    const char *message; /* "" but in the log */
};

struct reading {
    struct import *import;
    const struct import_file *file;
    enum dialect_id dialect;
    bool has_blocks; /* the file begins transactions: what is outside them is so on purpose */
    bool is_in_block;
    struct imported *item; /* whose part it is; NULL before the first */
    enum direction direction;
    const char *part; /* where it begins */
    int part_line;
};

/* ---- markers ------------------------------------------------------------------------------- */

/* An id ends at a comma: Alembic allows blanks in it. */
static size_t id_len(const char *text, const char *end)
{
    size_t len = 0;
    while (text + len < end && text[len] != ',')
        len++;
    while (len && strchr(" \t\r", text[len - 1]))
        len--;
    return len;
}

/* "a, b" up to `end`. */
static void read_ids(struct arena *arena, const char *text, const char *end, struct marker *marker)
{
    for (;;) {
        while (text < end && strchr(" ,", *text))
            text++;
        size_t len = id_len(text, end);
        if (!len)
            return;
        *ARENA_PUSH(arena, marker->parents, marker->parent_count, marker->parent_capacity) =
            import_id(arena, arena_strndup(arena, text, len));
        text += len;
    }
}

/* "A, B -> C" is C's way up, "C -> A, B" its way down; in the log ", message" follows. */
static bool read_arrow(struct arena *arena, const char *text, bool is_log, struct marker *marker)
{
    const char *arrow = strstr(text, "-> ");
    if (!arrow)
        arrow = import_ends_with(text, "->") ? text + strlen(text) - 2 : NULL;
    if (!arrow)
        return false;
    const char *after = arrow + 2 + strspn(arrow + 2, " ");
    bool is_up = marker->direction == DIRECTION_UP;
    const char *own = is_up ? after : text + strspn(text, " ");
    size_t own_len = id_len(own, is_up ? own + strlen(own) : arrow);
    const char *comma = strchr(own, ',');
    marker->version = arena_strndup(arena, own, own_len);
    marker->message = "";
    if (is_up && is_log && comma)
        marker->message = arena_strdup(arena, comma + 1 + strspn(comma + 1, " "));
    if (is_up)
        read_ids(arena, text, arrow, marker);
    else
        read_ids(arena, after, after + strlen(after), marker);
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

/* ---- the log ------------------------------------------------------------------------------- */

enum log_line {
    LOG_NONE,
    LOG_RECORD, /* `INFO  [alembic.runtime.migration] …` */
    LOG_WARNING, /* Python's own, `…/x.py:12: UserWarning: …`; its source line follows, indented */
    LOG_STOP,    /* Alembic ends here with an error: what follows is missing */
};

/* `LEVEL [logger] …`; levels are cut to five letters by Alembic's own configuration. */
static enum log_line read_record(const char *text)
{
    static const struct {
        const char *level;
        enum log_line kind;
    } levels[] = {
        {"DEBUG", LOG_RECORD}, {"INFO", LOG_RECORD},   {"WARNING", LOG_RECORD},
        {"WARNI", LOG_RECORD}, {"WARN", LOG_RECORD},   {"ERROR", LOG_STOP},
        {"CRITI", LOG_STOP},   {"CRITICAL", LOG_STOP},
    };
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        size_t len = strlen(levels[i].level);
        if (strncmp(text, levels[i].level, len) != 0)
            continue;
        const char *logger = text + len + strspn(text + len, " ");
        if (logger > text + len && *logger == '[' && strchr(logger, ']'))
            return levels[i].kind;
    }
    return LOG_NONE;
}

/* `FILE:LINE: SomeWarning: …` */
static bool is_warning(const char *text)
{
    const char *word = strstr(text, "Warning: "), *at = word;
    while (at && at > text && ascii_is_alnum(at[-1]))
        at--;
    if (!at || at - text < 4 || memcmp(at - 2, ": ", 2) != 0)
        return false;
    const char *digits = at -= 2;
    while (at > text && ascii_is_digit(at[-1]))
        at--;
    return at < digits && at > text && at[-1] == ':';
}

static enum log_line read_log_line(struct arena *arena, const struct import_line *line)
{
    const char *text = arena_strndup(arena, line->text, line->len);
    if (strncmp(text, "Traceback (most recent call last)", 33) == 0 ||
        strncmp(text + strspn(text, " "), "FAILED: ", 8) == 0)
        return LOG_STOP;
    return is_warning(text) ? LOG_WARNING : read_record(text);
}

/* A file is a log if it is no script and a line of it is one of a log: the environment may print other lines
 * beside. */
static bool is_log(struct arena *arena, const struct import_file *file)
{
    struct import_line line = {0};
    struct marker marker;
    bool has_log_line = false, is_marker_of_log;
    while (import_next_line(file->bytes, file->len, &line)) {
        if (read_marker(arena, &line, &marker, &is_marker_of_log) && !is_marker_of_log)
            return false;
        has_log_line = has_log_line || read_log_line(arena, &line) != LOG_NONE;
    }
    return has_log_line;
}

/* Is it the line of source that follows a warning? Any other indented line there may be SQL. */
static void check_source_line(struct import *import, const struct import_file *file,
                              const struct import_line *line, bool *ret_is_source)
{
    bool is_indented = line->len > 2 && memcmp(line->text, "  ", 2) == 0 && line->text[2] != ' ';
    *ret_is_source = is_indented && memmem(line->text, line->len, "warn(", 5);
    if (is_indented && !*ret_is_source)
        import_fault(import, file->path, line->number,
                     "is this Python, after a warning, or SQL? keep the log out of the script "
                     "(2> up.log)");
}

/* Log lines may stand between statements; they are blanked, so that lines keep their numbers. Of a file that is
 * a log nothing is SQL. */
static const struct import_file *without_log(struct import *import, const struct import_file *file)
{
    struct import_file *clean = arena_alloc(import->arena, sizeof *clean);
    char *bytes = arena_strndup(import->arena, file->bytes, file->len);
    struct import_line line = {0};
    bool is_all_log = is_log(import->arena, file), is_behind_warning = false, has_stopped = false;
    *clean = *file;
    clean->bytes = bytes;
    while (import_next_line(file->bytes, file->len, &line)) {
        enum log_line kind = read_log_line(import->arena, &line);
        bool is_source = false;
        if (kind == LOG_STOP && !has_stopped)
            import_fault(import, file->path, line.number,
                         "Alembic stopped here with an error: ask it for a range that ends before");
        has_stopped |= kind == LOG_STOP;
        if (is_behind_warning && !is_all_log && !has_stopped)
            check_source_line(import, file, &line, &is_source);
        if (kind != LOG_NONE || is_source || is_all_log)
            memset(bytes + line.begin, ' ', line.len);
        is_behind_warning = kind == LOG_WARNING;
    }
    return clean;
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
    const char *id = id_len ? import_id(reading->import->arena,
                                        arena_strndup(reading->import->arena, last, id_len))
                            : "";
    if (!*id || strcmp(id, revision->id) == 0 ||
        texts_have(revision->down_ids, revision->down_count, id) ||
        texts_have(revision->depend_ids, revision->depend_count, id))
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
        is_same = texts_have(revision->down_ids, revision->down_count, marker->parents[i]);
    if (!is_same)
        import_fault(reading->import, reading->file->path, line,
                     "'%s' revises something else here than in '%s', line %d", marker->version,
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
    struct imported *item = import_find(import, marker->version);
    if (item)
        return item;
    item = import_add(import, marker->version, marker->version, "", reading->file->path);
    item->revision.down_ids = marker->parents;
    item->revision.down_count = marker->parent_count;
    item->revision.revises_line = line;
    return item;
}

/* Ends the part before: it belongs to its revision, or, before the first marker, to none. */
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
                     "'%s' has this section for %s already", marker->version,
                     dialect_info(reading->dialect)->name);
}

/* ---- files --------------------------------------------------------------------------------- */

static bool has_line(const struct import_file *file, const char *text)
{
    struct import_line line = {0};
    size_t len = strlen(text);
    while (import_next_line(file->bytes, file->len, &line))
        if (line.len == len && memcmp(line.text, text, len) == 0)
            return true;
    return false;
}

static bool has_mark(const struct import_file *file, const struct script_mark *mark)
{
    return mark->is_line ? has_line(file, mark->text) : strstr(file->bytes, mark->text) != NULL;
}

/* The dialect of the first mark that is found; where there is none, the one that has no marks. */
static enum dialect_id find_dialect(const struct import_file *file)
{
    int unmarked = DIALECT__COUNT;
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        const struct script_mark *mark = dialect ? dialect->script_marks : NULL;
        if (dialect && !mark && unmarked == DIALECT__COUNT)
            unmarked = d;
        for (; mark && mark->text; mark++)
            if (has_mark(file, mark))
                return (enum dialect_id)d;
    }
    return (enum dialect_id)unmarked;
}

static void read_file(struct import *import, const struct import_file *given)
{
    const struct import_file *file = without_log(import, given);
    const struct import_request *request = import->request;
    struct reading reading = {
        .import = import,
        .file = file,
        .dialect = request->has_dialect ? request->dialect : find_dialect(file),
        .has_blocks = has_line(file, "BEGIN;"),
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
        struct imported *item = import_find(import, marker.version);
        if (item && marker.direction == DIRECTION_UP)
            item->revision.message = marker.message;
    }
}

static void read_alembic_sql(struct import *import)
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

/* Recognises a revision of Alembic's in Python. Alembic has to write its SQL before it can be imported. */
static bool recognises(const char *name, const char *text)
{
    return import_ends_with(name, ".py") && strstr(text, "down_revision");
}

/* Each row is a head, whose ancestors are applied. The table is most often the one that skein uses too. Then only
 * those rows change whose ids could not be kept. */
static bool stand(struct adopting *adopting)
{
    for (size_t i = 0; i < adopting->rows->row_count; i++) {
        const char *version = adopting_value(adopting, i, 0);
        const struct revision *revision = adopting_find(adopting, version ? version : "");
        if (!revision)
            return false;
        walk_mark(adopting->chain, adopting->applied, revision->index, WALK_PARENTS);
    }
    return true;
}

const struct import_tool import_alembic_sql = {
    .name = "alembic-sql",
    .arguments = "FILE…",
    .reads = "output of 'alembic upgrade base:heads --sql', and of\n"
             "'alembic downgrade head:base --sql' for the way down",
    .looks_for = "'-- Running upgrade' lines in what 'alembic upgrade base:heads --sql' writes",
    .takes_files = true,
    .finds_dialect = true,
    .wants = wants,
    .recognises = recognises,
    .read = read_alembic_sql,
    .table = "alembic_version",
    .query = "SELECT version_num FROM {foreign}",
    .stand = stand,
};
