/* Places where tenants stand: lists of version rows, each kept once and known by a number.
 *
 * A fleet stands at a handful of places; a tenant then costs four bytes.
 */
#ifndef ROLLOUT_PLACES_H
#define ROLLOUT_PLACES_H

#include "ledger/event.h"

struct places;

struct places *places_new(void);
void places_free(struct places *places);

/* The number of these rows, which are copied where they are new. Unknown rows have number 0. */
uint32_t places_put(struct places *places, const struct rows *rows);

/* Lives as long as the places. */
const struct rows *places_at(const struct places *places, uint32_t number);

#endif
