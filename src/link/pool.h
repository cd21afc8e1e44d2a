/* Connections that tenants leave to each other: tenants of one server and login where a driver can move a connection to
 * another database (driver.move), else of one database and login that are schemas of it.
 *
 * Connecting once for each tenant would cost more than the work of many. A connection is left only when it was made like
 * new, and only while another tenant may still want it. Those that wait here count as connections: there are never more
 * than the limits say, for one that waits is closed before another is opened.
 */
#ifndef LINK_POOL_H
#define LINK_POOL_H

#include "base/compiler.h"

struct io;
struct pool;
struct tenant;

struct pool *pool_new(void);
void pool_free(struct pool *pool);

/* How many connections there may be in all, and to one server, those that wait here among them. UINT32_MAX: any. */
void pool_limit(struct pool *pool, uint32_t in_all, uint32_t per_server);

/* The next tenant, counted from 0. */
void pool_add_tenant(struct pool *pool, const struct tenant *tenant);

/* Equal for tenants that may leave a connection to each other; UINT32_MAX: it shares with no other. */
uint32_t pool_group(const struct pool *pool, size_t tenant);

struct io *pool_take(struct pool *pool, size_t tenant); /* NULL: none is there */
bool pool_wants(const struct pool *pool, size_t tenant);
void pool_leave(struct pool *pool, size_t tenant, struct io *io);

/* The server does not make connections of this kind like new: none is left any more. */
void pool_refuse(struct pool *pool, size_t tenant);

/* One is opened to the tenant's server; one that was opened, or taken, is closed. */
void pool_note_opened(struct pool *pool, size_t tenant);
void pool_note_closed(struct pool *pool, size_t tenant);

/* What waits and is to be closed, by the caller, one after the other until it is NULL: after the limits have changed; before
 * another connection is opened to the tenant's server; where that server has no more room; at the end. */
struct io *pool_beyond(struct pool *pool);
struct io *pool_excess(struct pool *pool, size_t tenant);
struct io *pool_idle_of_server(struct pool *pool, size_t tenant);
struct io *pool_idle(struct pool *pool);

#endif
