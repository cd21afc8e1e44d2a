/* The threads of libuv's pool, which is the process's: operations of drivers that block run on them. */
#ifndef LINK_WORKERS_H
#define LINK_WORKERS_H

#include "base/compiler.h"

struct err;

/* Makes the threads, for so many tenants at once: to be called before anything uses the pool, once the inventory is known.
 * UV_THREADPOOL_SIZE in the environment wins. Where the system gives fewer threads the pool is smaller; false: it gives none
 * (libuv would abort). */
bool workers_start(uint32_t parallel, struct err *err) MUST_CHECK;

#endif
