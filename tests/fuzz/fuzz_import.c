/* Any bytes as another tool's folder, and its words as rows of the tool's version table: no crash, what
 * is made is a chain that loads, and a tenant stands on revisions of it.
 *
 * The first byte picks the tool and the dialect; a file is a line with its name, and its text up to
 * the byte 0x1e. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/utf8.h"
#include "import/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4 };

static size_t cut(const char **at, const char *end, char separator)
{
    const char *found = memchr(*at, separator, (size_t)(end - *at));
    size_t len = (size_t)((found ? found : end) - *at);
    *at += len + (found != NULL);
    return len;
}

static size_t cut_files(struct arena *arena, const struct import_tool *tool, const char *at,
                        const char *end, struct import_file *files)
{
    size_t count = 0;
    while (at < end && count < FILES_MAX) {
        const char *name = at;
        size_t name_len = cut(&at, end, '\n');
        const char *bytes = at;
        struct import_file *file = &files[count++];
        *file = (struct import_file){.name = arena_strndup(arena, name, name_len)};
        file->path = file->name;
        file->len = cut(&at, end, 0x1e);
        if (tool->wants(file->name))
            file->bytes = arena_strndup(arena, bytes, file->len);
        else
            file->len = 0;
    }
    return count;
}

static bool is_text(const char *bytes, size_t len)
{
    return !memchr(bytes, '\0', len) && utf8_check(bytes, len) == len;
}

static struct grid cut_rows(struct arena *arena, const char *text)
{
    const char **values = NULL;
    size_t count = 0, capacity = 0;
    while (*(text += strspn(text, " \n\x1e"))) {
        size_t len = strcspn(text, " \n\x1e");
        *ARENA_PUSH(arena, values, count, capacity) = arena_strndup(arena, text, len);
        text += len;
    }
    return (struct grid){values, count / 3, 3};
}

static void check_standing(struct arena *arena, const struct import_tool *tool,
                           const struct chain *chain, const char *text)
{
    struct adoption adoption;
    struct rows stands;
    struct err err = {0};
    if (!adoption_find(tool->name, NULL, &adoption, &err))
        return;
    struct grid rows = cut_rows(arena, text);
    if (!adoption_stand(&adoption, arena, chain, &rows, &stands, &err)) {
        if (err.kind == ERR_NONE)
            abort();
        return;
    }
    for (size_t i = 0; i < stands.count; i++)
        if (!chain_get(chain, stands.ids[i]))
            abort();
}

static void check_chain(struct arena *arena, const struct import_tool *tool,
                        const struct import_result *result, const char *text)
{
    struct faults faults;
    faults_init(&faults);
    struct chain *chain = chain_build("versions", result->files, result->file_count, &faults);
    if (!chain)
        abort();
    check_standing(arena, tool, chain, text);
    chain_free(chain);
    faults_done(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct arena arena;
    struct faults faults;
    struct import_file files[FILES_MAX];
    struct import_result result;
    const struct import_tool *tool = size ? import_tool_at(data[0] & 7) : NULL;
    /* Importers are given what the reading of files lets through. */
    if (!tool || !is_text(bytes, size))
        return 0;
    arena_init(&arena);
    faults_init(&faults);
    struct import_request request = {
        .tool = tool,
        .files = files,
        .file_count = cut_files(&arena, tool, bytes + 1, bytes + size, files),
        .has_dialect = !tool->finds_dialect || data[0] & 32,
        .dialect = data[0] & 8 ? DIALECT_SQLITE : DIALECT_POSTGRESQL,
        .is_marked = data[0] & 16,
        .version_table = "alembic_version",
        .chain_dir = "versions",
    };
    bool is_good = import_files(&arena, &request, &result, &faults);
    if (is_good != (faults.total == 0))
        abort();
    if (is_good)
        check_chain(&arena, tool, &result, arena_strndup(&arena, bytes, size));
    faults_done(&faults);
    arena_done(&arena);
    return 0;
}
