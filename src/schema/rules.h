/* What of two catalogs is compared: which aspects, and which objects are not looked at. Pure.
 *
 * The default is the shape of all objects and their comments. `drift: {ignore: […], compare: […]}` of the inventory
 * changes it; each entry of `ignore` is
 *     comments              an aspect (catalog.h)
 *     table audit_*         objects of a kind by their names, with `*` for any text and `?` for any character
 *     *_old                 objects of any kind
 * What an ignored table owns is ignored too. An entry of `compare` is an aspect.
 */
#ifndef SCHEMA_RULES_H
#define SCHEMA_RULES_H

#include "base/err.h"
#include "schema/catalog.h"

struct ignored {
    bool has_kind;
    enum object_kind kind;
    const char *pattern; /* borrowed */
};

struct catalog_rules {
    struct arena *arena;
    unsigned aspects; /* bits 1 << ASPECT_… */
    struct ignored *ignored;
    size_t ignored_count, ignored_capacity;
};

/* The default. */
void catalog_rules_init(struct catalog_rules *rules, struct arena *arena);

/* All aspects, and nothing is ignored. */
void catalog_rules_init_strict(struct catalog_rules *rules, struct arena *arena);

/* An entry of `ignore` or `compare`, borrowed. ERR_CONFIG: it is none. */
bool catalog_rules_ignore(struct catalog_rules *rules, const char *entry,
                          struct err *err) MUST_CHECK;
bool catalog_rules_compare(struct catalog_rules *rules, const char *entry,
                           struct err *err) MUST_CHECK;

static inline bool catalog_rules_has(const struct catalog_rules *rules, enum aspect aspect)
{
    return rules->aspects & 1u << aspect;
}

/* Is the object itself ignored? What owns it may be ignored all the same. */
bool catalog_rules_ignores(const struct catalog_rules *rules, const struct object *object);

#endif
