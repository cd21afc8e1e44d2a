#include "rollout/blockers.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/template.h"
#include "inventory/inventory.h"

/* The part of the lock timeout after which a look is taken: each wait that fails is seen once at least, and
 * there is time left for the answer. */
enum { LOOK_PERCENT = 60, LOOK_TIMEOUT_MS = 10000, TEXT_MAX = 700 };
enum { OP_TO_CONNECT, OP_TO_LOOK, OP_TO__COUNT };

struct blockers {
    const struct driver *driver;
    const struct io *watched; /* NULL: no batch is under way */
    struct conn_params params;
    uint64_t look_ms;
    uint64_t connect_timeout_ms;
    uv_timer_t timer;
    struct io *io;   /* our own, while it asks; else NULL */
    bool is_late;    /* what it asks is of a batch that has ended */
    bool is_closing; /* it has asked and goes */
    bool is_free;    /* goes with the last handle */
    struct io_op ops[OP_TO__COUNT];
    struct arena arena; /* of one answer */
    struct buf text;    /* of the last answer to this batch */
    uint32_t sessions[ERR_SESSIONS_MOST];
};

static void on_look(uv_timer_t *timer);

static void wait_a_while(struct blockers *blockers)
{
    uv_update_time(blockers->timer.loop);
    uv_timer_start(&blockers->timer, on_look, blockers->look_ms, 0);
}

struct blockers *blockers_new(uv_loop_t *loop, const struct driver *driver,
                              const struct settings *settings)
{
    if (!driver->dialect->sql[SQL_BLOCKERS] || !settings->lock_timeout_ms)
        return NULL;
    struct blockers *blockers = xcalloc(1, sizeof *blockers);
    blockers->driver = driver;
    blockers->look_ms = settings->lock_timeout_ms * LOOK_PERCENT / 100;
    blockers->connect_timeout_ms = settings->connect_timeout_ms;
    arena_init(&blockers->arena);
    buf_init(&blockers->text, TEXT_MAX);
    uv_timer_init(loop, &blockers->timer);
    blockers->timer.data = blockers;
    return blockers;
}

/* ---- the way out --------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct blockers *blockers = handle->data;
    arena_done(&blockers->arena);
    buf_done(&blockers->text);
    free(blockers);
}

/* The connection goes first, then the timer. */
static void close_if_free(struct blockers *blockers)
{
    if (blockers->is_free && !blockers->io && !blockers->is_closing)
        uv_close((uv_handle_t *)&blockers->timer, on_timer_closed);
}

static void on_io_closed(void *ctx)
{
    struct blockers *blockers = ctx;
    blockers->is_closing = false;
    close_if_free(blockers);
}

static void close_io(struct blockers *blockers)
{
    struct io *io = blockers->io;
    blockers->io = NULL;
    blockers->is_closing = true;
    io_close(io, on_io_closed, blockers);
}

void blockers_free(struct blockers *blockers)
{
    if (!blockers)
        return;
    blockers->is_free = true;
    close_if_free(blockers);
}

/* ---- asking -------------------------------------------------------------------------------- */

static void forget_answer(struct blockers *blockers)
{
    buf_clear(&blockers->text);
    memset(blockers->sessions, 0, sizeof blockers->sessions);
}

static void take_answer(struct blockers *blockers)
{
    const struct grid *rows = &blockers->ops[OP_TO_LOOK].answer.rows;
    forget_answer(blockers);
    for (size_t i = 0; i < rows->row_count; i++) {
        const char *words = grid_value(rows, i, 0), *number = grid_value(rows, i, 1);
        if (words)
            buf_addf(&blockers->text, "%s%s", blockers->text.len ? ", " : "", words);
        if (number && i < ERR_SESSIONS_MOST)
            blockers->sessions[i] = (uint32_t)strtoul(number, NULL, 10);
    }
}

/* A server that does not answer this is not asked again while the batch runs. */
static void on_answered(void *ctx)
{
    struct blockers *blockers = ctx;
    bool was_late = blockers->is_late;
    bool has_answer = io_finished(blockers->io) == OP_TO__COUNT &&
                      io_op_err(&blockers->ops[OP_TO_LOOK])->kind == ERR_NONE;
    blockers->is_late = false;
    close_io(blockers);
    if (has_answer && !was_late)
        take_answer(blockers);
    if (blockers->watched && (has_answer || was_late))
        wait_a_while(blockers);
}

static void ask(struct blockers *blockers, uint32_t backend_pid)
{
    struct sql_vars vars = {.backend_pid = backend_pid};
    struct buf sql;
    struct arena *arena = &blockers->arena;
    arena_done(arena);
    arena_init(arena);
    buf_init(&sql, BUF_MAX_DEFAULT);
    sql_expand(&sql, blockers->driver->dialect, SQL_BLOCKERS, &vars);
    blockers->ops[OP_TO_CONNECT] = (struct io_op){.op = {.kind = OP_CONNECT, .arena = arena},
                                                  .timeout_ms = blockers->connect_timeout_ms};
    blockers->ops[OP_TO_LOOK] =
        (struct io_op){.op = {.kind = OP_QUERY,
                              .sql = arena_strndup(arena, sql.data, sql.len),
                              .sql_len = sql.len,
                              .arena = arena},
                       .timeout_ms = LOOK_TIMEOUT_MS};
    buf_done(&sql);
    blockers->io = io_open(blockers->timer.loop, blockers->driver, &blockers->params);
    io_run(blockers->io, blockers->ops, OP_TO__COUNT, on_answered, blockers);
}

/* Through a pooling proxy the number says nothing, and before the session is connected there is none. */
static void on_look(uv_timer_t *timer)
{
    struct blockers *blockers = timer->data;
    const struct conn_info *info = io_known_info(blockers->watched);
    if (info->backend_pid && !info->is_pooled && !blockers->is_closing)
        ask(blockers, info->backend_pid);
    else
        wait_a_while(blockers);
}

/* ---- a batch ------------------------------------------------------------------------------- */

void blockers_begin(struct blockers *blockers, const struct io *io,
                    const struct conn_params *params)
{
    if (!blockers)
        return;
    blockers->watched = io;
    blockers->params = *params;
    forget_answer(blockers);
    if (!blockers->is_late) /* else on_answered goes on with this batch */
        wait_a_while(blockers);
}

void blockers_end(struct blockers *blockers, struct err *err)
{
    if (!blockers)
        return;
    blockers->watched = NULL;
    uv_timer_stop(&blockers->timer);
    blockers->is_late = blockers->io != NULL;
    if (blockers->io)
        io_cancel(blockers->io);
    bool is_blocked = err && (err->kind == ERR_LOCK || err->kind == ERR_TIMEOUT);
    if (!is_blocked || !blockers->text.len)
        return;
    memcpy(err->sessions, blockers->sessions, sizeof err->sessions);
    err_add(err, "; blocked by %s", blockers->text.data);
}
