/* The person who looks where a tenant was left in the middle of a step outside a transaction. */
#ifndef SIM_PERSON_H
#define SIM_PERSON_H

#include "sim/scene.h"
#include "sim/truth.h"

/* Says in the history table how many statements have run, so that skein can go on; or finishes the step by
 * hand, where the rollout goes the other way. No run may be at work. */
void person_settle(struct scene *scene, size_t tenant, const struct truth *truth, bool finishes);

/* What a statement has left that failed goes. */
void person_clean(struct scene *scene, size_t tenant);

/* How many statements of the unfinished step are done, whatever the history table says of it. */
unsigned person_count(const struct scene *scene, const struct truth *truth);

#endif
