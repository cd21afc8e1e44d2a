/* What the run asks of the system besides libuv, made up: the clock (fake_uv.h's), names of hosts,
 * detached threads (loop_later), and the made-up database's driver in the place of all others. */
#ifndef SIM_SYSTEM_H
#define SIM_SYSTEM_H

#include "base/compiler.h"

#include "base/dialect.h"

struct conn;
struct driver;
struct fake_world;
struct op;
struct url;

struct system_hooks {
    bool (*knows_host)(void *ctx, const char *name); /* false: try again later */
    bool (*knows_password)(void *ctx);               /* the command for it ends well */
    /* A session's connection; one that only asks who blocks it is none. */
    void (*on_open)(void *ctx, const struct conn *conn, const struct url *url);
    void (*on_op)(void *ctx, const struct url *url, const struct op *op); /* NULL: not told */
    void (*on_close)(void *ctx, const struct conn *conn);
    struct fake_world *world;            /* where a URL leads that says nothing of a world */
    const struct driver *const *drivers; /* by dialect; NULL: none speaks it */
    void *ctx;
};

void system_begin(const struct system_hooks *hooks);

/* Those of a process that was killed. */
void system_forget_connections(void);

/* The same of one of several: its servers notice, and go on with what was asked of them. */
void system_bury(unsigned process);

/* The process reaches no server any more, or again. What it has open there is lost; servers go on with what was asked of them. */
void system_cut(unsigned process, bool is_cut);

/* Those of a process, each once. How many there are. */
size_t system_each_connection(unsigned process, void (*visit)(struct conn *conn));

/* The process's time of day is that much ahead of the clock's. */
void system_set_wall(unsigned process, int64_t offset_ms);

#endif
