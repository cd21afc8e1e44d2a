/* Statements of which no one knows whether they took effect, since the run that ran them died: what there is without each and with it,
 * learnt in a scratch database, so that a resume can compare (rollout/verification.h). Parts of verify.c. */
#ifndef LIBRARY_VERIFY_DOUBTS_H
#define LIBRARY_VERIFY_DOUBTS_H

#include "library/fleet.h"
#include "rollout/verification.h"

struct doubt_item;

struct doubt_list {
    struct fleet *fleet; /* with its chain and scripts */
    struct arena *arena;
    struct doubt_item *items;
    size_t count, capacity;
};

/* The tenant's `half_step`, which is in doubt; many tenants may have the same one. */
void doubt_list_add(struct doubt_list *list, const struct tenant *tenant,
                    const struct outcome *outcome);

/* Adds what can be learnt of them. Of others `*ret_note` says why not, in the fleet's arena (NULL: there is none). Returns the signal that
 * stopped it; 0: none. */
int doubt_list_learn(struct doubt_list *list, struct verification *verification,
                     const char **ret_note);

#endif
