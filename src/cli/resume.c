#include "cli/continue.h"
#include "cli/command.h"
#include "cli/outputs.h"

static int run_resume(struct fleet *fleet, const struct options *options)
{
    return cli_run_continuation(fleet, options, false);
}

const struct command command_resume = {
    .name = "resume",
    .arguments = "[RUN]",
    .summary = "go on with a run that failed, was halted, interrupted or killed",
    .help =
        "Goes on with RUN (its id or the beginning of it; default: the newest that is unfinished, and of\n"
        "someone; other unfinished ones are named): the same tenants, the same\n"
        "target as it was resolved then, the same chain. Tenants that failed are tried again,\n"
        "those that were skipped are begun, those in doubt are looked at, and those that were done\n"
        "are read again: one that has fallen back since is reported as regressed, and left alone. A\n"
        "run whose rollback had begun goes on with that. Doing it twice changes nothing more. With --tenant or\n"
        "--select the run's other tenants wait for a later resume. A run of which a part was rolled back is\n"
        "refused: it does not go forward again.",
    .example = "skein resume",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_DRY_RUN | OPTIONS_YES | OPTIONS_LEDGER | OPTIONS_WAIT |
              OPTIONS_MACHINE | OPTIONS_OUTPUT | OPTIONS_RUN | OPTIONS_METRICS | OPTIONS_VERIFY |
              OPTIONS_POLICY | OPTIONS_CONTINUATION | OPTIONS_WAVE | OPTIONS_NARROW,
    .max_args = 1,
    .without_file =
        "'skein resume' needs the inventory that the run was made with: name it with -f. 'skein work --ledger WHERE' "
        "joins a run that is under way, and needs none",
    .needs = FLEET_AGAIN,
    .run = run_resume,
};
