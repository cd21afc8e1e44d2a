/* What nearly every command begins with: the inventory, its chain, and the tenants that were meant. */
#ifndef CLI_FLEET_H
#define CLI_FLEET_H

#include "base/arena.h"
#include "chain/chain.h"
#include "cli/options.h"
#include "driver/script.h"
#include "inventory/inventory.h"

struct fleet {
    struct arena arena;
    struct inventory *inventory;
    struct chain *chain;     /* NULL: not asked for */
    struct scripts *scripts; /* NULL: not asked for */
    const struct tenant **tenants; /* the selection, in the inventory's order */
    size_t tenant_count;
};

enum {
    FLEET_TENANTS = 1,
    FLEET_CHAIN = 2,
    FLEET_SCRIPTS = 4,
    FLEET_VISIT = FLEET_TENANTS | FLEET_CHAIN | FLEET_SCRIPTS, /* what a run over tenants takes */
};

/* Reads what `needs` says, and tells all faults on stderr. False: there were any (exit 2). Free it
 * either way. */
bool fleet_open(struct fleet *fleet, const struct options *options, unsigned needs) MUST_CHECK;
void fleet_done(struct fleet *fleet);

/* The first wave whose selector takes the tenant; NULL: none. */
const struct wave *fleet_wave(const struct fleet *fleet, const struct tenant *tenant);

/* Tells an error on stderr, escaped, in one line. Returns EXIT_USAGE. */
int cli_fail(const struct err *err);

#endif
