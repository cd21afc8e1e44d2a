/* What is told while a run waits for the ledger. */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include "cli/options.h"
#include "library/fleet.h"

/* As --wait says; borrows the options. */
struct patience waiting_patience(const struct options *options);

#endif
