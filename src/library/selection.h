/* Which of the inventory's tenants a command is about: --select, --tenant and --wave, all of which must hold. */
#ifndef LIBRARY_SELECTION_H
#define LIBRARY_SELECTION_H

struct faults;
struct fleet;
struct fleet_request;

/* Sets the fleet's tenants, in the inventory's order. Adds to `faults` what the request names and the inventory
 * does not have. */
void selection_make(struct fleet *fleet, const struct fleet_request *request,
                    struct faults *faults);

#endif
