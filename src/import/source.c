/* The tool's files, from its folder or by name. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/utf8.h"
#include "import/tool.h"

enum { DEPTH_MAX = 16 };

struct listing {
    struct {
        dev_t dev;
        ino_t ino;
    } above[DEPTH_MAX + 1]; /* the folders that hold the one that is read */
    struct arena *arena;
    struct faults *faults;
    const struct import_tool *tool;
    const char *dir;
    struct import_file *files;
    size_t count, capacity;
};

static void add_fault(struct listing *listing, const char *path, int line, const char *what,
                      const char *why)
{
    faults_add(listing->faults, ERR_CHAIN, path, line, "%s%s", what, why);
}

/* Skips a byte order mark, which says nothing about the SQL and does not stand in our files. A file that is no UTF-8
 * is a fault, at the line where that shows. */
static void check_text(struct listing *listing, struct import_file *file)
{
    const char *nul = memchr(file->bytes, '\0', file->len);
    size_t bad = utf8_check(file->bytes, file->len);
    int line = 1;
    if (file->len >= 3 && memcmp(file->bytes, "\xef\xbb\xbf", 3) == 0) {
        file->bytes += 3;
        file->len -= 3;
        bad -= bad >= 3 ? 3 : bad;
    }
    if (nul && (size_t)(nul - file->bytes) < bad)
        bad = (size_t)(nul - file->bytes);
    bool is_utf16 = file->len >= 2 && (memcmp(file->bytes, "\xff\xfe", 2) == 0 ||
                                       memcmp(file->bytes, "\xfe\xff", 2) == 0);
    for (size_t i = 0; i < bad; i++)
        line += file->bytes[i] == '\n';
    if (bad < file->len)
        add_fault(listing, file->path, line,
                  is_utf16                   ? "UTF-16: save it as UTF-8"
                  : nul == file->bytes + bad ? "a NUL byte"
                                             : "not UTF-8",
                  "");
}

static void add_file(struct listing *listing, const char *dir, const char *name, const char *path,
                     bool is_wanted)
{
    struct import_file file = {.name = name, .path = path};
    const char *why;
    if (is_wanted && !file_read(listing->arena, dir, path, &file.bytes, &file.len, &why))
        add_fault(listing, path, 0, "cannot read it: ", why);
    if (file.bytes)
        check_text(listing, &file);
    *ARENA_PUSH(listing->arena, listing->files, listing->count, listing->capacity) = file;
}

static void list(struct listing *listing, const char *below, int depth);

/* Links to folders are followed, as the tools do. A link that leads out of the tool's folder is refused, as it is for
 * files, and so is one that leads back to a folder in which it lies. */
static void add_folder(struct listing *listing, const char *name, const char *path,
                       const struct stat *st, int depth)
{
    struct import_file folder = {.name = name, .path = path, .is_folder = true};
    *ARENA_PUSH(listing->arena, listing->files, listing->count, listing->capacity) = folder;
    if (!listing->tool->is_recursive)
        return;
    for (int i = 0; i <= depth; i++)
        if (listing->above[i].dev == st->st_dev && listing->above[i].ino == st->st_ino) {
            add_fault(listing, path, 0, "a link to a folder that it stands in", "");
            return;
        }
    if (file_leads_out(listing->dir, path)) {
        add_fault(listing, path, 0,
                  "a link that leads out of the folder: put what it leads to here", "");
        return;
    }
    if (depth == DEPTH_MAX) {
        add_fault(listing, path, 0, "too deep: folders are read to a depth of 16", "");
        return;
    }
    listing->above[depth + 1].dev = st->st_dev;
    listing->above[depth + 1].ino = st->st_ino;
    list(listing, name, depth + 1);
}

/* A link that leads nowhere is a fault: it may have led to a folder of migrations. */
static void add_entry(struct listing *listing, const char *name, const char *path, int depth)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;
    bool is_wanted = listing->tool->wants(name);
    if (is_there && S_ISDIR(st.st_mode))
        add_folder(listing, name, path, &st, depth);
    else if (!is_there && !is_wanted && listing->tool->is_recursive)
        add_fault(listing, path, 0, "cannot open it: ", strerror(errno));
    else
        add_file(listing, listing->dir, name, path, is_wanted);
}

static void list(struct listing *listing, const char *below, int depth)
{
    struct arena *arena = listing->arena;
    const char *dir = *below ? arena_printf(arena, "%s/%s", listing->dir, below) : listing->dir;
    DIR *opened = opendir(dir);
    if (!opened) {
        add_fault(listing, dir, 0, "cannot open the folder: ", strerror(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(opened));) {
        if (entry->d_name[0] == '.')
            continue;
        const char *name = *below ? arena_printf(arena, "%s/%s", below, entry->d_name)
                                  : arena_strdup(arena, entry->d_name);
        add_entry(listing, name, arena_printf(arena, "%s/%s", listing->dir, name), depth);
    }
    closedir(opened);
}

static void list_whole(struct listing *listing, const char *dir)
{
    struct stat st;
    listing->dir = dir;
    if (stat(dir, &st) == 0) {
        listing->above[0].dev = st.st_dev;
        listing->above[0].ino = st.st_ino;
    }
    list(listing, "", 0);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct import_file *)a)->name, ((const struct import_file *)b)->name);
}

static const char *without_slashes(struct arena *arena, const char *dir)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    return arena_strndup(arena, dir, len);
}

bool import_read_dirs(struct arena *arena, const char *const *dirs, size_t count,
                      struct import_request *request, struct faults *faults)
{
    size_t before = faults->total;
    struct listing listing = {.arena = arena, .faults = faults, .tool = request->tool};
    for (size_t i = 0; i < count; i++)
        list_whole(&listing, without_slashes(arena, dirs[i]));
    request->where = count ? dirs[0] : NULL;
    if (listing.count)
        qsort(listing.files, listing.count, sizeof *listing.files, compare_names);
    request->files = listing.files;
    request->file_count = listing.count;
    return faults->total == before;
}

bool import_read_files(struct arena *arena, const char *const *paths, size_t count,
                       struct import_request *request, struct faults *faults)
{
    size_t before = faults->total;
    struct listing listing = {.arena = arena, .faults = faults, .tool = request->tool};
    for (size_t i = 0; i < count; i++)
        add_file(&listing, NULL, paths[i], paths[i], true);
    request->where = count ? paths[0] : NULL;
    request->files = listing.files;
    request->file_count = listing.count;
    return faults->total == before;
}
