/* One run that is prepared, from its first tenant to its reports: with the progress, the status, and all who take part in it. */
#ifndef CLI_VISIT_H
#define CLI_VISIT_H

#include "cli/listen.h"
#include "cli/outlet.h"
#include "cli/plan_lint.h"
#include "cli/run.h"
#include "cli/schemas.h"

/* Who takes part in a run beside report and progress. */
struct company {
    const struct observer *observer; /* of the command; NULL: none */
    struct schemas *schemas;         /* NULL: they are not asked for */
    struct plan_lint *lint;          /* NULL: it is not asked for */
    struct fleet *fleet; /* whose ledger tells how long it would take; NULL: no one asks */
    const struct plan_watch *watch; /* who is told what lint says; NULL: no one */
    struct listen *listen;          /* NULL: no one can ask how it stands */
    bool *ret_is_stopped;           /* NULL, or filled: this process was told to stop */
};

/* Runs it, lets its ledger go, and writes the reports. `outlet` has what is told meanwhile; NULL: stderr itself. Returns the exit code. */
int visit_fleet(struct fleet *fleet, struct prepared_run *prepared, const struct options *options,
                const struct company *company, struct outlet *outlet);

#endif
