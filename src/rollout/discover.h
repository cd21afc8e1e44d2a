/* Tenants that only a database knows: runs the inventory's query sources and adds their rows. */
#ifndef ROLLOUT_DISCOVER_H
#define ROLLOUT_DISCOVER_H

#include "inventory/inventory.h"

/* Blocks until all sources have answered. False: `faults` say what went wrong. */
bool discover_tenants(struct inventory_builder *builder, struct faults *faults) MUST_CHECK;

#endif
