#include "ledger/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

#include "base/buf.h"

enum { HOLDER_BYTES = 1024 };

static int open_lock(const char *ledger_path, int flags)
{
    struct buf path;
    buf_init(&path, BUF_MAX_DEFAULT);
    buf_addf(&path, "%s.lock", ledger_path);
    int fd = open(path.data, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    buf_done(&path);
    return fd;
}

/* ---- who holds it -------------------------------------------------------------------------- */

static void copy_text(const json_t *object, const char *key, char *ret, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(ret, size, "%s", text ? text : "");
}

/* A file that is empty, torn or of another make names no holder. */
static struct ledger_holder read_holder(int fd)
{
    struct ledger_holder holder = {0};
    char text[HOLDER_BYTES];
    ssize_t len = pread(fd, text, sizeof text, 0);
    json_t *object = len > 0 ? json_loadb(text, (size_t)len, 0, NULL) : NULL;
    copy_text(object, "run", holder.run, sizeof holder.run);
    copy_text(object, "user", holder.user, sizeof holder.user);
    copy_text(object, "host", holder.host, sizeof holder.host);
    holder.pid = json_integer_value(json_object_get(object, "pid"));
    holder.since_ms = json_integer_value(json_object_get(object, "since_ms"));
    json_decref(object);
    return holder;
}

static bool write_holder(int fd, const struct ledger_holder *holder)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:I}", "run", holder->run, "user",
                               holder->user, "host", holder->host, "pid", (json_int_t)holder->pid,
                               "since_ms", (json_int_t)holder->since_ms);
    char text[HOLDER_BYTES];
    size_t len = object ? json_dumpb(object, text, sizeof text, 0) : 0;
    json_decref(object);
    return len && len <= sizeof text && ftruncate(fd, 0) == 0 &&
           pwrite(fd, text, len, 0) == (ssize_t)len;
}

/* ---- the lock ------------------------------------------------------------------------------ */

static bool is_held(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool fail(const char *ledger_path, const char *words, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger '%s': %s '%s.lock': %s", ledger_path, words,
                   ledger_path, strerror(errno));
}

static bool fail_held(int fd, struct ledger_holder *ret_other, struct err *err)
{
    *ret_other = read_holder(fd);
    err_set(err, ERR_LEDGER, "another run holds the ledger: %s on %s, process %lld",
            *ret_other->run ? ret_other->run : "?", *ret_other->host ? ret_other->host : "?",
            (long long)ret_other->pid);
    snprintf(err->code, sizeof err->code, "%s", LEDGER_HELD);
    return false;
}

static bool take(int fd, const char *ledger_path, const struct ledger_holder *holder,
                 struct ledger_holder *ret_other, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0)
        return errno == EAGAIN || errno == EACCES ? fail_held(fd, ret_other, err)
                                                  : fail(ledger_path, "cannot lock", err);
    return write_holder(fd, holder) || fail(ledger_path, "cannot write to", err);
}

bool lock_take(struct lock *lock, const char *ledger_path, const struct ledger_holder *holder,
               struct ledger_holder *ret_other, struct err *err)
{
    int fd = open_lock(ledger_path, O_RDWR | O_CREAT);
    if (fd < 0)
        return fail(ledger_path, "cannot open", err);
    if (!take(fd, ledger_path, holder, ret_other, err)) {
        close(fd);
        return false;
    }
    lock->fd = fd;
    return true;
}

void lock_release(struct lock *lock)
{
    if (lock->fd < 0)
        return;
    /* Where this fails, the next holder's name takes the place of ours. */
    if (ftruncate(lock->fd, 0) != 0)
        errno = 0;
    close(lock->fd);
    lock->fd = -1;
}

bool lock_is_held(const char *ledger_path, struct ledger_holder *ret_holder)
{
    int fd = open_lock(ledger_path, O_RDONLY);
    if (fd < 0)
        return false;
    bool held = is_held(fd);
    if (held)
        *ret_holder = read_holder(fd);
    close(fd);
    return held;
}
