/* Runs operations of a driver to their end, one by one: what src/link/io.c does with libuv, done
 * with poll(2) and by calling `work` itself. Blocks; for tests.
 *
 *     struct runner runner = {.driver = &driver_sqlite};
 *     runner_run(&runner, conn, &op);
 *     answer_err(&answer)->kind == ERR_NONE says it went well
 */
#ifndef DRIVER_RUNNER_H
#define DRIVER_RUNNER_H

#include "driver/driver.h"

struct runner {
    const struct driver *driver;
    /* NULL: real time. A fake database has a clock of its own, which only moves by `sleep_ms`. */
    uint64_t (*now_ms)(void *ctx);
    void (*sleep_ms)(void *ctx, uint64_t ms);
    void *ctx;
};

uint64_t runner_now_ms(const struct runner *runner);
void runner_sleep_ms(const struct runner *runner, uint64_t ms);

/* Fails the test where the operation has not ended after a minute. */
void runner_run(const struct runner *runner, struct conn *conn, struct op *op);

/* Goes on with an operation that was started by hand and wants this. */
void runner_finish(const struct runner *runner, struct conn *conn, struct want want);

/* As runner_run, but `after_ms` later what the server does is cancelled; then the operation ends by itself. */
void runner_run_cancelled(const struct runner *runner, struct conn *conn, struct op *op,
                          uint64_t after_ms);

/* How an operation ended, of one that is no variable: ERR_NONE where it went well. */
static inline enum err_class ended_with(struct answer answer)
{
    return answer_err(&answer)->kind;
}

#endif
