/* What the run asks of the system besides libuv: the clock, names of hosts, threads, and its driver.
 * Put in by the linker's --wrap, and in the place of src/driver/registry.c. */
#include "sim/system.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <time.h>

#include "driver/fake.h"
#include "sim/fake_uv.h"

#define WALL_MS ((int64_t)1795000000000) /* of the clock's zero; 2026 */

static struct system_hooks hooks;

void system_begin(const struct system_hooks *given)
{
    hooks = *given;
}

static int64_t wall_ms(void)
{
    return WALL_MS + (int64_t)loop_now_ms();
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){.tv_sec = (time_t)(wall_ms() / 1000),
                             .tv_nsec = (long)(wall_ms() % 1000) * 1000000};
    return 0;
}

time_t __wrap_time(time_t *ret)
{
    (void)ret;
    return (time_t)(wall_ms() / 1000);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *arg)
{
    (void)attributes;
    *thread = 0;
    loop_later(run, arg);
    return 0;
}

/* ---- names --------------------------------------------------------------------------------- */

static struct sockaddr_in nowhere = {.sin_family = AF_INET};
static struct addrinfo found = {
    .ai_family = AF_INET, .ai_addrlen = sizeof nowhere, .ai_addr = (struct sockaddr *)&nowhere};

int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret)
{
    (void)service, (void)hints;
    *ret = NULL;
    if (!hooks.knows_host(hooks.ctx, name))
        return EAI_AGAIN;
    *ret = &found;
    return 0;
}

int __wrap_getnameinfo(const struct sockaddr *address, socklen_t len, char *host,
                       socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    (void)address, (void)len, (void)service, (void)service_size, (void)flags;
    snprintf(host, host_size, "192.0.2.1");
    return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *info)
{
    (void)info; /* never allocated */
}

/* ---- the driver ---------------------------------------------------------------------------- */

static struct driver driver;

static struct conn *open_counted(const struct conn_params *params)
{
    struct conn *conn = fake_driver.open(params);
    hooks.on_open(hooks.ctx, conn, params->url->host);
    return conn;
}

static struct want start_step(struct conn *conn, struct op *op)
{
    loop_step();
    return fake_driver.start(conn, op);
}

static void close_counted(struct conn *conn)
{
    hooks.on_close(hooks.ctx, conn);
    fake_driver.close(conn);
}

const struct driver *driver_find(enum dialect dialect)
{
    if (dialect != fake_driver.dialect)
        return NULL;
    driver = fake_driver;
    driver.open = open_counted;
    driver.start = start_step;
    driver.close = close_counted;
    return &driver;
}

void drivers_init(void)
{
}
