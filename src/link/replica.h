/* A replica that is watched: how far it is, asked over one connection for the whole run, whenever someone looks and what is known is
 * old. Who looks does not wait for the answer.
 *
 *     struct replica *replica = replica_new(links, tenant);
 *     struct replica_view view = replica_look(replica);
 *     replica_close(replica);          at any time; its memory goes later, on the loop
 */
#ifndef LINK_REPLICA_H
#define LINK_REPLICA_H

#include "dialect/replica.h"
#include "link/link.h"

struct replica;

struct replica_view {
    bool is_known; /* false: no answer has come so far, or none for too long */
    /* `trouble`: also why it cannot be asked; it is the replica's own, until replica_close */
    struct replica_standing standing;
};

/* `tenant` is the replica (inventory.h: struct replica_set), borrowed. */
struct replica *replica_new(struct links *links, const struct tenant *tenant);
struct replica_view replica_look(struct replica *replica);
void replica_close(struct replica *replica);

#endif
