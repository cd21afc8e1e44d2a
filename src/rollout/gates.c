#include "rollout/gates.h"

#include <signal.h>
#include <unistd.h>

#include "base/arena.h"

enum { AT_ONCE = 4, ENVIRONMENT_MAX = 24, WHY_MAX = 200 };

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
    unsigned handles_open;
    unsigned place;    /* among those at work */
    char why[WHY_MAX]; /* "": it passed */
};

struct gates {
    uv_loop_t *loop;
    const struct gate_rules *rules;
    const struct run_info *run;
    bool is_cancelled;
    unsigned running;
    struct asking *at_work[AT_ONCE]; /* NULL: free */
    struct asking *first, **last;    /* waiting */
};

struct gates *gates_new(uv_loop_t *loop, const struct gate_rules *rules, const struct run_info *run)
{
    struct gates *gates = xcalloc(1, sizeof *gates);
    *gates = (struct gates){.loop = loop, .rules = rules, .run = run};
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

static const char *gate_name(enum gate gate)
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
    tell(asking, "SKEIN_GATE_COMMAND", run->command);
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
    if (asking->on_answer)
        asking->on_answer(asking->ctx, asking->why[0] ? asking->why : NULL);
    arena_done(&asking->arena);
    free(asking);
    start_next(gates);
}

static void close_handles(struct asking *asking)
{
    uv_close((uv_handle_t *)&asking->process, on_closed);
    uv_close((uv_handle_t *)&asking->timer, on_closed);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
    struct asking *asking = process->data;
    const char *name = gate_name(asking->gate);
    bool was_told = asking->why[0]; /* that it was killed */
    if (!was_told && signal_number)
        snprintf(asking->why, sizeof asking->why, "the gate %s was killed by signal %d", name,
                 signal_number);
    else if (!was_told && status)
        snprintf(asking->why, sizeof asking->why, "the gate %s said no: exit status %d", name,
                 (int)status);
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

static void start(struct asking *asking)
{
    struct gates *gates = asking->gates;
    const char *const *argv = gates->rules->argv[asking->gate];
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
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
    asking->handles_open = 2;
    uv_timer_init(gates->loop, &asking->timer);
    if (gates->is_cancelled)
        options.file =
            ""; /* nothing of that name can be run: the answer comes from the loop all the same */
    int error = uv_spawn(gates->loop, &asking->process, &options);
    if (error) {
        if (gates->is_cancelled)
            say_cancelled(asking);
        else
            snprintf(asking->why, sizeof asking->why, "the gate %s cannot be run: %s",
                     gate_name(asking->gate), uv_strerror(error));
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
