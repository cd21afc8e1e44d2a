#include "cli/command.h"
#include "cli/offline.h"
#include "cli/outputs.h"
#include "cli/run.h"

static int run_upgrade(struct fleet *fleet, const struct options *options)
{
    if (options->is_sql)
        return cli_offline(fleet, options, PLAN_UPGRADE);
    struct request request = cli_request(options, VERB_UPGRADE);
    return cli_run(fleet, options, &request, NULL);
}

static unsigned upgrade_needs(const struct options *options)
{
    return options->is_sql ? cli_offline_needs(options) : FLEET_VISIT;
}

const struct command command_upgrade = {
    .name = "upgrade",
    .arguments = "[TARGET…]",
    .summary = "bring the tenants to a revision (default: head)",
    .help =
        "Brings every selected tenant from where it stands to TARGET: head, heads, a full or\n"
        "partial revision id, +N (N steps from where each stands), ID+N, LABEL@head. Several\n"
        "targets may be given. Each tenant is locked, and moved in one transaction where its\n"
        "database can do that; a tenant that fails stands where it stood.\n"
        "\n"
        "With --sql no tenant is connected to: the script of an upgrade from base, or from A where\n"
        "TARGET is A:B, goes to stdout. It leaves a tenant as the run would, and fails unless the\n"
        "tenant stands where it starts.",
    .example = "skein upgrade --on-failure rollback --max-failures 2% -o json=report.json",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_DRY_RUN | OPTIONS_YES | OPTIONS_LEDGER | OPTIONS_WAIT |
              OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_OUTPUT | OPTIONS_RUN | OPTIONS_VERIFY |
              OPTIONS_POLICY | OPTIONS_SQL,
    .max_args = ARGS_MAX,
    .needs_for = upgrade_needs,
    .run = run_upgrade,
};
