/* From where a tenant stands to given rows of the version table: how a rollback brings a tenant to
 * where it stood, or goes on with one that it left half way. Pure.
 *
 * Rows are ids of the chain in any order; none is base. ERR_CHAIN where one names no revision (but see
 * takes_unknown).
 */
#ifndef PLAN_BETWEEN_H
#define PLAN_BETWEEN_H

#include "plan/plan.h"

/* Which directions steps may have: a step of another is left out, and with it what would follow from it. */
enum { BETWEEN_UP = 1, BETWEEN_DOWN = 2, BETWEEN_BOTH = 3 };

struct between {
    struct rows from, wanted;
    unsigned directions;
    bool is_stamp;
    bool takes_unknown; /* with is_stamp: rows that name no revision go and come like any other */
    /* id of the step that was left half way: where it is one, it comes first; NULL: none */
    const char *begun;
};

/* First down what `wanted` does not imply, children before parents; then up what it lacks. A step down
 * without a section is an error (PLAN_IRREVERSIBLE), but with `is_stamp` nothing runs: one step, and
 * only rows change. */
bool plan_between(const struct lookup *in, const struct between *between,
                  struct plan *ret_plan) MUST_CHECK;

/* Is all that `part` implies implied by `whole`? Rows that the chain does not know imply only
 * themselves. */
bool plan_covers(const struct chain *chain, const struct rows *whole, const struct rows *part);

#endif
