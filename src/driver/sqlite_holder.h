/* Who holds a SQLite database: the processes whose locks /proc/locks shows on its files.
 *
 * Linux only, and not everywhere there: other machines of a network file system, other PID namespaces and
 * file systems whose device numbers differ (btrfs, overlayfs) show nothing. Where nothing is known,
 * nothing is said. Files are only looked up by name: opening and closing one would drop our own locks.
 */
#ifndef DRIVER_SQLITE_HOLDER_H
#define DRIVER_SQLITE_HOLDER_H

#include <sys/types.h>

#include "base/compiler.h"

struct arena;

enum holding {
    HOLDING_TENANT, /* skein's own lock of the tenant: flock */
    HOLDING_WRITE,  /* SQLite's locks: who writes; where no process does, who reads */
};

/* `process 4242 (python3)`, several comma separated; NULL: not known. */
const char *sqlite_holder(struct arena *arena, const char *path, enum holding holding);

/* One question to a text in the form of /proc/locks. */
struct lock_search {
    const char *type;   /* POSIX, FLOCK */
    const char *access; /* READ, WRITE; NULL: either */
    dev_t device;
    ino_t inode;
    pid_t not_pid; /* ourselves */
};

/* The processes that hold such a lock (those that only wait for one do not), each once, added to the
 * `count` that are in `pids` already; returns how many there are now, `max` at most. */
size_t sqlite_holder_find(const char *locks, const struct lock_search *search, pid_t *pids,
                          size_t count, size_t max);

#endif
