/* What places of the chain make: catalogs of scratch databases, each made once.
 *
 *     struct expectations expectations;
 *     expectations_init(&expectations, &fleet, &rules);
 *     const struct expected *expected = expectations_get(&expectations, &kind, &rows);
 *     expectations_done(&expectations);
 */
#ifndef LIBRARY_EXPECTED_H
#define LIBRARY_EXPECTED_H

#include "library/scratch.h"
#include "schema/canonical.h"

struct expected {
    struct scratch_kind kind;
    struct rows rows;
    struct catalog *catalog; /* NULL: it cannot be known, as err says */
    struct fingerprint fingerprint;
    struct err err;
};

struct expectations {
    struct arena arena; /* of all that is returned */
    struct fleet *fleet;
    const struct catalog_rules *rules;
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

/* Never NULL. Places that lie further up the chain than the one before go on from there. */
const struct expected *expectations_get(struct expectations *expectations,
                                        const struct scratch_kind *kind, const struct rows *rows);

#endif
