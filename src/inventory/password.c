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

#include "base/clock.h"
#include "base/arena.h"
#include "base/err.h"
#include "inventory/inventory.h"

/* ---- reading ------------------------------------------------------------------------------- */

/* The bytes that were read from a file or a command, up to a limit. They are cleared from memory afterwards. */
struct reading {
    char *bytes; /* room for PASSWORD_MAX_BYTES and one more, which shows that there is too much */
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

static bool reading_is_full(const struct reading *reading)
{
    return reading->len > PASSWORD_MAX_BYTES;
}

/* Reads once from `fd`. False at the end, on an error, or where nothing more fits. */
static bool reading_add(struct reading *reading, int fd)
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

/* The text without its one last newline, malloc'd. `what` is the file or command, for the error. */
static bool reading_take(const struct reading *reading, const char *what, char **ret_password,
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

/* Says what is wrong with the open file; NULL: nothing is. */
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

/* Opens the file and judges it by the open descriptor, so that no one can replace it in between. It does not wait for
 * the other end of a FIFO. -1: see *err. */
static int open_file(const char *noun, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_set(err, ERR_CONFIG, "%s '%.256s': %s", noun, path, strerror(errno));
        return -1;
    }
    const char *fault = fault_of_file(fd);
    if (!fault)
        return fd;
    close(fd);
    err_set(err, ERR_CONFIG, "%s '%.256s' %s", noun, path, fault);
    return -1;
}

static const char password_noun[] = "password file";

bool password_file_check(const char *path, struct err *err)
{
    int fd = open_file(password_noun, path, err);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static bool read_file(const char *noun, const char *path, struct reading *reading, struct err *err)
{
    int fd = open_file(noun, path, err);
    if (fd < 0)
        return false;
    reading_init(reading);
    while (reading_add(reading, fd))
        ;
    close(fd);
    return true;
}

bool password_file_read(const char *path, char **ret_password, struct err *err)
{
    struct reading reading;
    char what[300];
    if (!read_file(password_noun, path, &reading, err))
        return false;
    snprintf(what, sizeof what, "password file '%.256s'", path);
    bool is_well = reading_take(&reading, what, ret_password, err);
    reading_done(&reading);
    return is_well;
}

bool private_file_read(const char *noun, const char *path, char **ret_text, struct err *err)
{
    struct reading reading;
    if (!read_file(noun, path, &reading, err))
        return false;
    bool is_text = !reading_is_full(&reading) && !memchr(reading.bytes, '\0', reading.len);
    if (is_text)
        *ret_text = xstrdup(reading.bytes);
    else
        err_set(err, ERR_CONFIG, "%s '%.256s' is no text of at most 64 KiB", noun, path);
    reading_done(&reading);
    return is_text;
}

/* ---- commands ------------------------------------------------------------------------------- */

extern char **environ;

/* A command under way. */
struct command {
    const char *const *argv;
    int timeout_ms;
    int64_t deadline_ms;
    pid_t pid;
    int out; /* the end that we read */
    int status;
    bool is_over; /* ended by itself, in time, and without saying too much */
};

/* ---- start --------------------------------------------------------------------------------- */

/* posix_spawn's prototype lacks the const that its argv has in fact. */
static char **copy_argv(const char *const *argv)
{
    size_t count = 0;
    while (argv[count])
        count++;
    char **words = xcalloc(count + 1, sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = xstrdup(argv[i]);
    return words;
}

static void free_argv(char **words)
{
    for (char **word = words; *word; word++)
        free(*word);
    free(words);
}

/* The loop's threads block signals and ignore some: the command must inherit neither. */
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
static int spawn(struct command *command, int out)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char **words = copy_argv(command->argv);
    posix_spawnattr_init(&attributes);
    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(&command->pid, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free_argv(words);
    return error;
}

static bool start_command(struct command *command, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_CONFIG, "password command: %s", strerror(errno));
    command->out = ends[0];
    command->deadline_ms = clock_steady_ms() + command->timeout_ms;
    int error = spawn(command, ends[1]);
    close(ends[1]);
    if (!error)
        return true;
    close(ends[0]);
    return err_set(err, ERR_CONFIG, "password command '%.256s' cannot be run: %s", command->argv[0],
                   strerror(error));
}

/* ---- to its end ---------------------------------------------------------------------------- */

/* Reads all that the command writes. False: it took too long, or wrote too much. */
static bool read_output(const struct command *command, struct reading *reading)
{
    for (;;) {
        struct pollfd pollfd = {.fd = command->out, .events = POLLIN};
        int64_t left_ms = command->deadline_ms - clock_steady_ms();
        int ready = left_ms > 0 ? poll(&pollfd, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        if (!reading_add(reading, command->out))
            return !reading_is_full(reading);
    }
}

/* Waits until the command has ended, or the deadline: there is no waitpid with a timeout. False: it was still
 * running. */
static bool wait_for_exit(struct command *command)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    for (;;) {
        pid_t found = waitpid(command->pid, &command->status, WNOHANG);
        if (found == command->pid || (found < 0 && errno != EINTR))
            return found == command->pid;
        if (clock_steady_ms() >= command->deadline_ms)
            return false;
        nanosleep(&pause, NULL);
    }
}

static void finish_command(struct command *command, struct reading *reading)
{
    command->is_over = read_output(command, reading) && wait_for_exit(command);
    close(command->out);
    if (command->is_over)
        return;
    kill(-command->pid, SIGKILL);
    while (waitpid(command->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static bool judge(const struct command *command, const struct reading *reading, struct err *err)
{
    const char *name = command->argv[0];
    if (!command->is_over && !reading_is_full(reading))
        return err_set(err, ERR_CONFIG, "password command '%.256s' did not end within %g s", name,
                       command->timeout_ms / 1000.0);
    if (command->is_over && WIFSIGNALED(command->status))
        return err_set(err, ERR_CONFIG, "password command '%.256s' was killed by signal %d", name,
                       WTERMSIG(command->status));
    if (command->is_over && WEXITSTATUS(command->status) != 0)
        return err_set(err, ERR_CONFIG, "password command '%.256s' ended with status %d", name,
                       WEXITSTATUS(command->status));
    return true;
}

bool password_command_read(const char *const *argv, int timeout_ms, char **ret_password,
                           struct err *err)
{
    struct command command = {.argv = argv, .timeout_ms = timeout_ms};
    struct reading reading;
    char what[300];
    if (!start_command(&command, err))
        return false;
    reading_init(&reading);
    finish_command(&command, &reading);
    snprintf(what, sizeof what, "password command '%.256s'", argv[0]);
    bool is_well =
        judge(&command, &reading, err) && reading_take(&reading, what, ret_password, err);
    reading_done(&reading);
    return is_well;
}

/* ---- variables ----------------------------------------------------------------------------- */

static bool read_variable(const struct password *password, char **ret_password, struct err *err)
{
    const char *value = getenv(password->value);
    if (!value || !*value)
        return err_set(err, ERR_CONFIG, "the environment variable '%.100s' is %s", password->shown,
                       value ? "empty" : "not set");
    *ret_password = xstrdup(value);
    return true;
}

/* ---- whatever the source is ---------------------------------------------------------------- */

bool password_fetch_on_thread(const struct password *password, char **ret_password, struct err *err)
{
    switch (password->kind) {
    case PASSWORD_NONE: *ret_password = NULL; return true;
    case PASSWORD_VALUE: *ret_password = xstrdup(password->value); return true;
    case PASSWORD_ENV: return read_variable(password, ret_password, err);
    case PASSWORD_FILE: return password_file_read(password->value, ret_password, err);
    case PASSWORD_REFUSED: return err_set(err, ERR_CONFIG, "%s", password->shown);
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
