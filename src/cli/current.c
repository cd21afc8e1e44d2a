#include "cli/command.h"
#include "cli/exit.h"
#include "cli/run.h"

static bool is_at_heads(const struct chain *chain, const struct outcome *outcome)
{
    if (!outcome->is_from_known || outcome->from_count != chain->real_head_count)
        return false;
    for (size_t i = 0; i < outcome->from_count; i++) {
        const struct revision *revision = chain_get(chain, outcome->from[i]);
        if (!revision || revision->all_next_count)
            return false;
    }
    return true;
}

static void on_event(void *ctx, const struct event *event)
{
    size_t *behind = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        *behind += !is_at_heads(event->run->chain, event->outcome);
}

static int run(struct fleet *fleet, const struct options *options)
{
    size_t behind = 0;
    struct observer observer = {on_event, &behind};
    int exit_code =
        cli_run(fleet, options, &(struct run_request){.goal = GOAL_CURRENT, .observer = &observer});
    if (exit_code != EXIT_OK || !options->checks_heads || !behind)
        return exit_code;
    fprintf(stderr, "skein: %zu tenant%s not at the head(s)\n", behind, behind == 1 ? " is" : "s are");
    return EXIT_TENANT_FAILED;
}

const struct command command_current = {
    .name = "current",
    .arguments = "",
    .summary = "where every tenant stands",
    .help = "Reads the version table of every selected tenant.",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_RUN | OPTIONS_CHECK_HEADS,
    .needs = FLEET_VISIT,
    .run = run,
};
