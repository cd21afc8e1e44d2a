/* dbmate: `VERSION_name.sql` with `-- migrate:up` and `-- migrate:down`, which we have taken from it.
 *
 * The id is the version as dbmate's schema_migrations holds it: the digits that the name begins with,
 * as they stand. Order is that of the names. A file may hold several pairs of up and down. */
#include "base/arena.h"
#include "base/ascii.h"
#include "import/tool.h"

static bool wants(const char *name)
{
    return import_count_digits(name) && import_ends_with(name, ".sql");
}

static bool recognises(const char *name, const char *text)
{
    return wants(name) && strstr(text, "-- migrate:up");
}

enum marker { MARKER_NONE, MARKER_UP, MARKER_DOWN };

static bool skip_word(const char **at, const char *end, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(end - *at) < len || memcmp(*at, word, len) != 0)
        return false;
    *at += len;
    return true;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && strchr(" \t", *at))
        at++;
    return at;
}

/* A marker may be written `--migrate:up` too. Words that dbmate does not know are passed over, as dbmate does. */
static enum marker read_marker(const struct import_line *line, bool *ret_is_transactional)
{
    const char *at = line->text, *end = line->text + line->len;
    enum marker marker = MARKER_NONE;
    if (!skip_word(&at, end, "--"))
        return MARKER_NONE;
    at = skip_blanks(at, end);
    if (skip_word(&at, end, "migrate:up"))
        marker = MARKER_UP;
    else if (skip_word(&at, end, "migrate:down"))
        marker = MARKER_DOWN;
    if (marker == MARKER_NONE || (at < end && !strchr(" \t", *at)))
        return MARKER_NONE;
    *ret_is_transactional = true;
    while ((at = skip_blanks(at, end)) < end) {
        const char *word = at;
        while (at < end && !strchr(" \t", *at))
            at++;
        if (skip_word(&word, at, "transaction:false") && (word == at || *word == ':'))
            *ret_is_transactional = false;
    }
    return marker;
}

static void end_part(struct import *import, struct imported *item, struct import_sql *sql,
                     const char *end)
{
    if (!sql->text)
        return;
    size_t len = (size_t)(end - sql->text);
    sql->text = arena_strndup(import->arena, sql->text, len);
    sql->len = len;
    import_add_sql(import, item, sql);
    sql->text = NULL;
}

static void read_file(struct import *import, const struct import_file *file)
{
    struct arena *arena = import->arena;
    size_t digits = import_count_digits(file->name);
    const char *name = arena_strndup(arena, file->name + digits, strlen(file->name) - digits - 4);
    struct imported *item =
        import_add(import, arena_strndup(arena, file->name, digits), file->name, name, file->path);
    struct import_sql sql = {0};
    struct import_line line = {0};
    while (import_next_line(file->bytes, file->len, &line)) {
        bool is_transactional = true;
        enum marker marker = read_marker(&line, &is_transactional);
        if (marker == MARKER_NONE) {
            if (!sql.text && !import_is_comment_or_blank(&line)) {
                import_fault(import, file->path, line.number, "SQL before '-- migrate:up'");
                return;
            }
            continue;
        }
        end_part(import, item, &sql, line.text);
        if (marker == MARKER_DOWN && !item->revision.section_count) {
            import_fault(import, file->path, line.number,
                         "'-- migrate:down' before '-- migrate:up'");
            return;
        }
        sql = import_sql_of(import, file, marker == MARKER_UP ? DIRECTION_UP : DIRECTION_DOWN);
        sql.is_transactional = is_transactional;
        sql.text = file->bytes + line.next;
        sql.line = line.number + 1;
    }
    end_part(import, item, &sql, file->bytes + file->len);
    if (!item->revision.section_count)
        import_fault(import, file->path, 0, "no '-- migrate:up' in it");
}

static void read_dbmate(struct import *import)
{
    for (size_t i = 0; i < import->request->file_count; i++) {
        const struct import_file *file = &import->request->files[i];
        if (file->is_folder)
            import_note(import, file->path, "left out: dbmate reads no folders in its folder");
        else if (file->bytes)
            read_file(import, file);
        else if (import_is_sql(file->name))
            import_note(import, file->path, "left out: not named VERSION_name.sql");
    }
}

const struct import_tool import_dbmate = {
    .name = "dbmate",
    .arguments = "DIR",
    .reads = "-- migrate:up, -- migrate:down",
    .looks_for = "files named VERSION_name.sql",
    .wants = wants,
    .recognises = recognises,
    .read = read_dbmate,
    .compare = strcmp,
    .table = "schema_migrations",
    .query = "SELECT version FROM {foreign}",
    .stand = adopting_rows,
};
