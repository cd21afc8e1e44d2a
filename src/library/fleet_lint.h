/* Lint of a fleet's chain: by the dialects and severities of its inventory. */
#ifndef LIBRARY_FLEET_LINT_H
#define LIBRARY_FLEET_LINT_H

#include "library/fleet.h"
#include "lint/lint.h"

struct fleet_lint_request {
    const bool *used;   /* by dialect */
    const bool *linted; /* by revision; NULL: all */
};

/* Passwords of tenants are hidden in what the findings quote. Free it with lint_done. */
void fleet_lint(const struct fleet *fleet, const struct fleet_lint_request *request,
                struct lint *ret, struct faults *faults);

#endif
