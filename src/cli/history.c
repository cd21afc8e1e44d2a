#include "chain/range.h"
#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"

static int run(struct fleet *fleet, const struct options *options)
{
    struct range range = {0};
    struct revisions listed;
    struct err err;
    if ((options->range && !range_parse(&fleet->arena, options->range, &range, &err)) ||
        !range_list(&fleet->arena, fleet->chain, &range, NULL, &listed, &err))
        return cli_fail(&err);
    struct chain_text text = chain_text_begin(fleet->chain, options);
    text.has_down = true;
    for (size_t i = 0; i < listed.count; i++)
        chain_text_add(&text, fleet->chain->revisions[listed.items[i]]);
    chain_text_end(&text, stdout);
    return EXIT_OK;
}

const struct command command_history = {
    .name = "history",
    .arguments = "",
    .summary = "the chain, newest first",
    .help = "Lists the revisions of the chain from the heads down. -r A:B shows a part of it: either\n"
            "end may be open, and be any identifier. With -v, all of each header.",
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_RANGE,
    .needs = FLEET_CHAIN,
    .run = run,
};
