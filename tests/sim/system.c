/* What the run asks of the system besides libuv: the clock, names of hosts, threads, and its driver.
 * Put in by the linker's --wrap, and in the place of src/driver/registry.c and src/dialect/dialects.c. */
#include "sim/system.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"
#include "driver/driver.h"
#include "driver/fake.h"
#include "inventory/inventory.h"
#include "sim/fake_uv.h"

#define WALL_MS ((int64_t)1795000000000) /* of the clock's zero; 2026 */

static struct system_hooks hooks;
static int64_t wall_offsets_ms[LOOP_PROCESSES_MAX]; /* by process */
static bool are_cut[LOOP_PROCESSES_MAX];            /* from all servers */

static int64_t wall_ms(void)
{
    return WALL_MS + (int64_t)loop_now_ms();
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int64_t ms = wall_ms();
    if (clock == CLOCK_REALTIME)
        ms += wall_offsets_ms[loop_process()];
    if (clock == CLOCK_MONOTONIC)
        ms -= (int64_t)loop_slept_ms();
    *ret = (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    return 0;
}

void system_set_wall(unsigned process, int64_t offset_ms)
{
    wall_offsets_ms[process] = offset_ms;
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

/* ---- passwords ----------------------------------------------------------------------------- */

bool __wrap_password_fetch_on_thread(const struct password *password, char **ret_password,
                                     struct err *err)
{
    (void)password;
    if (!hooks.knows_password(hooks.ctx))
        return err_set(err, ERR_CONFIG, "the password command gave no password");
    *ret_password = xstrdup("secret");
    return true;
}

/* ---- the drivers --------------------------------------------------------------------------- */

/* With what the simulation has to know around it. */
static struct driver wrapped[DIALECT__COUNT];

enum { CONNS_MAX = 256 };

/* Connections, where they lead, and whether a session has them: one that was made like new waits for the next. */
static struct open_conn {
    const struct conn *conn;
    const struct driver *driver;
    const struct url *url;
    struct url led;   /* where that URL leads, if it does not say so itself */
    unsigned process; /* whose it is */
    bool is_taken;
} conns[CONNS_MAX];

static struct open_conn *find_conn(const struct conn *conn)
{
    size_t i = 0;
    while (conns[i].conn != conn)
        i++;
    return &conns[i];
}

static bool is_server(const struct driver *driver)
{
    return driver->traits & DRIVER_IS_SERVER;
}

static struct conn *open_noted(const struct conn_params *params)
{
    const struct driver *driver = hooks.drivers[params->url->dialect];
    struct open_conn *open = find_conn(NULL);
    struct conn_params led = *params;
    *open = (struct open_conn){.driver = driver, .url = params->url, .process = loop_process()};
    if (!url_param(params->url, "world")) {
        open->led = fake_url_of(hooks.world, driver, params->url->database);
        led.url = &open->led;
    }
    if (is_server(driver) &&
        are_cut[loop_process()]) { /* it says nothing of a world: no one answers */
        open->led = *led.url;
        open->led.param_count = 0;
        led.url = &open->led;
    }
    open->conn = driver->open(&led);
    return (struct conn *)(uintptr_t)open->conn;
}

static void leave(struct open_conn *open)
{
    if (open->is_taken)
        hooks.on_close(hooks.ctx, open->conn);
    open->is_taken = false;
}

/* A session's operations have a lock timeout; the question who blocks it has none. */
static struct want start_counted(struct conn *conn, const struct op *op)
{
    struct open_conn *open = find_conn(conn);
    bool is_reset = op->sql && strcmp(op->sql, "forget") == 0;
    loop_step();
    if (hooks.on_op)
        hooks.on_op(hooks.ctx, open->url, op);
    if (is_reset)
        leave(open);
    else if (op->limits && !open->is_taken) {
        open->is_taken = true;
        hooks.on_open(hooks.ctx, conn, open->url);
    }
    return open->driver->start(conn, op);
}

static void close_counted(struct conn *conn)
{
    struct open_conn *open = find_conn(conn);
    const struct driver *driver = open->driver;
    leave(open);
    *open = (struct open_conn){0};
    driver->close(conn);
}

static void work_counted(struct conn *conn)
{
    loop_step();
    find_conn(conn)->driver->work(conn);
}

void system_begin(const struct system_hooks *given)
{
    hooks = *given;
    memset(conns, 0, sizeof conns);
    memset(wall_offsets_ms, 0, sizeof wall_offsets_ms);
    memset(are_cut, 0, sizeof are_cut);
    for (int i = 0; i < DIALECT__COUNT; i++) {
        if (!hooks.drivers[i])
            continue;
        wrapped[i] = *hooks.drivers[i];
        wrapped[i].open = open_noted;
        wrapped[i].start = start_counted;
        wrapped[i].close = close_counted;
        wrapped[i].work = work_counted;
    }
}

void system_forget_connections(void)
{
    memset(conns, 0, sizeof conns);
}

size_t system_each_connection(unsigned process, void (*visit)(struct conn *conn))
{
    size_t count = 0;
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (conns[i].conn && conns[i].process == process) {
            visit((struct conn *)(uintptr_t)conns[i].conn);
            count++;
        }
    return count;
}

void system_cut(unsigned process, bool is_cut)
{
    are_cut[process] = is_cut;
    for (size_t i = 0; is_cut && i < CONNS_MAX; i++)
        if (conns[i].conn && conns[i].process == process && is_server(conns[i].driver))
            fake_leave((struct conn *)(uintptr_t)conns[i].conn);
}

void system_bury(unsigned process)
{
    system_each_connection(process, fake_leave);
    for (size_t i = 0; i < CONNS_MAX; i++)
        if (conns[i].conn && conns[i].process == process) {
            leave(&conns[i]);
            conns[i] = (struct open_conn){0};
        }
}

const struct driver *driver_find(enum dialect_id dialect)
{
    return hooks.drivers[dialect] ? &wrapped[dialect] : NULL;
}

const struct dialect *dialect_of(enum dialect_id dialect)
{
    return hooks.drivers[dialect] ? hooks.drivers[dialect]->dialect : NULL;
}

void drivers_init(void)
{
}
