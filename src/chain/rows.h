/* Rows of a version table: the ids of the revisions where a tenant stands, or is to stand. The one
 * type for all who speak of them. Pure.
 *
 * A set: no id stands twice, and the order means nothing. Who makes rows for people or as a key sorts
 * them (rows_sorted). The list and its strings are borrowed, unless a function says that it copies.
 */
#ifndef CHAIN_ROWS_H
#define CHAIN_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

struct rows {
    const char *const *ids;
    size_t count;
    bool is_known; /* false: no one could look, and there are no ids */
};

/* One change of the version table. INSERT uses `to`, DELETE `from`, UPDATE both. */
enum version_change_kind { VERSION_INSERT, VERSION_UPDATE, VERSION_DELETE };
struct version_change {
    enum version_change_kind kind;
    const char *from;
    const char *to;
};

/* A copy of list and strings, in `arena`. */
struct rows rows_copy(struct arena *arena, const struct rows *rows);

/* Known rows of these ids, sorted by bytes; the list is in `arena`, the strings are borrowed. */
struct rows rows_sorted(struct arena *arena, const char *const *ids, size_t count);

bool rows_have(const struct rows *rows, const char *id);

/* Are the ids the same? Whether they are known is not looked at. */
bool rows_are_equal(const struct rows *a, const struct rows *b);

/* Appends a text that is the same for rows in the same order, and for no others. */
void rows_add_key(struct buf *key, const struct rows *rows);

/* The rows after the change; the list is in `arena`. */
struct rows rows_changed(struct arena *arena, const struct rows *rows,
                         const struct version_change *change);

/* The fewest changes that make `to` of `from`; from `arena`. */
const struct version_change *rows_diff(struct arena *arena, const struct rows *from,
                                       const struct rows *to, size_t *ret_count);

/* Rows that are each kept once and known by a number: a fleet stands at a handful of places, and a
 * tenant then costs four bytes. */
struct rows_pool;
struct rows_pool *rows_pool_new(void);
void rows_pool_free(struct rows_pool *pool);

/* The number of these rows, which are copied where they are new. Unknown rows have number 0. */
uint32_t rows_pool_put(struct rows_pool *pool, const struct rows *rows);

/* Lives as long as the pool. */
const struct rows *rows_pool_at(const struct rows_pool *pool, uint32_t number);

#endif
