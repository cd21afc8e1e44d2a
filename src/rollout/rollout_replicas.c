/* The replicas that the inventory names (`batch_replicas`), once a statement that repeats asks for them. There are few. */
#include "link/replica.h"
#include "rollout/rollout_private.h"

struct named_replica {
    const struct tenant *tenant;
    struct replica *replica;
};

struct replica_view rollout_look_at_replica(struct rollout *rollout, const struct tenant *replica)
{
    for (size_t i = 0; i < rollout->replica_count; i++)
        if (rollout->replicas[i].tenant == replica)
            return replica_look(rollout->replicas[i].replica);
    if (rollout->is_closed)
        return (struct replica_view){0};
    struct named_replica *named = ARENA_PUSH(&rollout->arena, rollout->replicas,
                                             rollout->replica_count, rollout->replica_capacity);
    *named = (struct named_replica){replica, replica_new(rollout->links, replica)};
    return replica_look(named->replica);
}

void rollout_close_replicas(struct rollout *rollout)
{
    for (size_t i = 0; i < rollout->replica_count; i++)
        replica_close(rollout->replicas[i].replica);
    rollout->replica_count = 0;
}
