#include "chain/identifier.h"
#include "cli/command.h"
#include "cli/draft.h"
#include "cli/faults.h"
#include "cli/outputs.h"

static bool find_parents(struct fleet *fleet, const struct options *options, struct revisions *ret,
                         struct err *err)
{
    struct lookup in = fleet_lookup(fleet, err);
    uint32_t *items = NULL;
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < options->arg_count; i++) {
        struct revisions found;
        if (!identifier_find(&in, options->args[i], NULL, &found))
            return false;
        for (size_t k = 0; k < found.count; k++)
            *ARENA_PUSH(&fleet->arena, items, count, capacity) = found.items[k];
    }
    *ret = (struct revisions){items, count};
    return true;
}

static int run_merge(struct fleet *fleet, const struct options *options)
{
    struct revisions parents;
    struct err err;
    if (!find_parents(fleet, options, &parents, &err))
        return cli_fail(&err);
    return cli_draft(fleet, options, parents);
}

const struct command command_merge = {
    .name = "merge",
    .arguments = "REV… [-m MESSAGE]",
    .summary = "a new revision that joins several heads",
    .help =
        "Writes a revision that revises all of REV, which must be heads; 'heads' is all of them.\n"
        "What it does beyond that is yours to write: both sections are empty. The file is made\n"
        "as 'skein revision' makes it.",
    .example = "skein merge heads -m \"Billing meets tasks\"",
    .formats = outputs_list_formats,
    .groups = OPTIONS_COMMON | OPTIONS_OUTPUT | OPTIONS_NEW,
    .min_args = 1,
    .max_args = ARGS_MAX,
    .needs = FLEET_CHAIN,
    .empty_chain = EMPTY_CHAIN_IS_A_FAULT,
    .run = run_merge,
};
