#include "inventory/password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"

/* Room for what is read, cleared before it goes. */
struct reading {
    char *bytes;
    size_t len;
};

static void reading_init(struct reading *reading)
{
    *reading = (struct reading){.bytes = xcalloc(1, PASSWORD_MAX_BYTES + 1)};
}

static void reading_done(struct reading *reading)
{
    explicit_bzero(reading->bytes, PASSWORD_MAX_BYTES + 1);
    free(reading->bytes);
}

/* The text without its one last newline. `what` is the file or command, for the error. */
static bool take_password(const struct reading *reading, const char *what, char **ret_password,
                          struct err *err)
{
    size_t len = reading->len;
    if (len > PASSWORD_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "%s gave more than 64 KiB", what);
    if (len && reading->bytes[len - 1] == '\n')
        len--;
    if (len && len < reading->len && reading->bytes[len - 1] == '\r')
        len--;
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

/* Judged by the open descriptor, so that nobody can swap the file in between; without waiting for
 * a FIFO's other end. */
static int open_file(const char *path, struct err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const char *what = NULL;
    if (fd < 0) {
        err_set(err, ERR_CONFIG, "password file '%s': %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) != 0)
        what = "cannot be examined";
    else if (!S_ISREG(st.st_mode))
        what = "is not a regular file";
    else if (st.st_uid != geteuid() && st.st_uid != 0)
        what = "belongs to another user";
    else if (st.st_mode & (S_IRWXG | S_IRWXO))
        what = "is open to others: chmod 600 it";
    if (!what)
        return fd;
    close(fd);
    err_set(err, ERR_CONFIG, "password file '%s' %s", path, what);
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

/* Reads on; false at the end, on an error, or where nothing more fits. */
static bool read_more(int fd, struct reading *reading)
{
    ssize_t count;
    do
        count = read(fd, reading->bytes + reading->len, PASSWORD_MAX_BYTES + 1 - reading->len);
    while (count < 0 && errno == EINTR);
    reading->len += count > 0 ? (size_t)count : 0;
    return count > 0 && reading->len <= PASSWORD_MAX_BYTES;
}

bool password_file_read(const char *path, char **ret_password, struct err *err)
{
    struct reading reading;
    char what[300];
    int fd = open_file(path, err);
    if (fd < 0)
        return false;
    reading_init(&reading);
    while (read_more(fd, &reading))
        ;
    close(fd);
    snprintf(what, sizeof what, "password file '%.256s'", path);
    bool is_well = take_password(&reading, what, ret_password, err);
    reading_done(&reading);
    return is_well;
}

/* ---- commands ------------------------------------------------------------------------------ */

extern char **environ;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The loop's threads block signals; the command must not inherit that. */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                             POSIX_SPAWN_SETSIGDEF);
}

/* Starts the command with `out` as its standard output; 0, or an errno. */
static int spawn(const char *const *argv, int out, pid_t *ret_pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char **words = NULL;
    size_t count = 0;
    while (argv[count])
        count++;
    /* posix_spawn's prototype lacks the const that its argv has in fact. */
    words = xcalloc(count + 1, sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = xstrdup(argv[i]);
    posix_spawnattr_init(&attributes);
    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int result = posix_spawnp(ret_pid, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
    return result;
}

/* Reads to the end of the output. False: too late, or too much. */
static bool read_output(int fd, int64_t deadline_ms, struct reading *reading)
{
    for (;;) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - now_ms();
        int ready = left_ms > 0 ? poll(&pollfd, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        if (!read_more(fd, reading))
            return reading->len <= PASSWORD_MAX_BYTES;
    }
}

/* There is no waitpid with a timeout. False: still running at the deadline. */
static bool wait_for_exit(pid_t pid, int64_t deadline_ms, int *ret_status)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    for (;;) {
        pid_t found = waitpid(pid, ret_status, WNOHANG);
        if (found == pid || (found < 0 && errno != EINTR))
            return found == pid;
        if (now_ms() >= deadline_ms)
            return false;
        nanosleep(&pause, NULL);
    }
}

static void kill_group(pid_t pid)
{
    kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static bool run(const char *const *argv, int timeout_ms, struct reading *reading, struct err *err)
{
    int64_t deadline_ms = now_ms() + timeout_ms;
    int pipe_fds[2];
    int status = 0;
    pid_t pid;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return err_set(err, ERR_CONFIG, "password command: %s", strerror(errno));
    int failed = spawn(argv, pipe_fds[1], &pid);
    close(pipe_fds[1]);
    if (failed) {
        close(pipe_fds[0]);
        return err_set(err, ERR_CONFIG, "password command '%.256s' cannot be run: %s", argv[0],
                       strerror(failed));
    }
    bool is_over =
        read_output(pipe_fds[0], deadline_ms, reading) && wait_for_exit(pid, deadline_ms, &status);
    close(pipe_fds[0]);
    if (!is_over)
        kill_group(pid);
    if (!is_over && reading->len <= PASSWORD_MAX_BYTES)
        return err_set(err, ERR_CONFIG, "password command '%.256s' did not end within %d s",
                       argv[0], timeout_ms / 1000);
    if (is_over && WIFSIGNALED(status))
        return err_set(err, ERR_CONFIG, "password command '%.256s' was killed by signal %d",
                       argv[0], WTERMSIG(status));
    if (is_over && WEXITSTATUS(status) != 0)
        return err_set(err, ERR_CONFIG, "password command '%.256s' ended with status %d", argv[0],
                       WEXITSTATUS(status));
    return true;
}

bool password_command_read(const char *const *argv, int timeout_ms, char **ret_password,
                           struct err *err)
{
    struct reading reading;
    char what[300];
    reading_init(&reading);
    snprintf(what, sizeof what, "password command '%.256s'", argv[0]);
    bool is_well =
        run(argv, timeout_ms, &reading, err) && take_password(&reading, what, ret_password, err);
    reading_done(&reading);
    return is_well;
}

/* ---- both ---------------------------------------------------------------------------------- */

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
