/* Lint of a fleet's chain: by the dialects and severities of its inventory. */
#ifndef LIBRARY_FLEET_LINT_H
#define LIBRARY_FLEET_LINT_H

#include "library/fleet.h"
#include "library/fleet_catalogs.h"
#include "lint/lint.h"

struct fleet_lint_request {
    const bool *used;   /* by dialect */
    const bool *linted; /* by revision; NULL: all */
    bool reads_down;    /* down sections, too */
};

/* Passwords of tenants are hidden in what the findings quote. Free it with lint_done. */
void fleet_lint(const struct fleet *fleet, const struct fleet_lint_request *request,
                struct lint *ret, struct faults *faults);

/* The text in the arena, without passwords of tenants. */
const char *fleet_lint_hide(const struct inventory *inventory, struct arena *arena,
                            const char *text);

/* Asks the selected tenants how much the tables hold that the findings name, and weighs these by it (lint/weigh.h). */
struct fleet_weighing {
    const struct request *request; /* of a verb that plans */
    const struct fleet_show *show; /* NULL: no one sees the run */
    void (*on_error)(void *ctx, const char *tenant,
                     const struct err *error); /* who could not be asked */
    void *ctx;
    size_t failed; /* so many could not */
    int signal;    /* that stopped it; 0: none */
};

/* False: it could not be begun. */
bool fleet_lint_weigh(struct fleet *fleet, struct fleet_weighing *weighing, struct lint *lint,
                      struct err *err) MUST_CHECK;

#endif
