#include "link/job.h"

static void run_on_thread(void *arg)
{
    struct job *job = arg;
    job->work(job->ctx);
    uv_async_send(&job->has_ended);
}

static void on_closed(uv_handle_t *handle)
{
    struct job *job = handle->data;
    job->on_done(job->ctx);
}

static void on_ended(uv_async_t *async)
{
    struct job *job = async->data;
    uv_thread_join(&job->thread);
    uv_close((uv_handle_t *)async, on_closed);
}

static void run_on_pool(uv_work_t *work)
{
    struct job *job = work->data;
    job->work(job->ctx);
}

static void on_pool_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    (void)status; /* never cancelled */
    uv_close((uv_handle_t *)&job->has_ended, on_closed);
}

void job_start(uv_loop_t *loop, struct job *job)
{
    job->has_ended.data = job;
    job->on_pool.data = job;
    uv_async_init(loop, &job->has_ended, on_ended);
    if (uv_thread_create(&job->thread, run_on_thread, job) != 0)
        uv_queue_work(loop, &job->on_pool, run_on_pool, on_pool_done);
}
