#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/outputs.h"
#include "cli/whereabouts.h"

static int run_show(struct fleet *fleet, const struct options *options)
{
    struct revisions found;
    int exit_code = EXIT_OK;
    if (!whereabouts_find(fleet, options, options->args[0], &found, &exit_code))
        return EXIT_USAGE;
    struct chain_text text = chain_text_begin(fleet->chain, options, 0);
    text.is_verbose = true;
    for (size_t i = 0; i < found.count; i++)
        chain_text_add(&text, fleet->chain->revisions[found.items[i]]);
    return chain_text_end(&text) ? exit_code : EXIT_USAGE;
}

static unsigned show_needs(const struct options *options)
{
    return whereabouts_needs(options->args[0]);
}

const struct command command_show = {
    .name = "show",
    .arguments = "REV",
    .summary = "a revision, all of its header",
    .help =
        "Shows what REV names: a full or partial id, head, heads, LABEL@head, -N. 'current' asks the\n"
        "selected tenants where they stand; nothing else connects to any.",
    .example = "skein show head",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_PARALLEL,
    .min_args = 1,
    .max_args = 1,
    .needs_for = show_needs,
    .empty_chain = EMPTY_CHAIN_IS_A_FAULT,
    .run = run_show,
};
