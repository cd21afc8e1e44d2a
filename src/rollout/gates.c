#include "rollout/gates.h"

#include <signal.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"

enum { AT_ONCE = 4, ENVIRONMENT_MAX = 24, WHY_MAX = 200 };
enum { OUTPUT_BYTES = 4096, TAIL_BYTES = 2000, TAIL_LINES = 10, LEFT_OVER_READS = 256 };

struct asking {
    struct asking *next;
    struct gates *gates;
    enum gate gate;
    struct arena arena; /* of the environment */
    char *env[ENVIRONMENT_MAX];
    size_t env_count;
    gate_answer_fn on_answer;
    void *ctx;
    uv_process_t process;
    uv_timer_t timer;
    uv_pipe_t output; /* what it prints, where someone wants it */
    bool has_output;
    char text[OUTPUT_BYTES]; /* not yet handed on */
    size_t text_len;
    unsigned handles_open;
    unsigned place;            /* among those at work */
    char why[WHY_MAX];         /* "": it passed */
    int status, signal;        /* that it ended with */
    char tail[TAIL_BYTES + 1]; /* the last of what it printed */
    size_t tail_len;
};

struct gates {
    uv_loop_t *loop;
    const struct gate_rules *rules;
    const struct run_info *run;
    struct gate_reader reader;
    bool is_cancelled;
    unsigned running;
    struct asking *at_work[AT_ONCE]; /* NULL: free */
    struct asking *first, **last;    /* waiting */
};

struct gates *gates_new(uv_loop_t *loop, const struct gate_rules *rules, const struct run_info *run,
                        struct gate_reader reader)
{
    struct gates *gates = xcalloc(1, sizeof *gates);
    *gates = (struct gates){.loop = loop, .rules = rules, .run = run, .reader = reader};
    gates->last = &gates->first;
    return gates;
}

void gates_free(struct gates *gates)
{
    free(gates);
}

bool gates_has(const struct gates *gates, enum gate gate)
{
    return gates->rules && gates->rules->argv[gate];
}

/* ---- what it is told ----------------------------------------------------------------------- */

const char *gate_name(enum gate gate)
{
    static const char *const names[GATE__COUNT] = {
        [GATE_BEFORE_RUN] = "before_run",
        [GATE_AFTER_WAVE] = "after_wave",
        [GATE_AFTER_TENANT_FAILED] = "after_tenant_failed",
        [GATE_AFTER_RUN] = "after_run",
    };
    return names[gate];
}

static void tell(struct asking *asking, const char *name, const char *value)
{
    if (value)
        asking->env[asking->env_count++] = arena_printf(&asking->arena, "%s=%s", name, value);
}

/* Passwords may be in our own environment: only what any program needs is handed on. */
static void fill_environment(struct asking *asking, const struct gate_facts *facts)
{
    static const char *const inherited[] = {"PATH",   "HOME", "USER",  "LANG",
                                            "LC_ALL", "TZ",   "TMPDIR"};
    const struct run_info *run = asking->gates->run;
    for (size_t i = 0; i < ARRAY_LEN(inherited); i++)
        tell(asking, inherited[i], getenv(inherited[i]));
    tell(asking, "SKEIN_GATE", gate_name(asking->gate));
    tell(asking, "SKEIN_GATE_RUN", run->id);
    tell(asking, "SKEIN_GATE_COMMAND", run->request->verb->name);
    tell(asking, "SKEIN_GATE_TARGET", run->target);
    tell(asking, "SKEIN_GATE_WAVE", facts->wave);
    tell(asking, "SKEIN_GATE_TENANT", facts->tenant);
    tell(asking, "SKEIN_GATE_STATE", facts->state);
    if (facts->error) {
        tell(asking, "SKEIN_GATE_ERROR_CLASS", err_class_name(facts->error->kind));
        tell(asking, "SKEIN_GATE_ERROR_CODE", facts->error->code);
        tell(asking, "SKEIN_GATE_ERROR", facts->error->text);
        tell(asking, "SKEIN_GATE_ERROR_DETAIL", said_part(facts->error->said, SAID_DETAIL));
        tell(asking, "SKEIN_GATE_ERROR_HINT", said_part(facts->error->said, SAID_HINT));
    }
}

/* ---- what it prints ------------------------------------------------------------------------ */

static void keep_tail(struct asking *asking, const char *text, size_t len)
{
    size_t kept = len < TAIL_BYTES ? len : TAIL_BYTES;
    size_t drop = asking->tail_len + kept > TAIL_BYTES ? asking->tail_len + kept - TAIL_BYTES : 0;
    memmove(asking->tail, asking->tail + drop, asking->tail_len - drop);
    asking->tail_len -= drop;
    memcpy(asking->tail + asking->tail_len, text + len - kept, kept);
    asking->tail_len += kept;
}

/* Whole ones, as far as there are any. */
static const char *last_lines(struct asking *asking)
{
    size_t end = asking->tail_len, lines = 0;
    while (end && asking->tail[end - 1] == '\n')
        end--;
    asking->tail[end] = '\0';
    size_t start = end;
    while (start && (asking->tail[start - 1] != '\n' || ++lines < TAIL_LINES))
        start--;
    bool is_cut = !start && asking->tail_len == TAIL_BYTES;
    const char *newline = is_cut ? strchr(asking->tail, '\n') : NULL;
    return newline ? newline + 1 : asking->tail + start;
}

/* A gate has secrets of its own, and its words end up in logs and reports. */
static void write_on(struct asking *asking, const char *text, size_t len)
{
    const struct gate_reader *reader = &asking->gates->reader;
    char shown[2 * OUTPUT_BYTES]; /* marks may be longer than what they stand for */
    memcpy(shown, text, len);
    shown[len] = '\0';
    secret_redact_urls(shown, sizeof shown);
    secret_redact_sql(shown, sizeof shown);
    keep_tail(asking, shown, strlen(shown));
    reader->write(reader->ctx, shown, strlen(shown));
}

/* Hands on the text up to the last newline; all of it where there is no newline and no room, or no more text
 * can come. */
static void hand_on(struct asking *asking, bool is_last)
{
    size_t len = asking->text_len;
    while (len && asking->text[len - 1] != '\n')
        len--;
    if (len)
        write_on(asking, asking->text, len);
    asking->text_len -= len;
    memmove(asking->text, asking->text + len, asking->text_len);
    if (asking->text_len && (is_last || asking->text_len == OUTPUT_BYTES - 1)) {
        asking->text[asking->text_len] = '\n';
        write_on(asking, asking->text, asking->text_len + 1);
        asking->text_len = 0;
    }
}

static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buf)
{
    struct asking *asking = handle->data;
    (void)wanted;
    *ret_buf = uv_buf_init(asking->text + asking->text_len,
                           (unsigned)(OUTPUT_BYTES - 1 - asking->text_len));
}

static void on_output(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct asking *asking = stream->data;
    (void)buf;
    if (len > 0) {
        asking->text_len += (size_t)len;
        hand_on(asking, false);
    } else if (len < 0) {
        uv_read_stop(stream);
    }
}

/* The gate has ended: only what is in the pipe by now is read, since programs that it left running may hold the
 * other end for ever. */
static void read_left_over(struct asking *asking)
{
    uv_os_fd_t fd;
    if (!asking->has_output || uv_fileno((uv_handle_t *)&asking->output, &fd))
        return;
    for (int i = 0; i < LEFT_OVER_READS; i++) {
        ssize_t len =
            read(fd, asking->text + asking->text_len, OUTPUT_BYTES - 1 - asking->text_len);
        if (len <= 0)
            break;
        asking->text_len += (size_t)len;
        hand_on(asking, false);
    }
    hand_on(asking, true);
}

/* Returns the descriptor that the gate gets: our stderr where there is no room for a pipe. */
static int open_output(struct asking *asking)
{
    uv_file fds[2];
    if (!asking->gates->reader.write || uv_pipe(fds, UV_NONBLOCK_PIPE, 0))
        return STDERR_FILENO;
    uv_pipe_init(asking->gates->loop, &asking->output, 0);
    uv_pipe_open(&asking->output, fds[0]);
    asking->output.data = asking;
    asking->has_output = true;
    asking->handles_open++;
    uv_read_start((uv_stream_t *)&asking->output, give_room, on_output);
    return fds[1];
}

/* ---- running it ---------------------------------------------------------------------------- */

static void start_next(struct gates *gates);

static void on_closed(uv_handle_t *handle)
{
    struct asking *asking = handle->data;
    struct gates *gates = asking->gates;
    if (--asking->handles_open)
        return;
    gates->at_work[asking->place] = NULL;
    gates->running--;
    struct gate_no no = {asking->why, asking->status, asking->signal, last_lines(asking)};
    if (asking->on_answer)
        asking->on_answer(asking->ctx, asking->why[0] ? &no : NULL);
    arena_done(&asking->arena);
    free(asking);
    start_next(gates);
}

static void close_handles(struct asking *asking)
{
    uv_close((uv_handle_t *)&asking->process, on_closed);
    uv_close((uv_handle_t *)&asking->timer, on_closed);
    if (asking->has_output)
        uv_close((uv_handle_t *)&asking->output, on_closed);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
    struct asking *asking = process->data;
    const char *name = gate_name(asking->gate);
    bool was_told = asking->why[0]; /* that it was killed */
    asking->status = (int)status;
    asking->signal = signal_number;
    if (!was_told && signal_number)
        snprintf(asking->why, sizeof asking->why, "the gate %s was killed by signal %d", name,
                 signal_number);
    else if (!was_told && status)
        snprintf(asking->why, sizeof asking->why, "the gate %s said no: exit status %d", name,
                 (int)status);
    read_left_over(asking);
    close_handles(asking);
}

/* It leads a process group of its own: what it started goes with it. */
static void on_too_late(uv_timer_t *timer)
{
    struct asking *asking = timer->data;
    snprintf(asking->why, sizeof asking->why, "the gate %s did not end within %.1f s",
             gate_name(asking->gate), (double)asking->gates->rules->timeout_ms / 1000);
    kill(-asking->process.pid, SIGKILL);
}

static void say_cancelled(struct asking *asking)
{
    snprintf(asking->why, sizeof asking->why, "the gate %s was cancelled", gate_name(asking->gate));
}

static void take_place(struct gates *gates, struct asking *asking)
{
    while (gates->at_work[asking->place])
        asking->place++;
    gates->at_work[asking->place] = asking;
    gates->running++;
}

static void say_not_started(struct asking *asking, int error)
{
    if (asking->gates->is_cancelled)
        say_cancelled(asking);
    else
        snprintf(asking->why, sizeof asking->why, "the gate %s cannot be run: %s",
                 gate_name(asking->gate), uv_strerror(error));
}

static void start(struct asking *asking)
{
    struct gates *gates = asking->gates;
    const char *const *argv = gates->rules->argv[asking->gate];
    asking->handles_open = 2;
    int out = open_output(asking);
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = out},
        {.flags = UV_INHERIT_FD, .data.fd = out},
    };
    uv_process_options_t options = {
        .exit_cb = on_exit_of,
        .file = argv[0],
        .args = (char **)(uintptr_t)argv,
        .env = asking->env,
        .flags = UV_PROCESS_DETACHED,
        .stdio = stdio,
        .stdio_count = (int)ARRAY_LEN(stdio),
    };
    take_place(gates, asking);
    asking->process.data = asking->timer.data = asking;
    uv_timer_init(gates->loop, &asking->timer);
    /* No program has that name: the spawn fails, and the answer comes from the loop as any other does. */
    if (gates->is_cancelled)
        options.file = "";
    int error = uv_spawn(gates->loop, &asking->process, &options);
    if (asking->has_output)
        close(out);
    if (error) {
        say_not_started(asking, error);
        close_handles(asking);
        return;
    }
    uv_update_time(gates->loop);
    if (gates->rules->timeout_ms)
        uv_timer_start(&asking->timer, on_too_late, gates->rules->timeout_ms, 0);
}

static void start_next(struct gates *gates)
{
    while (gates->running < AT_ONCE && gates->first) {
        struct asking *asking = gates->first;
        gates->first = asking->next;
        if (!gates->first)
            gates->last = &gates->first;
        start(asking);
    }
}

void gates_ask(struct gates *gates, enum gate gate, const struct gate_facts *facts,
               gate_answer_fn on_answer, void *ctx)
{
    struct asking *asking = xcalloc(1, sizeof *asking);
    asking->gates = gates;
    asking->gate = gate;
    asking->on_answer = on_answer;
    asking->ctx = ctx;
    arena_init(&asking->arena);
    fill_environment(asking, facts);
    *gates->last = asking;
    gates->last = &asking->next;
    start_next(gates);
}

void gates_cancel(struct gates *gates)
{
    gates->is_cancelled = true;
    for (size_t i = 0; i < AT_ONCE; i++) {
        struct asking *asking = gates->at_work[i];
        if (!asking || !uv_is_active((uv_handle_t *)&asking->process))
            continue;
        say_cancelled(asking);
        kill(-asking->process.pid, SIGKILL);
    }
}
