/* Equal byte strings kept once, under a number.
 *
 * For what repeats a million times (revision lists, error texts): the number is small, and equal
 * numbers mean equal bytes. Everything lives in the arena given, and dies with it; nothing can be
 * removed. Structs may be interned where they have no padding.
 *
 *     struct intern intern;
 *     intern_init(&intern, &arena);
 *     uint32_t number = intern_put(&intern, "acme", 5);
 *     const char *text = intern_at(&intern, number, NULL);
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/compiler.h"

struct arena;
struct intern_entry;

struct intern {
    struct arena *arena;
    struct intern_entry *entries;
    size_t count; /* numbers are 0 to count - 1, in the order of their first intern_put */
    size_t capacity;
    uint32_t *slots; /* number + 1; 0: free */
    size_t slot_count;
};

void intern_init(struct intern *intern, struct arena *arena);

/* The number of these bytes, which are copied where they are new. */
uint32_t intern_put(struct intern *intern, const void *bytes, size_t len);

/* The same where they are known; INTERN_NONE: they are not. */
#define INTERN_NONE UINT32_MAX
uint32_t intern_find(const struct intern *intern, const void *bytes, size_t len);

/* The bytes of a number, aligned for any type; `ret_len` may be NULL. */
const void *intern_at(const struct intern *intern, uint32_t number, size_t *ret_len);

#endif
