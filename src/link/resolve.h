/* Host names to addresses, off the loop (job.h says why not with uv_getaddrinfo), each asked once
 * while it is good.
 *
 * A failure is told to all who waited and not remembered: the next who asks starts a new look-up.
 */
#ifndef LINK_RESOLVE_H
#define LINK_RESOLVE_H

#include <uv.h>

struct err;
struct resolver;

/* `addresses`: comma separated, living as long as the resolver; NULL with err (class connect). */
typedef void (*resolve_done_fn)(void *ctx, const char *addresses, const struct err *err);

struct resolver *resolver_new(uv_loop_t *loop);
void resolver_free(struct resolver *resolver); /* no look-up may be under way */

/* The addresses of the host, if they are known. NULL: they are looked up, and on_done comes later. */
const char *resolver_ask(struct resolver *resolver, const char *host, resolve_done_fn on_done,
                         void *ctx);

#endif
