#include "cli/command.h"
#include "cli/exit.h"
#include "cli/run.h"

/* The first irreversible step that any tenant would have to go back. */
struct check {
    bool is_refused;
    struct err err;
};

static void on_event(void *ctx, const struct event *event)
{
    struct check *check = ctx;
    bool is_refused = event->kind == EVENT_TENANT_FINISHED && event->outcome->error &&
                      strcmp(event->outcome->error->code, PLAN_IRREVERSIBLE) == 0;
    if (!is_refused || check->is_refused)
        return;
    check->is_refused = true;
    check->err = *event->outcome->error;
    err_prefix(&check->err, "tenant '%s'", event->run->tenants[event->tenant]->name);
}

/* Who asks for a way back that does not exist is told so before anyone is touched: a plan of all
 * comes first. */
static int run(struct fleet *fleet, const struct options *options)
{
    struct check check = {0};
    struct observer observer = {on_event, &check};
    cli_run(fleet, options,
            &(struct run_request){.goal = GOAL_PLAN,
                                  .plan = PLAN_DOWNGRADE,
                                  .observer = &observer,
                                  .is_silent = true});
    if (check.is_refused) {
        cli_fail(&check.err);
        fputs("skein: no tenant was touched\n", stderr);
        return EXIT_USAGE;
    }
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
