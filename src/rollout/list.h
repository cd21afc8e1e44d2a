/* Singly linked lists of numbers. The links (which number comes after which) stand in an array that lists may
 * share, as long as no number is in two of them. Pure. */
#ifndef ROLLOUT_LIST_H
#define ROLLOUT_LIST_H

#include "base/compiler.h"

#define LIST_NONE UINT32_MAX

struct list {
    uint32_t first, last;
};

static inline struct list list_empty(void)
{
    return (struct list){LIST_NONE, LIST_NONE};
}

static inline bool list_is_empty(const struct list *list)
{
    return list->first == LIST_NONE;
}

static inline void list_push(struct list *list, uint32_t *next, uint32_t item)
{
    next[item] = LIST_NONE;
    if (list_is_empty(list))
        list->first = item;
    else
        next[list->last] = item;
    list->last = item;
}

/* LIST_NONE: it is empty. */
static inline uint32_t list_pop(struct list *list, const uint32_t *next)
{
    uint32_t item = list->first;
    if (item != LIST_NONE)
        list->first = next[item];
    return item;
}

/* Takes out an item that is in the list, wherever it stands: O(n). */
static inline void list_remove(struct list *list, uint32_t *next, uint32_t item)
{
    uint32_t before = LIST_NONE;
    for (uint32_t at = list->first; at != item; at = next[at])
        before = at;
    if (before == LIST_NONE)
        list->first = next[item];
    else
        next[before] = next[item];
    if (list->last == item)
        list->last = before;
}

#endif
