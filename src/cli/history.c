#include "chain/range.h"
#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"
#include "cli/whereabouts.h"

/* Does the range, or what is to be marked, depend on where tenants stand? */
static bool needs_tenants(const struct options *options)
{
    return options->indicates_current || (options->range && whereabouts_are_meant(options->range));
}

static int run_history(struct fleet *fleet, const struct options *options)
{
    struct range range = {0};
    struct whereabouts whereabouts = {0};
    struct revisions listed;
    struct err err;
    struct lookup in = fleet_lookup(fleet, &err);
    int exit_code = EXIT_OK;
    if (options->range && !range_parse(&fleet->arena, options->range, &range, &err))
        return cli_fail(&err);
    if (needs_tenants(options))
        exit_code = whereabouts_read(fleet, options, &whereabouts);
    if (!range_list(&in, &range, &whereabouts.rows, &listed))
        return cli_fail(&err);
    struct chain_text text = chain_text_begin(fleet->chain, options,
                                              CHAIN_TEXT_PARENTS | CHAIN_TEXT_LABELS |
                                                  CHAIN_TEXT_TREE | CHAIN_TEXT_MESSAGE);
    text.whereabouts = options->indicates_current ? &whereabouts : NULL;
    for (size_t i = 0; i < listed.count; i++)
        chain_text_add(&text, fleet->chain->revisions[listed.items[i]]);
    return chain_text_end(&text) ? exit_code : EXIT_USAGE;
}

static unsigned history_needs(const struct options *options)
{
    return needs_tenants(options) ? FLEET_VISIT : FLEET_CHAIN;
}

const struct command command_history = {
    .name = "history",
    .arguments = "",
    .summary = "the chain, newest first",
    .help =
        "Lists the revisions of the chain from the heads down. -r A:B shows a part of it: either\n"
        "end may be open, and be any identifier. With -v, all of each header. -i asks the selected\n"
        "tenants where they stand and marks those revisions '(current)'; 'current' as an end of the\n"
        "range asks them too. Nothing else connects to any tenant.",
    .example = "skein history -r base:head -v",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_OUTPUT | OPTIONS_PARALLEL | OPTIONS_RANGE |
              OPTIONS_INDICATE,
    .needs_for = history_needs,
    .empty_chain = EMPTY_CHAIN_IS_TOLD,
    .run = run_history,
};
