#include "library/scratch_watch.h"

#include <signal.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "link/loop.h"

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};

struct scratch_watch {
    uv_loop_t loop;
    uv_signal_t handles[ARRAY_LEN(watched)];
    struct sigaction handlers[ARRAY_LEN(watched)]; /* those that were there */
    int number;
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct scratch_watch *watch = handle->data;
    if (!watch->number)
        watch->number = number;
}

/* nohup(1) has a hangup ignored for us: then it stops nothing. */
static bool is_ignored(const struct scratch_watch *watch, size_t i)
{
    return watched[i] == SIGHUP && watch->handlers[i].sa_handler == SIG_IGN;
}

struct scratch_watch *scratch_watch_start(struct err *err)
{
    struct scratch_watch *watch = xcalloc(1, sizeof *watch);
    if (!loop_open(&watch->loop, err)) {
        free(watch);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        sigaction(watched[i], NULL, &watch->handlers[i]);
        uv_signal_init(&watch->loop, &watch->handles[i]);
        watch->handles[i].data = watch;
        if (!is_ignored(watch, i))
            uv_signal_start_oneshot(&watch->handles[i], on_signal, watched[i]);
    }
    return watch;
}

int scratch_watch_signal(struct scratch_watch *watch)
{
    uv_run(&watch->loop, UV_RUN_NOWAIT);
    return watch->number;
}

void scratch_watch_stop(struct scratch_watch *watch)
{
    for (size_t i = 0; i < ARRAY_LEN(watched); i++)
        uv_close((uv_handle_t *)&watch->handles[i], NULL);
    uv_run(&watch->loop, UV_RUN_DEFAULT);
    uv_loop_close(&watch->loop);
    for (size_t i = 0; i < ARRAY_LEN(watched); i++)
        sigaction(watched[i], &watch->handlers[i], NULL);
    free(watch);
}
