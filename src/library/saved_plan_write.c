/* What becomes a plan's file. */
#include "library/saved_plan.h"

#include "event/standing_place.h"
#include "report/json.h"
#include "report/lint_report.h"
#include "report/view_forecast.h"

#define NOT_SEEN UINT32_MAX

void saved_plan_begin(struct saved_plan_maker *maker, const struct fleet *fleet,
                      const struct request *request)
{
    *maker =
        (struct saved_plan_maker){.fleet = fleet, .request = request, .places = rows_pool_new()};
    arena_init(&maker->arena);
    maker->place_of = arena_calloc(&maker->arena, fleet->tenant_count + 1, sizeof(uint32_t));
    for (size_t i = 0; i < fleet->tenant_count; i++)
        maker->place_of[i] = NOT_SEEN;
}

void saved_plan_observe(void *ctx, const struct event *event)
{
    struct saved_plan_maker *maker = ctx;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    struct rows from =
        standing_place(&maker->arena, &event->outcome->from, event->outcome->half_step);
    maker->place_of[event->tenant] = rows_pool_put(maker->places, &from);
    maker->pending_count += event->outcome->state == TENANT_SUCCEEDED;
}

void saved_plan_take_findings(void *ctx, const struct told_findings *findings)
{
    struct saved_plan_maker *maker = ctx;
    maker->findings = told_copy(&maker->arena, findings);
}

void saved_plan_take_report(void *ctx, const struct report *report)
{
    struct saved_plan_maker *maker = ctx;
    struct view_forecast forecast;
    if (!view_forecast_init(&forecast, report))
        return;
    maker->forecast = json_forecast(report, &forecast);
    maker->visit_ms =
        arena_calloc(&maker->arena, report->run.tenant_count + 1, sizeof *maker->visit_ms);
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        maker->visit_ms[i] = (float)view_forecast_time(&forecast, report, i);
    view_forecast_done(&forecast);
}

void saved_plan_end(struct saved_plan_maker *maker)
{
    json_decref(maker->forecast);
    rows_pool_free(maker->places);
    arena_done(&maker->arena);
}

static void put_rows(struct json_stream *stream, const struct rows *rows)
{
    json_t *array = rows->is_known ? json_array() : json_null();
    for (size_t i = 0; i < rows->count; i++)
        json_array_append_new(array, json_text(rows->ids[i]));
    json_put(stream, "revision", array);
}

static void put_half(struct saved_plan_maker *maker, struct json_stream *stream,
                     const struct rows *place)
{
    struct half_step half;
    if (!standing_place_half(&maker->arena, place, &half))
        return;
    json_open(stream, "half_done", '{');
    json_put(stream, "revision", json_text(half.revision));
    json_put(stream, "direction", json_text(half.direction == DIRECTION_UP ? "up" : "down"));
    json_put(stream, "statements", json_integer(half.statements));
    json_put(stream, "batches", json_integer((json_int_t)half.batches));
    json_close(stream, '}');
}

struct planned {
    uint32_t place, tenant;
};

static int compare_planned(const void *a, const void *b)
{
    const struct planned *left = a, *right = b;
    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    return left->tenant < right->tenant ? -1 : left->tenant > right->tenant;
}

/* In the order of the tenants. */
static void put_times(const struct saved_plan_maker *maker, struct json_stream *stream,
                      const struct planned *planned, size_t count)
{
    if (!maker->forecast)
        return;
    json_open(stream, "duration_ms", '[');
    for (size_t i = 0; i < count; i++) {
        double ms = (double)maker->visit_ms[planned[i].tenant];
        json_put(stream, NULL, ms < 0 ? json_null() : json_rounded(ms, JSON_STEP_DECIMALS));
    }
    json_close(stream, ']');
}

static void put_standings(struct saved_plan_maker *maker, struct json_stream *stream)
{
    size_t count = 0;
    struct planned *planned =
        arena_calloc(&maker->arena, maker->fleet->tenant_count + 1, sizeof *planned);
    for (uint32_t i = 0; i < maker->fleet->tenant_count; i++)
        if (maker->place_of[i] != NOT_SEEN)
            planned[count++] = (struct planned){maker->place_of[i], i};
    qsort(planned, count, sizeof *planned, compare_planned);
    json_open(stream, "standings", '[');
    for (size_t i = 0; i < count;) {
        size_t begin = i;
        uint32_t place = planned[i].place;
        json_open(stream, NULL, '{');
        const struct rows rows =
            standing_place_rows(&maker->arena, rows_pool_at(maker->places, place));
        put_rows(stream, &rows);
        put_half(maker, stream, rows_pool_at(maker->places, place));
        json_open(stream, "tenants", '[');
        for (; i < count && planned[i].place == place; i++)
            json_put_text(stream, NULL, maker->fleet->tenants[planned[i].tenant]->name);
        json_close(stream, ']');
        put_times(maker, stream, planned + begin, i - begin);
        json_close(stream, '}');
    }
    json_close(stream, ']');
}

void saved_plan_write(struct saved_plan_maker *maker, FILE *out)
{
    const struct chain *chain = maker->fleet->chain;
    struct json_stream stream = {.out = out};
    json_t *targets = json_array();
    for (size_t i = 0; i < maker->request->target_count; i++)
        json_array_append_new(targets, json_text(maker->request->targets[i]));
    json_open(&stream, NULL, '{');
    json_put_integer(&stream, "skein_plan", SAVED_PLAN_VERSION);
    json_put(&stream, "targets", targets);
    json_open(&stream, "revisions", '{');
    for (size_t i = 0; i < chain->count; i++) {
        const struct revision *revision = chain->revisions[chain->topological[i]];
        json_put_text(&stream, revision->id, revision->checksum);
    }
    json_close(&stream, '}');
    json_open(&stream, "checkpoints", '{');
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        json_put_text(&stream, chain->checkpoints[i]->id, chain->checkpoints[i]->checksum);
    json_close(&stream, '}');
    put_standings(maker, &stream);
    json_open(&stream, "lint", '[');
    for (size_t i = 0; i < maker->findings.count; i++)
        json_put(&stream, NULL, lint_json_finding(&maker->findings.items[i]));
    json_close(&stream, ']');
    if (maker->forecast)
        json_put(&stream, "forecast", json_incref(maker->forecast));
    json_close(&stream, '}');
}
