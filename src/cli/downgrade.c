#include "cli/command.h"
#include "cli/run.h"

static int run(struct fleet *fleet, const struct options *options)
{
    return cli_run(fleet, options, &(struct run_request){.goal = GOAL_RUN, .plan = PLAN_DOWNGRADE});
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
