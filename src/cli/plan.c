#include "cli/command.h"
#include "cli/exit.h"
#include "cli/judge.h"
#include "cli/outputs.h"
#include "cli/run.h"

static int run_plan(struct fleet *fleet, const struct options *options)
{
    struct request request = cli_request(options, VERB_PLAN);
    if (!cli_judge(fleet, NULL, options->is_quiet))
        return EXIT_USAGE;
    return cli_run(fleet, options, &request, NULL);
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "[TARGET…]",
    .summary = "dry run: what would be applied where",
    .help =
        "Connects to every selected tenant, reads where it stands and shows what an upgrade to\n"
        "TARGET (default: head) would apply; with -v the SQL, once for each group of tenants. Before that\n"
        "the parsers of the tenants' dialects read the chain: what they refuse is told, exit 2. Takes no\n"
        "lock and changes nothing.",
    .example = "skein plan --tenant acme -v",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_VERIFY,
    .max_args = ARGS_MAX,
    .needs = FLEET_VISIT,
    .run = run_plan,
};
