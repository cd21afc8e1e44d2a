#include "inventory/password.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"
#include "inventory/password_reading.h"

/* ---- reading ------------------------------------------------------------------------------- */

void reading_init(struct reading *reading)
{
    *reading = (struct reading){.bytes = xcalloc(1, PASSWORD_MAX_BYTES + 1)};
}

void reading_done(struct reading *reading)
{
    explicit_bzero(reading->bytes, PASSWORD_MAX_BYTES + 1);
    free(reading->bytes);
}

bool reading_is_full(const struct reading *reading)
{
    return reading->len > PASSWORD_MAX_BYTES;
}

bool reading_add(struct reading *reading, int fd)
{
    ssize_t count;
    do
        count = read(fd, reading->bytes + reading->len, PASSWORD_MAX_BYTES + 1 - reading->len);
    while (count < 0 && errno == EINTR);
    reading->len += count > 0 ? (size_t)count : 0;
    return count > 0 && !reading_is_full(reading);
}

static size_t without_newline(const struct reading *reading)
{
    size_t len = reading->len;
    if (!len || reading->bytes[len - 1] != '\n')
        return len;
    len--;
    return len && reading->bytes[len - 1] == '\r' ? len - 1 : len;
}

bool reading_take(const struct reading *reading, const char *what, char **ret_password,
                  struct err *err)
{
    size_t len = without_newline(reading);
    if (reading_is_full(reading))
        return err_set(err, ERR_CONFIG, "%s gave more than 64 KiB", what);
    if (!len)
        return err_set(err, ERR_CONFIG, "%s gave no password", what);
    if (memchr(reading->bytes, '\0', len))
        return err_set(err, ERR_CONFIG, "%s gave a NUL character", what);
    char *password = xcalloc(1, len + 1);
    memcpy(password, reading->bytes, len);
    *ret_password = password;
    return true;
}

/* ---- files --------------------------------------------------------------------------------- */

/* NULL: nothing is wrong with the open file. */
static const char *fault_of_file(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return "cannot be examined";
    if (!S_ISREG(st.st_mode))
        return "is not a regular file";
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return "belongs to another user";
    return st.st_mode & (S_IRWXG | S_IRWXO) ? "is open to others: chmod 600 it" : NULL;
}

/* Judged by the open descriptor, so that no one can swap the file in between; without waiting for a FIFO's
 * other end. -1: see *err. */
static int open_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_set(err, ERR_CONFIG, "password file '%.256s': %s", path, strerror(errno));
        return -1;
    }
    const char *fault = fault_of_file(fd);
    if (!fault)
        return fd;
    close(fd);
    err_set(err, ERR_CONFIG, "password file '%.256s' %s", path, fault);
    return -1;
}

bool password_file_check(const char *path, struct err *err)
{
    int fd = open_file(path, err);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

bool password_file_read(const char *path, char **ret_password, struct err *err)
{
    struct reading reading;
    char what[300];
    int fd = open_file(path, err);
    if (fd < 0)
        return false;
    reading_init(&reading);
    while (reading_add(&reading, fd))
        ;
    close(fd);
    snprintf(what, sizeof what, "password file '%.256s'", path);
    bool is_well = reading_take(&reading, what, ret_password, err);
    reading_done(&reading);
    return is_well;
}

/* ---- whatever the source is ---------------------------------------------------------------- */

bool password_fetch_on_thread(const struct password *password, char **ret_password, struct err *err)
{
    switch (password->kind) {
    case PASSWORD_NONE: *ret_password = NULL; return true;
    case PASSWORD_VALUE: *ret_password = xstrdup(password->value); return true;
    case PASSWORD_FILE: return password_file_read(password->value, ret_password, err);
    case PASSWORD_COMMAND:
        return password_command_read(password->argv, PASSWORD_COMMAND_TIMEOUT_MS, ret_password,
                                     err);
    }
    return err_set(err, ERR_INTERNAL, "a password of no kind");
}

void password_free(char *password)
{
    if (password)
        explicit_bzero(password, strlen(password));
    free(password);
}
