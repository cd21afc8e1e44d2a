#include "cli/metrics.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "cli/metrics_file.h"

/* Upper bounds in seconds, from a schema of few rows to a backfill of hours. */
static const double bounds[] = {0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000};

enum { BOUNDS = ARRAY_LEN(bounds) };

static const double WRITE_SECONDS = 5;

struct metrics {
    metrics_clock *clock;
    struct metrics_file *file;
    const struct status *status;
    double started_at; /* seconds since the epoch */
    double written_at;
    uint64_t durations[BOUNDS + 1]; /* by the first bound that is not exceeded; the last: none */
    double duration_sum;
    double duration; /* of the run; once it is over */
};

static double machine_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the text ---------------------------------------------------------------------------------- */

static void add_family(struct buf *buf, const char *name, const char *type, const char *help)
{
    buf_addf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: what would end it is escaped. */
static void add_value(struct buf *buf, const char *value)
{
    for (const char *at = value; *at; at++) {
        if (*at == '\\' || *at == '"')
            buf_addc(buf, '\\');
        if (*at == '\n')
            buf_adds(buf, "\\n");
        else
            buf_addc(buf, *at);
    }
}

static void add_label(struct buf *buf, const char *key, const char *value)
{
    buf_addf(buf, "%s=\"", key);
    add_value(buf, value ? value : "");
    buf_addc(buf, '"');
}

static void add_sample(struct buf *buf, const char *name, const char *key, const char *value,
                       double number)
{
    buf_adds(buf, name);
    if (key) {
        buf_addc(buf, '{');
        add_label(buf, key, value);
        buf_addc(buf, '}');
    }
    buf_addf(buf, " %.15g\n", number);
}

static void add_gauge(struct buf *buf, const char *name, const char *help, double number)
{
    add_family(buf, name, "gauge", help);
    add_sample(buf, name, NULL, NULL, number);
}

static void add_run(const struct metrics *metrics, struct buf *buf)
{
    const struct status *status = metrics->status;
    const struct run_info *run = status->run;
    add_family(buf, "skein_run_info", "gauge", "Which run this is. Always 1.");
    buf_adds(buf, "skein_run_info{");
    add_label(buf, "run", run->id);
    buf_addc(buf, ',');
    add_label(buf, "command", run->request->verb->name);
    buf_addc(buf, ',');
    add_label(buf, "target", run->target);
    buf_adds(buf, "} 1\n");
    add_family(buf, "skein_run_state", "gauge",
               "1 for the state that the run is in, 0 for others.");
    for (enum run_state state = 0; state < RUN__COUNT; state++)
        add_sample(buf, "skein_run_state", "state", run_state_name(state), status->state == state);
    double now = metrics->clock();
    add_gauge(buf, "skein_run_start_time_seconds",
              "When the run began, in seconds since the epoch.", metrics->started_at);
    add_gauge(buf, "skein_run_update_time_seconds",
              "When this was written, in seconds since the epoch.", now);
    add_gauge(buf, "skein_run_duration_seconds", "How long the run has lasted.",
              status->is_over ? metrics->duration
                              : (double)(status->now_ms - status->started_ms) / 1e3);
    add_gauge(buf, "skein_run_draining", "1 where nothing more is begun.", status->is_draining);
    add_family(buf, "skein_run_waiting", "gauge", "1 where the run waits for a soak or a gate.");
    for (enum wait wait = 0; wait < WAIT__COUNT; wait++)
        add_sample(buf, "skein_run_waiting", "for", wait_name(wait),
                   status->waits_for.what && status->waits_for.kind == wait);
}

static void add_waves(const struct status *status, struct buf *buf)
{
    add_family(buf, "skein_wave_tenants", "gauge", "Tenants of a wave.");
    for (size_t i = 0; i < status->wave_count; i++)
        add_sample(buf, "skein_wave_tenants", "wave", status->waves[i].name,
                   (double)status->waves[i].total);
    add_family(buf, "skein_wave_tenants_done", "gauge", "Tenants of a wave that have ended.");
    for (size_t i = 0; i < status->wave_count; i++)
        add_sample(buf, "skein_wave_tenants_done", "wave", status->waves[i].name,
                   (double)status_of_wave(status, i).done);
    add_family(buf, "skein_wave_tenants_failed", "gauge",
               "Tenants of a wave that failed, or need a person.");
    for (size_t i = 0; i < status->wave_count; i++)
        add_sample(buf, "skein_wave_tenants_failed", "wave", status->waves[i].name,
                   (double)status_of_wave(status, i).bad);
}

static void add_states(const struct status *status, struct buf *buf)
{
    add_family(buf, "skein_tenants", "gauge", "Tenants of the run by their state.");
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        add_sample(buf, "skein_tenants", "state", tenant_state_name(state),
                   (double)status_in(status, state));
    add_family(buf, "skein_here_tenants", "gauge",
               "Of these, those that this machine works on, or has ended.");
    for (enum tenant_state state = TENANT_RUNNING; state < TENANT__COUNT; state++)
        add_sample(buf, "skein_here_tenants", "state", tenant_state_name(state),
                   (double)status_here(status, state));
}

/* A pause is that of all. */
static void add_machines(const struct status *status, struct buf *buf)
{
    static const char name[] = "skein_machines";
    const struct run_others *others = &status->others.told;
    double there = (double)others->at_work + 1;
    add_family(buf, name, "gauge", "Machines that work, or have worked, on the run.");
    add_sample(buf, name, "state", "at_work", status->is_paused ? 0 : there);
    add_sample(buf, name, "state", "paused", status->is_paused ? there : 0);
    add_sample(buf, name, "state", "left", (double)others->left);
    add_sample(buf, name, "state", "gone", (double)run_others_gone(others));
    add_gauge(buf, "skein_tenants_taken_over",
              "Tenants that a machine took over from one that was gone.",
              (double)others->taken_over);
}

static void add_durations(const struct metrics *metrics, struct buf *buf)
{
    static const char name[] = "skein_tenant_duration_seconds";
    uint64_t count = 0;
    add_family(buf, name, "histogram", "How long tenants took that have ended.");
    for (size_t i = 0; i <= BOUNDS; i++) {
        char bound[32] = "+Inf";
        count += metrics->durations[i];
        if (i < BOUNDS)
            snprintf(bound, sizeof bound, "%g", bounds[i]);
        buf_addf(buf, "%s_bucket{le=\"%s\"} %llu\n", name, bound, (unsigned long long)count);
    }
    buf_addf(buf, "%s_sum %.15g\n%s_count %llu\n", name, metrics->duration_sum, name,
             (unsigned long long)count);
}

/* Of the one that began first among those at work. */
static double oldest_seconds(const struct metrics *metrics)
{
    const struct status *status = metrics->status;
    if (status->oldest == STATUS_NONE)
        return 0;
    uint64_t since_ms = status->started_ms + status->tenants[status->oldest].since_ms;
    return (double)(status->now_ms - since_ms) / 1e3;
}

void metrics_add(const struct metrics *metrics, struct buf *buf)
{
    const struct status *status = metrics->status;
    if (!status->run)
        return;
    add_run(metrics, buf);
    add_states(status, buf);
    add_waves(status, buf);
    add_machines(status, buf);
    add_gauge(buf, "skein_oldest_tenant_seconds",
              "How long the tenant has been at work that began first among those at work.",
              oldest_seconds(metrics));
    add_family(buf, "skein_tenant_retries_total", "counter", "How often a tenant was tried again.");
    add_sample(buf, "skein_tenant_retries_total", NULL, NULL, (double)status->retries);
    add_durations(metrics, buf);
}

/* ---- life -------------------------------------------------------------------------------------- */

static void write_now(struct metrics *metrics)
{
    struct buf buf;
    if (!metrics->file)
        return;
    buf_init(&buf, SIZE_MAX / 2);
    metrics_add(metrics, &buf);
    metrics->written_at = metrics->clock();
    metrics_file_put(metrics->file, buf.data, buf.len);
    buf_done(&buf);
}

static void count_duration(struct metrics *metrics, double seconds)
{
    size_t at = 0;
    while (at < BOUNDS && seconds > bounds[at])
        at++;
    metrics->durations[at]++;
    metrics->duration_sum += seconds;
}

static void on_run_event(void *ctx, const struct event *event)
{
    struct metrics *metrics = ctx;
    if (event->kind == EVENT_RUN_STARTED)
        metrics->started_at = metrics->clock();
    if (event->kind == EVENT_TENANT_FINISHED && event->outcome->attempts)
        count_duration(metrics, event->outcome->duration_ms / 1e3);
    if (event->kind == EVENT_RUN_FINISHED)
        metrics->duration = event->duration_ms / 1e3;
    if (event->kind == EVENT_RUN_STARTED || event->kind == EVENT_RUN_FINISHED)
        write_now(metrics);
}

struct metrics *metrics_open(const char *path, const struct status *status, metrics_clock *clock)
{
    struct metrics *metrics = xcalloc(1, sizeof *metrics);
    metrics->clock = clock ? clock : machine_clock;
    metrics->file = path ? metrics_file_open(path) : NULL;
    metrics->status = status;
    return metrics;
}

struct observer metrics_observer(struct metrics *metrics)
{
    return (struct observer){on_run_event, metrics};
}

void metrics_tick(void *ctx)
{
    struct metrics *metrics = ctx;
    bool is_running = metrics->status->run && !metrics->status->is_over;
    double passed = metrics->clock() - metrics->written_at;
    if (is_running && (passed >= WRITE_SECONDS || passed < 0))
        write_now(metrics);
}

void metrics_close(struct metrics *metrics)
{
    if (!metrics)
        return;
    if (metrics->file)
        metrics_file_close(metrics->file);
    free(metrics);
}
