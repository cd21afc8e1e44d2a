#include "link/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "link/job.h"

struct waiter {
    struct waiter *next;
    resolve_done_fn on_done;
    void *ctx;
};

struct host {
    struct resolver *resolver;
    const char *name;
    const char *addresses; /* NULL: not known */
    struct waiter *waiters;
    struct job job;
    struct addrinfo *found; /* by the lookup under way */
    const char *why;        /* NULL, or: why it found nothing */
    bool is_transient;
};

struct resolver {
    uv_loop_t *loop;
    struct arena arena;
    struct map by_name;
    struct host **hosts;
    size_t count, capacity;
};

struct resolver *resolver_new(uv_loop_t *loop)
{
    struct resolver *resolver = xcalloc(1, sizeof *resolver);
    resolver->loop = loop;
    arena_init(&resolver->arena);
    map_init(&resolver->by_name);
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    map_done(&resolver->by_name);
    arena_done(&resolver->arena);
    free(resolver);
}

static const char *join_addresses(struct arena *arena, const struct addrinfo *info)
{
    struct buf buf;
    buf_init(&buf, 4096);
    for (; info; info = info->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0)
            buf_addf(&buf, "%s%s", buf.len ? "," : "", text);
    }
    char *joined = buf.len ? arena_strdup(arena, buf.data) : NULL;
    buf_done(&buf);
    return joined;
}

static void look_up_on_thread(void *ctx)
{
    struct host *host = ctx;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    host->found = NULL;
    int status = getaddrinfo(host->name, NULL, &hints, &host->found);
    host->is_transient = status == EAI_AGAIN;
    host->why = !status ? NULL : status == EAI_SYSTEM ? strerror(errno) : gai_strerror(status);
}

static void on_looked_up(void *ctx)
{
    struct host *host = ctx;
    struct err err;
    if (host->found) {
        host->addresses = join_addresses(&host->resolver->arena, host->found);
        freeaddrinfo(host->found);
    }
    err_set(&err, ERR_CONNECT, "cannot look up host '%s': %s", host->name,
            host->why ? host->why : "it has no address");
    err.is_transient = host->is_transient;
    err.trouble = host->is_transient ? TROUBLE_DOWN : TROUBLE_NONE;
    struct waiter *waiter = host->waiters;
    host->waiters = NULL;
    while (waiter) {
        struct waiter *next = waiter->next;
        waiter->on_done(waiter->ctx, host->addresses, host->addresses ? NULL : &err);
        free(waiter);
        waiter = next;
    }
}

static struct host *find_host(struct resolver *resolver, const char *name)
{
    uint32_t index = map_get(&resolver->by_name, name);
    if (index != MAP_NONE)
        return resolver->hosts[index];
    struct host *host = arena_calloc(&resolver->arena, 1, sizeof *host);
    host->resolver = resolver;
    host->job = (struct job){.work = look_up_on_thread, .on_done = on_looked_up, .ctx = host};
    host->name = arena_strdup(&resolver->arena, name);
    map_put(&resolver->by_name, host->name, (uint32_t)resolver->count);
    *ARENA_PUSH(&resolver->arena, resolver->hosts, resolver->count, resolver->capacity) = host;
    return host;
}

const char *resolver_ask(struct resolver *resolver, const char *name, resolve_done_fn on_done,
                         void *ctx)
{
    struct host *host = find_host(resolver, name);
    if (host->addresses)
        return host->addresses;
    struct waiter *waiter = xmalloc(sizeof *waiter);
    bool is_asking = host->waiters != NULL;
    *waiter = (struct waiter){host->waiters, on_done, ctx};
    host->waiters = waiter;
    if (!is_asking)
        job_start(resolver->loop, &host->job);
    return NULL;
}
