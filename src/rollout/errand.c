#include "rollout/errand.h"

#include "base/arena.h"
#include "link/link.h"
#include "link/loop.h"

enum { STATEMENT_MS = 30000 };

struct running {
    const struct errand *errand;
    struct links *links;
    struct link *link;
    uint32_t number;
    struct io_op *ops; /* the first connects */
    struct err err;
};

static void on_answered(void *ctx)
{
    struct running *running = ctx;
    const struct io_op *last = &running->ops[io_finished(link_io(running->link)) - 1];
    (void)link_note_connected(running->link, io_op_err(&running->ops[0]));
    running->err = *io_op_err(last);
    link_close(running->link, NULL, NULL);
}

static void ask(struct running *running)
{
    const struct errand *errand = running->errand;
    struct arena *arena = errand->arena;
    running->ops = arena_calloc(arena, errand->count + 1, sizeof *running->ops);
    running->ops[0].op.arena = arena;
    link_fill_connect(running->link, &running->ops[0]);
    for (size_t i = 0; i < errand->count; i++) {
        running->ops[i + 1].op = (struct op){.kind = OP_QUERY,
                                             .sql = errand->statements[i],
                                             .sql_len = strlen(errand->statements[i]),
                                             .arena = arena};
        running->ops[i + 1].timeout_ms = STATEMENT_MS;
    }
    running->ops[errand->count].op.shape = errand->shape;
    io_run(link_io(running->link), running->ops, errand->count + 1, on_answered, running);
}

static void on_ready(void *ctx, const struct err *err)
{
    struct running *running = ctx;
    if (err)
        running->err = *err;
    else
        ask(running);
}

bool errand_run(const struct errand *errand, struct grid *ret_rows, struct err *err)
{
    struct running running = {.errand = errand};
    const struct link_wish wish = {.database = errand->database};
    struct link_login login;
    uv_loop_t loop;
    if (!loop_open(&loop, err))
        return false;
    running.links = links_new(&loop);
    running.number = links_add(running.links, errand->tenant, &login);
    running.link = link_new(running.links, running.number, &wish);
    if (link_get(running.link, on_ready, &running))
        ask(&running);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    if (running.err.kind != ERR_NONE)
        err_fold_said(&running.err);
    links_redact(running.links, running.number, running.err.text, sizeof running.err.text);
    links_free(running.links);
    if (running.err.kind != ERR_NONE) {
        *err = running.err;
        return false;
    }
    if (ret_rows)
        *ret_rows = running.ops[errand->count].answer.rows;
    return true;
}
