/* The canonical form of a catalog: one text that is equal where two catalogs are, and its hash, the fingerprint. Pure.
 *
 * The form is a list of lines, one for each object that the rules do not ignore, sorted. A line is the object's identity
 * (kind, owner, name; of an automatic name that is not compared: its shape), and the properties that the rules compare.
 * Every part ends with a NUL byte, which no name holds, so none can imitate another line.
 */
#ifndef SCHEMA_CANONICAL_H
#define SCHEMA_CANONICAL_H

#include "base/hash.h"
#include "schema/rules.h"

/* Raised whenever the form or what a reader tells changes: fingerprints of two forms cannot be compared. */
enum { CANONICAL_FORM = 4 };

struct canonical_line {
    const char *identity;
    size_t identity_len;
    const char *body;
    size_t body_len;
    const struct object *object;
};

struct canonical {
    const struct catalog *catalog;
    struct canonical_line *lines; /* sorted by identity, then body */
    size_t line_count;
};

struct fingerprint {
    char hex[HASH_HEX_SIZE]; /* "": not known */
};

/* In the arena of the catalog, which must not change any more. */
void canonical_make(struct canonical *canonical, const struct catalog *catalog,
                    const struct catalog_rules *rules);

/* SHA-256 of the form's number, the catalog's group and all lines. */
struct fingerprint canonical_fingerprint(const struct canonical *canonical);

/* That of the catalog's form by these rules; uses the catalog's arena, as canonical_make does. */
struct fingerprint catalog_fingerprint(const struct catalog *catalog,
                                       const struct catalog_rules *rules);

#endif
