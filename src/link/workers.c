#include "link/workers.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/parse.h"
#include "link/loop.h"

static void *wait_for_all(void *ctx)
{
    pthread_mutex_t *gate = ctx;
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* How many threads of `wanted` the system gives at once, besides ours. */
static uint32_t count_threads(uint32_t wanted, int *ret_error)
{
    pthread_t *threads = xcalloc(wanted, sizeof *threads);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    uint32_t count = 0;
    *ret_error = 0;
    pthread_mutex_lock(&gate);
    while (count < wanted && !*ret_error) {
        *ret_error = pthread_create(&threads[count], NULL, wait_for_all, &gate);
        count += !*ret_error;
    }
    pthread_mutex_unlock(&gate);
    for (uint32_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return count;
}

/* Few threads that are always busy cost a third less than one a tenant, of which each piece of work
 * wakes another; more than processors, since some wait for disks. */
static uint32_t wanted_threads(uint32_t parallel)
{
    enum { SMALLEST = 4, ALWAYS_FINE = 8, LARGEST = 128, LIBUVS_LARGEST = 1024 };
    const char *chosen = getenv("UV_THREADPOOL_SIZE");
    uint32_t most = uv_available_parallelism() * 4, number;
    if (chosen && parse_u32(chosen, 1, LIBUVS_LARGEST, &number))
        return number;
    most = most < ALWAYS_FINE ? ALWAYS_FINE : most > LARGEST ? LARGEST : most;
    return parallel < SMALLEST ? SMALLEST : parallel > most ? most : parallel;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

/* libuv makes all of the pool's threads with its first work: now, while there are so many. */
static bool start_pool(struct err *err)
{
    uv_loop_t loop;
    uv_work_t work;
    if (!loop_open(&loop, err))
        return false;
    uv_queue_work(&loop, &work, do_nothing, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return true;
}

/* Where threads are scarce, some are left over for look-ups, passwords and cancels, and some memory for all else. */
bool workers_start(uint32_t parallel, struct err *err)
{
    enum { SPARE = 4 };
    char size[16];
    int error;
    uint32_t wanted = wanted_threads(parallel);
    uint32_t given = count_threads(wanted + SPARE, &error);
    if (!given)
        return err_set(
            err, ERR_CONFIG,
            "the system gives no thread to work with: %s (see 'ulimit -u' and 'ulimit -v')",
            strerror(error));
    if (given < wanted + SPARE)
        wanted = given > 2 * SPARE ? given - SPARE : (given + 1) / 2;
    snprintf(size, sizeof size, "%u", wanted);
    setenv("UV_THREADPOOL_SIZE", size, 1);
    return start_pool(err);
}
