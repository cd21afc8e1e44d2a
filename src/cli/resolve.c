#include "cli/command.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "library/selection.h"

static bool select_tenant(struct fleet *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (strcmp(fleet->tenants[i]->name, name) == 0) {
            fleet->tenants += i;
            fleet->tenant_count = 1;
            return true;
        }
    return false;
}

static int run_resolve(struct fleet *fleet, const struct options *options)
{
    struct err err;
    struct request request = cli_request(options, VERB_RESOLVE);
    request.settle = options->says_statements ? SETTLE_STATEMENTS
                     : options->says_done     ? SETTLE_DONE
                                              : SETTLE_UNDONE;
    request.settle_statements = options->statements;
    if (options->says_done + options->says_undone + options->says_statements != 1)
        err_set(&err, ERR_CONFIG, "say one of --done, --undone and --statements");
    else if (!select_tenant(fleet, options->args[0]))
        selection_refuse_tenant(fleet, options->args[0], &err);
    else
        return cli_run(fleet, options, &request, NULL);
    return cli_fail(&err);
}

const struct command command_resolve = {
    .name = "resolve",
    .arguments = "TENANT --done|--undone|--statements N",
    .summary = "say how a statement ended that no one but you can tell of",
    .help =
        "A statement outside a transaction that was under way when skein died may or may not have\n"
        "taken effect, and one that commits by itself may have done a part of its work when it\n"
        "fails. Where neither the revision's '-- probe:' query nor the database's catalog can tell,\n"
        "the tenant is partial: look in it, then say what you found. Where the file was edited so\n"
        "that its first statements are not those that are done, --statements says how many of them\n"
        "stand as the file has them now. The next upgrade or resume goes on from there.",
    .example = "skein resolve acme --undone",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_DRY_RUN | OPTIONS_YES | OPTIONS_OUTPUT | OPTIONS_RUN |
              OPTIONS_SETTLE,
    .min_args = 1,
    .max_args = 1,
    .needs = FLEET_AGAIN, /* only the tenant that is named needs its secrets */
    .run = run_resolve,
};
