/* In what two catalogs differ: objects that are missing, extra or changed, with the properties that differ. Pure.
 *
 *     struct comparison comparison;
 *     comparison_make(&comparison, &expected, &found, &rules);
 *     for (size_t i = 0; i < comparison.count; i++) … comparison.items[i] …
 */
#ifndef SCHEMA_COMPARE_H
#define SCHEMA_COMPARE_H

#include "schema/canonical.h"

struct buf;

enum difference_what {
    DIFFERENCE_MISSING,
    DIFFERENCE_EXTRA,
    DIFFERENCE_CHANGED,
    DIFFERENCE__COUNT
};

struct property_difference {
    enum aspect aspect;
    const char *name;
    const char *expected, *found; /* NULL: it is not there */
};

struct difference {
    enum difference_what what;
    const struct object *expected;          /* NULL: extra */
    const struct object *found;             /* NULL: missing */
    struct property_difference *properties; /* of a changed one; at least one */
    size_t property_count;
};

struct comparison {
    struct difference *items; /* in the order of the canonical form */
    size_t count;
};

/* What a missing or extra table owns is not listed beside it. In the arena of `expected`, which borrows from both. The two
 * must be of one group. */
void comparison_make(struct comparison *comparison, const struct catalog *expected,
                     const struct catalog *found, const struct catalog_rules *rules);

/* The object that it is about. */
const struct object *difference_object(const struct difference *difference);

/* "missing", "extra", "changed" */
const char *difference_what_name(enum difference_what what);

/* Appends the difference in words, without a newline: `column task.priority is missing`,
 * `column task.title: type is 'varchar(20)' instead of 'text'`. */
void difference_add_words(struct buf *buf, const struct difference *difference);

#endif
