#include "link/io.h"

#include <pthread.h>

enum { CANCEL_GRACE_MS = 3000 };

/* Why the operation under way is being stopped. */
enum stop_reason { STOP_NONE, STOP_TIMEOUT, STOP_CANCEL };

/* A poll handle outlives its socket's use until the loop has closed it. */
struct poll {
    uv_poll_t handle;
    struct io *io;
    int fd;
    /* that it is armed for; it stays armed until an event comes that no operation waits for */
    int events;
};

struct io {
    uv_loop_t *loop;
    struct batch batch; /* a worker's, while one has the connection */
    /* the loop's own copy of what is known of the connection, from when the loop last had it */
    struct conn_info known;

    size_t at_work; /* the op that a worker was asked for */
    io_done_fn on_done;
    void *ctx;
    enum stop_reason stopping;
    bool is_running;   /* a batch is under way */
    bool is_on_worker; /* and a worker has the connection, with the batch and its ops */
    bool is_at_last;   /* of a message, whose last op has its own time from now on */
    bool has_stopped;  /* the server was told to stop an operation, now or earlier */

    struct poll *poll; /* of the established socket; NULL: none yet */
    /* a driver's WANT_TIMER, also beside a socket, and the deferred end of an empty batch */
    uv_timer_t waiting;
    uv_timer_t budget; /* the message's time, or that of its last op, then the grace of a cancel */
    uv_work_t work;
    unsigned handles_open;
};

static void advance(struct io *io);
static void go_to_last(struct io *io);

static void start_timer(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout_ms)
{
    uv_update_time(timer->loop);
    uv_timer_start(timer, cb, timeout_ms, 0);
}

struct io *io_open(uv_loop_t *loop, const struct driver *driver, const struct conn_params *params)
{
    struct io *io = xcalloc(1, sizeof *io);
    io->loop = loop;
    batch_init(&io->batch, driver, params, uv_hrtime);
    uv_timer_init(loop, &io->waiting);
    uv_timer_init(loop, &io->budget);
    io->waiting.data = io->budget.data = io->work.data = io;
    io->handles_open = 2;
    return io;
}

size_t io_finished(const struct io *io)
{
    return io->batch.at < io->batch.count ? io->batch.at + 1 : io->batch.count;
}

/* While a worker has the batch, only what it shows may be read. */
bool io_progress(const struct io *io, struct io_progress *ret_progress)
{
    const struct batch *batch = &io->batch;
    if (!io->is_running)
        return false;
    *ret_progress = (struct io_progress){
        .at = atomic_load_explicit(&batch->shown_at, memory_order_relaxed),
        .begun_ns = atomic_load_explicit(&batch->shown_ns, memory_order_relaxed),
    };
    if (io->is_on_worker && ret_progress->at < batch->count)
        ret_progress->statements = op_statements(&batch->ops[ret_progress->at].answer);
    if (io->is_on_worker || batch->at >= batch->count)
        return true;
    const struct op *op = &batch->ops[batch->at].op;
    while (op->joined && op->answer->is_over)
        op = op->joined;
    ret_progress->at = (size_t)((const struct io_op *)(const void *)op - batch->ops);
    ret_progress->statements = op->answer->statements_done;
    return true;
}

bool io_is_broken(const struct io *io)
{
    return io->batch.is_broken;
}

bool io_may_be_left(const struct io *io)
{
    const struct conn_info *info = &io->batch.info;
    return !io->batch.is_broken && !io->has_stopped && !info->is_pooled && !info->is_single_use;
}

void io_move(struct io *io, const struct conn_params *params)
{
    io->batch.driver->move(io->batch.conn, params);
}

const struct conn_info *io_info(const struct io *io)
{
    return &io->batch.info;
}

const struct conn_info *io_known_info(const struct io *io)
{
    return &io->known;
}

void io_set_pooled(struct io *io)
{
    io->batch.info.is_pooled = true;
}

bool io_is_in_transaction(const struct io *io)
{
    return batch_is_in_transaction(&io->batch);
}

/* ---- sockets ------------------------------------------------------------------------------- */

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop_poll(struct io *io)
{
    if (!io->poll)
        return;
    io->poll->io = NULL;
    uv_poll_stop(&io->poll->handle);
    uv_close((uv_handle_t *)&io->poll->handle, on_poll_closed);
    io->poll = NULL;
}

static bool is_connecting(const struct io *io)
{
    return io->batch.at < io->batch.count && io->batch.ops[io->batch.at].op.kind == OP_CONNECT;
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = handle->data;
    struct io *io = poll->io;
    unsigned ready = 0;
    if (!io)
        return;
    bool is_waiting = io->is_running && io->batch.want.bits & (WANT_READ | WANT_WRITE);
    if (status < 0 || !is_waiting || is_connecting(io)) {
        uv_poll_stop(handle);
        poll->events = 0;
    }
    if (!is_waiting)
        return;
    if (status < 0)
        ready =
            io->batch.want.bits & (WANT_READ | WANT_WRITE); /* let the driver find out what it is */
    else
        ready = (events & UV_READABLE ? WANT_READ : 0u) | (events & UV_WRITABLE ? WANT_WRITE : 0u);
    /* the socket came before the time that the driver named beside it */
    uv_timer_stop(&io->waiting);
    io->batch.want = io->batch.driver->step(io->batch.conn, ready);
    go_to_last(io);
    advance(io);
}

/* While connecting, libpq may have replaced its socket by another with the same number: then the handle is
 * not armed while the driver works (on_socket). */
static bool wait_for_socket(struct io *io)
{
    if (io->poll && io->poll->fd != io->batch.want.fd)
        drop_poll(io);
    if (!io->poll) {
        struct poll *poll = xcalloc(1, sizeof *poll);
        if (uv_poll_init(io->loop, &poll->handle, io->batch.want.fd)) {
            free(poll);
            return false;
        }
        poll->handle.data = poll;
        poll->io = io;
        poll->fd = io->batch.want.fd;
        io->poll = poll;
    }
    int events = (io->batch.want.bits & WANT_READ ? UV_READABLE : 0) |
                 (io->batch.want.bits & WANT_WRITE ? UV_WRITABLE : 0);
    if (io->poll->events == events)
        return true;
    io->poll->events = events;
    return uv_poll_start(&io->poll->handle, events, on_socket) == 0;
}

/* ---- the end of a batch -------------------------------------------------------------------- */

/* Makes the error of the op that was stopped, once it has ended by itself or was given up: a timeout, or a cancel. */
static void tell_stop(struct io *io, bool has_ended)
{
    struct io_op *op = io->batch.at < io->batch.count ? batch_go_to_reached(&io->batch)
                                                      : &io->batch.ops[io->batch.count - 1];
    const struct err *told = io_op_err(op);
    bool was_answered = has_ended && told->kind != ERR_NONE && !told->is_connection_lost;
    if (has_ended && told->kind == ERR_NONE)
        return; /* it came through before the cancel did */
    struct err *err = op_make_err(&op->op);
    if (io->stopping == STOP_CANCEL)
        err_set(err, ERR_CANCELLED, "cancelled");
    else
        err_set(err, ERR_TIMEOUT, "no answer within %.1f s", (double)op->timeout_ms / 1000);
    err->is_transient = io->stopping == STOP_TIMEOUT;
    err->is_connection_lost = !was_answered;
    if (io->stopping == STOP_TIMEOUT && op->op.kind == OP_CONNECT)
        err->trouble = TROUBLE_DOWN;
    io->batch.is_broken = io->batch.is_broken || !was_answered;
}

/* The loop has the connection: it copies what is known of it, to read it at any time. */
static void publish(struct io *io)
{
    io->known = io->batch.info;
}

static void end_batch(struct io *io, bool has_ended)
{
    publish(io);
    uv_timer_stop(&io->budget);
    uv_timer_stop(&io->waiting);
    if (io->stopping != STOP_NONE)
        tell_stop(io, has_ended);
    io->stopping = STOP_NONE;
    io->is_running = false;
    if (io->batch.is_broken)
        drop_poll(io);
    io->on_done(io->ctx);
}

/* ---- stopping ------------------------------------------------------------------------------ */

struct canceller {
    const struct driver *driver;
    void *token;
};

static void *cancel_on_thread(void *ctx)
{
    struct canceller *canceller = ctx;
    canceller->driver->cancel(canceller->token);
    free(canceller);
    return NULL;
}

/* A thread of its own: PQcancel waits without limit for a server that hangs, and must then hold up
 * neither the loop nor the pool nor the end of the process. */
static void start_cancel(struct io *io)
{
    void *token = io->batch.driver->cancel_token(io->batch.conn);
    pthread_attr_t attributes;
    pthread_t thread;
    if (!token)
        return;
    struct canceller *canceller = xmalloc(sizeof *canceller);
    *canceller = (struct canceller){io->batch.driver, token};
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, cancel_on_thread, canceller) != 0)
        free(canceller); /* and the token stays: freeing it is `cancel`'s, which may block */
    pthread_attr_destroy(&attributes);
}

static void on_grace_over(uv_timer_t *timer)
{
    struct io *io = timer->data;
    if (io->is_on_worker)
        return; /* the driver's own code runs: on_worked sees that the grace is over */
    end_batch(io, false);
}

/* While a worker has the connection, only a driver that works there throughout may be asked. */
static void stop_op(struct io *io, enum stop_reason reason)
{
    if (!io->is_on_worker && io->batch.want.bits == WANT_NOTHING)
        return; /* it is over, and about to be told so */
    io->stopping = reason;
    io->has_stopped = true;
    if (io->batch.driver->traits & DRIVER_ON_WORKER) {
        io->batch.driver->cancel_token(io->batch.conn);
        return;
    }
    bool can_ask = !io->is_on_worker && io->batch.ops[io->batch.at].op.kind != OP_CONNECT;
    if (can_ask)
        start_cancel(io);
    start_timer(&io->budget, on_grace_over, can_ask ? CANCEL_GRACE_MS : 0);
}

static void on_budget_over(uv_timer_t *timer)
{
    struct io *io = timer->data;
    if (io->stopping == STOP_NONE)
        stop_op(io, STOP_TIMEOUT);
}

void io_cancel(struct io *io)
{
    if (io->is_running && io->stopping != STOP_CANCEL)
        stop_op(io, STOP_CANCEL);
}

/* ---- waiting for what the driver wants ----------------------------------------------------- */

/* Runs on a worker: does the work that was asked for, and all further ops for which a worker is enough. */
static void work_on_thread(uv_work_t *work)
{
    struct io *io = work->data;
    while (io->batch.want.bits == WANT_WORKER) {
        io->batch.driver->work(io->batch.conn);
        io->batch.want = io->batch.driver->step(io->batch.conn, WANT_WORKER);
        while (io->batch.want.bits == WANT_NOTHING)
            if (!batch_finish_op(&io->batch))
                return;
    }
}

/* What was before the last op of a message did not take the time that it might have: the statement of a revision, which is the
 * last, has no more than its own. */
static void go_to_last(struct io *io)
{
    bool may_go = io->batch.want.bits != WANT_NOTHING && !io->is_at_last;
    const struct io_op *last =
        may_go && io->stopping == STOP_NONE ? batch_last_left(&io->batch) : NULL;
    if (!last)
        return;
    io->is_at_last = true;
    if (last->timeout_ms)
        start_timer(&io->budget, on_budget_over, last->timeout_ms);
}

/* Starts the time limit of the op whose turn has just come. */
static void begin_budget(struct io *io)
{
    uint64_t timeout_ms = io->batch.ops[io->batch.at].timeout_ms;
    io->is_at_last = false;
    uv_timer_stop(&io->budget);
    if (io->stopping != STOP_NONE)
        stop_op(io, io->stopping); /* the one before came through: stop this one */
    else if (timeout_ms)
        start_timer(&io->budget, on_budget_over, timeout_ms);
}

static void on_worked(uv_work_t *work, int status)
{
    struct io *io = work->data;
    (void)status; /* never cancelled */
    io->is_on_worker = false;
    if (io->batch.want.bits == WANT_NOTHING)
        end_batch(io, true);
    else if (io->stopping != STOP_NONE && !uv_is_active((uv_handle_t *)&io->budget))
        end_batch(io, false); /* the grace ended while the worker ran */
    else {
        if (io->batch.at != io->at_work)
            begin_budget(io);
        advance(io);
    }
}

static void on_waited(uv_timer_t *timer)
{
    struct io *io = timer->data;
    io->batch.want = io->batch.driver->step(io->batch.conn, WANT_TIMER);
    advance(io);
}

/* Waits for what the driver wants: the socket, a time, or the first of both. False: libuv cannot. */
static bool wait_for_either(struct io *io)
{
    if (io->batch.want.bits & (WANT_READ | WANT_WRITE) && !wait_for_socket(io))
        return false;
    if (io->batch.want.bits & WANT_TIMER)
        start_timer(&io->waiting, on_waited, io->batch.want.timeout_ms);
    return true;
}

/* Brings about what the driver wants next, on the loop. */
static void advance(struct io *io)
{
    while (io->batch.want.bits == WANT_NOTHING) {
        if (!batch_finish_op(&io->batch)) {
            end_batch(io, true);
            return;
        }
        begin_budget(io);
    }
    publish(io);
    if (io->batch.want.bits & WANT_WORKER) {
        io->is_on_worker = true;
        io->at_work = io->batch.at;
        uv_queue_work(io->loop, &io->work, work_on_thread, on_worked);
    } else if (!wait_for_either(io)) {
        struct err *err = op_make_err(&io->batch.ops[io->batch.at].op);
        err_set(err, ERR_INTERNAL, "cannot watch the socket");
        err->is_connection_lost = true;
        io->batch.is_broken = true;
        end_batch(io, true);
    }
}

static void on_batch_over(uv_timer_t *timer)
{
    end_batch(timer->data, true);
}

void io_run(struct io *io, struct io_op *ops, size_t count, io_done_fn on_done, void *ctx)
{
    io->on_done = on_done;
    io->ctx = ctx;
    io->stopping = STOP_NONE;
    io->is_running = true;
    io->is_at_last = false;
    bool has_begun = batch_begin(&io->batch, ops, count);
    if (!has_begun) { /* told from the loop, never from here */
        start_timer(&io->waiting, on_batch_over, 0);
        return;
    }
    if (io->batch.ops[io->batch.at].timeout_ms)
        start_timer(&io->budget, on_budget_over, io->batch.ops[io->batch.at].timeout_ms);
    advance(io);
}

/* ---- closing ------------------------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct io *io = handle->data;
    if (--io->handles_open)
        return;
    if (io->on_done)
        io->on_done(io->ctx);
    batch_done(&io->batch);
    free(io);
}

static void close_handles(struct io *io)
{
    uv_close((uv_handle_t *)&io->waiting, on_handle_closed);
    uv_close((uv_handle_t *)&io->budget, on_handle_closed);
}

static void close_on_thread(uv_work_t *work)
{
    struct io *io = work->data;
    io->batch.driver->close(io->batch.conn);
}

static void on_conn_closed(uv_work_t *work, int status)
{
    (void)status;
    close_handles(work->data);
}

void io_close(struct io *io, io_done_fn on_closed, void *ctx)
{
    io->on_done = on_closed;
    io->ctx = ctx;
    drop_poll(io);
    if (io->batch.driver->traits & DRIVER_ON_WORKER) {
        uv_queue_work(io->loop, &io->work, close_on_thread, on_conn_closed);
        return;
    }
    io->batch.driver->close(io->batch.conn);
    close_handles(io);
}
