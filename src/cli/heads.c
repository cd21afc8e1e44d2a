#include "cli/command.h"
#include "cli/chain_text.h"
#include "cli/exit.h"
#include "cli/outputs.h"

static int run_heads(struct fleet *fleet, const struct options *options)
{
    const struct chain *chain = fleet->chain;
    bool is_real = options->resolves_dependencies;
    const uint32_t *heads = is_real ? chain->real_heads : chain->heads;
    size_t count = is_real ? chain->real_head_count : chain->head_count;
    struct chain_text text = chain_text_begin(chain, options, CHAIN_TEXT_LABELS);
    for (size_t i = 0; i < count; i++)
        chain_text_add(&text, chain->revisions[heads[i]]);
    return chain_text_end(&text) ? EXIT_OK : EXIT_USAGE;
}

const struct command command_heads = {
    .name = "heads",
    .arguments = "",
    .summary = "the heads of the chain",
    .help =
        "Lists the revisions that no other revises; with --resolve-dependencies only those that no\n"
        "other depends on either. With -v, all of each header.",
    .example = "skein heads",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_DEPENDENCIES,
    .needs = FLEET_CHAIN,
    .empty_chain = EMPTY_CHAIN_IS_TOLD,
    .run = run_heads,
};
