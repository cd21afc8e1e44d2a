/* The waves of a run: the inventory's rules and what is asked for, brought together with the tenants. */
#ifndef LIBRARY_WAVES_H
#define LIBRARY_WAVES_H

#include "library/prepare.h"

/* Fills rollout's waves, wave_count, wave_limit and wave_of. Every tenant is in the first wave that takes it;
 * those that none takes are in one of their own after the others, `rest`. Without waves in the inventory all
 * are in one, `all`. Those that a resume leaves out are in a last one that is not begun. ERR_CONFIG: there is no wave of the name that request->limits.wave gives. */
bool waves_make(struct fleet *fleet, const struct request *request, struct rollout_options *rollout,
                struct err *err) MUST_CHECK;

#endif
