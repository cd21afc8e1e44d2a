#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/run.h"

static int run(struct fleet *fleet, const struct options *options)
{
    struct run_request request = {.goal = GOAL_RUN, .plan = PLAN_DOWNGRADE};
    struct visit visit = cli_visit(options, &request);
    struct err err;
    int signal_number;
    if (!visit_can_go_back(fleet, &visit, &signal_number, &err)) {
        cli_fail(&err);
        fputs("skein: no tenant was touched\n", stderr);
        return EXIT_USAGE;
    }
    return signal_number ? EXIT_SIGNAL + signal_number : cli_run(fleet, options, &request);
}

const struct command command_downgrade = {
    .name = "downgrade",
    .arguments = "TARGET…",
    .summary = "bring the tenants back to a revision",
    .help = "Brings every selected tenant back to TARGET: a full or partial revision id, base, -N (N\n"
            "steps back from where each stands), LABEL@base. Every tenant is asked where it stands\n"
            "first: if a step back has no down section for any of them, nothing is begun (exit 2).",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_RUN | OPTIONS_POLICY,
    .min_args = 1,
    .max_args = ARGS_MAX,
    .needs = FLEET_VISIT,
    .run = run,
};
