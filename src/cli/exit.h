/* What the exit code says (contract). */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    EXIT_OK = 0,
    EXIT_TENANT_FAILED = 1,
    EXIT_USAGE = 2,       /* usage, inventory or chain: no tenant was touched */
    EXIT_PERSON = 4,      /* a person must look at a tenant */
    EXIT_LEDGER_HELD = 5, /* another run holds this ledger */
    EXIT_LEDGER = 6,      /* the ledger cannot be written */
    EXIT_RESOURCES = 71,  /* aborted: no memory, no thread, or a bug */
    EXIT_SIGNAL = 128,    /* + the signal that stopped it */
};

/* All of them, for the help and the manual. */
struct exit_code {
    const char *code;
    const char *meaning;
};

#endif
