#include "report/view_revisions.h"

/* What is shared by the tenants of one entry; interned, so without padding. */
struct step_key {
    struct report_step step;
    uint64_t dialect;
};

struct gathering {
    const struct report *report;
    struct intern keys;
    size_t *counts; /* by key */
    size_t capacity;
    size_t *places;                 /* by key: how many steps come before it in a tenant, at most */
    struct view_timing **timings;   /* by key; filled in the second pass */
    struct report_batches *batches; /* by key: the sum */
};

static uint32_t key_of(struct gathering *gathering, size_t tenant, size_t step)
{
    const struct report *report = gathering->report;
    const struct report_row *row = &report->rows[tenant];
    struct step_key key = {report_steps(report, row->steps).steps[step], (uint64_t)row->dialect};
    return intern_put(&gathering->keys, &key, sizeof key);
}

static void count_steps(struct gathering *gathering, struct arena *arena)
{
    const struct report *report = gathering->report;
    size_t known = 0;
    for (size_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        for (size_t k = 0; k < report_steps(report, row->steps).count; k++) {
            uint32_t key = key_of(gathering, i, k);
            if (key == known)
                *ARENA_PUSH(arena, gathering->counts, known, gathering->capacity) = 0;
            gathering->counts[key]++;
        }
    }
}

static void take_timings(struct gathering *gathering, struct arena *arena)
{
    const struct report *report = gathering->report;
    size_t *filled = arena_calloc(arena, gathering->keys.count + 1, sizeof *filled);
    gathering->timings = arena_calloc(arena, gathering->keys.count + 1, sizeof *gathering->timings);
    gathering->places = arena_calloc(arena, gathering->keys.count + 1, sizeof *gathering->places);
    gathering->batches = arena_calloc(arena, gathering->keys.count + 1, sizeof *gathering->batches);
    for (size_t i = 0; i < gathering->keys.count; i++)
        gathering->timings[i] =
            arena_calloc(arena, gathering->counts[i], sizeof *gathering->timings[i]);
    for (uint32_t i = 0; i < report->run.tenant_count; i++) {
        const struct report_row *row = &report->rows[i];
        const struct report_batches *batches = report_batches_of(report, row);
        for (size_t k = 0; k < report_steps(report, row->steps).count; k++) {
            uint32_t key = key_of(gathering, i, k);
            if (gathering->places[key] < k)
                gathering->places[key] = k;
            if (batches) {
                gathering->batches[key].batches += batches[1 + k].batches;
                gathering->batches[key].rows += batches[1 + k].rows;
            }
            gathering->timings[key][filled[key]++] =
                (struct view_timing){i, row->step_ms ? row->step_ms[k] : 0};
        }
    }
}

/* The fastest first; of equal ones the first of the selection last, so that it is told as the slowest. */
static int compare(const void *left, const void *right)
{
    const struct view_timing *a = left;
    const struct view_timing *b = right;
    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    return (a->row < b->row) - (a->row > b->row);
}

/* The least time within which that share of the tenants was done. */
static float percentile(const struct view_timing *sorted, size_t count, size_t percent)
{
    size_t rank = (count * percent + 99) / 100;
    return sorted[rank ? rank - 1 : 0].ms;
}

static void add_item(struct view_revisions *revisions, const struct gathering *gathering,
                     uint32_t key)
{
    const struct step_key *known = intern_at(&gathering->keys, key, NULL);
    struct view_timing *timings = gathering->timings[key];
    size_t count = gathering->counts[key];
    struct view_revision *item = &revisions->items[revisions->count++];
    qsort(timings, count, sizeof *timings, compare);
    *item = (struct view_revision){.step = known->step,
                                   .dialect = (enum dialect_id)known->dialect,
                                   .count = count,
                                   .batches = gathering->batches[key].batches,
                                   .rows = gathering->batches[key].rows,
                                   .p50_ms = percentile(timings, count, 50),
                                   .p95_ms = percentile(timings, count, 95),
                                   .max_ms = timings[count - 1].ms};
    for (; item->slowest_count < REVISION_SLOWEST && item->slowest_count < count;
         item->slowest_count++)
        item->slowest[item->slowest_count] = timings[count - 1 - item->slowest_count];
    revisions->is_timed = revisions->is_timed || item->max_ms > 0;
}

void view_revisions_init(struct view_revisions *revisions, const struct report *report)
{
    struct gathering gathering = {.report = report};
    *revisions = (struct view_revisions){0};
    arena_init(&revisions->arena);
    intern_init(&gathering.keys, &revisions->arena);
    count_steps(&gathering, &revisions->arena);
    take_timings(&gathering, &revisions->arena);
    revisions->items =
        arena_calloc(&revisions->arena, gathering.keys.count + 1, sizeof *revisions->items);
    for (size_t place = 0; revisions->count < gathering.keys.count; place++)
        for (uint32_t i = 0; i < gathering.keys.count; i++)
            if (gathering.places[i] == place)
                add_item(revisions, &gathering, i);
}

void view_revisions_done(struct view_revisions *revisions)
{
    arena_done(&revisions->arena);
}
