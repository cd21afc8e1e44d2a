/* Fingerprints of places of the chain, kept in a file beside the ledger, so that a later command need not replay the chain.
 *
 *     struct expected_cache cache;
 *     expected_cache_open(&cache, &fleet, rules);
 *     if (!expected_cache_get(&cache, &place, &fingerprint)) … replay …, expected_cache_put(&cache, &place, &fingerprint);
 *     expected_cache_close(&cache);
 *
 * What is kept saves work and decides nothing by itself: a key names all that a fingerprint depends on, and a line that does
 * not carry its own hash is none. So a file that is damaged, from another version or not to be written costs a replay.
 *
 * The file is a line each: `KEY FINGERPRINT HASH`, in hexadecimal digits; the hash is of the two before.
 */
#ifndef LIBRARY_EXPECTED_CACHE_H
#define LIBRARY_EXPECTED_CACHE_H

#include "base/map.h"
#include "library/scratch.h"
#include "schema/canonical.h"

/* The newest so many lines are kept. */
enum { EXPECTED_CACHE_MAX = 20000 };

/* What a fingerprint is of. */
struct expected_place {
    struct scratch_kind kind;
    struct rows rows;  /* of the version table */
    const char *group; /* engine and major versions (catalog.h) */
};

struct expected_cache_line {
    const char *key; /* a hash, in hexadecimal digits */
    struct fingerprint fingerprint;
};

struct expected_cache {
    struct arena arena;
    const struct fleet *fleet;
    const struct catalog_rules *rules;
    const char *path; /* NULL: there is no place for it */
    struct expected_cache_line *lines;
    size_t count, capacity;
    struct map by_key; /* -> index of `lines` */
    bool has_changed;
    bool is_read_only; /* of a dry run, which writes nothing at all */
};

/* The fleet, with its chain, and the rules are borrowed. Never fails: a file that cannot be read is an empty one. */
void expected_cache_open(struct expected_cache *cache, const struct fleet *fleet,
                         const struct catalog_rules *rules);

/* Writes what is new, whole or not at all. */
void expected_cache_close(struct expected_cache *cache);

bool expected_cache_get(const struct expected_cache *cache, const struct expected_place *place,
                        struct fingerprint *ret);
void expected_cache_put(struct expected_cache *cache, const struct expected_place *place,
                        const struct fingerprint *fingerprint);

#endif
