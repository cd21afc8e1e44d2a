/* What the exit code says (contract; docs/skein.1 has them all). */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

enum {
    EXIT_OK = 0,
    EXIT_TENANT_FAILED = 1,
    EXIT_USAGE = 2,       /* usage, inventory or chain: no tenant was touched */
    EXIT_LEDGER_HELD = 5, /* another run holds this ledger */
    EXIT_LEDGER = 6,      /* the ledger cannot be written */
    EXIT_SIGNAL = 128,    /* + the signal that stopped it */
};

#endif
