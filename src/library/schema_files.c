#include "library/schema_files.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/file.h"
#include "chain/chain.h"
#include "inventory/inventory.h"

/* Of the chain that is made of them: what stands before a file's text. */
#define HEADER "-- Revision ID: file%zu\n-- Revises: %s\n\n-- migrate:up\n"
enum { HEADER_LINES = 4 };
#define CHAIN_DIR "."

/* ---- reading ---------------------------------------------------------------------------------- */

static bool read_file(struct schema_files *files, const char *dir, const char *path,
                      struct err *err)
{
    struct schema_file file = {.path = path};
    const char *why;
    size_t len;
    if (!file_read(files->arena, dir, path, &file.text, &len, &why))
        return err_at(err, ERR_CONFIG, path, 0, "cannot read it: %s", why);
    if (strlen(file.text) != len)
        return err_at(err, ERR_CONFIG, path, 0, "it holds a NUL byte, which no SQL does");
    *ARENA_PUSH(files->arena, files->items, files->count, files->capacity) = file;
    return true;
}

static int is_sql(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".sql") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool read_folder(struct schema_files *files, const char *dir, struct err *err)
{
    struct dirent **entries;
    bool is_read = true;
    size_t len = strlen(dir);
    int count = scandir(dir, &entries, is_sql, by_name);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    for (int i = 0; i < count; i++) {
        if (is_read)
            is_read = read_file(
                files, dir,
                arena_printf(files->arena, "%.*s/%s", (int)len, dir, entries[i]->d_name), err);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (count <= 0)
        return err_at(err, ERR_CONFIG, dir, 0, "%s",
                      count ? "cannot read the folder" : "the folder holds no file '*.sql'");
    return is_read;
}

bool schema_files_read(struct schema_files *files, struct arena *arena,
                       const struct inventory *inventory, struct err *err)
{
    *files = (struct schema_files){.arena = arena};
    if (!inventory->schema_path_count)
        return err_at(err, ERR_CONFIG, inventory->path, 0,
                      "nothing says what the schema should be: add 'autogenerate: {schema: "
                      "[schema.sql]}', a list of SQL files and folders");
    for (size_t i = 0; i < inventory->schema_path_count; i++) {
        const char *path = inventory->schema_paths[i];
        struct stat st;
        bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        if (!(is_folder ? read_folder(files, path, err) : read_file(files, NULL, path, err)))
            return false;
    }
    return true;
}

/* ---- parts for a dialect ---------------------------------------------------------------------- */

/* The dialects that a line begins a part for; NULL: it begins none. */
static const char *find_mark(const char *line)
{
    static const char mark[] = "dialect:";
    if (strncmp(line, "--", 2) != 0)
        return NULL;
    line += 2 + strspn(line + 2, " \t");
    return strncmp(line, mark, strlen(mark)) == 0 ? line + strlen(mark) : NULL;
}

/* Is the engine among `sqlite,mysql`? */
static bool read_mark(const char *at, size_t len, enum dialect_id engine, bool *ret_is_for)
{
    bool is_for = false;
    while (len && strchr(" \t\r", at[len - 1]))
        len--;
    for (const char *end = at + len; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t word = (size_t)((comma ? comma : end) - at);
        enum dialect_id dialect;
        if (word == 3 && memcmp(at, "all", 3) == 0)
            is_for = true;
        else if (!dialect_find(at, word, &dialect))
            return false;
        else
            is_for = is_for || dialect_info(dialect)->engine == engine;
        at += word + (comma != NULL);
    }
    *ret_is_for = is_for;
    return len > 0;
}

const char *schema_file_for(const struct schema_files *files, const struct schema_file *file,
                            enum dialect_id engine, struct err *err)
{
    char *text = arena_strdup(files->arena, file->text);
    bool is_for = true;
    int number = 1;
    for (char *line = text; *line; number++) {
        size_t len = strcspn(line, "\n");
        const char *mark = find_mark(line);
        if (mark && !read_mark(mark, len - (size_t)(mark - line), engine, &is_for)) {
            err_at(err, ERR_CONFIG, file->path, number,
                   "'-- dialect:' must name dialects, with commas between them, or 'all'");
            return NULL;
        }
        if (revision_marker_len(line, len)) {
            err_at(err, ERR_CONFIG, file->path, number,
                   "a schema file has no sections: it says what should be there, and '-- migrate:' "
                   "is a revision's");
            return NULL;
        }
        if (mark || !is_for)
            memset(line, ' ', len);
        line += len + (line[len] == '\n');
    }
    return text;
}

/* ---- as a chain ------------------------------------------------------------------------------- */

const char *schema_files_head(const struct schema_files *files)
{
    return arena_printf(files->arena, "file%zu", files->count);
}

struct chain *schema_files_chain(const struct schema_files *files, enum dialect_id engine,
                                 struct err *err)
{
    struct chain_file *made = arena_calloc(files->arena, files->count + 1, sizeof *made);
    struct faults faults;
    for (size_t i = 0; i < files->count; i++) {
        const char *text = schema_file_for(files, &files->items[i], engine, err);
        if (!text)
            return NULL;
        const char *parent = i ? arena_printf(files->arena, "file%zu", i) : "";
        const char *bytes = arena_printf(files->arena, HEADER "%s", i + 1, parent, text);
        made[i] = (struct chain_file){files->items[i].path, bytes, strlen(bytes)};
    }
    faults_init(&faults);
    struct chain *chain = chain_build(CHAIN_DIR, made, files->count, &faults);
    if (!chain) {
        *err = faults.items[0];
        schema_files_place(files, err);
    }
    faults_done(&faults);
    return chain;
}

void schema_files_place(const struct schema_files *files, struct err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        char shown[sizeof err->file];
        snprintf(shown, sizeof shown, CHAIN_DIR "/%s", files->items[i].path);
        if (strcmp(shown, err->file) != 0)
            continue;
        err_set_place(err, files->items[i].path, err->line - HEADER_LINES);
        return;
    }
}
