/* argv -> command table -> exit code; nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/behind.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/exit.h"
#include "cli/exposed.h"
#include "cli/faults.h"
#include "cli/help.h"
#include "cli/outputs.h"
#include "cli/version.h"
#include "cli/waiting.h"

/* A standard descriptor that is closed would be the next file's, and that file get what is meant for people.
 * Opened the wrong way round, so that reading and writing fail as they did. */
static void occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            abort();
}

/* Whatever aborts, a library of ours for want of memory included, ends with words and a documented exit code. */
static void on_abort(int signal_number)
{
    static const char words[] =
        "skein: stopped at once, as if killed: the system gave no more memory or threads, or this is a bug; "
        "'skein resume' goes on with the run that was under way\n";
    (void)signal_number;
    if (poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, 0) == 1)
        (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(EXIT_RESOURCES);
}

/* Passwords are in memory: no core file may show them. A reader of our output that goes away, or a file that
 * may grow no more, must not kill us between two tenants. The process that starts us may ignore SIGCHLD: then
 * we could not learn how a password's command or an editor ended. */
static void set_up_process(void)
{
    occupy_standard_descriptors();
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGABRT, on_abort);
    setlocale(LC_CTYPE, "");
}

static unsigned needs_of(const struct options *options)
{
    const struct command *command = options->command;
    unsigned needs = command->needs_for ? command->needs_for(options) : command->needs;
    return options->is_behind ? needs | FLEET_VISIT : needs;
}

/* A fault may be that of an option which the person who reads it did not give. */
static void tell_variables(const struct options *options)
{
    for (size_t i = 0; i < options->settings.count; i++)
        cli_note("the environment says: %s", options->settings.items[i]);
}

static void tell_way_without_file(const struct command *command, const struct faults *faults)
{
    for (size_t i = 0; command->without_file && i < faults->count; i++)
        if (strcmp(faults->items[i].code, INVENTORY_MISSING) == 0)
            cli_note("%s", command->without_file);
}

static bool open_fleet(struct fleet *fleet, const struct options *options)
{
    uint64_t groups = options->command->groups;
    bool narrows = groups & OPTIONS_NARROW && (options->selects.count || options->tenant_count);
    struct fleet_request request = {
        .inventory = options->file,
        .may_lack_file = options->command->may_lack_file && options->ledger,
        .grants = {.variables = options->granted_variables.items,
                   .variable_count = options->granted_variables.count,
                   .folders = options->granted_folders.items,
                   .folder_count = options->granted_folders.count},
        .selects = options->selects.items,
        .select_count = options->selects.count,
        .wave = groups & OPTIONS_SELECT ? options->wave : NULL,
        .ledger = options->ledger,
        .patience = waiting_patience(options),
        /* A run that changes tenants stops after the wave; one that only looks at tenants looks at
         * those of the wave alone. */
        .keeps_later_waves = groups & OPTIONS_POLICY && !options->is_sql,
        .refuses_empty = narrows || (groups & OPTIONS_SELECT && !options->allows_empty),
        .narrows = narrows,
        .names = options->tenants,
        .name_count = options->tenant_count,
        .state = options->state,
        .settings = {options->settings.items, options->settings.count},
        .parallel = options->parallel,
        .needs = needs_of(options),
    };
    struct faults faults;
    faults_init(&faults);
    bool is_good = fleet_open(fleet, &request, &faults);
    if (!cli_tell_faults(&faults)) {
        tell_way_without_file(options->command, &faults);
        tell_variables(options);
    }
    faults_done(&faults);
    return is_good;
}

/* False: the command cannot do without a revision. */
static bool check_chain(const struct fleet *fleet, const struct options *options)
{
    enum empty_chain is = options->command->empty_chain;
    struct err err;
    if (is == EMPTY_CHAIN_IS_FINE || !fleet->chain || fleet_has_revisions(fleet, &err))
        return true;
    if (is == EMPTY_CHAIN_IS_A_FAULT)
        return cli_fail(&err) == EXIT_OK;
    if (!options->is_quiet)
        (void)cli_fail(&err);
    return true;
}

static int run_once(const struct options *options)
{
    struct fleet fleet;
    int exit_code = EXIT_USAGE;
    bool is_open = open_fleet(&fleet, options);
    if (is_open && !options->is_quiet) {
        exposed_warn(&fleet);
        cli_tell_notes(fleet.inventory);
    }
    is_open = is_open && check_chain(&fleet, options);
    if (is_open && (!options->is_behind || behind_narrow(&fleet, options, &exit_code)))
        exit_code = options->command->run(&fleet, options);
    fleet_done(&fleet);
    return exit_code;
}

static int run_command(const struct options *options)
{
    const struct command *command = options->command;
    int exit_code;
    do
        exit_code = run_once(options);
    while (command->goes_on && command->goes_on(options, exit_code));
    return exit_code;
}

/* A result that could not be written counts as not done. A run that changed tenants has reported that itself,
 * and its exit code says what happened to them. */
static int finish_stdout(int exit_code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_code;
    cli_note("stdout: cannot write it: %s", errno ? strerror(errno) : "write error");
    return exit_code == EXIT_OK ? EXIT_USAGE : exit_code;
}

int main(int argc, char **argv)
{
    static struct options options; /* too large for the stack of a small system */
    struct err err;
    set_up_process();
    environment_check();
    if (!options_parse(argc, argv, &options, &err))
        return cli_fail(&err);
    if (options.is_version)
        version_print(stdout);
    else if (options.is_help)
        help_print(stdout, options.command);
    else if (!outputs_check(&options, &err))
        return cli_fail(&err);
    return finish_stdout(options.is_version || options.is_help ? EXIT_OK : run_command(&options));
}
