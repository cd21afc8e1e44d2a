#include "cli/again.h"

#include "cli/faults.h"
#include "cli/run.h"
#include "library/again.h"

static void tell_missing(const struct again *again)
{
    if (again->missing_count)
        cli_note("%zu tenant%s of the run, '%s' among them, %s no longer in the inventory",
                 again->missing_count, again->missing_count == 1 ? "" : "s", again->missing,
                 again->missing_count == 1 ? "is" : "are");
}

int cli_run_again(struct fleet *fleet, const struct options *options, bool is_rollback)
{
    struct again again;
    struct err err;
    struct again_request ask = {
        .run = options->arg_count ? options->args[0] : NULL,
        .is_rollback = is_rollback,
        .accepts_chain_change = options->accepts_chain_change,
    };
    if (!again_open(fleet, &ask, &again, &err))
        return cli_fail(&err);
    tell_missing(&again);
    if (again.is_of_other)
        cli_note("run %s was made with another inventory (%s)", again.run.id,
                 again.run.inventory ? again.run.inventory : "an older skein did not note which");
    struct request request = cli_request(options, VERB_UPGRADE);
    again_fill(&again, &request);
    int exit_code = cli_run(fleet, options, &request, NULL);
    again_close(&again);
    return exit_code;
}
