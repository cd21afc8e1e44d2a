/* A plan while it is built: what its parts (upgrade, downgrade, stamp) share. */
#ifndef PLAN_BUILDING_H
#define PLAN_BUILDING_H

#include "chain/identifier.h"
#include "plan/heads.h"
#include "plan/plan.h"

struct building {
    struct lookup in;
    const struct target *target;
    struct heads heads; /* the rows as the steps so far leave them */
    struct step *steps;
    size_t count, capacity;
    bool stands_above; /* a row lies above a target of an upgrade */
};

/* Each adds the steps to what the text means; false with an error. */
bool building_upgrade(struct building *building, const char *text) MUST_CHECK;
bool building_downgrade(struct building *building, const char *text) MUST_CHECK;

/* All targets at once. */
bool building_stamp(struct building *building) MUST_CHECK;

/* Steps for the revisions of `set`, in their order: upwards, or downwards the other way round. */
bool building_add_steps(struct building *building, const bool *set,
                        enum direction direction) MUST_CHECK;

/* From base: one step by the checkpoint that takes the place of most of the set, which it takes out of the set. */
void building_take_checkpoint(struct building *building, bool *set);

/* Rows of the version table to begin with; and the rows as the steps leave them, sorted. */
bool building_find_rows(struct building *building, const struct rows *rows) MUST_CHECK;
struct rows building_sorted_rows(struct building *building);

/* The steps, and the rows that they lead to. */
void building_finish(struct building *building, struct plan *plan);

/* The id of a revision, borrowed from the chain. */
const char *building_id(const struct building *building, uint32_t revision);

#endif
