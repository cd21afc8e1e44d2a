/* What the commands that visit tenants share: from options to a run, its progress and its report. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/options.h"
#include "library/visit.h"

struct run_request {
    enum session_goal goal;
    enum plan_command plan;
    /* NULL: those of the command line */
    const char *const *targets;
    size_t target_count;
    bool adopts;       /* as in struct visit */
    bool has_no_waves; /* so are all who only ask where tenants stand */
    /* NULL, or one more who wants to know what happened */
    const struct observer *observer;
    enum settle settle; /* not _NONE: only this is done */
    size_t settle_statements;
    /* NULL: a run of its own; else `plan` and the targets are its. Closed with the run */
    struct again *again;
};

/* What is asked for, from the command line. */
struct visit cli_visit(const struct options *options, const struct run_request *request);

/* Visits the selection, or the run's that it goes on with, and back where that goes back (its plan is
 * shown first, on stderr). Shows progress, writes the reports; the exit code. */
int cli_run(struct fleet *fleet, const struct options *options, const struct run_request *request);

#endif
