/* A shared object for LD_PRELOAD that makes the n-th system call of a class die or fail.
 *
 *     SKEIN_FAULT=class:n[:moment]=what   what happens, and when
 *     SKEIN_FAULT_PATH=part               only files whose path has `part` in it are counted
 *     SKEIN_FAULT_COUNTS=file             at exit: a line `class count` for each class
 *
 * Classes are the rows of `classes`: of files write, sync, truncate, unlink and rename, of sockets send and
 * recv. Pipes, terminals and libuv's own descriptors do not count. `what` is `kill` or the name of an error
 * (enospc, eio, edquot, erofs): kill happens `before` (default) or `after` the call, or when `half` of it
 * is written; an error takes the place of the call `once`, or of it and all that follow (`on`): a disk
 * that stays full.
 *
 * The program may call from several threads: the n-th is the n-th that begins.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { WRITE, SYNC, TRUNCATE, UNLINK, RENAME, SEND, RECV, CLASS__COUNT };
enum moment { BEFORE, HALF, AFTER, ONCE, ON, MOMENT__COUNT };

static const char *const classes[CLASS__COUNT] = {"write",  "sync", "truncate", "unlink",
                                                  "rename", "send", "recv"};
static const char *const moments[MOMENT__COUNT] = {"before", "half", "after", "once", "on"};

static const struct {
    const char *name;
    int number;
} faults[] = {{"kill", 0}, {"enospc", ENOSPC}, {"eio", EIO}, {"edquot", EDQUOT}, {"erofs", EROFS}};

static struct {
    enum class class;
    enum moment moment;
    unsigned nth; /* 0: nothing happens */
    int number;   /* errno, or 0 to die */
} plan;
static const char *path_part;
static atomic_uint counts[CLASS__COUNT];

/* ---- what was asked for -------------------------------------------------------------------- */

static void refuse(const char *spec)
{
    fprintf(stderr, "fault_at: SKEIN_FAULT=%s is nothing I know\n", spec);
    _exit(99);
}

static size_t find(const char *const *names, size_t count, const char *name, const char *spec)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    refuse(spec);
    return 0;
}

static int find_fault(const char *name, const char *spec)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (strcmp(faults[i].name, name) == 0)
            return faults[i].number;
    refuse(spec);
    return 0;
}

__attribute__((constructor)) static void read_plan(void)
{
    char class[16], moment[16] = "before", what[16];
    const char *spec = getenv("SKEIN_FAULT");
    const char *part = getenv("SKEIN_FAULT_PATH");
    path_part = part ? strdup(part) : NULL; /* programs write their titles over their environment */
    if (!spec || !*spec)
        return;
    if (sscanf(spec, "%15[a-z]:%u:%15[a-z]=%15[a-z]", class, &plan.nth, moment, what) != 4 &&
        sscanf(spec, "%15[a-z]:%u=%15[a-z]", class, &plan.nth, what) != 3)
        refuse(spec);
    plan.class = (enum class)find(classes, CLASS__COUNT, class, spec);
    plan.moment = (enum moment)find(moments, MOMENT__COUNT, moment, spec);
    plan.number = find_fault(what, spec);
}

__attribute__((destructor)) static void write_counts(void)
{
    char text[256];
    int len = 0;
    const char *path = getenv("SKEIN_FAULT_COUNTS");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (fd < 0)
        return;
    for (int i = 0; i < CLASS__COUNT; i++)
        len += snprintf(text + len, sizeof text - (size_t)len, "%s %u\n", classes[i],
                        atomic_load(&counts[i]));
    (void)!syscall(SYS_write, fd, text, (size_t)len);
    close(fd);
}

/* ---- is it the one? ------------------------------------------------------------------------ */

static bool is_path_meant(const char *path)
{
    return !path_part || strstr(path, path_part);
}

static bool is_fd_meant(int fd, mode_t type)
{
    struct stat st;
    char link[40], path[PATH_MAX];
    if (fstat(fd, &st) != 0 || (st.st_mode & S_IFMT) != type)
        return false;
    if (!path_part || type == S_IFSOCK)
        return true;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    return is_path_meant(path);
}

static void die(void)
{
    raise(SIGKILL);
}

/* Counts a call; true: it is to fail, errno says how. `ret_is_hit`: it is the one to die at. */
static bool fails(enum class class, bool *ret_is_hit)
{
    int saved = errno;
    unsigned nth = atomic_fetch_add(&counts[class], 1) + 1;
    bool is_on = plan.moment == ON && nth > plan.nth;
    *ret_is_hit = plan.nth && class == plan.class && (nth == plan.nth || is_on);
    if (*ret_is_hit && !plan.number && plan.moment == BEFORE)
        die();
    errno = *ret_is_hit && plan.number ? plan.number : saved;
    return *ret_is_hit && plan.number;
}

/* `CALL` with what was asked for around it; `HALF_CALL` does a part of it. */
#define AROUND(class, is_meant, HALF_CALL, CALL)                                                   \
    do {                                                                                           \
        bool is_hit = false;                                                                       \
        if ((is_meant) && fails(class, &is_hit))                                                   \
            return -1;                                                                             \
        if (is_hit && plan.moment == HALF) {                                                       \
            (void)!(HALF_CALL);                                                                    \
            die();                                                                                 \
        }                                                                                          \
        __typeof__(CALL) result = (CALL);                                                          \
        if (is_hit && plan.moment == AFTER)                                                        \
            die();                                                                                 \
        return result;                                                                             \
    } while (0)

/* ---- the calls ----------------------------------------------------------------------------- */

ssize_t write(int fd, const void *data, size_t size)
{
    bool is_socket = is_fd_meant(fd, S_IFSOCK);
    AROUND(is_socket ? SEND : WRITE, is_socket || is_fd_meant(fd, S_IFREG),
           syscall(SYS_write, fd, data, size / 2), syscall(SYS_write, fd, data, size));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    AROUND(WRITE, is_fd_meant(fd, S_IFREG), syscall(SYS_pwrite64, fd, data, size / 2, at),
           syscall(SYS_pwrite64, fd, data, size, at));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return pwrite64(fd, data, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    bool is_socket = is_fd_meant(fd, S_IFSOCK);
    AROUND(is_socket ? SEND : WRITE, is_socket || is_fd_meant(fd, S_IFREG),
           syscall(SYS_writev, fd, parts, count / 2), syscall(SYS_writev, fd, parts, count));
}

int fsync(int fd)
{
    AROUND(SYNC, is_fd_meant(fd, S_IFREG) || is_fd_meant(fd, S_IFDIR), 0,
           (int)syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    AROUND(SYNC, is_fd_meant(fd, S_IFREG), 0, (int)syscall(SYS_fdatasync, fd));
}

int ftruncate64(int fd, off64_t size)
{
    AROUND(TRUNCATE, is_fd_meant(fd, S_IFREG), 0, (int)syscall(SYS_ftruncate, fd, size));
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int unlink(const char *path)
{
    AROUND(UNLINK, is_path_meant(path), 0, (int)syscall(SYS_unlink, path));
}

int rename(const char *from, const char *to)
{
    AROUND(RENAME, is_path_meant(from) || is_path_meant(to), 0,
           (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
               socklen_t to_size)
{
    AROUND(SEND, is_fd_meant(fd, S_IFSOCK),
           syscall(SYS_sendto, fd, data, size / 2, flags, to, to_size),
           syscall(SYS_sendto, fd, data, size, flags, to, to_size));
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    return sendto(fd, data, size, flags, NULL, 0);
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *restrict from,
                 socklen_t *restrict from_size)
{
    AROUND(RECV, is_fd_meant(fd, S_IFSOCK), 0,
           syscall(SYS_recvfrom, fd, data, size, flags, from, from_size));
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    return recvfrom(fd, data, size, flags, NULL, NULL);
}

ssize_t read(int fd, void *data, size_t size)
{
    AROUND(RECV, is_fd_meant(fd, S_IFSOCK), 0, syscall(SYS_read, fd, data, size));
}
