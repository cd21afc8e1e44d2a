#include "base/arena.h"
#include "cli/command.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/run.h"

static int run_adopt(struct fleet *fleet, const struct options *options)
{
    const char **targets = arena_calloc(&fleet->arena, 2, sizeof *targets);
    struct request request = cli_request(options, VERB_ADOPT);
    request.targets = targets;
    struct err err;
    if (!options->from) {
        err_set(&err, ERR_CONFIG, "usage: skein adopt --from TOOL");
        return cli_fail(&err);
    }
    targets[request.target_count++] = options->from;
    if (options->table)
        targets[request.target_count++] = options->table;
    return cli_run(fleet, options, &request, NULL);
}

const struct command command_adopt = {
    .name = "adopt",
    .arguments = "--from TOOL",
    .summary = "stamp tenants where another tool's version table says",
    .help =
        "Reads the version table of TOOL in every selected tenant, and writes what it says into\n"
        "ours: 'skein import TOOL' has made the revisions. Runs none of them, and leaves the other\n"
        "tool's table as it is. A tenant whose table names what the chain does not have, leaves a\n"
        "hole or says that a migration failed fails, and is not touched. Where a tenant does not hold\n"
        "what the chain makes up to there, as 'stamp' compares it, no tenant is adopted, but for\n"
        "--force. A tenant that was adopted before stays where it is.",
    .example = "skein adopt --from dbmate --dry-run",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_LEDGER | OPTIONS_WAIT | OPTIONS_MACHINE | OPTIONS_SELECT |
              OPTIONS_OUTPUT | OPTIONS_RUN | OPTIONS_METRICS | OPTIONS_POLICY | OPTIONS_ADOPT |
              OPTIONS_FORCE | OPTIONS_DRY_RUN | OPTIONS_YES,
    .needs = FLEET_VISIT,
    .run = run_adopt,
};
