/* The fleet's ledger, opened and locked for one run. */
#ifndef LIBRARY_RECORD_H
#define LIBRARY_RECORD_H

#include "ledger/ledger.h"
#include "library/fleet.h"

/* NULL: ERR_LEDGER, with code LEDGER_HELD where another run has it (the error says which run, on which
 * host, by which process and since when). The caller closes it with ledger_close. */
struct ledger *record_open(const struct fleet *fleet, const char *run_id,
                           struct err *err) MUST_CHECK;

#endif
