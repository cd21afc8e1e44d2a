#include "chain/checkpoints.h"

#include "base/arena.h"
#include "base/err.h"
#include "chain/walk.h"

static void list_spared(struct arena *arena, const struct chain *chain, struct revision *checkpoint)
{
    bool *under = xcalloc(chain->count + 1, sizeof *under);
    uint32_t *order = xcalloc(chain->count + 1, sizeof *order);
    walk_mark(chain, under, checkpoint->index, WALK_PARENTS);
    size_t count = walk_sort(chain, under, order);
    const char **ids = arena_calloc(arena, count + 1, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = chain->revisions[order[i]]->id;
    checkpoint->stands_for = ids;
    checkpoint->stands_for_count = count;
    free(order);
    free(under);
}

/* Adds what forbids that the checkpoint stands for `of`. False: there is no such revision. */
static bool check(struct revision *const *checkpoints, uint32_t at, const struct revision *of,
                  struct faults *faults)
{
    const struct revision *checkpoint = checkpoints[at];
    for (uint32_t i = 0; i < at; i++)
        if (strcmp(checkpoints[i]->id, checkpoint->id) == 0)
            faults_add(faults, ERR_CHAIN, checkpoint->path, checkpoint->id_line,
                       "revision '%s' has a checkpoint in '%s' already", checkpoint->id,
                       checkpoints[i]->path);
    if (!of)
        faults_add(faults, ERR_CHAIN, checkpoint->path, checkpoint->id_line,
                   "Checkpoint: there is no revision '%s'", checkpoint->id);
    else if (!of->parent_count)
        faults_add(
            faults, ERR_CHAIN, checkpoint->path, checkpoint->id_line,
            "Checkpoint: nothing lies under revision '%s', so that there is nothing to be spared",
            checkpoint->id);
    return of != NULL;
}

void checkpoints_place(struct arena *arena, const struct chain *chain,
                       struct revision *const *checkpoints, struct faults *faults)
{
    for (uint32_t i = 0; i < chain->checkpoint_count; i++) {
        struct revision *checkpoint = checkpoints[i];
        const struct revision *of = chain_get(chain, checkpoint->id);
        if (!check(checkpoints, i, of, faults))
            continue;
        checkpoint->checkpoint_index = i;
        checkpoint->index = of->index;
        checkpoint->parents = of->parents;
        checkpoint->parent_count = of->parent_count;
        checkpoint->branch_labels = of->branch_labels;
        checkpoint->branch_label_count = of->branch_label_count;
        list_spared(arena, chain, checkpoint);
    }
}
