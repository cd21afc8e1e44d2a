#include "driver/runner.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "unit/unit.h"

enum { LIMIT_MS = 60000 };

/* One operation under way. */
struct running {
    const struct runner *runner;
    struct conn *conn;
    uint64_t end_ms;
    uint64_t cancel_ms; /* when to cancel; 0: not, or done already */
};

uint64_t runner_now_ms(const struct runner *runner)
{
    struct timespec now;
    if (runner->now_ms)
        return runner->now_ms(runner->ctx);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void real_sleep_ms(uint64_t ms)
{
    nanosleep(&(struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000}, NULL);
}

void runner_sleep_ms(const struct runner *runner, uint64_t ms)
{
    if (runner->sleep_ms)
        runner->sleep_ms(runner->ctx, ms);
    else
        real_sleep_ms(ms);
}

/* ---- cancelling ---------------------------------------------------------------------------- */

static void cancel_now(struct running *running)
{
    const struct driver *driver = running->runner->driver;
    void *token = driver->cancel_token(running->conn);
    running->cancel_ms = 0;
    if (token)
        driver->cancel(token);
}

static void cancel_if_due(struct running *running)
{
    if (running->cancel_ms && runner_now_ms(running->runner) >= running->cancel_ms)
        cancel_now(running);
}

static void *cancel_on_thread(void *ctx)
{
    struct running *running = ctx;
    uint64_t now_ms = runner_now_ms(running->runner);
    if (running->cancel_ms > now_ms)
        real_sleep_ms(running->cancel_ms - now_ms);
    cancel_now(running);
    return NULL;
}

/* A driver that does everything in `work` can only be cancelled from beside it. */
static void work(struct running *running)
{
    const struct driver *driver = running->runner->driver;
    pthread_t thread;
    bool is_beside = running->cancel_ms && driver->traits & DRIVER_ON_WORKER;
    if (is_beside)
        assert_int_equal(pthread_create(&thread, NULL, cancel_on_thread, running), 0);
    driver->work(running->conn);
    if (is_beside)
        pthread_join(thread, NULL);
}

/* ---- waiting ------------------------------------------------------------------------------- */

/* How long to wait at most: for `wanted_ms`, the cancel or the limit, whatever comes first. */
static uint64_t wait_ms(const struct running *running, uint64_t wanted_ms)
{
    uint64_t now_ms = runner_now_ms(running->runner);
    uint64_t until_ms = running->end_ms;
    if (now_ms >= running->end_ms)
        fail_msg("the operation does not end");
    if (running->cancel_ms && running->cancel_ms < until_ms)
        until_ms = running->cancel_ms;
    uint64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    return left_ms < wanted_ms ? left_ms : wanted_ms;
}

/* False: nothing happened yet. */
static bool wait_for_socket(const struct running *running, const struct want *want,
                            uint64_t most_ms, unsigned *ret_ready)
{
    struct pollfd fd = {.fd = want->fd};
    fd.events =
        (short)((want->bits & WANT_READ ? POLLIN : 0) | (want->bits & WANT_WRITE ? POLLOUT : 0));
    int count = poll(&fd, 1, (int)wait_ms(running, most_ms));
    if (count < 0 && errno != EINTR)
        fail_msg("poll: %s", strerror(errno));
    *ret_ready = (fd.revents & (POLLIN | POLLHUP | POLLERR) ? WANT_READ : 0u) |
                 (fd.revents & (POLLOUT | POLLERR) ? WANT_WRITE : 0u);
    *ret_ready &= want->bits;
    return *ret_ready != 0;
}

/* Brings about what is wanted; returns what has come. */
static unsigned wait_for(struct running *running, const struct want *want)
{
    unsigned ready = 0;
    if (want->bits & WANT_WORKER) {
        work(running);
        return WANT_WORKER;
    }
    /* A made-up world has no sockets that poll(2) knows; its drivers want a time beside each. */
    bool is_made_up = running->runner->sleep_ms;
    bool has_time = want->bits & WANT_TIMER;
    bool has_socket = want->bits & (WANT_READ | WANT_WRITE) && !is_made_up;
    uint64_t end_ms = has_time ? runner_now_ms(running->runner) + want->timeout_ms : UINT64_MAX;
    for (uint64_t now_ms; (now_ms = runner_now_ms(running->runner)) < end_ms;) {
        uint64_t left_ms = has_time ? end_ms - now_ms : LIMIT_MS;
        if (!has_socket)
            runner_sleep_ms(running->runner, wait_ms(running, left_ms));
        else if (wait_for_socket(running, want, left_ms, &ready))
            return ready;
        cancel_if_due(running);
    }
    return WANT_TIMER;
}

static void go_on(struct running *running, struct want want)
{
    while (want.bits != WANT_NOTHING) {
        unsigned ready = wait_for(running, &want);
        want = running->runner->driver->step(running->conn, ready);
    }
}

void runner_finish(const struct runner *runner, struct conn *conn, struct want want)
{
    struct running running = {runner, conn, runner_now_ms(runner) + LIMIT_MS, 0};
    go_on(&running, want);
}

void runner_run(const struct runner *runner, struct conn *conn, struct op *op)
{
    runner_finish(runner, conn, runner->driver->start(conn, op));
}

void runner_run_cancelled(const struct runner *runner, struct conn *conn, struct op *op,
                          uint64_t after_ms)
{
    uint64_t now_ms = runner_now_ms(runner);
    struct running running = {runner, conn, now_ms + LIMIT_MS, now_ms + after_ms};
    go_on(&running, runner->driver->start(conn, op));
}
