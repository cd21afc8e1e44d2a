#include "chain/identifier.h"
#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/whereabouts.h"

static int run(struct fleet *fleet, const struct options *options)
{
    struct whereabouts whereabouts = {0};
    struct revisions found;
    struct err err;
    int exit_code = EXIT_OK;
    if (whereabouts_are_meant(options->args[0]))
        exit_code = whereabouts_read(fleet, options, &whereabouts);
    if (!identifier_find(&fleet->arena, fleet->chain, options->args[0], &whereabouts.rows, &found,
                         &err))
        return cli_fail(&err);
    struct chain_text text = chain_text_begin(fleet->chain, options, 0);
    text.is_verbose = true;
    for (size_t i = 0; i < found.count; i++)
        chain_text_add(&text, fleet->chain->revisions[found.items[i]]);
    chain_text_end(&text, stdout);
    return exit_code;
}

static unsigned needs_for(const struct options *options)
{
    return whereabouts_are_meant(options->args[0]) ? FLEET_VISIT : FLEET_CHAIN;
}

const struct command command_show = {
    .name = "show",
    .arguments = "REV",
    .summary = "a revision, all of its header",
    .help = "Shows what REV names: a full or partial id, head, heads, LABEL@head, -N. 'current' asks the\n"
            "selected tenants where they stand; nothing else connects to any.",
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_RUN,
    .min_args = 1,
    .max_args = 1,
    .needs_for = needs_for,
    .run = run,
};
