/* What places of the chain make: fingerprints, from a file of an earlier command (expected_cache.h) or from scratch databases,
 * and catalogs, from scratch databases alone. Each place is replayed once.
 *
 *     struct expectations expectations;
 *     expectations_init(&expectations, &fleet, &rules);
 *     const struct expected *expected = expectations_get(&expectations, &place);
 *     if (expected->is_known) … expected->fingerprint, expectations_catalog(&expectations, expected, &err) …
 *     expectations_done(&expectations);
 */
#ifndef LIBRARY_EXPECTED_H
#define LIBRARY_EXPECTED_H

#include "library/expected_cache.h"

struct expected {
    struct scratch_kind kind;
    struct rows rows;
    bool is_known; /* false: it cannot be, as err says */
    struct fingerprint fingerprint;
    const char *group;       /* of the fingerprint: engine and major versions */
    struct catalog *catalog; /* NULL: the chain was not replayed up to there */
    struct err err;
};

struct expectations {
    struct arena arena; /* of all that is returned */
    struct fleet *fleet;
    const struct catalog_rules *rules;
    struct expected_cache cache;
    struct expected **items;
    size_t count, capacity;
    struct scratch scratch; /* the one that is open */
    bool is_open;
    int signal; /* that stopped a replay; 0: none */
};

/* The fleet, with chain and scripts, and the rules are borrowed. */
void expectations_init(struct expectations *expectations, struct fleet *fleet,
                       const struct catalog_rules *rules);
void expectations_done(struct expectations *expectations);

/* Never NULL. Places that lie further up the chain than the one before go on from there. `place.group` is that of the tenants
 * which are to be compared with it: the scratch database may be of another, as the answer says. */
const struct expected *expectations_get(struct expectations *expectations,
                                        const struct expected_place *place);

/* Of one that is known; replays the chain where only its fingerprint is. NULL: err says why. */
const struct catalog *expectations_catalog(struct expectations *expectations,
                                           const struct expected *expected, struct err *err);

#endif
