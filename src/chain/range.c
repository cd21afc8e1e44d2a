#include "chain/range.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"

bool range_parse(struct arena *arena, const char *text, struct range *ret, struct err *err)
{
    const char *colon = strchr(text, ':');
    if (!colon || strchr(colon + 1, ':'))
        return err_set(err, ERR_CHAIN, "range '%s' is not [start]:[end]", text);
    ret->from = colon > text ? arena_strndup(arena, text, (size_t)(colon - text)) : NULL;
    ret->to = colon[1] ? arena_strdup(arena, colon + 1) : NULL;
    return true;
}

bool range_start(const struct lookup *in, const struct range *range, struct revisions *ret)
{
    struct identifier identifier = identifier_parse(in->arena, range->from ? range->from : "base");
    uint32_t *start = arena_alloc(in->arena, sizeof *start);
    if (identifier.is_relative)
        return err_set(in->err, ERR_CHAIN, "can't locate revision identified by '%s'", range->from);
    if (!identifier_locate_one(in, identifier.label, identifier.symbol, start))
        return false;
    *ret = (struct revisions){start, *start != MAP_NONE};
    return true;
}

/* ---- what `history` lists ------------------------------------------------------------------ */

/* One end of a range, while it is looked for. */
struct end {
    const char *text;
    struct identifier identifier;
    struct revisions found;
    bool needs_other; /* `-N`, `LABEL@+N`: counts from the other end */
    bool is_rows;     /* `current`: rows of many tenants, of which one may imply another's */
};

struct listing {
    struct lookup in;
    const struct revisions *rows;
};

static bool find_end(struct listing *listing, const char *text, struct end *end)
{
    uint32_t *found = arena_alloc(listing->in.arena, sizeof *found);
    *end = (struct end){.text = text, .identifier = identifier_parse(listing->in.arena, text)};
    end->needs_other = end->identifier.is_relative && !end->identifier.symbol;
    end->is_rows = strcmp(text, "current") == 0;
    if (end->needs_other)
        return true;
    if (!end->identifier.is_relative)
        return identifier_find(&listing->in, text, listing->rows, &end->found);
    if (!identifier_follow(&listing->in, &end->identifier, true, found))
        return false;
    end->found = (struct revisions){found, *found != MAP_NONE};
    return true;
}

/* `:+N` counts up from the one revision where the range begins. */
static bool count_up(struct listing *listing, struct end *end, const struct end *from)
{
    uint32_t *found = arena_alloc(listing->in.arena, sizeof *found);
    struct identifier_walk walk = {.start = MAP_NONE,
                                   .steps = end->identifier.steps,
                                   .label = end->identifier.label,
                                   .ends_early = true};
    if (walk.steps <= 0)
        return identifier_refuse_steps(walk.steps, listing->in.err);
    if (from->found.count > 1)
        return err_set(listing->in.err, ERR_CHAIN,
                       "ambiguous range: '%s' counts from one revision, and '%s' is several",
                       end->text, from->text);
    if (from->found.count)
        walk.start = from->found.items[0];
    if (!identifier_walk(&listing->in, &walk, found))
        return false;
    end->found = (struct revisions){found, *found != MAP_NONE};
    return true;
}

/* `-N:` counts down from every revision where the range ends; `LABEL@-N` only from those on that branch. Where base
 * is reached from one of them before N steps are done, the range begins at base. */
static bool count_down(struct listing *listing, struct end *end, const struct end *from)
{
    struct revisions starts = from->found;
    struct identifier_walk walk = {.steps = end->identifier.steps, .ends_early = true};
    if (walk.steps >= 0)
        return err_set(listing->in.err, ERR_CHAIN, "can't locate revision identified by '%s'",
                       end->text);
    if (end->identifier.label &&
        !identifier_filter(&listing->in, starts, end->identifier.label, &starts))
        return false;
    uint32_t *found = arena_calloc(listing->in.arena, starts.count + 1, sizeof *found);
    bool is_base = false;
    for (size_t i = 0; i < starts.count; i++) {
        walk.start = starts.items[i];
        if (!identifier_walk(&listing->in, &walk, &found[i]))
            return false;
        is_base |= found[i] == MAP_NONE;
    }
    end->found = (struct revisions){found, is_base ? 0 : starts.count};
    return true;
}

static bool find_ends(struct listing *listing, const struct range *range, struct end *lower,
                      struct end *upper)
{
    if (!find_end(listing, range->to ? range->to : "heads", upper) ||
        !find_end(listing, range->from ? range->from : "base", lower))
        return false;
    if (lower->needs_other && upper->needs_other)
        return err_set(listing->in.err, ERR_CHAIN, "'%s:%s' has no end to count from", lower->text,
                       upper->text);
    if (upper->needs_other)
        return count_up(listing, upper, lower);
    return !lower->needs_other || count_down(listing, lower, upper);
}

/* Where the lower end is on a branch (`LABEL@…`), the upper end keeps only the revisions that bear the label. If an
 * id stands in the label's place, it keeps those on the line of that revision. */
static bool narrow_to_branch(struct listing *listing, const struct end *lower, struct end *upper)
{
    const struct chain *chain = listing->in.chain;
    const char *label = lower->identifier.label;
    if (!label || lower->needs_other)
        return true;
    if (map_get(chain->by_name, label) == MAP_NONE || chain_get(chain, label))
        return identifier_filter(&listing->in, upper->found, label, &upper->found);
    bool *bears = walk_new_set(listing->in.arena, chain);
    for (size_t i = 0; i < chain->count; i++)
        bears[i] = revision_has_label(chain->revisions[i], label);
    upper->found = walk_filter(listing->in.arena, upper->found, bears);
    return true;
}

static bool check_ancestors(struct listing *listing, const struct end *lower,
                            const struct end *upper, const bool *below)
{
    for (size_t i = 0; i < lower->found.count; i++)
        if (!below[lower->found.items[i]])
            return err_set(listing->in.err, ERR_CHAIN,
                           "requested range %s:%s does not refer to ancestor/descendant revisions "
                           "along the same branch",
                           lower->text, upper->text);
    return true;
}

static bool check_overlap(struct listing *listing, const struct end *end)
{
    return end->is_rows || identifier_check_overlap(&listing->in, end->found);
}

/* The set of the revisions between the two ends, `lower` included. */
static bool *between(struct listing *listing, struct revisions lower, bool *below)
{
    const struct chain *chain = listing->in.chain;
    const bool *above = walk_from(listing->in.arena, chain, lower, WALK_NEXT);
    for (size_t i = 0; lower.count && i < chain->count; i++)
        below[i] &= above[i];
    return below;
}

bool range_list(const struct lookup *in, const struct range *range, const struct revisions *rows,
                struct revisions *ret)
{
    struct listing listing = {*in, rows};
    struct end lower, upper;
    if (!find_ends(&listing, range, &lower, &upper) ||
        !narrow_to_branch(&listing, &lower, &upper) || !check_overlap(&listing, &upper))
        return false;
    bool *below = walk_from(in->arena, in->chain, upper.found, WALK_PARENTS);
    if (!check_ancestors(&listing, &lower, &upper, below) || !check_overlap(&listing, &lower))
        return false;
    uint32_t *items = arena_calloc(in->arena, in->chain->count + 1, sizeof *items);
    size_t count = walk_sort(in->chain, between(&listing, lower.found, below), items);
    for (size_t i = 0; i < count / 2; i++) {
        uint32_t item = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = item;
    }
    *ret = (struct revisions){items, count};
    return true;
}
