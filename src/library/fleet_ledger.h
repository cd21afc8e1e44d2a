/* The fleet's ledger, opened and locked for one run. */
#ifndef LIBRARY_FLEET_LEDGER_H
#define LIBRARY_FLEET_LEDGER_H

#include "ledger/ledger.h"
#include "library/fleet.h"

struct buf;

/* Waits for a run that holds it, as the fleet's patience says; blocks meanwhile. NULL: ERR_LEDGER, with code
 * LEDGER_HELD where another run has it (the error says which run, whose, by which process and since when). The caller closes it with ledger_close. */
struct ledger *fleet_ledger_open(const struct fleet *fleet, const char *run_id,
                                 struct err *err) MUST_CHECK;

/* The ledger for reading alone, even while a run holds it. NULL: ERR_LEDGER. */
struct ledger *fleet_ledger_read(const struct fleet *fleet, struct err *err) MUST_CHECK;

/* Waits until no run holds it, for commands that look at tenants before their run begins (prepare_looks_first): what was seen while
 * another run is at work would be old by then. Where the fleet has no patience, one that `looks_first` is refused at once, and others find out as they
 * begin. The same errors. */
bool fleet_ledger_await(const struct fleet *fleet, bool looks_first, struct err *err) MUST_CHECK;

/* `alice@db1`, from the arena: who we are. */
const char *fleet_ledger_me(struct arena *arena);

/* `run 20261123T101500Z-5f3a9c of alice@db1, process 4711` */
void fleet_ledger_name_holder(struct buf *buf, const struct ledger_holder *holder);

#endif
