/* A call that blocks, on a thread of its own: a host's lookup, a password's command.
 *
 * The worker pool is small and for work that takes moments (and libuv gives lookups half of it at
 * most): ten name servers or commands that hang would there hold up every tenant of the run. How
 * many there are at once is bounded by the run's `parallel`.
 *
 *     job->work = look_up_on_thread, job->on_done = on_looked_up, job->ctx = host;
 *     job_start(loop, job);       keeps the loop alive; *job is the caller's and must stay until on_done
 */
#ifndef LINK_JOB_H
#define LINK_JOB_H

#include <uv.h>

struct job {
    void (*work)(void *ctx);    /* on the thread */
    void (*on_done)(void *ctx); /* on the loop; the job may be started again from here */
    void *ctx;
    uv_async_t has_ended;
    uv_thread_t thread;
    uv_work_t on_pool; /* where the system gives no thread */
};

void job_start(uv_loop_t *loop, struct job *job);

#endif
