#include "sim/fake_uv.h"

#include <uv.h>

#include "base/arena.h"

enum item_kind {
    ITEM_TIMER,
    ITEM_WORK,
    ITEM_WORKED,
    ITEM_CLOSE,
    ITEM_ASYNC,
    ITEM_THREAD,
    ITEM_EXIT,
    ITEM_POLL
};

/* Something that will happen. */
struct item {
    enum item_kind kind;
    unsigned process; /* whose it is */
    uint64_t due_ms;
    void *subject;          /* the handle, the request, or a thread's argument */
    void (*callback)(void); /* as the kind has it */
    uint64_t repeat_ms;     /* ITEM_TIMER; 0: once */
    bool is_detached;       /* ITEM_THREAD: no one waits for it */
    int status, signal;     /* ITEM_EXIT */
    int events;             /* ITEM_POLL */
    uv_stream_t *output;    /* ITEM_EXIT: what the program prints to; NULL: our stderr */
};

enum { SIGNALS_MAX = 8, THE_WORLD = LOOP_PROCESSES_MAX - 1 };
enum { IS_ACTIVE = 1, IS_CLOSING = 2 }; /* of uv_handle_t.flags, which is libuv's own otherwise */

static struct {
    struct rng rng;
    struct loop_hooks hooks;
    struct loop_plan plan;
    uint64_t steps;
    unsigned process; /* whose turn it is */
    struct process {
        size_t handles; /* open */
        uv_signal_t *signals[SIGNALS_MAX];
        uv_stream_t *pipe; /* whose other end the next program gets; NULL: none */
        uint64_t steps, dies_at;
        uint64_t paused_until_ms;
        uint64_t slept_ms; /* its steady clock does not count that */
    } processes[LOOP_PROCESSES_MAX];
    uint64_t now_ms;
    uint64_t now_us; /* within the millisecond */
    uint64_t started_ms;
    struct item *items;
    size_t count, capacity;
    int signals_sent;
    int last_pid;
} sim;

static struct process *own(void)
{
    return &sim.processes[sim.process];
}

/* ---- time and fate ------------------------------------------------------------------------- */

void loop_begin(struct rng rng, const struct loop_hooks *hooks)
{
    memset(&sim, 0, sizeof sim);
    sim.rng = rng;
    sim.hooks = *hooks;
    sim.now_ms = LOOP_EPOCH_MS;
}

void loop_end(void)
{
    free(sim.items);
    memset(&sim, 0, sizeof sim);
}

void loop_plan(const struct loop_plan *plan)
{
    sim.plan = *plan;
    sim.steps = 0;
    sim.signals_sent = 0;
    sim.started_ms = sim.now_ms;
}

void loop_forget(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim.count; i++)
        if (sim.items[i].process != sim.process)
            sim.items[kept++] = sim.items[i];
    sim.count = kept;
    *own() = (struct process){0};
}

uint64_t loop_now_ms(void)
{
    return sim.now_ms;
}

static void set_time(uint64_t now_ms)
{
    if (now_ms <= sim.now_ms)
        return;
    sim.now_ms = now_ms;
    sim.now_us = 0;
    sim.hooks.on_time(sim.hooks.ctx, now_ms);
    if (sim.plan.give_up_ms && now_ms - sim.started_ms > sim.plan.give_up_ms)
        sim.hooks.on_wrong(sim.hooks.ctx, "the run does not end");
}

void loop_advance(uint64_t ms)
{
    set_time(sim.now_ms + ms);
}

void loop_step(void)
{
    sim.now_us += sim.now_us < 900;
    if (++sim.steps == sim.plan.kill_at || ++own()->steps == own()->dies_at)
        sim.hooks.on_kill(sim.hooks.ctx);
}

/* ---- several processes --------------------------------------------------------------------- */

void loop_be(unsigned process)
{
    sim.process = process;
}

unsigned loop_process(void)
{
    return sim.process;
}

void loop_die_after(unsigned process, uint64_t steps)
{
    struct process *other = &sim.processes[process];
    other->dies_at = steps ? other->steps + steps : 0;
}

void loop_pause(unsigned process, uint64_t ms, bool sleeps)
{
    struct process *other = &sim.processes[process];
    other->paused_until_ms = sim.now_ms + ms;
    other->slept_ms += sleeps ? ms : 0;
    for (size_t i = 0; sleeps && i < sim.count; i++)
        if (sim.items[i].process == process)
            sim.items[i].due_ms += ms;
}

bool loop_is_paused(unsigned process)
{
    return sim.processes[process].paused_until_ms > sim.now_ms;
}

uint64_t loop_slept_ms(void)
{
    return own()->slept_ms;
}

/* ---- what will happen ---------------------------------------------------------------------- */

static struct item *add(enum item_kind kind, void *subject, uint64_t delay_ms)
{
    if (sim.count == sim.capacity) {
        sim.capacity = sim.capacity ? sim.capacity * 2 : 256;
        sim.items = xrealloc(sim.items, sim.capacity * sizeof *sim.items);
    }
    struct item *item = &sim.items[sim.count++];
    *item = (struct item){
        .kind = kind, .process = sim.process, .due_ms = sim.now_ms + delay_ms, .subject = subject};
    return item;
}

static void drop(enum item_kind kind, const void *subject)
{
    for (size_t i = 0; i < sim.count; i++)
        if (sim.items[i].kind == kind && sim.items[i].subject == subject) {
            sim.items[i] = sim.items[--sim.count];
            return;
        }
}

/* What the pool and threads take: mostly nothing to speak of. */
static uint64_t some_time(void)
{
    static const uint32_t most_ms[] = {0, 0, 0, 1, 3, 20, 300};
    return rng_below(&sim.rng, RNG_PICK(&sim.rng, most_ms) + 1);
}

/* A descriptor is ready now and then, as long as it is polled. */
static void add_poll(void *poll, int events, void (*callback)(void))
{
    enum { OFTEN_MS = 20 };
    struct item *item = add(ITEM_POLL, poll, rng_between(&sim.rng, 1, OFTEN_MS));
    item->events = events;
    item->callback = callback;
}

static void call(void (*callback)(void), void *arg)
{
    union {
        void (*any)(void);
        void (*one)(void *);
    } cast = {callback};
    cast.one(arg);
}

static void call_worked(void (*callback)(void), void *request)
{
    union {
        void (*any)(void);
        void (*worked)(void *, int);
    } cast = {callback};
    cast.worked(request, 0);
}

static void run_timer(const struct item *item)
{
    uv_timer_t *timer = item->subject;
    if (item->repeat_ms) {
        struct item *again = add(ITEM_TIMER, timer, item->repeat_ms);
        again->callback = item->callback;
        again->repeat_ms = item->repeat_ms;
    } else {
        timer->flags &= ~(unsigned)IS_ACTIVE;
    }
    call(item->callback, timer);
}

static void run_poll(const struct item *item)
{
    union {
        void (*any)(void);
        uv_poll_cb polled;
    } cast = {item->callback};
    int status = rng_chance(&sim.rng, 1) ? UV_EBADF : 0;
    add_poll(item->subject, item->events, item->callback);
    cast.polled(item->subject, status, status ? 0 : item->events);
}

/* What the reader takes at once; the rest comes with the next call. */
static void print_to(uv_stream_t *stream, const char *text, size_t len)
{
    uv_buf_t buf;
    while (len) {
        stream->alloc_cb((uv_handle_t *)stream, 65536, &buf);
        size_t taken = len < buf.len ? len : buf.len;
        memcpy(buf.base, text, taken);
        stream->read_cb(stream, (ssize_t)taken, &buf);
        text += taken;
        len -= taken;
    }
}

/* Lines, now and then one that is very long, or the last one without an end. */
static void print_something(uv_stream_t *stream)
{
    static char long_line[6000];
    uv_buf_t none = {0};
    memset(long_line, 'x', sizeof long_line);
    for (uint32_t left = rng_below(&sim.rng, 15); left; left--)
        print_to(stream, "looks well\n", strlen("looks well\n"));
    if (rng_chance(&sim.rng, 20))
        print_to(stream, long_line, sizeof long_line);
    if (rng_chance(&sim.rng, 30))
        print_to(stream, "and then", strlen("and then"));
    if (rng_chance(&sim.rng, 50))
        stream->read_cb(stream, UV_EOF, &none);
}

static void run_exit(const struct item *item)
{
    uv_process_t *process = item->subject;
    if (item->output)
        print_something(item->output);
    process->flags &= ~(unsigned)IS_ACTIVE;
    process->exit_cb(process, item->status, item->signal);
}

static void run_item(struct item item)
{
    sim.process = item.process;
    switch (item.kind) {
    case ITEM_TIMER: run_timer(&item); break;
    case ITEM_WORK: {
        uv_work_t *work = item.subject;
        work->work_cb(work);
        add(ITEM_WORKED, work, some_time())->callback = (void (*)(void))work->after_work_cb;
        break;
    }
    case ITEM_WORKED: call_worked(item.callback, item.subject); break;
    case ITEM_CLOSE:
        own()->handles--;
        if (item.callback)
            call(item.callback, item.subject);
        break;
    case ITEM_POLL: run_poll(&item); break;
    case ITEM_EXIT: run_exit(&item); break;
    case ITEM_ASYNC:
    case ITEM_THREAD: call(item.callback, item.subject); break;
    }
}

static uint64_t due_of(const struct item *item)
{
    uint64_t paused_until_ms = sim.processes[item->process].paused_until_ms;
    return item->due_ms > paused_until_ms ? item->due_ms : paused_until_ms;
}

static bool is_of(const struct item *item, int process)
{
    return process < 0 || item->process == (unsigned)process;
}

/* Of those that are due one by chance; else the clock moves on to the next. Of one process; -1: of any. */
static struct item take_next(int process)
{
    uint64_t next_ms = UINT64_MAX;
    for (size_t i = 0; i < sim.count; i++)
        if (is_of(&sim.items[i], process) && due_of(&sim.items[i]) < next_ms)
            next_ms = due_of(&sim.items[i]);
    set_time(next_ms);
    size_t ready = 0, chosen = 0;
    for (size_t i = 0; i < sim.count; i++)
        if (is_of(&sim.items[i], process) && due_of(&sim.items[i]) <= sim.now_ms &&
            rng_below(&sim.rng, (uint32_t)++ready) == 0)
            chosen = i;
    struct item item = sim.items[chosen];
    sim.items[chosen] = sim.items[--sim.count];
    return item;
}

static void send_signal(int number)
{
    for (size_t i = 0; i < SIGNALS_MAX; i++)
        if (own()->signals[i] && own()->signals[i]->signum == number)
            own()->signals[i]->signal_cb(own()->signals[i], number);
}

/* A detached thread keeps no loop alive. */
static bool is_alive(void)
{
    for (size_t i = 0; i < sim.count; i++)
        if (!sim.items[i].is_detached && sim.items[i].process == sim.process)
            return true;
    return false;
}

bool loop_is_alive(unsigned process)
{
    sim.process = process;
    return is_alive();
}

void loop_signal(unsigned process, int number)
{
    sim.process = process;
    loop_step();
    send_signal(number);
}

bool loop_turn(void)
{
    if (!sim.count)
        return false;
    struct item item = take_next(-1);
    sim.process = item.process;
    loop_step();
    run_item(item);
    return true;
}

int uv_run(uv_loop_t *loop, uv_run_mode mode)
{
    (void)loop;
    (void)mode;
    while (is_alive()) {
        bool is_signal = sim.signals_sent < 2 && sim.plan.signal_at[sim.signals_sent] &&
                         sim.steps >= sim.plan.signal_at[sim.signals_sent];
        loop_step();
        if (is_signal) {
            sim.signals_sent++;
            send_signal(sim.plan.signal);
        } else {
            run_item(take_next((int)sim.process));
        }
    }
    return 0;
}

/* ---- libuv --------------------------------------------------------------------------------- */

int uv_loop_init(uv_loop_t *loop)
{
    memset(loop, 0, sizeof *loop);
    loop_forget();
    return 0;
}

int uv_loop_close(uv_loop_t *loop)
{
    (void)loop;
    if (own()->handles || is_alive())
        sim.hooks.on_wrong(sim.hooks.ctx, "the loop is closed with handles open");
    for (size_t i = sim.count; i-- > 0;) /* detached threads: they end when they end */
        if (sim.items[i].process == sim.process) {
            struct item item = sim.items[i];
            sim.items[i] = sim.items[--sim.count];
            run_item(item);
        }
    return 0;
}

uint64_t uv_hrtime(void)
{
    return (sim.now_ms - own()->slept_ms) * 1000000 + sim.now_us * 1000;
}

void uv_update_time(uv_loop_t *loop)
{
    (void)loop; /* it is always up to date */
}

static void init_handle(uv_loop_t *loop, uv_handle_t *handle)
{
    handle->loop = loop;
    handle->flags = 0;
    own()->handles++;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    init_handle(loop, (uv_handle_t *)timer);
    return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms, uint64_t repeat_ms)
{
    if (timer->flags & IS_CLOSING)
        return UV_EINVAL;
    uv_timer_stop(timer);
    timer->flags |= IS_ACTIVE;
    struct item *item = add(ITEM_TIMER, timer, timeout_ms);
    item->callback = (void (*)(void))callback;
    item->repeat_ms = repeat_ms;
    return 0;
}

int uv_timer_stop(uv_timer_t *timer)
{
    if (timer->flags & IS_ACTIVE)
        drop(ITEM_TIMER, timer);
    timer->flags &= ~(unsigned)IS_ACTIVE;
    return 0;
}

int uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    (void)fd;
    init_handle(loop, (uv_handle_t *)poll);
    return 0;
}

int uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb callback)
{
    drop(ITEM_POLL, poll);
    add_poll(poll, events, (void (*)(void))callback);
    return 0;
}

int uv_poll_stop(uv_poll_t *poll)
{
    drop(ITEM_POLL, poll);
    return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
    return handle->flags & IS_ACTIVE ? 1 : 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb callback)
{
    if (handle->flags & IS_CLOSING)
        sim.hooks.on_wrong(sim.hooks.ctx, "a handle is closed twice");
    drop(ITEM_TIMER, handle);
    drop(ITEM_ASYNC, handle);
    drop(ITEM_POLL, handle);
    for (size_t i = 0; i < SIGNALS_MAX; i++)
        if (own()->signals[i] == (uv_signal_t *)handle)
            own()->signals[i] = NULL;
    handle->flags = IS_CLOSING;
    add(ITEM_CLOSE, handle, 0)->callback = (void (*)(void))callback;
}

int uv_signal_init(uv_loop_t *loop, uv_signal_t *handle)
{
    init_handle(loop, (uv_handle_t *)handle);
    return 0;
}

int uv_signal_start(uv_signal_t *handle, uv_signal_cb callback, int number)
{
    handle->signal_cb = callback;
    handle->signum = number;
    for (size_t i = 0; i < SIGNALS_MAX; i++)
        if (!own()->signals[i]) {
            own()->signals[i] = handle;
            break;
        }
    return 0;
}

/* ---- programs ------------------------------------------------------------------------------ */

/* No descriptor of ours, so that a run that is killed leaves none open. */
enum { NO_FD = 1 << 20 };

int uv_pipe(uv_file fds[2], int read_flags, int write_flags)
{
    (void)read_flags, (void)write_flags;
    fds[0] = fds[1] = NO_FD;
    return rng_chance(&sim.rng, 20) ? UV_EMFILE : 0;
}

int uv_pipe_init(uv_loop_t *loop, uv_pipe_t *pipe, int is_shared)
{
    (void)is_shared;
    init_handle(loop, (uv_handle_t *)pipe);
    return 0;
}

int uv_pipe_open(uv_pipe_t *pipe, uv_file fd)
{
    (void)pipe, (void)fd;
    return 0;
}

int uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb callback)
{
    stream->alloc_cb = alloc;
    stream->read_cb = callback;
    own()->pipe = stream;
    return 0;
}

int uv_read_stop(uv_stream_t *stream)
{
    (void)stream;
    return 0;
}

int uv_fileno(const uv_handle_t *handle, uv_os_fd_t *ret_fd)
{
    (void)handle;
    *ret_fd = NO_FD;
    return 0;
}

int uv_spawn(uv_loop_t *loop, uv_process_t *process, const uv_process_options_t *options)
{
    uint64_t takes_ms;
    int status;
    uv_stream_t *output = own()->pipe;
    own()->pipe = NULL;
    init_handle(loop, (uv_handle_t *)process);
    if (!*options->file)
        return UV_ENOENT;
    sim.hooks.on_spawn(sim.hooks.ctx, &takes_ms, &status);
    process->exit_cb = options->exit_cb;
    process->pid = ++sim.last_pid;
    process->flags |= IS_ACTIVE;
    struct item *item = add(ITEM_EXIT, process, takes_ms);
    item->status = status;
    item->output = output;
    return 0;
}

/* By the linker's --wrap: only programs that were started here are killed, with their groups. */
int __wrap_kill(pid_t pid, int number)
{
    for (size_t i = 0; i < sim.count; i++) {
        struct item *item = &sim.items[i];
        if (item->kind != ITEM_EXIT || ((uv_process_t *)item->subject)->pid != -pid)
            continue;
        item->due_ms = sim.now_ms;
        item->signal = number;
    }
    return 0;
}

/* ---- the pool and threads ------------------------------------------------------------------ */

int uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work, uv_after_work_cb done)
{
    request->loop = loop;
    request->work_cb = work;
    request->after_work_cb = done;
    add(ITEM_WORK, request, some_time());
    return 0;
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback)
{
    init_handle(loop, (uv_handle_t *)async);
    async->async_cb = callback;
    return 0;
}

int uv_async_send(uv_async_t *async)
{
    add(ITEM_ASYNC, async, 0)->callback = (void (*)(void))async->async_cb;
    return 0;
}

int uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg)
{
    *thread = 0;
    add(ITEM_THREAD, arg, some_time())->callback = (void (*)(void))entry;
    return 0;
}

int uv_thread_join(uv_thread_t *thread)
{
    (void)thread; /* it has ended: it was one step */
    return 0;
}

void loop_later(void *(*run)(void *), void *arg)
{
    struct item *item = add(ITEM_THREAD, arg, some_time());
    item->callback = (void (*)(void))run;
    item->is_detached = true;
}

void loop_forget_world(void)
{
    loop_be(THE_WORLD);
    loop_forget();
}

void loop_at(uint64_t delay_ms, void (*run)(void *), void *arg)
{
    struct item *item = add(ITEM_THREAD, arg, delay_ms);
    item->process = THE_WORLD;
    item->callback = (void (*)(void))run;
    item->is_detached = true;
}

int uv_random(uv_loop_t *loop, uv_random_t *request, void *bytes, size_t size, unsigned flags,
              uv_random_cb callback)
{
    (void)loop, (void)request, (void)flags, (void)callback;
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)rng_next(&sim.rng);
    return 0;
}
