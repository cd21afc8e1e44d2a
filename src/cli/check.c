#include "cli/command.h"
#include "cli/exit.h"
#include "cli/run.h"
#include "cli/whereabouts.h"

static void on_event(void *ctx, const struct event *event)
{
    size_t *behind = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        *behind += event->outcome->state != TENANT_UNCHANGED;
}

static int run(struct fleet *fleet, const struct options *options)
{
    size_t behind = 0;
    struct observer observer = {on_event, &behind};
    struct request request = cli_request(options, VERB_CHECK);
    int exit_code = cli_run(fleet, options, &request, &observer);
    return exit_code == EXIT_OK ? whereabouts_tell_behind(behind) : exit_code;
}

const struct command command_check = {
    .name = "check",
    .arguments = "",
    .summary = "is the chain sound, and every tenant at its heads?",
    .help =
        "Reads the chain with every section that the selected tenants' dialects need, then asks each\n"
        "tenant where it stands and whether the files it has applied are still what they were.\n"
        "Takes no lock and changes nothing.\n"
        "\n"
        "Exit 0: all is well. 1: a tenant is not at the heads, has applied a file that was changed\n"
        "since, or cannot be asked; the report says which. 2: a fault of the inventory or the chain. The\n"
        "JSON's run is 'succeeded' where everybody could be asked, its tenants 'unchanged' at the heads.",
    .example = "skein check --select 'tier=canary'",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_RUN,
    .needs = FLEET_VISIT,
    .run = run,
};
