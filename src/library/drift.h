/* Drift: the tenants of a selection beside what their revisions make, as clusters of tenants that are alike.
 *
 *     struct drift drift;
 *     if (drift_find(&fleet, &request, &drift, &err)) … drift.clusters[i] …
 *     drift_done(&drift);
 *
 * Every tenant's fingerprint is taken; what a revision makes is learnt in a scratch database, once for all that stand there; and
 * of each cluster that differs one tenant is read in full. Free it whether it was found or not.
 */
#ifndef LIBRARY_DRIFT_H
#define LIBRARY_DRIFT_H

#include "library/scratch.h"
#include "library/fleet_catalogs.h"
#include "schema/compare.h"

enum drift_verdict {
    DRIFT_NONE,   /* as its revision says */
    DRIFT_FOUND,  /* it differs */
    DRIFT_UNKNOWN /* what it should hold cannot be known: `reason` */
};

struct cluster {
    enum drift_verdict verdict;
    struct scratch_kind kind;
    struct rows rows; /* where its tenants stand */
    struct fingerprint fingerprint;
    const char *group;           /* of its tenants: engine and major versions */
    struct fingerprint expected; /* "": not known */
    const char *reason;          /* DRIFT_UNKNOWN */
    const uint32_t *tenants;     /* of the fleet, ascending */
    size_t tenant_count;
    struct comparison comparison; /* DRIFT_FOUND; of its first tenant, by the rules */
    /* DRIFT_FOUND: what would mend it, not run anywhere; "": no statement is known. NULL: nothing is written for that engine */
    const char *sql;
    bool
        is_compared; /* false: that tenant could not be read a second time, or has changed meanwhile */
    const struct rows
        *resembles; /* rows of another place of the chain that make just this; NULL: none */
};

struct drift {
    struct fleet_catalogs catalogs;
    struct cluster *clusters; /* the expected ones first; then by the number of tenants */
    size_t cluster_count;
    size_t expected, differing, unknown; /* tenants */
    int signal;                          /* that stopped it; 0: none */
};

struct drift_request {
    const struct request *request; /* as in fleet_catalogs_request */
    const struct catalog_rules *rules;
    /* Of a dry run that would write down where tenants stand: they are held to that. Those that it would leave as they are, or
     * take to base, are in no cluster, since it says nothing new of them. */
    bool is_of_claims;
    const struct fleet_show *show; /* of the run that reads all of them; NULL: no one sees it */
    bool writes_nothing;           /* what the chain makes is not kept for a later command either */
};

/* The clusters of the catalogs in drift->catalogs, with their verdicts, and nothing of in what they differ: no tenant is asked. */
void drift_judge(struct fleet *fleet, const struct drift_request *request, struct drift *drift);

/* False: it could not be begun. */
bool drift_find(struct fleet *fleet, const struct drift_request *request, struct drift *ret,
                struct err *err) MUST_CHECK;
void drift_done(struct drift *drift);

#endif
