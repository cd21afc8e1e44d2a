/* An event loop, where the system has room for one: libuv aborts where it gets no descriptors for the first. */
#ifndef LINK_LOOP_H
#define LINK_LOOP_H

#include <uv.h>

#include "base/err.h"

bool loop_open(uv_loop_t *loop, struct err *err) MUST_CHECK;

#endif
