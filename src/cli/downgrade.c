#include "cli/command.h"
#include "cli/offline.h"
#include "cli/outputs.h"
#include "cli/run.h"

static int run_downgrade(struct fleet *fleet, const struct options *options)
{
    if (options->is_sql)
        return cli_offline(fleet, options, PLAN_DOWNGRADE);
    struct request request = cli_request(options, VERB_DOWNGRADE);
    return cli_run(fleet, options, &request, NULL);
}

static unsigned downgrade_needs(const struct options *options)
{
    return options->is_sql ? cli_offline_needs(options) : FLEET_VISIT;
}

const struct command command_downgrade = {
    .name = "downgrade",
    .arguments = "TARGET…",
    .summary = "bring the tenants back to a revision",
    .help =
        "Brings every selected tenant back to TARGET: a full or partial revision id, base, -N (N\n"
        "steps back from where each stands), LABEL@base. Every tenant is asked where it stands\n"
        "first: if a step back has no down section for any of them, nothing is begun (exit 2). On a\n"
        "terminal it shows what would be done, and asks before it does it.\n"
        "\n"
        "With --sql the script of a downgrade goes to stdout; TARGET is A:B then.",
    .example = "skein downgrade -1 --tenant acme",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_DRY_RUN | OPTIONS_YES | OPTIONS_LEDGER | OPTIONS_WAIT |
              OPTIONS_MACHINE | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_OUTPUT | OPTIONS_RUN |
              OPTIONS_METRICS | OPTIONS_VERIFY | OPTIONS_POLICY | OPTIONS_SQL,
    .min_args = 1,
    .max_args = ARGS_MAX,
    .needs_for = downgrade_needs,
    .run = run_downgrade,
};
