/* Tenants of the file that are written like an earlier one: the same keys in the same order, each with a value of the
 * same kind, a text or a list of texts.
 *
 * A hundred thousand tenants are mostly written alike. libcyaml judges shapes, and keeps each value as the text that it is:
 * of tenants of one shape it is given the first, and an empty mapping in the place of each other one, which is filled in
 * from here. So each of them is parsed once, and libcyaml's word counts for all.
 *
 * Not among them: a tenant with an anchor, an alias, a mapping other than labels, or an empty list; and none where an
 * anchor is around it, for what an alias repeats must be whole.
 */
#ifndef INVENTORY_LOAD_ALIKE_H
#define INVENTORY_LOAD_ALIKE_H

#include "base/buf.h"
#include "base/intern.h"

enum { ALIKE_TEXT = 't', ALIKE_LIST = 'l' };

struct alike_item {
    uint32_t index; /* among the tenants of the file, from 0 */
    uint32_t shape;
    char **values; /* by key; of a list its items, then NULL. May hold secrets */
};

struct alike {
    struct arena *arena;
    struct intern
        shapes; /* each: the kind of each value, then NUL, then the keys, each with its NUL */
    struct alike_item *items;
    size_t count, capacity;
    /* the tenant that is being read */
    bool is_open;
    bool is_alike; /* it has nothing yet by which it is none */
    uint32_t index;
    struct buf kinds;
    struct buf shape;
    char **values;
    size_t value_count, value_capacity;
    size_t list_begin; /* in `values` */
};

void alike_init(struct alike *alike, struct arena *arena);
void alike_done(struct alike *alike); /* the items stay, as long as the arena */

/* Begins a tenant. What follows is told as it stands in the file: for each key its value, which is a text, or a list that is
 * begun and ended. */
void alike_begin(struct alike *alike, size_t index);
void alike_add_text(struct alike *alike, const char *text, size_t len);
void alike_begin_list(struct alike *alike);
void alike_add_label(struct alike *alike, const char *key,
                     const char *value); /* of a list: `key=value` */
void alike_add_item(struct alike *alike, const char *text, size_t len);
void alike_end_list(struct alike *alike);

/* The tenant has something else. */
void alike_give_up(struct alike *alike);

/* Ends it; `keys`: each with its NUL. True: it was kept here, an earlier one is like it. */
bool alike_end(struct alike *alike, const struct buf *keys);

#endif
