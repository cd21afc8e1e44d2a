/* Where a tenant stands, with the step of it that a run has left half way: rows of the version table, and one more entry for such a step.
 * A plan that was looked at is followed only from there. Pure.
 *
 * No id has the form of that entry: `~ up 83241ca0f125 2 0`, the step with its direction, and how many statements and batches are done.
 */
#ifndef EVENT_STANDING_PLACE_H
#define EVENT_STANDING_PLACE_H

#include "chain/revision.h"
#include "chain/rows.h"

struct half_step;

/* Sorted; in the arena. `half` NULL: the rows alone. */
struct rows standing_place(struct arena *arena, const struct rows *rows,
                           const struct half_step *half);

/* The rows alone. */
struct rows standing_place_rows(struct arena *arena, const struct rows *place);

/* The step; false: there is none. Its revision is borrowed from the arena. */
bool standing_place_half(struct arena *arena, const struct rows *place, struct half_step *ret);

#endif
