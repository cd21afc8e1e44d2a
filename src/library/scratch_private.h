/* How a scratch database is made and dropped, by where it is. Only scratch*.c include this. */
#ifndef LIBRARY_SCRATCH_PRIVATE_H
#define LIBRARY_SCRATCH_PRIVATE_H

#include "library/scratch.h"

#define SCRATCH_PREFIX "skein_scratch_"

/* Each fills the tenant's URL, and its password where it has one; what runs that were killed have left goes first. */
bool scratch_file_make(struct scratch *scratch, struct tenant *tenant, struct err *err) MUST_CHECK;
bool scratch_server_make(struct scratch *scratch, struct tenant *tenant,
                         struct err *err) MUST_CHECK;

/* Nothing happens where it was not made. */
void scratch_file_drop(struct scratch *scratch);
void scratch_server_drop(struct scratch *scratch);

#endif
