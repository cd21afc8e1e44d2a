#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/run.h"

static int run(struct fleet *fleet, const struct options *options)
{
    struct request request = cli_request(options, VERB_ACCEPT);
    return cli_run(fleet, options, &request, NULL);
}

const struct command command_accept = {
    .name = "accept",
    .arguments = "REV…",
    .summary = "say that files which changed after they were applied are right as they are",
    .help =
        "A revision's file that was changed after a tenant applied it stops every run there: no one but you\n"
        "can know whether the database needs something of the change. Where it does not (a comment, a\n"
        "way down that was mended), this puts the file's new checksum into the history of the\n"
        "selected tenants that have applied the revision, each under its lock and in one\n"
        "transaction. Nothing else is changed, and no statement of the file runs. Tenants that have\n"
        "not applied it, or have applied it as it is, are unchanged.",
    .example = "skein accept 83241ca0f125 --dry-run",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_RUN | OPTIONS_DRY_RUN |
              OPTIONS_YES,
    .min_args = 1,
    .max_args = ARGS_MAX,
    .needs = FLEET_VISIT,
    .run = run,
};
