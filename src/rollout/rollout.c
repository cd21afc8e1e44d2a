#include "rollout/rollout.h"

#include <signal.h>
#include <time.h>

#include "base/arena.h"
#include "base/map.h"
#include "driver/script.h"
#include "rollout/credentials.h"
#include "rollout/plans.h"
#include "rollout/pool.h"
#include "rollout/resolve.h"
#include "rollout/retry.h"
#include "rollout/scheduler.h"

enum { TICK_MS = 100, SIGNALS_OF_OURS = 3 };

struct rollout {
    const struct rollout_options *options;
    const struct observer *observers;
    size_t observer_count;
    struct run_info info;
    struct arena arena;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t signals[SIGNALS_OF_OURS];
    int signal; /* the one that stopped us; 0: none */
    bool is_draining;
    bool is_cancelling;

    struct session_env env;
    struct scheduler *scheduler;
    struct resolver *resolver;
    struct credentials *credentials;
    struct pool *pool;
    struct plans *plans;
    struct session **running; /* by slot; NULL: free */
    uint32_t *slots;          /* by tenant: its slot while it runs */
    uint32_t *credential_of;  /* by tenant */
    size_t finished;
    size_t failed;
    uint64_t started_ns;
    uint64_t random;
};

static double elapsed_ms(const struct rollout *rollout)
{
    return (double)(uv_hrtime() - rollout->started_ns) / 1e6;
}

static void tell(struct rollout *rollout, struct event event)
{
    event.run = &rollout->info;
    for (size_t i = 0; i < rollout->observer_count; i++)
        rollout->observers[i].on_event(rollout->observers[i].ctx, &event);
}

/* ---- what sessions ask of the run ---------------------------------------------------------- */

static const struct plan *make_plan(void *ctx, const char *const *versions, size_t count,
                                    struct err *err)
{
    struct rollout *rollout = ctx;
    return plans_get(rollout->plans, versions, count, err);
}

static void on_resolved(void *ctx, const char *addresses, const struct err *err)
{
    session_job_done(ctx, addresses, err);
}

static bool resolve(void *ctx, struct session *session, const char **ret_addresses)
{
    struct rollout *rollout = ctx;
    const char *host = session_tenant(session)->url.host;
    *ret_addresses = NULL;
    if (!host || !*host || *host == '/')
        return true; /* a socket, or what the client library chooses */
    *ret_addresses = resolver_ask(rollout->resolver, host, on_resolved, session);
    return *ret_addresses != NULL;
}

static bool fetch_password(void *ctx, struct session *session, const char **ret_password)
{
    struct rollout *rollout = ctx;
    uint32_t credential = rollout->credential_of[session_index(session)];
    return credentials_password(rollout->credentials, credential, on_resolved, session,
                                ret_password);
}

static struct io *take_io(void *ctx, struct session *session)
{
    struct rollout *rollout = ctx;
    return pool_take(rollout->pool, session_index(session));
}

static bool wants_io(void *ctx, struct session *session)
{
    struct rollout *rollout = ctx;
    return !scheduler_is_halted(rollout->scheduler) &&
           pool_wants(rollout->pool, session_index(session));
}

static void leave_io(void *ctx, struct session *session, struct io *io)
{
    struct rollout *rollout = ctx;
    pool_leave(rollout->pool, session_index(session), io);
}

static void on_connected(void *ctx, struct session *session)
{
    struct rollout *rollout = ctx;
    scheduler_proven(rollout->scheduler, (uint32_t)session_index(session));
}

static void fill(struct rollout *rollout);
static void obey_stops(struct rollout *rollout);

/* One refused login stops all who would try the same; any other fault says nothing about it. */
static void on_refused(void *ctx, struct session *session, const struct err *err)
{
    struct rollout *rollout = ctx;
    uint32_t tenant = (uint32_t)session_index(session);
    if (err->kind == ERR_AUTH) {
        credentials_refuse(rollout->credentials, rollout->credential_of[tenant],
                           session_tenant(session)->name);
        return;
    }
    if (retry_is_crowded(err))
        scheduler_crowded(rollout->scheduler, tenant);
    scheduler_proven(rollout->scheduler, tenant);
}

static void on_retry(void *ctx, struct session *session, const struct err *err, uint64_t delay_ms)
{
    struct rollout *rollout = ctx;
    size_t tenant = session_index(session);
    struct err redacted = *err;
    credentials_redact(rollout->credentials, rollout->credential_of[tenant], redacted.text,
                       sizeof redacted.text);
    tell(rollout, (struct event){.kind = EVENT_TENANT_RETRIES,
                                 .tenant = tenant,
                                 .error = &redacted,
                                 .delay_ms = delay_ms});
}

static bool may_wait(void *ctx)
{
    const struct rollout *rollout = ctx;
    return !rollout->is_draining;
}

/* xorshift: jitter needs no more. */
static uint64_t next_random(void *ctx)
{
    struct rollout *rollout = ctx;
    uint64_t x = rollout->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return rollout->random = x;
}

/* ---- starting and finishing ---------------------------------------------------------------- */

static void close_handles(struct rollout *rollout)
{
    pool_close(rollout->pool);
    uv_close((uv_handle_t *)&rollout->tick, NULL);
    for (int i = 0; i < SIGNALS_OF_OURS; i++)
        uv_close((uv_handle_t *)&rollout->signals[i], NULL);
}

static void finish_tenant(struct rollout *rollout, size_t tenant, struct outcome *outcome)
{
    bool has_failed = outcome->error != NULL;
    rollout->finished++;
    rollout->failed += has_failed;
    tell(rollout, (struct event){
                      .kind = EVENT_TENANT_FINISHED, .tenant = tenant, .outcome = outcome});
    bool was_halted = scheduler_is_halted(rollout->scheduler);
    scheduler_finished(rollout->scheduler, (uint32_t)tenant, has_failed);
    if (!was_halted && scheduler_is_halted(rollout->scheduler))
        tell(rollout, (struct event){.kind = EVENT_RUN_DRAINS, .reason = "too many failures"});
}

static void on_finished(void *ctx, struct session *session, const struct outcome *outcome)
{
    struct rollout *rollout = ctx;
    size_t tenant = session_index(session);
    uint32_t credential = rollout->credential_of[tenant];
    struct outcome redacted = *outcome;
    struct err err;
    char statement[512];
    if (outcome->error) {
        err = *outcome->error;
        credentials_redact(rollout->credentials, credential, err.text, sizeof err.text);
        redacted.error = &err;
    }
    if (outcome->error_statement) {
        snprintf(statement, sizeof statement, "%s", outcome->error_statement);
        credentials_redact(rollout->credentials, credential, statement, sizeof statement);
        redacted.error_statement = statement;
    }
    rollout->running[rollout->slots[tenant]] = NULL;
    finish_tenant(rollout, tenant, &redacted);
    session_free(session);
    fill(rollout);
}

/* Nobody tries a login that was refused already: the tenant is not touched. */
static bool skip_refused(struct rollout *rollout, size_t tenant)
{
    struct err err;
    const char *who = credentials_refused(rollout->credentials, rollout->credential_of[tenant]);
    if (!who)
        return false;
    err_set(&err, ERR_AUTH, "not tried: the server already refused this login to tenant '%s'", who);
    struct outcome outcome = {.state = TENANT_SKIPPED, .error = &err};
    finish_tenant(rollout, tenant, &outcome);
    return true;
}

static void start(struct rollout *rollout, uint32_t tenant)
{
    uint32_t slot = 0;
    while (rollout->running[slot])
        slot++;
    rollout->slots[tenant] = slot;
    tell(rollout, (struct event){.kind = EVENT_TENANT_STARTED, .tenant = tenant});
    rollout->running[slot] =
        session_start(&rollout->env, rollout->options->tenants[tenant], tenant);
}

/* Starts what may start; closes up when all is over. */
static void fill(struct rollout *rollout)
{
    uint32_t tenant;
    obey_stops(rollout);
    while ((tenant = scheduler_next(rollout->scheduler)) != SCHEDULER_NONE)
        if (!skip_refused(rollout, tenant))
            start(rollout, tenant);
    if (scheduler_is_over(rollout->scheduler) && !uv_is_closing((uv_handle_t *)&rollout->tick))
        close_handles(rollout);
}

/* ---- signals ------------------------------------------------------------------------------- */

static void for_each_session(struct rollout *rollout, void (*act)(struct session *session))
{
    for (uint32_t slot = 0; slot < rollout->options->parallel; slot++)
        if (rollout->running[slot])
            act(rollout->running[slot]);
}

static void drain(struct rollout *rollout, int signal_number)
{
    rollout->is_draining = true;
    rollout->signal = signal_number;
    scheduler_halt(rollout->scheduler);
    tell(rollout, (struct event){.kind = EVENT_RUN_DRAINS,
                                 .reason = "stopping: what is in flight finishes (once more "
                                           "cancels it and rolls it back)"});
    for_each_session(rollout, session_stop_waiting);
}

static void cancel(struct rollout *rollout)
{
    rollout->is_cancelling = true;
    tell(rollout, (struct event){.kind = EVENT_RUN_DRAINS,
                                 .reason = "cancelling what is in flight, and rolling it back"});
    for_each_session(rollout, session_cancel);
}

/* First: finish what is in flight. Second: cancel it and roll it back. Third: die. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct rollout *rollout = handle->data;
    if (!rollout->is_draining) {
        drain(rollout, number == SIGHUP ? SIGTERM : number);
        fill(rollout);
        return;
    }
    if (rollout->is_cancelling) {
        signal(number, SIG_DFL);
        raise(number);
    }
    cancel(rollout);
}

/* Asked before anything is begun, so that a stop which an observer asks for holds at once. */
static void obey_stops(struct rollout *rollout)
{
    int stops = rollout->options->stops ? atomic_load(rollout->options->stops) : 0;
    if (stops > 0 && !rollout->is_draining)
        drain(rollout, SIGTERM);
    if (stops > 1 && !rollout->is_cancelling)
        cancel(rollout);
}

static void on_tick(uv_timer_t *handle)
{
    struct rollout *rollout = handle->data;
    if (rollout->options->stops)
        fill(rollout);
    if (rollout->options->on_tick)
        rollout->options->on_tick(rollout->options->tick_ctx);
}

static void watch_signals(struct rollout *rollout)
{
    static const int numbers[SIGNALS_OF_OURS] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < SIGNALS_OF_OURS; i++) {
        uv_signal_init(&rollout->loop, &rollout->signals[i]);
        rollout->signals[i].data = rollout;
        if (!rollout->options->leaves_signals)
            uv_signal_start(&rollout->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&rollout->loop, &rollout->tick);
    rollout->tick.data = rollout;
    uv_timer_start(&rollout->tick, on_tick, TICK_MS, TICK_MS);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void add_tenants(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    struct map servers;
    map_init(&servers);
    for (size_t i = 0; i < options->tenant_count; i++) {
        const struct tenant *tenant = options->tenants[i];
        bool is_server = driver_find(tenant->url.dialect)->traits & DRIVER_IS_SERVER;
        uint32_t server = map_get(&servers, tenant->server);
        if (server == MAP_NONE) {
            server = scheduler_add_server(rollout->scheduler, !is_server);
            map_put(&servers, tenant->server, server);
        }
        bool is_new;
        uint32_t credential = credentials_add(rollout->credentials, tenant, &is_new);
        if (is_new)
            scheduler_add_credential(rollout->scheduler, server, is_server);
        rollout->credential_of[i] = credential;
        scheduler_add_tenant(rollout->scheduler, credential);
        pool_add_tenant(rollout->pool, tenant);
    }
    map_done(&servers);
}

static void fill_env(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    rollout->env = (struct session_env){
        .loop = &rollout->loop,
        .chain = options->chain,
        .scripts = options->scripts,
        .goal = options->goal,
        .target = options->target,
        .run_id = rollout->info.id,
        .version_table = options->version_table,
        .ctx = rollout,
        .plan = make_plan,
        .resolve = resolve,
        .fetch_password = fetch_password,
        .take_io = take_io,
        .wants_io = wants_io,
        .leave_io = leave_io,
        .on_connected = on_connected,
        .on_refused = on_refused,
        .on_retry = on_retry,
        .may_wait = may_wait,
        .random = next_random,
        .on_finished = on_finished,
    };
}

static void open_all(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    struct scheduler_rules rules = {
        .parallel = options->parallel,
        .per_server = options->per_server,
        .max_failures = share_of(&options->max_failures, (uint32_t)options->tenant_count),
        .stops_on_failure = options->on_failure != ON_FAILURE_CONTINUE,
    };
    arena_init(&rollout->arena);
    uv_loop_init(&rollout->loop);
    rollout->scheduler = scheduler_new(&rules);
    rollout->resolver = resolver_new(&rollout->loop);
    rollout->credentials = credentials_new(&rollout->loop);
    rollout->pool = pool_new();
    rollout->plans = plans_new(options->chain, options->target);
    rollout->running =
        arena_calloc(&rollout->arena, options->parallel, sizeof(struct session *));
    rollout->slots = arena_calloc(&rollout->arena, options->tenant_count, sizeof(uint32_t));
    rollout->credential_of = arena_calloc(&rollout->arena, options->tenant_count, sizeof(uint32_t));
    add_tenants(rollout);
    fill_env(rollout);
    watch_signals(rollout);
}

static void close_all(struct rollout *rollout)
{
    uv_loop_close(&rollout->loop);
    plans_free(rollout->plans);
    pool_free(rollout->pool);
    credentials_free(rollout->credentials);
    resolver_free(rollout->resolver);
    scheduler_free(rollout->scheduler);
    arena_done(&rollout->arena);
}

static enum run_state final_state(const struct rollout *rollout)
{
    bool is_complete = rollout->finished == rollout->options->tenant_count;
    if (rollout->signal)
        return RUN_INTERRUPTED;
    if (!is_complete)
        return RUN_HALTED;
    return rollout->failed ? RUN_FAILED : RUN_SUCCEEDED;
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void rollout_make_id(char ret_id[32])
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[20];
    unsigned char random[3] = {0};
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    uv_random(NULL, NULL, random, sizeof random, 0, NULL);
    snprintf(ret_id, 32, "%s-%02x%02x%02x", stamp, random[0], random[1], random[2]);
}

/* Few threads that are always busy cost a third less than one a tenant, of which each piece of work
 * wakes another; more than processors, since some wait for disks. */
void rollout_size_pool(uint32_t parallel)
{
    char size[16];
    enum { SMALLEST = 4, ALWAYS_FINE = 8, LARGEST = 128 };
    uint32_t most = uv_available_parallelism() * 4;
    most = most < ALWAYS_FINE ? ALWAYS_FINE : most > LARGEST ? LARGEST : most;
    uint32_t threads = parallel < SMALLEST ? SMALLEST : parallel > most ? most : parallel;
    snprintf(size, sizeof size, "%u", threads);
    setenv("UV_THREADPOOL_SIZE", size, 0);
}

int rollout_run(const struct rollout_options *options, const struct observer *observers,
                size_t observer_count)
{
    char id[32];
    rollout_make_id(id);
    drivers_init();
    struct rollout rollout = {
        .options = options,
        .observers = observers,
        .observer_count = observer_count,
        .started_ns = uv_hrtime(),
        .random = uv_hrtime() | 1,
        .info = {.id = options->run_id ? options->run_id : id,
                 .command = options->command,
                 .target = options->target_text,
                 .is_dry_run = options->goal != GOAL_RUN,
                 .chain = options->chain,
                 .tenants = options->tenants,
                 .tenant_count = options->tenant_count,
                 .started_at_ms = wall_ms()},
    };
    open_all(&rollout);
    tell(&rollout, (struct event){.kind = EVENT_RUN_STARTED});
    fill(&rollout);
    uv_run(&rollout.loop, UV_RUN_DEFAULT);
    tell(&rollout, (struct event){.kind = EVENT_RUN_FINISHED,
                                  .state = final_state(&rollout),
                                  .duration_ms = elapsed_ms(&rollout)});
    close_all(&rollout);
    return rollout.signal;
}
