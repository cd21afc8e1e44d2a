/* Alembic's identifiers: what `head`, `ae10+2`, `billing@head` or `-1` mean. Pure.
 *
 * Alembic 1.8.1 is the oracle for what each means and refuses. Results are indices of revisions;
 * an empty result is `base`, MAP_NONE where one revision is meant. Errors are ERR_CHAIN.
 *
 *     struct revisions found;
 *     struct lookup in = {arena, chain, err};
 *     if (!identifier_find(&in, "billing@head", NULL, &found)) …
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

/* Does the meaning of the text depend on the rows of a tenant, as that of `current`, `+2` and `LABEL@-1` does? */
bool identifier_needs_rows(const char *text);

/* Finds the revisions that any identifier means without a tenant, as `show`, `merge` and `edit` take it. `current`
 * means `rows`, and is refused where `rows` is NULL. `-N` and `LABEL@-N` count from the heads, as in Alembic's `show
 * -1`. */
bool identifier_find(const struct lookup *in, const char *text, const struct revisions *rows,
                     struct revisions *ret) MUST_CHECK;

/* Finds the revisions that an absolute identifier means: `head`, `heads`, `base`, an id, a partial id or a label.
 * With `label` (NULL: none) only those on that branch count. */
bool identifier_locate(const struct lookup *in, const char *label, const char *symbol,
                       struct revisions *ret) MUST_CHECK;

/* The same where only one revision can be meant; *ret_revision is MAP_NONE for base. Several are an error. */
bool identifier_locate_one(const struct lookup *in, const char *label, const char *symbol,
                           uint32_t *ret_revision) MUST_CHECK;

/* The revision that a branch label, or an id used as one, stands for. */
bool identifier_branch(const struct lookup *in, const char *label,
                       uint32_t *ret_revision) MUST_CHECK;

/* Keeps those revisions of `from` that are ancestors or descendants of the label's revision, or the revision itself.
 * `Depends On:` is no edge here. */
bool identifier_filter(const struct lookup *in, struct revisions from, const char *label,
                       struct revisions *ret) MUST_CHECK;

/* Refuses revisions of which one is an ancestor of another: a tenant cannot stand at both. */
bool identifier_check_overlap(const struct lookup *in, struct revisions revisions) MUST_CHECK;

/* Goes `steps` up from `start` (MAP_NONE: base), or down where `steps` is negative. Upwards it stays on the line of
 * the label, if one is given. False: there are several ways on. Where the chain ends before the steps are done, that is
 * an error too, unless `ends_early`: then *ret is where it ended (MAP_NONE: base). */
struct identifier_walk {
    uint32_t start;
    int steps;
    const char *label;
    bool ends_early;
};
bool identifier_walk(const struct lookup *in, const struct identifier_walk *walk,
                     uint32_t *ret) MUST_CHECK;

/* Finds the revision that `SYMBOL+N` or `SYMBOL-N` means, with or without a label. Upwards the label chooses between
 * branches. Downwards the symbol itself must be on the label's line. */
bool identifier_follow(const struct lookup *in, const struct identifier *identifier,
                       bool ends_early, uint32_t *ret) MUST_CHECK;

/* The error of a relative identifier that leads nowhere, in Alembic's words. Returns false. */
bool identifier_refuse_steps(int steps, struct err *err);

#endif
