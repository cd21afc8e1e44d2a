#include "driver/sqlite_holder.h"

#include <ctype.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

enum { HOLDERS_MAX = 4, LOCKS_MAX = 4 << 20 };

/* ---- the kernel's table -------------------------------------------------------------------- */

static bool has_pid(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* `1: POSIX  ADVISORY  WRITE 4242 fd:00:131 1073741825 1073741825`; in the line of a process that waits, `->`
 * follows the number. 0: not what is looked for. (A PID of 0 or less is one that we cannot see.) */
static pid_t match_line(const char *line, const struct lock_search *search)
{
    char type[16], access[8];
    unsigned major_number, minor_number;
    unsigned long long inode;
    int pid;
    if (sscanf(line, "%*[0-9]: %15s %*s %7s %d %x:%x:%llu", type, access, &pid, &major_number,
               &minor_number, &inode) != 6)
        return 0;
    bool is_wanted = strcmp(type, search->type) == 0 &&
                     (!search->access || strcmp(access, search->access) == 0) &&
                     makedev(major_number, minor_number) == search->device &&
                     inode == search->inode && pid > 0 && pid != search->not_pid;
    return is_wanted ? pid : 0;
}

size_t sqlite_holder_find(const char *locks, const struct lock_search *search, pid_t *pids,
                          size_t count, size_t max)
{
    for (const char *line = locks; *line && count < max;) {
        pid_t pid = match_line(line, search);
        if (pid && !has_pid(pids, count, pid))
            pids[count++] = pid;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return count;
}

/* Files of /proc tell no size. */
static bool read_file(const char *path, struct buf *buf)
{
    char chunk[4096];
    size_t len;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0 && !buf->is_full)
        buf_add(buf, chunk, len);
    fclose(file);
    return true;
}

/* ---- one database -------------------------------------------------------------------------- */

/* In WAL mode every process that has the database open reads the file, and readers block no writer: the lock of
 * the one that writes is in -shm. */
static const struct {
    enum holding holding;
    const char *type, *access, *suffix;
    bool only_else; /* asked only where no process was found before */
} searches[] = {
    {HOLDING_TENANT, "FLOCK", NULL, "", false},
    {HOLDING_WRITE, "POSIX", "WRITE", "", false},
    {HOLDING_WRITE, "POSIX", "WRITE", "-shm", false},
    {HOLDING_WRITE, "POSIX", "WRITE", "-wal", false},
    {HOLDING_WRITE, "POSIX", "READ", "", true},
};

static size_t find_all(const char *locks, const char *path, enum holding holding, pid_t *pids)
{
    size_t count = 0;
    char name[4096];
    struct stat st;
    for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
        snprintf(name, sizeof name, "%s%s", path, searches[i].suffix);
        if (searches[i].holding != holding || (searches[i].only_else && count) || stat(name, &st))
            continue;
        struct lock_search search = {.type = searches[i].type,
                                     .access = searches[i].access,
                                     .device = st.st_dev,
                                     .inode = st.st_ino,
                                     .not_pid = getpid()};
        count = sqlite_holder_find(locks, &search, pids, count, HOLDERS_MAX);
    }
    return count;
}

/* A process may call itself anything. */
static void add_process(struct buf *buf, pid_t pid)
{
    char path[64];
    struct buf name;
    buf_init(&name, 64);
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    buf_addf(buf, "%sprocess %d", buf->len ? ", " : "", (int)pid);
    if (read_file(path, &name) && name.len) {
        for (char *p = name.data; *p; p++)
            *p = iscntrl((unsigned char)*p) ? ' ' : *p;
        buf_addf(buf, " (%.*s)", (int)(name.len - 1), name.data);
    }
    buf_done(&name);
}

const char *sqlite_holder(struct arena *arena, const char *path, enum holding holding)
{
    pid_t pids[HOLDERS_MAX];
    size_t count = 0;
    struct buf buf;
    buf_init(&buf, LOCKS_MAX);
    if (read_file("/proc/locks", &buf))
        count = find_all(buf.data, path, holding, pids);
    buf_clear(&buf);
    for (size_t i = 0; i < count; i++)
        add_process(&buf, pids[i]);
    const char *text = buf.len ? arena_strndup(arena, buf.data, buf.len) : NULL;
    buf_done(&buf);
    return text;
}
