/* The rows of the version table while steps are taken, as Alembic keeps them: one row a head, none
 * for a revision that another row's revision implies. Pure.
 *
 * Beside the rows it knows all revisions that the tenant has, and how many of its children a revision
 * has above it, so that a step costs what it changes, not the length of the chain.
 */
#ifndef PLAN_HEADS_H
#define PLAN_HEADS_H

#include "chain/walk.h"
#include "plan/plan.h"

struct heads {
    struct arena *arena;
    const struct chain *chain;
    uint32_t *items;
    size_t count;
    bool *is_row;
    bool *standing;     /* the rows' revisions and all under them */
    uint32_t *children; /* of each revision: those of its children that stand */
};

/* Begins with the rows of the version table as they were found. All of it lives in the arena. */
void heads_init(struct heads *heads, struct arena *arena, const struct chain *chain,
                struct revisions rows);

/* The rows by now, in no order; borrowed until the next step. */
struct revisions heads_rows(const struct heads *heads);

/* Is it a row by now? */
bool heads_has(const struct heads *heads, uint32_t revision);

/* The changes of the version table that go with the step; heads are those after it. */
void heads_step(struct heads *heads, const struct revision *revision, enum direction direction,
                const struct version_change **ret_changes, size_t *ret_count);

/* One change by itself, for stamps: of the rows only. `from` or `to` MAP_NONE: none. */
struct version_change heads_change(struct heads *heads, enum version_change_kind kind,
                                   uint32_t from, uint32_t to);

#endif
