#include "cli/continue.h"
#include "cli/command.h"
#include "cli/outputs.h"

static int run_rollback(struct fleet *fleet, const struct options *options)
{
    return cli_run_continuation(fleet, options, true);
}

const struct command command_rollback = {
    .name = "rollback",
    .arguments = "[RUN]",
    .summary = "bring every tenant that a run changed back to where it stood before",
    .help =
        "Rolls RUN (its id or the beginning of it; default: the newest that changed a tenant and was not rolled\n"
        "back; it is named, and so are others that are unfinished) back, in reverse order: every\n"
        "tenant that it or the runs which it resumed have changed goes back to the revision where\n"
        "it stood before, and no other is touched. What that comes to is shown first; if a step back\n"
        "has no down section, nothing is begun (exit 2). A tenant that others have moved since\n"
        "is left alone and reported. On a terminal it asks before it begins. With --tenant or --select only\n"
        "those go back; a later rollback of the same run takes the others.",
    .example = "skein rollback --dry-run",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_WAIT | OPTIONS_OUTPUT | OPTIONS_RUN |
              OPTIONS_METRICS | OPTIONS_MACHINE | OPTIONS_CONTINUATION | OPTIONS_DRY_RUN |
              OPTIONS_YES | OPTIONS_NARROW,
    .max_args = 1,
    .without_file =
        "'skein rollback' needs the inventory that the run was made with: name it with -f. 'skein work --ledger WHERE' "
        "joins a run that is under way, and needs none",
    .needs = FLEET_AGAIN,
    .run = run_rollback,
};
