/* What the commands that visit tenants share: from options to a run, its progress and its report. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/options.h"
#include "library/prepare.h"

struct report;

/* What the command line asks for: the verb with its arguments as targets, a dry run with --dry-run. A command that means
 * something else changes the request before it runs it. Borrows the options. */
struct request cli_request(const struct options *options, enum verb_id verb);

/* Visits the selection, or the tenants of the run that the request goes on with (whose ledger is closed with the run),
 * and shows first on stderr what a rollback would do. Of a run that only looks the report tells what lint says of what would
 * run, weighed by the tenants' tables. `observer` (may be NULL) sees all that happens. Shows progress, writes the reports;
 * returns the exit code. */
int cli_run(struct fleet *fleet, const struct options *options, const struct request *request,
            const struct observer *observer);

/* The same of a plan: `on_findings` is told what lint says of it, once that is known; `on_report` sees the whole report. */
struct plan_watch {
    struct observer observer;
    void (*on_findings)(void *ctx, const struct told_findings *findings);
    void (*on_report)(void *ctx, const struct report *report);
    void *ctx;
};
int cli_run_plan(struct fleet *fleet, const struct options *options, const struct request *request,
                 const struct plan_watch *watch);

/* The run that was joined, until it is over or this machine leaves it. Its ledger is let go. `ret_is_stopped`: this process was told
 * to stop; the exit code is that of the run, which someone else may have stopped. */
struct joining;
int cli_run_joined(struct fleet *fleet, const struct options *options, struct joining *joining,
                   bool *ret_is_stopped);

/* The same of a run that only looks, and the report tells of each tenant whether it holds what its revision says. */
int cli_run_with_schemas(struct fleet *fleet, const struct options *options,
                         const struct request *request, const struct observer *observer);

#endif
