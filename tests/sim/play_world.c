/* The world around a case: what it is made from, and what others tell of it. */
#include "sim/play_private.h"

#include <inttypes.h>

#include "sim/fake_uv.h"

/* ---- what others tell us ------------------------------------------------------------------- */

void play_wrong(void *ctx, const char *what)
{
    struct play *play = ctx;
    fprintf(stderr, "sim: seed %" PRIu64 ": %s (at %" PRIu64 " ms)\n", play->seed, what,
            loop_now_ms() - LOOP_EPOCH_MS);
    exit(1);
}

static void on_trace(void *ctx, const char *what)
{
    (void)ctx;
    printf("%8" PRIu64 " %s\n", loop_now_ms() - LOOP_EPOCH_MS, what);
}

void play_tell(struct play *play, const char *what, const char *more)
{
    char text[128];
    snprintf(text, sizeof text, "---- %s %s", what, more);
    if (play->options.is_traced)
        on_trace(play, text);
}

static void on_time(void *ctx, uint64_t now_ms)
{
    struct play *play = ctx;
    fake_set_time(play->scene->world, now_ms);
}

static void on_kill(void *ctx)
{
    struct play *play = ctx;
    longjmp(play->killed, 1);
}

static bool knows_host(void *ctx, const char *name)
{
    struct play *play = ctx;
    (void)name;
    return play->knows_hosts || !rng_chance(&play->scene->rng, 3);
}

static bool knows_password(void *ctx)
{
    struct play *play = ctx;
    return play->knows_hosts || !rng_chance(&play->scene->rng, 5);
}

/* Most gates say yes. */
static void on_spawn(void *ctx, uint64_t *ret_takes_ms, int *ret_status)
{
    struct play *play = ctx;
    struct rng *rng = &play->scene->rng;
    enum { HANGS_MS = 600000 };
    bool is_calm = play->knows_hosts;
    *ret_takes_ms = !is_calm && rng_chance(rng, 5) ? HANGS_MS : rng_below(rng, 500);
    *ret_status = !is_calm && rng_chance(rng, 20) ? 1 : 0;
}

static void on_open(void *ctx, const struct conn *conn, const struct url *url)
{
    struct play *play = ctx;
    if (play->is_finding)
        return;
    watch_opened(&play->watch, conn, url->host ? (size_t)(url->host[1] - '0') : SERVER_OF_FILES);
}

static void on_op(void *ctx, const struct url *url, const struct op *op)
{
    char text[512];
    snprintf(text, sizeof text, "        %s %d: %s", url->database, (int)op->kind,
             op->sql ? op->sql : "");
    on_trace(ctx, text);
    for (op = op->joined; op; op = op->joined) {
        snprintf(text, sizeof text, "        %s +: %s", url->database, op->sql);
        on_trace(ctx, text);
    }
}

static void on_close(void *ctx, const struct conn *conn)
{
    struct play *play = ctx;
    watch_closed(&play->watch, conn);
}

void play_begin(struct play *play)
{
    struct rng rng = {play->seed ^ 0x5851f42d4c957f2du};
    struct loop_hooks hooks = {.on_time = on_time,
                               .on_kill = on_kill,
                               .on_spawn = on_spawn,
                               .on_wrong = play_wrong,
                               .ctx = play};
    loop_begin(rng_split(&rng), &hooks);
    play->scene = scene_new(play->seed);
    struct system_hooks asked = {.knows_host = knows_host,
                                 .knows_password = knows_password,
                                 .on_open = on_open,
                                 .on_op = play->options.is_traced ? on_op : NULL,
                                 .on_close = on_close,
                                 .drivers = play->scene->drivers,
                                 .world = play->scene->world,
                                 .ctx = play};
    system_begin(&asked);
    fake_set_time(play->scene->world, loop_now_ms());
    play->ledger = memory_ledger_new(rng_split(&rng));
    memory_ledger_use(play->ledger);
    play->watch = (struct watch){.scene = play->scene,
                                 .ledger = play->ledger,
                                 .on_wrong = play_wrong,
                                 .on_trace = play->options.is_traced ? on_trace : NULL,
                                 .ctx = play};
    watch_hook_up(&play->watch);
}
