/* Machines that work on one run of a ledger which they share: what this one is called, and how it joins a run that another has
 * begun.
 *
 *     struct joining joining;
 *     if (machines_join(fleet, &ask, &joining, &err))
 *         rollout_run(&joining.prepared.rollout, observers, count);
 *     machines_leave(&joining);
 */
#ifndef LIBRARY_MACHINES_H
#define LIBRARY_MACHINES_H

#include "ledger/beat.h"
#include "library/prepare.h"

/* How long a machine that says nothing keeps what it has claimed, for a run that is begun here. */
uint64_t machines_lease_ms(void);

/* `name` NULL: the host's. Both live in the arena. */
void machines_name(struct arena *arena, const char *name, struct rollout_share *ret_share);

/* Codes of errors that callers tell apart. */
#define MACHINES_NONE "no_run_to_join" /* no run is under way, or not one that can be joined */

#define MACHINES_OTHER                                                                             \
    "run_of_others" /* the run's chain or tenants are not those that this machine has */

/* And LEDGER_MISSING, LEDGER_HELD, LEDGER_AWAY. */
struct joining_request {
    const char *run;     /* id or the beginning of one; NULL: the newest that is under way */
    const char *machine; /* as struct request has it */
    uint32_t parallel;   /* of this machine; 0: the run's */
};

struct joining {
    struct request request;
    struct prepared_run prepared; /* its ledger is joined */
    struct ledger_run run;
    struct verification *verification; /* of the request; NULL: no tenant is held to anything */
    struct texts notes;                /* what a person should know: what this machine cannot do */
};

/* Makes the fleet's selection that of the run. Where the inventory here names no tenant, they are those that the run tells of
 * (fleet_use_told). ERR_CONFIG: with MACHINES_NONE, or a tenant of the run is not in the inventory here (MACHINES_OTHER);
 * ERR_CHAIN: the chain here is another one (MACHINES_OTHER); ERR_LEDGER. The fleet must have its chain. The joining must not move while it is used. */
bool machines_join(struct fleet *fleet, const struct joining_request *ask,
                   struct joining *ret_joining, struct err *err) MUST_CHECK;
void machines_leave(struct joining *joining);

/* What a run is told as that is over here. Of one that several machines may share the ledger alone knows all, and what it says takes the place
 * of `report`, which is freed. Where the ledger was lost before (`err`), or is lost by now (`err` is set), `report` stays, and says that
 * it is this machine's part. */
struct report *machines_whole_report(struct fleet *fleet, const struct prepared_run *prepared,
                                     struct report *report, struct err *err);

#endif
