/* A password that a command prints. Worker threads only: it blocks for up to its timeout. */
#include "inventory/password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "inventory/password_reading.h"

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

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

static bool start(struct command *command, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_CONFIG, "password command: %s", strerror(errno));
    command->out = ends[0];
    command->deadline_ms = now_ms() + command->timeout_ms;
    int error = spawn(command, ends[1]);
    close(ends[1]);
    if (!error)
        return true;
    close(ends[0]);
    return err_set(err, ERR_CONFIG, "password command '%.256s' cannot be run: %s", command->argv[0],
                   strerror(error));
}

/* ---- to its end ---------------------------------------------------------------------------- */

/* False: too late, or too much. */
static bool read_output(const struct command *command, struct reading *reading)
{
    for (;;) {
        struct pollfd pollfd = {.fd = command->out, .events = POLLIN};
        int64_t left_ms = command->deadline_ms - now_ms();
        int ready = left_ms > 0 ? poll(&pollfd, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        if (!reading_add(reading, command->out))
            return !reading_is_full(reading);
    }
}

/* There is no waitpid with a timeout. False: still running at the deadline. */
static bool wait_for_exit(struct command *command)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    for (;;) {
        pid_t found = waitpid(command->pid, &command->status, WNOHANG);
        if (found == command->pid || (found < 0 && errno != EINTR))
            return found == command->pid;
        if (now_ms() >= command->deadline_ms)
            return false;
        nanosleep(&pause, NULL);
    }
}

static void finish(struct command *command, struct reading *reading)
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
    if (!start(&command, err))
        return false;
    reading_init(&reading);
    finish(&command, &reading);
    snprintf(what, sizeof what, "password command '%.256s'", argv[0]);
    bool is_well =
        judge(&command, &reading, err) && reading_take(&reading, what, ret_password, err);
    reading_done(&reading);
    return is_well;
}
