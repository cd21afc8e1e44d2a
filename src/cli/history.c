#include "chain/identifier.h"
#include "chain/walk.h"
#include "cli/chain_text.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"

/* Marks all that the end of a range reaches: down from it, or up from it. */
static bool mark_end(struct fleet *fleet, const char *text, enum walk_edges edges, bool *set,
                     struct err *err)
{
    struct identifier identifier = identifier_parse(&fleet->arena, text);
    struct revisions found;
    if (identifier.is_relative && !identifier.symbol)
        return err_set(err, ERR_CHAIN, "'%s' has no revision to count from", text);
    if (!identifier_resolve(&fleet->arena, fleet->chain, identifier.label, identifier.symbol, &found,
                            err))
        return false;
    for (size_t i = 0; i < found.count; i++) {
        uint32_t at = found.items[i];
        if (identifier.is_relative &&
            !identifier_walk(&fleet->arena, fleet->chain, at, identifier.steps, identifier.label,
                             &at, err))
            return false;
        if (at < fleet->chain->count)
            walk_mark(fleet->chain, set, at, edges);
    }
    /* Everything stands on base, and nothing under it. */
    for (size_t i = 0; !found.count && i < fleet->chain->count; i++)
        set[i] = edges == WALK_ALL_NEXT;
    return true;
}

/* `A:B`, either end open. */
static bool mark_range(struct fleet *fleet, const char *range, bool *ret_set, struct err *err)
{
    const char *colon = range ? strchr(range, ':') : NULL;
    bool *above = walk_new_set(&fleet->arena, fleet->chain);
    bool *below = walk_new_set(&fleet->arena, fleet->chain);
    if (range && !colon)
        return err_set(err, ERR_CHAIN, "history range '%s' is not [start]:[end]", range);
    const char *from = range && colon > range
                           ? arena_strndup(&fleet->arena, range, (size_t)(colon - range))
                           : "base";
    const char *to = range && colon[1] ? colon + 1 : "heads";
    if (!mark_end(fleet, from, WALK_ALL_NEXT, above, err) ||
        !mark_end(fleet, to, WALK_PARENTS, below, err))
        return false;
    for (size_t i = 0; i < fleet->chain->count; i++)
        ret_set[i] = above[i] && below[i];
    return true;
}

static int run(struct fleet *fleet, const struct options *options)
{
    struct err err;
    bool *set = walk_new_set(&fleet->arena, fleet->chain);
    if (!mark_range(fleet, options->range, set, &err))
        return cli_fail(&err);
    struct chain_text text = chain_text_begin(fleet->chain, options);
    text.has_down = true;
    for (size_t i = fleet->chain->count; i-- > 0;) {
        uint32_t at = fleet->chain->topological[i];
        if (set[at])
            chain_text_add(&text, fleet->chain->revisions[at]);
    }
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
