#include "cli/continue.h"

#include "cli/faults.h"
#include "cli/run.h"
#include "library/continuation.h"

static void tell_missing(const struct continuation *continuation)
{
    if (continuation->missing_count)
        cli_note("%zu tenant%s of the run, '%s' among them, %s no longer in the inventory",
                 continuation->missing_count, continuation->missing_count == 1 ? "" : "s",
                 continuation->missing, continuation->missing_count == 1 ? "is" : "are");
}

int cli_run_continuation(struct fleet *fleet, const struct options *options, bool is_rollback)
{
    struct continuation continuation;
    struct err err;
    struct continuation_request ask = {
        .run = options->arg_count ? options->args[0] : NULL,
        .is_rollback = is_rollback,
        .accepts_chain_change = options->accepts_chain_change,
        .is_dry_run = options->is_dry_run,
    };
    if (!continuation_open(fleet, &ask, &continuation, &err))
        return cli_fail(&err);
    tell_missing(&continuation);
    if (continuation.is_of_other)
        cli_note("run %s was made with another inventory (%s)", continuation.run.id,
                 continuation.run.inventory ? continuation.run.inventory
                                            : "an older skein did not note which");
    struct request request = cli_request(options, VERB_UPGRADE);
    continuation_fill(&continuation, &request);
    request.accepts_changes = options->accepts_chain_change;
    int exit_code = cli_run(fleet, options, &request, NULL);
    continuation_close(&continuation);
    return exit_code;
}
