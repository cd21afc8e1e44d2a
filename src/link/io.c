#include "link/io.h"

#include <inttypes.h>
#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"

enum { CANCEL_GRACE_MS = 3000, SCRATCH_MAX = 64 * 1024 };

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
    const struct driver *driver;
    struct conn *conn;
    struct conn_info info; /* written by the thread that has the connection, a worker too */
    /* the loop's own copy of it, from when the loop last had the connection */
    struct conn_info known;
    bool is_broken;

    struct io_op *ops;
    size_t op_count;
    struct arena scratch; /* SQL that was prepared, until it has run */
    size_t at;            /* the op under way */
    size_t at_work;       /* and the one that a worker was asked for */
    uint64_t begun_ns;
    struct want want;
    io_done_fn on_done;
    void *ctx;
    enum stop_reason stopping;
    bool is_running;   /* a batch is under way */
    bool is_on_worker; /* and a worker has the connection: `at`, `want` and the ops are its */

    struct poll *poll; /* of the established socket; NULL: none yet */
    /* a driver's WANT_TIMER, also beside a socket, and the deferred end of an empty batch */
    uv_timer_t waiting;
    uv_timer_t budget; /* the op's time, then the grace of a cancel */
    uv_work_t work;
    unsigned handles_open;
};

static void advance(struct io *io);

static void start_timer(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout_ms)
{
    uv_update_time(timer->loop);
    uv_timer_start(timer, cb, timeout_ms, 0);
}

struct io *io_open(uv_loop_t *loop, const struct driver *driver, const struct conn_params *params)
{
    struct io *io = xcalloc(1, sizeof *io);
    io->loop = loop;
    io->driver = driver;
    io->conn = driver->open(params);
    arena_init(&io->scratch);
    uv_timer_init(loop, &io->waiting);
    uv_timer_init(loop, &io->budget);
    io->waiting.data = io->budget.data = io->work.data = io;
    io->handles_open = 2;
    return io;
}

size_t io_finished(const struct io *io)
{
    return io->at < io->op_count ? io->at + 1 : io->op_count;
}

bool io_is_broken(const struct io *io)
{
    return io->is_broken;
}

const struct conn_info *io_info(const struct io *io)
{
    return &io->info;
}

const struct conn_info *io_known_info(const struct io *io)
{
    return &io->known;
}

void io_set_pooled(struct io *io)
{
    io->info.is_pooled = true;
}

bool io_is_in_transaction(const struct io *io)
{
    return io->driver->is_in_transaction(io->conn);
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
    return io->at < io->op_count && io->ops[io->at].op.kind == OP_CONNECT;
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = handle->data;
    struct io *io = poll->io;
    unsigned ready = 0;
    if (!io)
        return;
    bool is_waiting = io->is_running && io->want.bits & (WANT_READ | WANT_WRITE);
    if (status < 0 || !is_waiting || is_connecting(io)) {
        uv_poll_stop(handle);
        poll->events = 0;
    }
    if (!is_waiting)
        return;
    if (status < 0)
        ready = io->want.bits & (WANT_READ | WANT_WRITE); /* let the driver find out what it is */
    else
        ready = (events & UV_READABLE ? WANT_READ : 0u) | (events & UV_WRITABLE ? WANT_WRITE : 0u);
    /* the socket came before the time that the driver named beside it */
    uv_timer_stop(&io->waiting);
    io->want = io->driver->step(io->conn, ready);
    advance(io);
}

/* While connecting, libpq may have replaced its socket by another with the same number: then the handle is
 * not armed while the driver works (on_socket). */
static bool wait_for_socket(struct io *io)
{
    if (io->poll && io->poll->fd != io->want.fd)
        drop_poll(io);
    if (!io->poll) {
        struct poll *poll = xcalloc(1, sizeof *poll);
        if (uv_poll_init(io->loop, &poll->handle, io->want.fd)) {
            free(poll);
            return false;
        }
        poll->handle.data = poll;
        poll->io = io;
        poll->fd = io->want.fd;
        io->poll = poll;
    }
    int events = (io->want.bits & WANT_READ ? UV_READABLE : 0) |
                 (io->want.bits & WANT_WRITE ? UV_WRITABLE : 0);
    if (io->poll->events == events)
        return true;
    io->poll->events = events;
    return uv_poll_start(&io->poll->handle, events, on_socket) == 0;
}

/* ---- one operation after the other --------------------------------------------------------- */

const struct io_op *io_view_find(const struct io_view *view, const void *owner)
{
    for (size_t i = 0; i < view->count; i++)
        if (view->ops[i].owner == owner)
            return &view->ops[i];
    return NULL;
}

/* False: there is nothing to ask. */
static bool prepare(struct io *io, struct io_op *op)
{
    struct buf sql;
    op->op.answer = &op->answer;
    op->op.joined = NULL;
    if (op->prepare) {
        struct io_view view = {.ops = io->ops,
                               .count = io->op_count,
                               .info = &io->info,
                               .is_in_transaction = io_is_in_transaction(io)};
        buf_init(&sql, BUF_MAX_DEFAULT);
        op->prepare(op, &view, &sql);
        op->op.sql_len = sql.len;
        op->op.sql = buf_into(&sql, &io->scratch);
    }
    return op->op.kind != OP_QUERY || op->op.sql_len;
}

/* What has run needs its SQL no more. */
static void forget_sql(struct io *io)
{
    if (io->scratch.used_bytes < SCRATCH_MAX && !io->scratch.blocks)
        return;
    arena_done(&io->scratch);
    arena_init(&io->scratch);
}

/* Makes one message of the op and those after it that may travel with it. Those that turn out to be empty are left
 * out. */
static void join(struct io *io, struct io_op *first)
{
    struct io_op *last = first, *end = io->ops + io->op_count;
    bool can_join = io->driver->traits & (DRIVER_JOINS | DRIVER_JOINS_ALL);
    for (struct io_op *op = first + 1; can_join && op < end && op->joins_last; op++)
        if (prepare(io, op)) {
            last->op.joined = &op->op;
            last = op;
        }
}

/* Starts ops until one wants something; on any thread. False: the batch is over. */
static bool start_next(struct io *io)
{
    for (; io->at < io->op_count; io->at++) {
        struct io_op *op = &io->ops[io->at];
        forget_sql(io);
        if (!prepare(io, op))
            continue;
        join(io, op);
        io->begun_ns = uv_hrtime();
        io->want = io->driver->start(io->conn, &op->op);
        return true;
    }
    return false;
}

/* The op after this one in its message, or NULL. */
static struct io_op *joined(const struct io_op *op)
{
    return (struct io_op *)(uintptr_t)op->op.joined; /* `op` is the first member */
}

/* The joined op to judge: the first that failed, else the first without an answer, else the last. */
static struct io_op *go_to_reached(struct io *io)
{
    struct io_op *op = &io->ops[io->at], *failed = op;
    while (failed && io_op_err(failed)->kind == ERR_NONE)
        failed = joined(failed);
    while (!failed && joined(op) && op->answer.is_over)
        op = joined(op);
    op = failed ? failed : op;
    io->at = (size_t)(op - io->ops);
    return op;
}

/* The driver says what joined ops took, if it knows; the first has the rest. */
static void share_duration(struct io_op *first, const struct io_op *last, double whole_ms)
{
    for (struct io_op *op = first; op != last; op = joined(op))
        whole_ms -= joined(op)->answer.duration_ms;
    first->answer.duration_ms = whole_ms > 0 ? whole_ms : 0;
}

/* Turns "lock not acquired" into ERR_LOCK; the answers of ops that were joined after it are ignored. */
static void check_lock(struct io *io, struct io_op *op)
{
    const struct answer *answer = &op->answer;
    if (op->op.kind != OP_LOCK || io_op_err(op)->kind != ERR_NONE || answer->is_locked ||
        (op->op.joined && !answer->is_over))
        return;
    struct err *err = op_make_err(&op->op);
    if (answer->is_pooled)
        io_set_pooled(io);
    err_set(err, ERR_LOCK,
            answer->is_pooled ? "only a transaction can hold the lock"
                              : "another run holds this tenant");
    if (answer->holder)
        err_add(err, "; held by %s", answer->holder);
    err->is_transient = true;
}

/* What the driver does not look at. */
static void check_answer(const struct io_op *op)
{
    const struct answer *answer = &op->answer;
    if (op->rows_total && answer->rows_changed != op->rows_total)
        err_set(op_make_err(&op->op), ERR_INTERNAL,
                "a bookkeeping statement changed %llu rows, not %llu",
                (unsigned long long)answer->rows_changed, (unsigned long long)op->rows_total);
    if (op->needs_rows && !answer->rows_seen)
        err_set(op_make_err(&op->op), ERR_SQL, "the query to verify returned no row");
}

/* All that are joined went well as far as the driver can tell, or the chain has an error already. */
static void check_answers(struct io_op *first)
{
    for (struct io_op *op = first; op && op->answer.is_over; op = joined(op)) {
        if (io_op_err(op)->kind == ERR_NONE)
            check_answer(op);
        if (io_op_err(op)->kind != ERR_NONE)
            return;
    }
}

/* Takes the end of the op under way. False: the batch is over. On any thread. */
static bool finish_op(struct io *io)
{
    struct io_op *first = &io->ops[io->at];
    check_lock(io, first);
    if (first->op.joined)
        check_answers(first);
    struct io_op *op = go_to_reached(io);
    share_duration(first, op, (double)(uv_hrtime() - io->begun_ns) / 1e6);
    if (io_op_err(op)->kind == ERR_NONE && first->op.joined && !op->answer.is_over)
        err_set(op_make_err(&op->op), ERR_INTERNAL,
                "the answer ended before the last of its statements");
    if (io_op_err(op)->kind == ERR_NONE)
        check_answer(op);
    if (op->answer.info && io_op_err(op)->kind == ERR_NONE)
        io->info = *op->answer.info;
    if (io_op_err(op)->kind != ERR_NONE) {
        io->is_broken =
            io->is_broken || io_op_err(op)->is_connection_lost || op->op.kind == OP_CONNECT;
        return false;
    }
    io->at++;
    return start_next(io);
}

/* What the stop was for, once the op has ended by itself or was given up. */
static void tell_stop(struct io *io, bool has_ended)
{
    struct io_op *op = io->at < io->op_count ? go_to_reached(io) : &io->ops[io->op_count - 1];
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
    io->is_broken = io->is_broken || !was_answered;
}

/* The loop has the connection: it copies what is known of it, to read it at any time. */
static void publish(struct io *io)
{
    io->known = io->info;
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
    if (io->is_broken)
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
    void *token = io->driver->cancel_token(io->conn);
    pthread_attr_t attributes;
    pthread_t thread;
    if (!token)
        return;
    struct canceller *canceller = xmalloc(sizeof *canceller);
    *canceller = (struct canceller){io->driver, token};
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
    if (!io->is_on_worker && io->want.bits == WANT_NOTHING)
        return; /* it is over, and about to be told so */
    io->stopping = reason;
    if (io->driver->traits & DRIVER_ON_WORKER) {
        io->driver->cancel_token(io->conn);
        return;
    }
    bool can_ask = !io->is_on_worker && io->ops[io->at].op.kind != OP_CONNECT;
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

/* Runs on a worker: the work that was asked for, and all further ops that need nothing else. */
static void work_on_thread(uv_work_t *work)
{
    struct io *io = work->data;
    while (io->want.bits == WANT_WORKER) {
        io->driver->work(io->conn);
        io->want = io->driver->step(io->conn, WANT_WORKER);
        while (io->want.bits == WANT_NOTHING)
            if (!finish_op(io))
                return;
    }
}

/* The time of the op whose turn has just come. */
static void begin_budget(struct io *io)
{
    uint64_t timeout_ms = io->ops[io->at].timeout_ms;
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
    if (io->want.bits == WANT_NOTHING)
        end_batch(io, true);
    else if (io->stopping != STOP_NONE && !uv_is_active((uv_handle_t *)&io->budget))
        end_batch(io, false); /* the grace ended while the worker ran */
    else {
        if (io->at != io->at_work)
            begin_budget(io);
        advance(io);
    }
}

static void on_waited(uv_timer_t *timer)
{
    struct io *io = timer->data;
    io->want = io->driver->step(io->conn, WANT_TIMER);
    advance(io);
}

/* Waits for what the driver wants: the socket, a time, or the first of both. False: libuv cannot. */
static bool wait_for_either(struct io *io)
{
    if (io->want.bits & (WANT_READ | WANT_WRITE) && !wait_for_socket(io))
        return false;
    if (io->want.bits & WANT_TIMER)
        start_timer(&io->waiting, on_waited, io->want.timeout_ms);
    return true;
}

/* Brings about what the driver wants next, on the loop. */
static void advance(struct io *io)
{
    while (io->want.bits == WANT_NOTHING) {
        if (!finish_op(io)) {
            end_batch(io, true);
            return;
        }
        begin_budget(io);
    }
    publish(io);
    if (io->want.bits & WANT_WORKER) {
        io->is_on_worker = true;
        io->at_work = io->at;
        uv_queue_work(io->loop, &io->work, work_on_thread, on_worked);
    } else if (!wait_for_either(io)) {
        struct err *err = op_make_err(&io->ops[io->at].op);
        err_set(err, ERR_INTERNAL, "cannot watch the socket");
        err->is_connection_lost = true;
        io->is_broken = true;
        end_batch(io, true);
    }
}

static void on_batch_over(uv_timer_t *timer)
{
    end_batch(timer->data, true);
}

void io_run(struct io *io, struct io_op *ops, size_t count, io_done_fn on_done, void *ctx)
{
    io->ops = ops;
    io->op_count = count;
    io->at = 0;
    io->on_done = on_done;
    io->ctx = ctx;
    io->stopping = STOP_NONE;
    io->is_running = true;
    io->want = (struct want){0};
    bool has_begun = start_next(io);
    while (has_begun && io->want.bits == WANT_NOTHING)
        has_begun = finish_op(io);
    if (!has_begun) { /* told from the loop, never from here */
        start_timer(&io->waiting, on_batch_over, 0);
        return;
    }
    if (io->ops[io->at].timeout_ms)
        start_timer(&io->budget, on_budget_over, io->ops[io->at].timeout_ms);
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
    arena_done(&io->scratch);
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
    io->driver->close(io->conn);
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
    if (io->driver->traits & DRIVER_ON_WORKER) {
        uv_queue_work(io->loop, &io->work, close_on_thread, on_conn_closed);
        return;
    }
    io->driver->close(io->conn);
    close_handles(io);
}
