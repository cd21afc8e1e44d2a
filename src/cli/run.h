/* What the commands that visit tenants share: from options to a run, its progress and its report. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/fleet.h"
#include "rollout/rollout.h"

struct run_request {
    enum session_goal goal;
    enum plan_command plan;
    /* NULL, or one more who wants to know what happened */
    const struct observer *observer;
    bool is_silent; /* no progress and no report: only the observer hears of it */
};

/* Visits the selection, shows progress, writes the reports; the exit code. */
int cli_run(struct fleet *fleet, const struct options *options, const struct run_request *request);

#endif
