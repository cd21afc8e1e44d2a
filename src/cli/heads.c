#include "cli/command.h"
#include "cli/chain_text.h"
#include "cli/exit.h"
#include "cli/fleet.h"

static int run(const struct options *options)
{
    struct fleet fleet;
    bool is_good = fleet_open(&fleet, options, FLEET_CHAIN);
    if (is_good) {
        struct chain_text text = chain_text_begin(fleet.chain, options);
        for (size_t i = 0; i < fleet.chain->head_count; i++)
            chain_text_add(&text, fleet.chain->revisions[fleet.chain->heads[i]]);
        chain_text_end(&text, stdout);
    }
    fleet_done(&fleet);
    return is_good ? EXIT_OK : EXIT_USAGE;
}

const struct command command_heads = {
    .name = "heads",
    .arguments = "",
    .summary = "the heads of the chain",
    .help = "Lists the revisions that no other revises. With -v, all of each header.",
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT,
    .run = run,
};
