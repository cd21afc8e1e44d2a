/* Ranges of identifiers, `A:B` with either end open: what `history -r` lists, and where the scripts of
 * `--sql` begin and end. Pure; Alembic 1.8.1 is the oracle.
 *
 *     struct range range;
 *     if (!range_parse(arena, "ae10:heads", &range, err) ||
 *         !range_list(arena, chain, &range, NULL, &listed, err)) …
 */
#ifndef CHAIN_RANGE_H
#define CHAIN_RANGE_H

#include "chain/identifier.h"

struct range {
    const char *from; /* NULL: open, which is base */
    const char *to;   /* NULL: open, which is heads */
};

/* False: no colon, or more than one. */
bool range_parse(struct arena *arena, const char *text, struct range *ret,
                 struct err *err) MUST_CHECK;

/* The revisions from `from` (which is in) up to `to`, newest first, as `history` shows them. Relative
 * ends count from the other end. `current` means `rows`, of which one may imply another (they are many
 * tenants'); refused where rows is NULL. */
bool range_list(struct arena *arena, const struct chain *chain, const struct range *range,
                const struct revisions *rows, struct revisions *ret, struct err *err) MUST_CHECK;

/* The version rows that a script for `--sql` takes as given: `from`, one absolute identifier. */
bool range_start(struct arena *arena, const struct chain *chain, const struct range *range,
                 struct revisions *ret, struct err *err) MUST_CHECK;

#endif
