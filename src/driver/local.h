/* Which addresses are this machine's own: traffic to them needs no TLS. */
#ifndef DRIVER_LOCAL_H
#define DRIVER_LOCAL_H

#include "base/compiler.h"

/* Of an address as it is written, `len` bytes. */
bool local_is_address(const char *text, size_t len);

/* Do all of a comma separated list belong to this machine, as `is_local` sees each? */
bool local_are_all(const char *list, bool (*is_local)(const char *text, size_t len));

#endif
