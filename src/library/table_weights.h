/* How much the tables that findings name hold in the tenants that a run only looks at.
 *
 *     struct table_weights weights;
 *     table_weights_begin(&weights, &lint);
 *     table_weights_ask(&weights, &request);            the run asks tenants for sizes
 *     … the run, with table_weights_observer(&weights) …
 *     table_weights_apply(&weights, &lint);             the findings say what they come to
 *     table_weights_end(&weights);
 *
 * The lint outlives it: its arena is used.
 */
#ifndef LIBRARY_TABLE_WEIGHTS_H
#define LIBRARY_TABLE_WEIGHTS_H

#include "base/map.h"
#include "event/event.h"
#include "lint/weigh.h"

struct table_weights {
    struct map by_table;        /* of `items` */
    struct table_weight *items; /* `tenants` 0: no one has it */
    const char **tables;
    size_t count;
    size_t asked;
};

void table_weights_begin(struct table_weights *weights, struct lint *lint);
void table_weights_ask(const struct table_weights *weights, struct request *request);
struct observer table_weights_observer(struct table_weights *weights);
void table_weights_apply(struct table_weights *weights, struct lint *lint);
void table_weights_end(struct table_weights *weights);

#endif
