/* What a run is asked to do. The command line or the library's public face makes it once; the run, its sessions, the
 * report and the ledger borrow it, and no one changes it after that. Zeros mean: as the inventory says.
 *
 *     struct request request = {.verb = &verbs[VERB_UPGRADE], .is_dry_run = true};
 *
 * The request of a run that was read from a ledger has what the ledger keeps: verb, is_dry_run, purges and forces.
 */
#ifndef EVENT_REQUEST_H
#define EVENT_REQUEST_H

#include <stdatomic.h>

#include "event/verbs.h"
#include "inventory/inventory.h"

struct catalog;
struct catalog_answers;
struct continuation;
struct rehearsed;
struct told_findings;
struct verification;

/* What a person has found out about a statement that was under way when its run died. */
enum settle { SETTLE_NONE, SETTLE_DONE, SETTLE_UNDONE, SETTLE_STATEMENTS };

struct limits {
    uint32_t parallel;
    uint32_t per_server;
    const char *wave; /* NULL, or: stop after this wave */
};

struct policy {
    bool has_on_failure;
    enum on_failure on_failure;
    bool has_max_failures;
    struct share max_failures;
};

/* How the run is told to stop. */
struct stopping {
    bool leaves_signals;     /* they are the caller's */
    const atomic_int *stops; /* NULL, or: how often the caller has asked for a stop */
    int stopped_by; /* the signal that came before the run, of which nothing is begun then; 0: none */
};

/* When tenants are held to what their revisions make. */
struct verifying {
    bool is_said; /* else the inventory says it */
    enum verify_schema when;
    struct verification *verification; /* rollout/verification.h; NULL: no tenant is held to it */
};

/* Who is told what a tenant holds, where it was read for many tenants at once: its outcome has no catalog then. The catalog goes
 * when this returns. */
struct catalog_listener {
    void (*on_catalog)(void *ctx, size_t tenant, const struct catalog *catalog); /* NULL: no one */
    /* The same, where the answers of each tenant are its own. False: no catalog can be made of them. Set with on_catalog. */
    bool (*on_answers)(void *ctx, size_t tenant, struct catalog_answers *answers);
    void *ctx;
};

struct request {
    const struct verb *verb;
    /* Shows what the run would do: no tenant is locked or changed, and no run is on record. */
    bool is_dry_run;
    /* Of a verb that goes back: the verb of the run that is rolled back, which tells whether scripts run or only rows
     * are set; else NULL. */
    const struct verb *rolled_back;
    const char *const *targets; /* none: the verb's default */
    size_t target_count;
    bool purges; /* PLAN_STAMP: all version rows go first */
    bool forces; /* PLAN_STAMP: whatever the database holds */
    bool
        accepts_changes; /* files that were changed after they were applied are right as they are now */
    /* Tables whose sizes a run that only looks asks each tenant for that it has work for; `measured_count` of them. */
    const char *const *measured;
    size_t measured_count;
    bool measures_all; /* whether there is work for it or not */
    bool rehearses;    /* a plan is carried out, where nothing of it remains */
    /* Of one that rehearses: by tenant of the selection, what came of it on a scratch database (rollout/rehearsed.h); NULL: of none, and
     * a tenant's NULL: of it */
    const struct rehearsed *const *rehearsed;
    bool is_on_scratch; /* the one tenant is a throw-away database, on which others are rehearsed */
    bool asks_rows; /* a run that only looks asks whether its statements will succeed on the rows */
    uint32_t examples;      /* of rows that do not fit: so many are told; 0: none */
    bool weighs_changes;    /* a run that only looks asks what changes of tables will cost */
    bool reads_catalog;     /* the outcome tells what the database holds, once all is done */
    bool reads_for_emitter; /* and so that statements can be made of it */
    struct catalog_listener
        catalogs;       /* of reads_catalog: no one means that each tenant is read by itself */
    enum settle settle; /* of a verb that settles */
    size_t settle_statements; /* SETTLE_STATEMENTS: so many stand */
    /* NULL, or by tenant of the selection: where it stood (event/standing_place.h) when a person was shown what would be done and said yes, or
     * when the plan was saved that the run is to follow. One
     * that stands elsewhere, or could not be asked then, fails and is not touched. */
    const struct rows *shown;
    const char *
        shown_by; /* the file of the plan that says `shown` (library/saved_plan.h); NULL: a person was asked */
    /* what lint had found in that plan; NULL: no plan is followed, or nothing was found in it */
    const struct told_findings *findings;
    /* And how long the visit of each tenant was foretold to take, in ms; 0: nothing was to be done; negative: that was not foretold. NULL: no
     * plan is followed, or none with a forecast. Then the run of the ledger by whose times it was; NULL: by a rehearsal. */
    const double *foretold_ms;
    const char *foretold_by;
    /* NULL, or by tenant of the selection: it could not be compared before the run (library/proof.h), and so fails and is not
     * touched where there is work for it all the same. */
    const bool *is_unproved;
    struct verifying verifying;
    const char *
        machine; /* how this machine is called among those that work on the run; NULL: as its host */
    struct limits limits;
    struct policy policy;
    struct stopping stopping;
    /* NULL: a run of its own; else the earlier run that it goes on with or rolls back (library/continuation.h). Only
     * src/library looks into it. */
    struct continuation *continues;
};

/* May a run of the request change a tenant? A verb that only looks, and a dry run of any, may not. */
bool request_changes(const struct request *request);

/* How tenants get to their target. With a verb that has a plan. */
enum plan_command request_plan(const struct request *request);

#endif
