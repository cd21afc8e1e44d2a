/* The one way to a ready connection: host look-up, password, connecting, reuse, release.
 *
 * `struct links` is what a run knows for it: addresses of hosts, logins and their passwords, and connections that one
 * tenant has left to the next. A `struct link` is one connection from being asked for until it is
 * closed, or left to another. Every part that asks a database something goes through it: sessions, `query` sources, the
 * question who blocks.
 *
 *     uint32_t number = links_add(links, tenant, &login);           once for each tenant
 *     struct link *link = link_new(links, number, &wish);
 *     if (link_get(link, on_ready, ctx)) on_ready(ctx, NULL);      else it comes later
 *     link_fill_connect(link, &ops[0]);                            unless link_is_connected
 *     io_run(link_io(link), ops, count, on_done, ctx);
 *     link_note_connected(link, err);                              of ops[0]
 *     link_close(link, on_closed, ctx);                            or link_leave
 *
 * Addresses and passwords live as long as the links. Nothing here blocks the loop.
 */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "link/io.h"

struct link;
struct links;
struct tenant;

/* Which login a tenant has: counted from 0. */
struct link_login {
    uint32_t index;
    bool is_new; /* no tenant before had it */
};

/* What the connection is for. */
struct link_wish {
    const char *database; /* instead of the tenant's own; NULL: that one */
    bool may_create;      /* make the database on connecting (DRIVER_CREATES_ON_CONNECT) */
    bool is_read_only;    /* the caller will only look */
    bool may_reuse;       /* one that another tenant has left will do */
};

struct links *links_new(uv_loop_t *loop);
void links_free(struct links *links); /* nothing may be under way */

/* How many connections there may be, in all and to one server. Those that were left obey it: one of them is closed before
 * another is opened. All others are their owners' affair. */
void links_limit(struct links *links, uint32_t in_all, uint32_t per_server);

/* Closes all connections that were left and that no tenant took. */
void links_close(struct links *links);

/* The next tenant, counted from 0. The tenant is borrowed. */
uint32_t links_add(struct links *links, const struct tenant *tenant, struct link_login *ret_login);

/* Equal for tenants of which one connection could serve all, one after the other; UINT32_MAX: none serves another. */
uint32_t links_group(const struct links *links, uint32_t number);

uv_loop_t *links_loop(const struct links *links);
const struct tenant *links_tenant(const struct links *links, uint32_t number);

/* The name of the tenant for which the same login was refused, or its password could not be had; NULL: there is
 * none. */
const char *links_refused(const struct links *links, uint32_t number);

/* Masks the login's password in a text that came from a server, and what else is known as a password by the words before it. */
void links_redact(const struct links *links, uint32_t number, char *text, size_t size);

/* The same of the passwords of all logins, as far as they are known by now. */
void links_redact_all(const struct links *links, char *text, size_t size);

/* Does the text hold a password of any login that is known by now? */
bool links_have_password_in(const struct links *links, const char *text, size_t len);

/* `wish` is copied; what it points to is borrowed. */
struct link *link_new(struct links *links, uint32_t number, const struct link_wish *wish);

/* `err`: the host's addresses or the password were not to be had; NULL: the link has a connection (link_io). */
typedef void (*link_ready_fn)(void *ctx, const struct err *err);

/* True: it has one now. False: on_ready comes later, on the loop. Once for each link. */
bool link_get(struct link *link, link_ready_fn on_ready, void *ctx);

/* NULL until it is ready. */
struct io *link_io(const struct link *link);

/* Nothing is left to do for it. Else the first operation of the first batch must be one that connects. */
bool link_is_connected(const struct link *link);

/* Another tenant has left it. It may have died since. */
bool link_is_reused(const struct link *link);

/* Makes an operation one that connects. The operation is zeroed, except for what only its owner knows: arena,
 * notices, limits. */
void link_fill_connect(const struct link *link, struct io_op *op);

/* Notes how connecting went (ERR_NONE: well), for all links with the same login. Its password, which the client
 * library may have found by itself, is masked in texts from now on; a login that was refused is not tried again. True:
 * it was refused. */
bool link_note_connected(struct link *link, const struct err *err);

/* Makes the connection like new and leaves it to another tenant that still wants one and may have it (pool.h); where none
 * does, or that fails, it is closed. Ends the link; `on_done` comes later, on the loop. */
void link_leave(struct link *link, io_done_fn on_done, void *ctx);

/* Closes the connection, and with it all that the session has on the server. Ends the link, before it was ready too
 * (then on_ready comes no more). `on_closed` (may be NULL) comes later, on the loop. */
void link_close(struct link *link, io_done_fn on_closed, void *ctx);

#endif
