/* The plans of a run: one for each place where tenants stand, made once. */
#ifndef ROLLOUT_PLANS_H
#define ROLLOUT_PLANS_H

#include "plan/between.h"

struct plans;

/* `target` NULL: no plan will be asked for. */
struct plans *plans_new(const struct chain *chain, const struct target *target);
void plans_free(struct plans *plans);

/* The plan from these rows (sorted) to the target; NULL: err. A fault is remembered too. */
const struct plan *plans_get(struct plans *plans, const struct rows *rows,
                             struct err *err) MUST_CHECK;

/* The same by plan_between; `is_stamp` is the target's. */
const struct plan *plans_between(struct plans *plans, const struct between *between,
                                 struct err *err) MUST_CHECK;

#endif
