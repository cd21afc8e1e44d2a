/* The inside of a verification, shared by verification.c and verification_told.c. No other file includes this. */
#ifndef ROLLOUT_VERIFICATION_PRIVATE_H
#define ROLLOUT_VERIFICATION_PRIVATE_H

#include "rollout/verification.h"

#include "base/arena.h"
#include "base/map.h"
#include "schema/canonical.h"

struct verified_place {
    struct verified_kind kind;
    struct rows rows;
    struct catalog *catalog;
    struct fingerprint fingerprint;
};

struct verified_doubt {
    struct doubted of;
    struct rows rows;
    const char *group;
    struct fingerprint without, with;
};

/* What tenants have answered, and what became of it: most answer the same. */
struct verified_verdict {
    bool is_good;
    struct err
        err; /* VERIFICATION_DIFFERS: no other error is kept, since it may be of one tenant */
};

struct verification {
    struct arena arena;
    const struct catalog_rules *rules;
    struct verified_place **places;
    size_t count, capacity;
    struct verified_doubt **doubts;
    size_t doubt_count, doubt_capacity;
    struct map answered; /* place and digest -> index of `verdicts` */
    struct verified_verdict **verdicts;
    size_t verdict_count, verdict_capacity;
};

#endif
