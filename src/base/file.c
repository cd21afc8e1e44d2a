#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

bool file_leads_out(const char *dir, const char *path)
{
    char *real_dir = realpath(dir, NULL);
    char *real_path = realpath(path, NULL);
    size_t len = real_dir ? strlen(real_dir) : 0;
    len -= len == 1; /* the root's name ends in its slash */
    bool is_inside = real_dir && real_path && strncmp(real_dir, real_path, len) == 0 &&
                     (real_path[len] == '/' || !real_path[len]);
    free(real_dir);
    free(real_path);
    return !is_inside;
}

/* O_NONBLOCK: a FIFO must not hang us. The first open fails for a link, and only then the link is looked at: a plain
 * file costs one call less, and a chain has thousands of them. */
static int open_file(const char *dir, const char *path, struct stat *st, const char **ret_why)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, flags | O_NOFOLLOW);
    if (fd < 0 && errno == ELOOP) {
        if (dir && file_leads_out(dir, path)) {
            *ret_why = "a link that leads out of the folder";
            return -1;
        }
        fd = open(path, flags);
    }
    if (fd < 0) {
        *ret_why = strerror(errno);
        return -1;
    }
    *ret_why = NULL;
    if (fstat(fd, st) || !S_ISREG(st->st_mode))
        *ret_why = "not a regular file";
    else if (st->st_size > (off_t)FILE_MAX_BYTES)
        *ret_why = "larger than 16 MiB";
    if (!*ret_why)
        return fd;
    close(fd);
    return -1;
}

/* Reads as many bytes as fstat has told. Where fewer come, it fails: half a file is of no use. */
static bool read_bytes(int fd, char *bytes, size_t size, const char **ret_why)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            *ret_why = got < 0 ? strerror(errno) : "it became shorter while it was read";
            return false;
        }
        len += (size_t)got;
    }
    return true;
}

bool file_read(struct arena *arena, const char *dir, const char *path, const char **ret_bytes,
               size_t *ret_len, const char **ret_why)
{
    struct stat st;
    int fd = open_file(dir, path, &st, ret_why);
    if (fd < 0)
        return false;
    char *bytes = arena_alloc(arena, (size_t)st.st_size + 1);
    bool is_whole = read_bytes(fd, bytes, (size_t)st.st_size, ret_why);
    close(fd);
    if (!is_whole)
        return false;
    *ret_len = (size_t)st.st_size;
    *ret_bytes = bytes;
    return true;
}
