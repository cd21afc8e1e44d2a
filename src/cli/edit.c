#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/whereabouts.h"

extern char **environ;

/* `code --wait` is a program and its option; no shell looks at it. The words, then room for a path. */
static char **split_words(struct arena *arena, const char *text, size_t *ret_count)
{
    char **words = NULL;
    size_t count = 0, capacity = 0;
    while (*(text += strspn(text, " \t"))) {
        size_t len = strcspn(text, " \t");
        *ARENA_PUSH(arena, words, count, capacity) = arena_strndup(arena, text, len);
        text += len;
    }
    *ret_count = count;
    *ARENA_PUSH(arena, words, count, capacity) = NULL;
    *ARENA_PUSH(arena, words, count, capacity) = NULL;
    return words;
}

static const char *find_editor(void)
{
    static const char *const names[] = {"VISUAL", "EDITOR"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);
        if (value && value[strspn(value, " \t")])
            return value;
    }
    return NULL;
}

/* We ignore SIGPIPE, and SIGINT while the editor has the terminal: it shall ignore neither. */
static int spawn(char **words, pid_t *ret_child)
{
    posix_spawnattr_t attributes;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGINT);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int code = posix_spawnp(ret_child, words[0], NULL, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    return code;
}

static bool open_editor(char **words, struct err *err)
{
    pid_t child;
    int status = 0;
    signal(SIGINT, SIG_IGN);
    int code = spawn(words, &child);
    if (code)
        err_set(err, ERR_CONFIG, "cannot start '%s': %s", words[0], strerror(code));
    while (!code && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    signal(SIGINT, SIG_DFL);
    if (code)
        return false;
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        return err_set(err, ERR_CONFIG, "'%s' failed", words[0]);
    return true;
}

static bool edit_all(struct fleet *fleet, struct revisions found, struct err *err)
{
    size_t count;
    const char *editor = find_editor();
    if (!editor)
        return err_set(err, ERR_CONFIG, "no editor: set VISUAL or EDITOR");
    char **words = split_words(&fleet->arena, editor, &count);
    for (size_t i = 0; i < found.count; i++) {
        words[count] = arena_strdup(&fleet->arena, fleet->chain->revisions[found.items[i]]->path);
        if (!open_editor(words, err))
            return false;
    }
    return true;
}

/* What was written may be no revision any more: better said now than by the next run. */
static bool check_chain(const struct chain *chain)
{
    struct faults faults;
    faults_init(&faults);
    chain_free(chain_load(chain->dir, &faults));
    bool is_good = cli_tell_faults(&faults);
    faults_done(&faults);
    return is_good;
}

static int run_edit(struct fleet *fleet, const struct options *options)
{
    struct revisions found;
    struct err err;
    int exit_code = EXIT_OK;
    if (!whereabouts_find(fleet, options, options->args[0], &found, &exit_code))
        return EXIT_USAGE;
    if (!found.count) {
        err_set(&err, ERR_CHAIN, "no revision files indicated by '%s'", options->args[0]);
        return cli_fail(&err);
    }
    if (!edit_all(fleet, found, &err))
        return cli_fail(&err);
    return check_chain(fleet->chain) ? exit_code : EXIT_USAGE;
}

static unsigned edit_needs(const struct options *options)
{
    return whereabouts_needs(options->args[0]);
}

const struct command command_edit = {
    .name = "edit",
    .arguments = "REV",
    .summary = "open a revision file in $VISUAL or $EDITOR",
    .help =
        "Opens the file of each revision that REV names, one after the other, and reads the chain\n"
        "again after the last: what is wrong with it then is told (exit 2). 'current' asks the\n"
        "selected tenants where they stand. A file that tenants have applied must not change:\n"
        "they would refuse it as drift.",
    .example = "skein edit head",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_PARALLEL,
    .min_args = 1,
    .max_args = 1,
    .needs_for = edit_needs,
    .empty_chain = EMPTY_CHAIN_IS_A_FAULT,
    .run = run_edit,
};
