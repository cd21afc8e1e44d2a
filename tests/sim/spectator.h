/* A person who watches a run while it goes on, as the live view does: looks at what tenants at work are doing, chooses one of them, pauses the
 * run, and has it go on. What is shown must be so: it is held against the scene and against what the run tells.
 */
#ifndef SIM_SPECTATOR_H
#define SIM_SPECTATOR_H

#include "event/status.h"
#include "rollout/rollout.h"
#include "sim/rng.h"
#include "sim/scene.h"

struct spectator {
    struct rng rng;
    const struct scene *scene;
    struct steering steering;
    struct status *status;
    uint64_t until_ms; /* of the pause, or of the time without one */
    void (*on_wrong)(void *ctx, const char *what);
    void *ctx;
};

/* The run's, until it has ended: `status` and `options` live as long. */
void spectator_watch(struct spectator *spectator, struct status *status,
                     struct rollout_options *options);

/* For rollout_run. */
struct observer spectator_observer(struct spectator *spectator);

#endif
