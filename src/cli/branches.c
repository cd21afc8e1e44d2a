#include "chain/range.h"
#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/outputs.h"

static int run_branches(struct fleet *fleet, const struct options *options)
{
    const struct range all = {0};
    struct revisions listed;
    struct err err;
    struct lookup in = fleet_lookup(fleet, &err);
    if (!range_list(&in, &all, NULL, &listed))
        return cli_fail(&err);
    struct chain_text text =
        chain_text_begin(fleet->chain, options, CHAIN_TEXT_LABELS | CHAIN_TEXT_TREE);
    for (size_t i = 0; i < listed.count; i++) {
        const struct revision *revision = fleet->chain->revisions[listed.items[i]];
        if (revision->next_count > 1)
            chain_text_add_branches(&text, revision);
    }
    return chain_text_end(&text) ? EXIT_OK : EXIT_USAGE;
}

const struct command command_branches = {
    .name = "branches",
    .arguments = "",
    .summary = "where the chain branches",
    .help =
        "Lists the revisions that several others revise, each with those others. With -v, all of\n"
        "each header.",
    .example = "skein branches -v",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT,
    .needs = FLEET_CHAIN,
    .empty_chain = EMPTY_CHAIN_IS_TOLD,
    .run = run_branches,
};
