#include "cli/command.h"
#include "cli/chain_text.h"
#include "cli/exit.h"

static int run(struct fleet *fleet, const struct options *options)
{
    const struct chain *chain = fleet->chain;
    struct chain_text text = chain_text_begin(chain, options);
    for (size_t i = 0; i < chain->head_count; i++)
        chain_text_add(&text, chain->revisions[chain->heads[i]]);
    chain_text_end(&text, stdout);
    return EXIT_OK;
}

const struct command command_heads = {
    .name = "heads",
    .arguments = "",
    .summary = "the heads of the chain",
    .help = "Lists the revisions that no other revises. With -v, all of each header.",
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT,
    .needs = FLEET_CHAIN,
    .run = run,
};
