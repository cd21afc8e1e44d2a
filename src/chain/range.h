/* Ranges of identifiers, `A:B` with either end open: what `history -r` lists, and where the scripts of
 * `--sql` begin and end. Pure; Alembic 1.8.1 is the oracle.
 *
 *     struct range range;
 *     if (!range_parse(arena, "ae10:heads", &range, err) ||
 *         !range_list(&in, &range, NULL, &listed)) …
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

/* Lists the revisions from `from` (included) up to `to`, newest first, as `history` shows them. A relative end counts
 * from the other end. `current` means `rows`: they are the rows of many tenants, so one may be an ancestor of another.
 * Where `rows` is NULL, `current` is refused. */
bool range_list(const struct lookup *in, const struct range *range, const struct revisions *rows,
                struct revisions *ret) MUST_CHECK;

/* Finds the version rows that a script for `--sql` expects in the database: the revision that `from` means, which
 * must be one absolute identifier. */
bool range_start(const struct lookup *in, const struct range *range,
                 struct revisions *ret) MUST_CHECK;

#endif
