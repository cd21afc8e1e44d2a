/* Alembic's identifiers: what `head`, `ae10+2`, `billing@head` or `-1` mean. Pure.
 *
 * Alembic 1.8.1 is the oracle for what each means and refuses. Results are indices of revisions;
 * an empty result is `base`, MAP_NONE where one revision is meant. Errors are ERR_CHAIN.
 *
 *     struct revisions found;
 *     if (!identifier_find(arena, chain, "billing@head", NULL, &found, err)) …
 */
#ifndef CHAIN_IDENTIFIER_H
#define CHAIN_IDENTIFIER_H

#include "chain/walk.h"

struct err;

/* `LABEL@SYMBOL+N`: any part may be absent (NULL, or 0 with is_relative false). */
struct identifier {
    const char *label;
    const char *symbol;
    int steps;
    bool is_relative;
};
struct identifier identifier_parse(struct arena *arena, const char *text);

/* Does the text mean something only beside rows of a tenant: `current`, `+2`, `LABEL@-1`? */
bool identifier_needs_rows(const char *text);

/* Any identifier by itself, as `show`, `merge` and `edit` take it. `current` means `rows`, and is
 * refused where rows is NULL. `-N` and `LABEL@-N` count from the heads, as Alembic's `show -1`. */
bool identifier_find(struct arena *arena, const struct chain *chain, const char *text,
                     const struct revisions *rows, struct revisions *ret,
                     struct err *err) MUST_CHECK;

/* An absolute identifier: `head`, `heads`, `base`, an id, a partial id, a label; with `label`, on
 * that branch only. */
bool identifier_locate(struct arena *arena, const struct chain *chain, const char *label,
                       const char *symbol, struct revisions *ret, struct err *err) MUST_CHECK;

/* The same where one revision is meant: MAP_NONE for base. */
bool identifier_locate_one(struct arena *arena, const struct chain *chain, const char *label,
                           const char *symbol, uint32_t *ret_revision, struct err *err) MUST_CHECK;

/* The revision that a branch label, or an id used as one, stands for. */
bool identifier_branch(const struct chain *chain, const char *label, uint32_t *ret_revision,
                       struct err *err) MUST_CHECK;

/* Those of `from` on the same line as the label's revision. */
bool identifier_filter(struct arena *arena, const struct chain *chain, struct revisions from,
                       const char *label, bool with_dependencies, struct revisions *ret,
                       struct err *err) MUST_CHECK;

/* Revisions of which one implies another are no state that a tenant can be in, or be brought to. */
bool identifier_check_overlap(struct arena *arena, const struct chain *chain,
                              struct revisions revisions, struct err *err) MUST_CHECK;

/* `steps` up (or down, negative) from `start` (MAP_NONE: base), upwards on the label's line if there
 * is one. False where the way is ambiguous. Too short a way is an error too, or ends early. */
struct identifier_walk {
    uint32_t start;
    int steps;
    const char *label;
    bool ends_early;
};
bool identifier_walk(struct arena *arena, const struct chain *chain,
                     const struct identifier_walk *walk, uint32_t *ret, struct err *err) MUST_CHECK;

/* `SYMBOL+N` and `SYMBOL-N`, with or without a label. Upwards the label chooses the way, downwards the
 * symbol must be on its line. */
bool identifier_follow(struct arena *arena, const struct chain *chain,
                       const struct identifier *identifier, bool ends_early, uint32_t *ret,
                       struct err *err) MUST_CHECK;

/* The error of a relative identifier that leads nowhere, in Alembic's words. Returns false. */
bool identifier_refuse_steps(int steps, struct err *err);

#endif
