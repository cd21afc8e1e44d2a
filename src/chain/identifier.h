/* Alembic's identifiers: what `head`, `ae10+2`, `billing@head` or `-1` mean. Pure.
 *
 * Alembic 1.8.1 is the oracle for what each means and refuses. Results are indices of revisions;
 * an empty result is `base`. Errors are ERR_CHAIN.
 */
#ifndef CHAIN_IDENTIFIER_H
#define CHAIN_IDENTIFIER_H

#include "chain/chain.h"

struct arena;
struct err;

struct revisions {
    const uint32_t *items;
    size_t count;
};

/* `LABEL@SYMBOL+N`: any part may be absent (NULL, or 0 with is_relative false). */
struct identifier {
    const char *label;
    const char *symbol;
    int steps;
    bool is_relative;
};
struct identifier identifier_parse(struct arena *arena, const char *text);

/* An absolute identifier: `head`, `heads`, `base`, an id, a partial id, a label; with `label`, on
 * that branch only. */
bool identifier_resolve(struct arena *arena, const struct chain *chain, const char *label,
                        const char *symbol, struct revisions *ret, struct err *err) MUST_CHECK;

/* The same where one revision is meant: MAP_NONE for base. */
bool identifier_resolve_one(struct arena *arena, const struct chain *chain, const char *label,
                            const char *symbol, uint32_t *ret_revision, struct err *err) MUST_CHECK;

/* The revision that a branch label, or an id used as one, stands for. */
bool identifier_branch(struct arena *arena, const struct chain *chain, const char *label,
                       uint32_t *ret_revision, struct err *err) MUST_CHECK;

/* Those of `from` on the same line as the label's revision. */
bool identifier_filter(struct arena *arena, const struct chain *chain, struct revisions from,
                       const char *label, bool with_dependencies, struct revisions *ret,
                       struct err *err) MUST_CHECK;

/* `steps` up (or down, negative) from `start` (MAP_NONE: base). *ret is MAP_NONE for base; false with
 * an error where the way is ambiguous or too short. */
bool identifier_walk(struct arena *arena, const struct chain *chain, uint32_t start, int steps,
                     const char *label, uint32_t *ret, struct err *err) MUST_CHECK;

#endif
