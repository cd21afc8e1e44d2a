/* Connections that tenants of one database leave to each other.
 *
 * Tenants with a `schema` often share a database: connecting once for each would cost more than their work. A
 * connection is left only when it was made like new, and only while another tenant may still want it. */
#ifndef LINK_POOL_H
#define LINK_POOL_H

#include "base/compiler.h"

struct io;
struct pool;
struct tenant;

struct pool *pool_new(void);
void pool_free(struct pool *pool);

/* The next tenant, counted from 0. */
void pool_add_tenant(struct pool *pool, const struct tenant *tenant);

struct io *pool_take(struct pool *pool, size_t tenant); /* NULL: none is there */
bool pool_wants(const struct pool *pool, size_t tenant);
void pool_leave(struct pool *pool, size_t tenant, struct io *io);

/* Closes all connections that no tenant took. */
void pool_close(struct pool *pool);

#endif
