#include "report/view_forecast.h"

#include "base/human.h"
#include "inventory/inventory.h"
#include "event/forecast.h"

static const struct step_timing *timing_of(const struct timings *timings,
                                           const struct report_step *step, enum dialect_id dialect)
{
    const struct revision *revision = step->revision;
    for (size_t i = timings->count; revision && i-- > 0;) {
        const struct step_timing *timing = &timings->steps[i];
        if (timing->direction == (enum direction)step->direction && timing->dialect == dialect &&
            strcmp(timing->revision, revision->id) == 0 &&
            strcmp(timing->checksum, revision->checksum) == 0)
            return timing;
    }
    return NULL;
}

/* What earlier runs say of a list of steps, which many tenants share. */
struct told_steps {
    bool is_known;
    double ms; /* of a visit; negative: no run has timed all of it, of which `untimed` is a step */
    double sum_ms, most_ms; /* of the longest that each step took */
    const struct report_step *untimed;
    const struct step_timing *newest, *longest;
};

/* They are in the order of their runs. */
static void take_timing(struct told_steps *told, const struct step_timing *timing)
{
    told->ms += timing->mean_ms;
    told->sum_ms += timing->longest_ms;
    if (timing->longest_ms > told->most_ms)
        told->most_ms = timing->longest_ms;
    if (!told->newest || timing > told->newest)
        told->newest = timing;
    if (!told->longest || timing->longest_ms > told->longest->longest_ms)
        told->longest = timing;
}

static struct told_steps tell_steps(const struct report *report, const struct report_row *row)
{
    struct step_list steps = report_steps(report, row->steps);
    struct told_steps told = {.is_known = true, .ms = report->timings->visit_ms[row->dialect]};
    for (size_t i = 0; i < steps.count; i++) {
        const struct step_timing *timing =
            timing_of(report->timings, &steps.steps[i], row->dialect);
        if (!timing)
            return (struct told_steps){.is_known = true, .ms = -1, .untimed = &steps.steps[i]};
        take_timing(&told, timing);
    }
    if (!steps.count)
        told.ms = -1;
    return told;
}

static const struct told_steps *told_of(const struct view_forecast *forecast,
                                        const struct report *report, const struct report_row *row)
{
    static const struct told_steps nothing = {.ms = -1};
    if (row->steps == REPORT_NONE)
        return &nothing;
    struct told_steps *told = &forecast->told[row->steps * DIALECT__COUNT + row->dialect];
    if (!told->is_known)
        *told = tell_steps(report, row);
    return told;
}

static bool is_from_ledger(const struct report *report)
{
    return !report->run.request->rehearses;
}

static bool is_told(const struct view_forecast *forecast, const struct report *report,
                    const struct report_row *row)
{
    if (row->state != TENANT_SUCCEEDED)
        return false;
    return is_from_ledger(report) ? told_of(forecast, report, row)->ms >= 0
                                  : row->rehearsed != REHEARSED_NOWHERE;
}

/* A copy takes a time that an upgrade does not; in place the whole visit counts. */
static double time_of(const struct view_forecast *forecast, const struct report *report,
                      const struct report_row *row)
{
    double ms = 0;
    if (is_from_ledger(report))
        return told_of(forecast, report, row)->ms;
    if (row->rehearsed == REHEARSED_IN_PLACE)
        return row->duration_ms;
    size_t count = row->step_ms ? report_steps(report, row->steps).count : 0;
    for (size_t i = 0; i < count; i++)
        ms += (double)row->step_ms[i];
    return ms;
}

double view_forecast_time(const struct view_forecast *forecast, const struct report *report,
                          uint32_t row)
{
    const struct report_row *told = &report->rows[row];
    if (told->state == TENANT_UNCHANGED)
        return 0;
    if (!is_told(forecast, report, told) || told->rehearsed == REHEARSED_ON_SCRATCH)
        return -1;
    return time_of(forecast, report, told);
}

static void add_wave(struct view_forecast *forecast, const struct report *report,
                     struct intern *servers, uint32_t index)
{
    const struct report_wave *wave = &report->waves[index];
    struct view_forecast_wave *told = &forecast->waves[forecast->wave_count];
    struct forecast_tenant *tenants =
        arena_calloc(&forecast->arena, wave->tenant_count + 1, sizeof *tenants);
    *told = (struct view_forecast_wave){.name = wave->name};
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        const struct tenant *tenant = report->run.tenants[i];
        if (report->run.wave_of[i] != index || !is_told(forecast, report, &report->rows[i]))
            continue;
        bool is_file = dialect_info(tenant->url.dialect)->is_file;
        tenants[told->tenants++] = (struct forecast_tenant){
            .server = is_file ? FORECAST_NO_SERVER
                              : intern_put(servers, tenant->server, strlen(tenant->server)),
            .ms = time_of(forecast, report, &report->rows[i]),
        };
    }
    if (!told->tenants || !wave->rules || !wave->rules->parallel)
        return;
    struct forecast_wave times = {.parallel = wave->rules->parallel,
                                  .per_server = wave->rules->per_server};
    forecast_sort(tenants, told->tenants);
    forecast_wave(&times, tenants, told->tenants);
    told->duration_ms = times.duration_ms;
    told->soak_ms = (double)wave->rules->soak_ms;
    forecast->wave_count++;
}

/* Of what the server will copy, since a scratch database has none of it. */
static uint64_t copied_bytes(const struct report_row *row)
{
    uint64_t bytes = 0;
    for (size_t i = 0; row->rehearsed == REHEARSED_ON_SCRATCH && i < row->weighed_count; i++)
        if (row->weighed[i].algorithm && strcmp(row->weighed[i].algorithm, "COPY") == 0)
            bytes += row->weighed[i].bytes;
    return bytes;
}

static void take_row(struct view_forecast *forecast, const struct report_row *row, uint32_t index)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < row->seen_count; i++) {
        const struct seen *seen = &row->seen[i];
        bool is_lock = seen->kind == SEEN_LOCK && seen->blocks != BLOCKS_NOTHING;
        if (seen->kind == SEEN_REWRITE || seen->kind == SEEN_GROWTH)
            bytes += seen->count;
        if (!is_lock || (forecast->lock && seen->ms <= forecast->lock->ms))
            continue;
        forecast->lock = seen;
        forecast->lock_row = index;
    }
    forecast->without_rows += row->rehearsed == REHEARSED_ON_SCRATCH;
    bytes += copied_bytes(row);
    forecast->bytes += bytes;
    if (bytes <= forecast->most_bytes)
        return;
    forecast->most_bytes = bytes;
    forecast->most_row = index;
}

/* What is told of the steps of a row by earlier runs, or that none has timed them. */
static void take_timings(struct view_forecast *forecast, const struct report *report,
                         uint32_t index)
{
    const struct report_row *row = &report->rows[index];
    const struct told_steps *told = told_of(forecast, report, row);
    const struct settings *settings = report->run.tenants[index]->settings;
    bool is_each = settings && settings->transaction == TRANSACTION_EACH;
    double transaction_ms = is_each ? told->most_ms : told->sum_ms;
    if (row->state != TENANT_SUCCEEDED || !report_steps(report, row->steps).count)
        return;
    if (told->ms < 0) {
        forecast->untimed++;
        forecast->untimed_revision = told->untimed->revision;
        return;
    }
    if (!forecast->newest || told->newest > forecast->newest)
        forecast->newest = told->newest;
    if (!forecast->longest || told->longest->longest_ms > forecast->longest->longest_ms)
        forecast->longest = told->longest;
    if (transaction_ms <= forecast->transaction_ms)
        return;
    forecast->transaction_ms = transaction_ms;
    forecast->transaction_row = index;
}

static bool is_possible(const struct report *report)
{
    const struct request *request = report->run.request;
    return request->rehearses ||
           (!request_changes(request) && report->timings && report->timings->count);
}

bool view_forecast_init(struct view_forecast *forecast, const struct report *report)
{
    struct intern servers;
    *forecast = (struct view_forecast){0};
    if (!is_possible(report))
        return false;
    arena_init(&forecast->arena);
    intern_init(&servers, &forecast->arena);
    if (is_from_ledger(report))
        forecast->told =
            arena_calloc(&forecast->arena, report->step_lists.count * DIALECT__COUNT + 1,
                         sizeof *forecast->told);
    forecast->waves = arena_calloc(&forecast->arena, report->wave_count, sizeof *forecast->waves);
    for (uint32_t i = 0; i < report->wave_count; i++)
        add_wave(forecast, report, &servers, i);
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        if (is_told(forecast, report, &report->rows[i]))
            take_row(forecast, &report->rows[i], i);
    for (uint32_t i = 0; is_from_ledger(report) && i < report->run.tenant_count; i++)
        take_timings(forecast, report, i);
    for (size_t i = 0; i < forecast->wave_count; i++) {
        bool is_last = i + 1 == forecast->wave_count;
        forecast->duration_ms += forecast->waves[i].duration_ms;
        forecast->duration_ms += is_last ? 0 : forecast->waves[i].soak_ms;
    }
    if (forecast->wave_count)
        return true;
    view_forecast_done(forecast);
    return false;
}

void view_forecast_done(struct view_forecast *forecast)
{
    arena_done(&forecast->arena);
}

static void add_timings(const struct view_forecast *forecast, struct buf *buf)
{
    if (!forecast->newest)
        return;
    buf_addf(buf, ", as run %s took", forecast->newest->run);
    buf_addf(buf, "; the longest step was %s %s with ", forecast->longest->revision,
             forecast->longest->direction == DIRECTION_UP ? "up" : "down");
    human_add_duration(buf, forecast->longest->longest_ms);
    buf_adds(buf, ", and no transaction held its locks for longer than ");
    human_add_duration(buf, forecast->transaction_ms);
    if (!forecast->untimed)
        return;
    buf_adds(buf, "; not in it: ");
    human_add_count(buf, forecast->untimed, "tenant");
    buf_addf(buf, ", since no run has timed %s",
             forecast->untimed_revision ? forecast->untimed_revision->id : "its steps");
}

void view_add_forecast(const struct view_forecast *forecast, const struct report *report,
                       struct buf *buf)
{
    const struct seen *lock = forecast->lock;
    buf_adds(buf, "in all about ");
    human_add_duration(buf, forecast->duration_ms);
    add_timings(forecast, buf);
    if (lock) {
        buf_addf(buf, "; %s wait for at most ", seen_blocks_name(lock->blocks));
        human_add_duration(buf, lock->ms);
        buf_addf(buf, ", for %s in %s", lock->object ? lock->object : "the database",
                 report->run.tenants[forecast->lock_row]->name);
    }
    if (forecast->bytes) {
        buf_adds(buf, "; ");
        human_add_size(buf, forecast->bytes);
        buf_adds(buf, " are written, at most ");
        human_add_size(buf, forecast->most_bytes);
        buf_addf(buf, " in %s", report->run.tenants[forecast->most_row]->name);
    }
    if (!forecast->without_rows)
        return;
    buf_adds(buf, "; ");
    human_add_count(buf, forecast->without_rows, "tenant");
    buf_addf(buf, " %s rehearsed without rows, and will take longer",
             forecast->without_rows == 1 ? "was" : "were");
}
