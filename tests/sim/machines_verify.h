/* Some runs of several machines verify what tenants hold, each held to what the first machine has learnt before the run: at which places the
 * tenants stand, and to which they go, as a dry run tells. The made-up catalogs have nothing in them, so that each tenant that is looked at
 * at such a place is as it should be; at others no one knows.
 *
 *     struct machines_verify verify;
 *     machines_verify_learn(&verify, &fleet, &request);   sets request.verifying
 *     … the run, with machines_verify_observer(&verify) …
 *     machines_verify_done(&verify);
 */
#ifndef SIM_MACHINES_VERIFY_H
#define SIM_MACHINES_VERIFY_H

#include "library/fleet.h"
#include "schema/rules.h"
#include "sim/rng.h"
#include "sim/scene.h"

struct machines_verify {
    struct rng rng;
    const struct scene *scene;
    struct catalog_rules rules;
    struct verification *verification; /* of the machine that has begun the run at hand */
    enum verify_schema when;           /* by that run */
    bool knows_all;                    /* of these places */
    bool was_seen
        [TENANTS_MAX]; /* the dry run could read it, and its places are known; by number of the inventory */
    enum sim_place {
        PLACE_UNKNOWN,
        PLACE_KNOWN,
        PLACE_LEFT_OUT
    } places[2 * DIALECT__COUNT][1 << REVISIONS_MAX];
    void (*on_wrong)(void *ctx, const char *what);
    void *ctx;
};

/* Nothing where the scene's catalogs cannot be read, or the verb verifies nothing, or it is not the run's turn. */
void machines_verify_learn(struct machines_verify *verify, struct fleet *fleet,
                           struct request *request);
void machines_verify_done(struct machines_verify *verify);

/* Whom the dry run has seen no machine finds at a place of which it knows nothing; and where schemas are compared at the end, who is done
 * stands at one of which it does. */
struct observer machines_verify_observer(struct machines_verify *verify);

#endif
