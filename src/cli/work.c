#include <time.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "library/machines.h"

/* This process was told to stop while it worked on a run. */
static bool is_stopped;

/* The run under way is of another fleet, or of other files than those that are here: it may end, and files may change. */
static bool is_of_others;

enum { POLL_MS = 500, PAUSE_MS = 1000, LONGEST_PAUSE_MS = 30000 };

static void sleep_ms(uint64_t ms)
{
    nanosleep(
        &(struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000},
        NULL);
}

/* A run may begin, its ledger be made, another run be over, the ledger's server come back. A run that is named is under way, or over. */
static bool may_come(const struct err *err, const struct joining_request *ask)
{
    static const char *const codes[] = {MACHINES_NONE, LEDGER_MISSING, LEDGER_HELD};
    for (size_t i = 0; !ask->run && i < ARRAY_LEN(codes); i++)
        if (strcmp(err->code, codes[i]) == 0)
            return true;
    return strcmp(err->code, LEDGER_AWAY) == 0;
}

/* Says once what is waited for, and each time that it is another thing. */
static void tell_waiting(const struct err *err, bool *is_away)
{
    bool was_away = *is_away;
    *is_away = strcmp(err->code, LEDGER_AWAY) == 0;
    if (*is_away && !was_away)
        cli_note("waiting for the ledger to come back: %s", err->text);
    else if (!*is_away && was_away)
        cli_note("waiting for a run to join");
}

/* Where no run is under way, one may begin while there is patience. */
static bool join_patiently(struct fleet *fleet, const struct options *options,
                           struct joining *joining, struct err *err)
{
    const struct joining_request ask = {
        .run = options->arg_count ? options->args[0] : NULL,
        .machine = options->machine,
        .parallel = options->parallel,
    };
    int64_t began_ms = clock_steady_ms();
    bool is_first = true, is_away = false;
    while (!machines_join(fleet, &ask, joining, err)) {
        bool waits =
            options->works_forever || clock_steady_ms() - began_ms < (int64_t)options->wait_ms;
        if (!waits || !may_come(err, &ask))
            return false;
        if (is_first)
            is_away = strcmp(err->code, LEDGER_AWAY) != 0;
        if (!options->is_quiet)
            tell_waiting(err, &is_away);
        is_first = false;
        sleep_ms(POLL_MS);
    }
    return true;
}

static int fail(const struct options *options, const struct err *err)
{
    int exit_code = cli_fail(err);
    bool is_early = strcmp(err->code, MACHINES_NONE) == 0 || strcmp(err->code, LEDGER_MISSING) == 0;
    if (is_early && !options->arg_count && !options->wait_ms)
        cli_note(
            "--wait 10m waits for a run to begin, and 'skein runs' tells of those that are over");
    return exit_code;
}

/* Once for each run. */
static void tell_other(const struct err *err)
{
    static char told[sizeof err->text];
    if (strcmp(told, err->text) != 0)
        cli_note("waiting for a run that this machine can join: %s", err->text);
    snprintf(told, sizeof told, "%s", err->text);
}

static int run_work(struct fleet *fleet, const struct options *options)
{
    struct joining joining;
    struct err err;
    bool is_joined = join_patiently(fleet, options, &joining, &err);
    is_of_others = !is_joined && options->works_forever && strcmp(err.code, MACHINES_OTHER) == 0;
    if (is_of_others && !options->is_quiet)
        tell_other(&err);
    if (!is_joined)
        return is_of_others ? EXIT_USAGE : fail(options, &err);
    if (!options->is_quiet)
        cli_note("joining run %s as '%s'", joining.run.id, joining.prepared.share.machine);
    for (size_t i = 0; !options->is_quiet && i < joining.notes.count; i++)
        cli_note("note: %s", joining.notes.items[i]);
    int exit_code = cli_run_joined(fleet, options, &joining, &is_stopped);
    machines_leave(&joining);
    return exit_code;
}

/* A run that another machine stopped is over, and another one may begin; so does one of another fleet end. A ledger that cannot be reached may
 * come back. What is wrong with files here is for a person, or for whatever starts us again. */
static bool goes_on(const struct options *options, int exit_code)
{
    static uint64_t pause_ms = PAUSE_MS;
    if (!options->works_forever || (exit_code == EXIT_USAGE && !is_of_others) || is_stopped)
        return false;
    pause_ms = exit_code != EXIT_LEDGER ? PAUSE_MS : pause_ms * 2;
    if (pause_ms > LONGEST_PAUSE_MS)
        pause_ms = LONGEST_PAUSE_MS;
    sleep_ms(pause_ms);
    return true;
}

const struct command command_work = {
    .name = "work",
    .arguments = "[RUN]",
    .summary = "join a run that another machine began, by the ledger that they share",
    .help =
        "Works on RUN (its id or the beginning of it; default: the one that is under way) together with\n"
        "the machine that began it and all others that joined: each claims tenants, and all obey one\n"
        "order of waves, one limit for each server, one threshold and one stop. The chain here must be that\n"
        "of the run.\n"
        "\n"
        "With --ledger, the folder of the chain is all that a machine needs (-f DIR: the one that has\n"
        "'versions' in it): where there is no inventory in it, or one that names no tenant, the run tells of its\n"
        "tenants and of what is done to them. Passwords are this machine's own: .pgpass, 'password_…' of\n"
        "'defaults', or what the run names and this machine grants (--grant-env, --grant-files). What it\n"
        "cannot reach is a failure of that tenant alone.\n"
        "\n"
        "A machine that dies, hangs or loses its network is found out by its lease, and its tenants are taken\n"
        "over. A signal makes this machine leave, and the others go on. With --wait it waits for a\n"
        "run to begin. With --forever it joins one run after the other, and leaves out those whose chain or\n"
        "tenants are not those that it has; files are read anew for each.\n"
        "\n"
        "The exit code is that of the run, or 130 or 143 where a signal made this machine leave.",
    .example = "skein work --forever --as worker-3 --grant-env 'TENANT_*'",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_WAIT | OPTIONS_OUTPUT | OPTIONS_RUN |
              OPTIONS_METRICS | OPTIONS_MACHINE | OPTIONS_WORK,
    .max_args = 1,
    .may_lack_file = true,
    .without_file =
        "'skein work' needs no inventory where --ledger (or SKEIN_LEDGER) names the record of runs",
    .needs = FLEET_AGAIN,
    .run = run_work,
    .goes_on = goes_on,
};
