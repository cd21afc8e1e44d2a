/* What the run asks of the system besides libuv, made up: the clock (fake_uv.h's), names of hosts,
 * detached threads (loop_later), and the made-up database's driver in the place of all others. */
#ifndef SIM_SYSTEM_H
#define SIM_SYSTEM_H

#include "base/compiler.h"

struct conn;

struct system_hooks {
    bool (*knows_host)(void *ctx, const char *name); /* false: try again later */
    void (*on_open)(void *ctx, const struct conn *conn, const char *host);
    void (*on_close)(void *ctx, const struct conn *conn);
    void *ctx;
};

void system_begin(const struct system_hooks *hooks);

#endif
