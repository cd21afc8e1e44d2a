/* Which of the inventory's tenants a command is about: --select, --tenant, --state and --wave, all of which must hold. */
#ifndef LIBRARY_SELECTION_H
#define LIBRARY_SELECTION_H

#include "base/compiler.h"

struct err;
struct faults;
struct fleet;
struct fleet_request;
struct wave;

/* Sets the fleet's tenants, in the inventory's order. Adds to `faults` what the request names and the inventory
 * does not have; where the request refuses a selection of no one, that too, and labels that no tenant has: all
 * of them where no one is selected, else those that look like one which exists (`tier!=canry` would take the
 * canary). */
void selection_make(struct fleet *fleet, const struct fleet_request *request,
                    struct faults *faults);

/* "there is no tenant 'acmee'; did you mean 'acme'?". Both return false. */
bool selection_refuse_tenant(const struct fleet *fleet, const char *name, struct err *err);
bool selection_refuse_wave(const struct fleet *fleet, const char *name, struct err *err);

/* "wave 'canary' takes no tenant: no tenant has the label 'tier' with the value 'canry'; there are …", at its line. Returns
 * false. */
bool selection_refuse_empty_wave(struct fleet *fleet, const struct wave *wave, struct err *err);

#endif
