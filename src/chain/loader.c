/* Reads the folder of a chain: every file once, so that the bytes hashed are the bytes executed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "chain/chain.h"

enum { FILE_MAX_BYTES = 16 * 1024 * 1024 };

static bool is_revision_name(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > 4 && strcmp(name + len - 4, ".sql") == 0;
}

/* A link may stay inside the folder; one that leads out could change under the chain. */
static bool leads_out(const char *dir, const char *path)
{
    char *real_dir = realpath(dir, NULL);
    char *real_path = realpath(path, NULL);
    size_t len = real_dir ? strlen(real_dir) : 0;
    bool is_inside = real_dir && real_path && strncmp(real_dir, real_path, len) == 0 &&
                     real_path[len] == '/';
    free(real_dir);
    free(real_path);
    return !is_inside;
}

/* Opens a regular file of the folder; on failure says why. O_NONBLOCK: a FIFO must not hang us. */
static int open_file(const char *dir, const char *path, struct stat *st, const char **ret_why)
{
    if (lstat(path, st) == 0 && S_ISLNK(st->st_mode) && leads_out(dir, path)) {
        *ret_why = "a link that leads out of the folder";
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        *ret_why = strerror(errno);
        return -1;
    }
    *ret_why = NULL;
    if (fstat(fd, st) || !S_ISREG(st->st_mode))
        *ret_why = "not a regular file";
    else if (st->st_size > FILE_MAX_BYTES)
        *ret_why = "larger than 16 MiB";
    if (!*ret_why)
        return fd;
    close(fd);
    return -1;
}

/* The whole file, up to the size that fstat told: what is appended meanwhile is not ours. */
static size_t read_all(int fd, char *bytes, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            break;
        len += got > 0 ? (size_t)got : 0;
    }
    return len;
}

static void read_file(struct arena *arena, const char *dir, const char *name,
                      struct chain_file *ret_file, struct faults *faults)
{
    char *path = arena_printf(arena, "%s/%s", dir, name);
    const char *why;
    struct stat st;
    int fd = open_file(dir, path, &st, &why);
    ret_file->name = arena_strdup(arena, name);
    if (fd < 0) {
        faults_add(faults, ERR_CHAIN, path, 0, "cannot read it: %s", why);
        return;
    }
    char *bytes = arena_alloc(arena, (size_t)st.st_size + 1);
    ret_file->bytes = bytes;
    ret_file->len = read_all(fd, bytes, (size_t)st.st_size);
    close(fd);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct chain_file *)a)->name, ((const struct chain_file *)b)->name);
}

struct chain *chain_load(const char *dir, struct faults *faults)
{
    struct arena arena; /* of the bytes: the chain copies what it keeps */
    struct chain_file *files = NULL;
    size_t count = 0, capacity = 0;
    size_t before = faults->total;
    DIR *listing = opendir(dir);
    if (!listing) {
        faults_add(faults, ERR_CHAIN, dir, 0, "cannot open the chain's folder: %s", strerror(errno));
        return NULL;
    }
    arena_init(&arena);
    for (struct dirent *entry; (entry = readdir(listing));)
        if (is_revision_name(entry->d_name))
            read_file(&arena, dir, entry->d_name, ARENA_PUSH(&arena, files, count, capacity),
                      faults);
    closedir(listing);
    if (count)
        qsort(files, count, sizeof *files, compare_names);
    /* With a file missing, everything that names it would be a fault too. */
    struct chain *chain = faults->total == before ? chain_build(dir, files, count, faults) : NULL;
    arena_done(&arena);
    return chain;
}
