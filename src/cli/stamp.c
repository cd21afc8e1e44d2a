#include "cli/command.h"
#include "cli/offline.h"
#include "cli/outputs.h"
#include "cli/run.h"

static int run_stamp(struct fleet *fleet, const struct options *options)
{
    if (options->is_sql)
        return cli_offline(fleet, options, PLAN_STAMP);
    struct request request = cli_request(options, VERB_STAMP);
    return cli_run(fleet, options, &request, NULL);
}

static unsigned stamp_needs(const struct options *options)
{
    return options->is_sql ? cli_offline_needs(options) : FLEET_VISIT;
}

const struct command command_stamp = {
    .name = "stamp",
    .arguments = "TARGET…",
    .summary = "set the version table without running anything",
    .help =
        "Writes TARGET (head, heads, base, an id) into the version table of every selected\n"
        "tenant, as if its revisions had been applied, and runs none of them.\n"
        "\n"
        "First every tenant is compared with what the chain makes up to TARGET, in a scratch database:\n"
        "of an engine with servers where the inventory says 'scratch'. Where one holds something else,\n"
        "no tenant is stamped: exit 2, and the differences are told. A tenant where none of the tables is\n"
        "there that the chain makes fails in any case. --force stamps all of them all the same.\n"
        "\n"
        "On a terminal it shows what would be stamped, and asks before it does it.\n"
        "\n"
        "With --purge all rows go first, also those that name no revision of the chain. With --sql\n"
        "the script of it goes to stdout; where TARGET is A:B it starts at A.",
    .example = "skein stamp head --tenant acme",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_DRY_RUN | OPTIONS_YES | OPTIONS_LEDGER | OPTIONS_WAIT |
              OPTIONS_MACHINE | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_OUTPUT | OPTIONS_RUN |
              OPTIONS_METRICS | OPTIONS_POLICY | OPTIONS_PURGE | OPTIONS_FORCE | OPTIONS_SQL,
    .min_args = 1,
    .max_args = ARGS_MAX,
    .needs_for = stamp_needs,
    .run = run_stamp,
};
