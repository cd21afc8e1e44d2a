/* The questions of each list of statements that some tenants have yet to run, made once for all of them. On the loop. */
#ifndef ROLLOUT_PREFLIGHTS_H
#define ROLLOUT_PREFLIGHTS_H

#include "preflight/preflight.h"
#include "rollout/work.h"

struct preflights;

struct preflights *preflights_new(void);
void preflights_free(struct preflights *preflights);

/* Lives as long as `preflights`. */
const struct preflight *preflights_get(struct preflights *preflights, const struct dialect *dialect,
                                       const struct work *work);

#endif
