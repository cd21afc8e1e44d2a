/* goose: `VERSION_name.sql` with `-- +goose Up`, `Down`, `StatementBegin`, `StatementEnd` and
 * `NO TRANSACTION`.
 *
 * The id is the version as goose_db_version holds it: a number, so without leading zeros. What a
 * statement is our own splitters know, so that StatementBegin and -End only go. Where a file has no
 * Down, goose would do nothing and say that it went down: here it is irreversible. */
#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "import/tool.h"

static bool is_migration(const char *name, const char *end)
{
    size_t digits = import_count_digits(name);
    return digits && name[digits] == '_' && import_ends_with(name, end);
}

static bool wants(const char *name)
{
    return is_migration(name, ".sql");
}

static bool recognises(const char *name, const char *text)
{
    return wants(name) && strstr(text, "-- +goose Up");
}

struct reading {
    struct import *import;
    const struct import_file *file;
    struct imported *item;
    /* the lines; those of other kinds are empty, to keep count */
    struct buf texts[DIRECTION__COUNT];
    bool has[DIRECTION__COUNT];
    bool is_started;
    enum direction direction;
    bool is_transactional;
    int block_line; /* the line of the StatementBegin that is open; 0: none is */
};

static PRINTF_LIKE(3, 4) void fault_at_line(struct reading *reading, int line, const char *format,
                                            ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    import_fault(reading->import, reading->file->path, line, "%s", text);
}

static void start_section(struct reading *reading, enum direction direction, int line)
{
    if (reading->has[direction] || (direction == DIRECTION_DOWN && !reading->has[DIRECTION_UP]))
        fault_at_line(reading, line, "'+goose %s' is not expected here",
                      direction == DIRECTION_UP ? "Up" : "Down");
    reading->has[direction] = true;
    reading->is_started = true;
    reading->direction = direction;
}

static void take_up(struct reading *reading, int line)
{
    start_section(reading, DIRECTION_UP, line);
}

static void take_down(struct reading *reading, int line)
{
    start_section(reading, DIRECTION_DOWN, line);
}

static void take_statement_begin(struct reading *reading, int line)
{
    reading->block_line = line;
}

/* The statement ends with StatementEnd, whether it has a semicolon or not. */
static void take_statement_end(struct reading *reading, int line)
{
    struct buf *text = &reading->texts[reading->direction];
    size_t len = text->len;
    while (len && strchr(" \t\r\n", text->data[len - 1]))
        len--;
    if (!reading->block_line)
        fault_at_line(reading, line, "'+goose StatementEnd' without a StatementBegin");
    else if (len && text->data[len - 1] != ';')
        buf_addc(text, ';');
    reading->block_line = 0;
}

static void take_no_transaction(struct reading *reading, int line)
{
    (void)line;
    reading->is_transactional = false;
}

static void take_envsub_on(struct reading *reading, int line)
{
    fault_at_line(reading, line,
                  "'+goose ENVSUB ON': skein puts no environment variables into SQL");
}

static void take_envsub_off(struct reading *reading, int line)
{
    (void)reading, (void)line;
}

static const struct {
    const char *words;
    void (*take)(struct reading *reading, int line);
} annotations[] = {
    {"Up", take_up},
    {"Down", take_down},
    {"StatementBegin", take_statement_begin},
    {"StatementEnd", take_statement_end},
    {"NO TRANSACTION", take_no_transaction},
    {"ENVSUB ON", take_envsub_on},
    {"ENVSUB OFF", take_envsub_off},
};

/* `-- +goose WORDS`, in any case of letters. False: an ordinary line. What is indented, older versions of goose take
 * for a comment, and newer ones refuse. */
static bool take_annotation(struct reading *reading, const struct import_line *line)
{
    static const char mark[] = "+goose";
    const char *end = line->text + line->len, *begin = line->text;
    const char *at = memmem(line->text, line->len, mark, sizeof mark - 1);
    while (begin < end && strchr(" \t\v\f", *begin))
        begin++;
    if (!at || end - begin < 2 || memcmp(begin, "--", 2) != 0)
        return false;
    if (begin != line->text) {
        fault_at_line(
            reading, line->number,
            "an annotation that is indented: goose refuses it, or takes it for a comment");
        return true;
    }
    for (at += sizeof mark - 1; at < end && strchr(" \t", *at);)
        at++;
    while (end > at && strchr(" \t", end[-1]))
        end--;
    for (size_t i = 0; i < ARRAY_LEN(annotations); i++) {
        size_t len = strlen(annotations[i].words);
        if ((size_t)(end - at) == len && ascii_begins(at, annotations[i].words)) {
            annotations[i].take(reading, line->number);
            return true;
        }
    }
    fault_at_line(reading, line->number, "goose knows no such annotation: '%.*s'",
                  (int)(line->len < 80 ? line->len : 80), line->text);
    return true;
}

static void take_line(struct reading *reading, const struct import_line *line)
{
    if (!take_annotation(reading, line)) {
        if (reading->is_started)
            buf_add(&reading->texts[reading->direction], line->text, line->len);
        else if (!import_is_comment_or_blank(line))
            fault_at_line(reading, line->number, "SQL before '-- +goose Up'");
    }
    for (int d = 0; d < DIRECTION__COUNT; d++)
        buf_addc(&reading->texts[d], '\n');
}

static void add_sections(struct reading *reading)
{
    for (int d = 0; d < DIRECTION__COUNT; d++) {
        if (!reading->has[d])
            continue;
        struct import_sql sql = import_sql_of(reading->import, reading->file, (enum direction)d);
        sql.text = reading->texts[d].data;
        sql.len = reading->texts[d].len;
        sql.is_transactional = reading->is_transactional;
        import_add_sql(reading->import, reading->item, &sql);
    }
}

static void read_file(struct import *import, const struct import_file *file)
{
    struct arena *arena = import->arena;
    size_t digits = import_count_digits(file->name);
    const char *id = import_canonical_version(arena, file->name, digits);
    const char *name = arena_strndup(arena, file->name + digits, strlen(file->name) - digits - 4);
    struct reading reading = {.import = import, .file = file, .is_transactional = true};
    struct import_line line = {0};
    reading.item = import_add(import, id, id, name, file->path);
    if (strcmp(id, "0") == 0)
        fault_at_line(&reading, 0, "goose's versions begin with 1");
    for (int d = 0; d < DIRECTION__COUNT; d++)
        buf_init(&reading.texts[d], BUF_MAX_DEFAULT);
    while (import_next_line(file->bytes, file->len, &line))
        take_line(&reading, &line);
    if (reading.block_line)
        fault_at_line(&reading, reading.block_line,
                      "'+goose StatementBegin' without a StatementEnd");
    if (!reading.has[DIRECTION_UP] && !reading.has[DIRECTION_DOWN])
        fault_at_line(&reading, 1, "no '-- +goose Up'");
    add_sections(&reading);
    for (int d = 0; d < DIRECTION__COUNT; d++)
        buf_done(&reading.texts[d]);
}

static void read_goose(struct import *import)
{
    for (size_t i = 0; i < import->request->file_count; i++) {
        const struct import_file *file = &import->request->files[i];
        if (file->is_folder)
            import_note(import, file->path, "left out: goose reads no folders in its folder");
        else if (file->bytes)
            read_file(import, file);
        else if (is_migration(file->name, ".go") && !import_ends_with(file->name, "_test.go"))
            import_fault(import, file->path, 0,
                         "a migration in Go: write its SQL down as '%.*s.sql' first",
                         (int)strlen(file->name) - 3, file->name);
        else if (import_is_sql(file->name))
            import_note(import, file->path, "left out: not named VERSION_name.sql");
    }
}

/* Older versions of goose add a row when they go down: a version's last row counts. 0 is the empty
 * database. */
static bool stand(struct adopting *adopting)
{
    for (size_t i = 0; i < adopting->rows->row_count; i++) {
        const char *version = adopting_value(adopting, i, 0);
        if (version && strcmp(version, "0") == 0)
            continue;
        const struct revision *revision = adopting_find(adopting, version ? version : "");
        if (!revision)
            return false;
        adopting->applied[revision->index] = adopting_is_true(adopting, i, 1);
    }
    return true;
}

const struct import_tool import_goose = {
    .name = "goose",
    .arguments = "DIR",
    .reads = "-- +goose Up, -- +goose Down",
    .looks_for = "files named VERSION_name.sql",
    .wants = wants,
    .recognises = recognises,
    .read = read_goose,
    .compare = import_compare_versions,
    .table = "goose_db_version",
    .query = "SELECT version_id, is_applied FROM {foreign} ORDER BY id",
    .stand = stand,
};
