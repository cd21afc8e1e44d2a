#include "report/view_rehearsal.h"

/* What makes two things one; interned, so without padding. */
struct seen_key {
    const struct revision *revision;
    const char *object, *words; /* interned */
    uint64_t place;             /* line, direction, kind, whom it blocks */
};

struct gathering {
    struct view_rehearsal *rehearsal;
    const struct report *report;
    struct intern keys;
    size_t capacity;
};

static struct seen_key key_of(const struct seen *seen)
{
    return (struct seen_key){.revision = seen->revision,
                             .object = seen->object,
                             .words = seen->words,
                             .place = (uint64_t)(uint32_t)seen->line << 32 |
                                      (uint64_t)seen->direction << 16 | (uint64_t)seen->kind << 8 |
                                      (uint64_t)seen->blocks};
}

static bool is_more(const struct seen *seen, const struct seen *than)
{
    return seen->ms > than->ms || (seen->ms == than->ms && seen->count > than->count);
}

static void take_seen(struct gathering *gathering, uint32_t row, const struct seen *seen)
{
    struct view_rehearsal *rehearsal = gathering->rehearsal;
    struct seen_key key = key_of(seen);
    uint32_t at = intern_put(&gathering->keys, &key, sizeof key);
    if (at == rehearsal->count)
        *ARENA_PUSH(&rehearsal->arena, rehearsal->items, rehearsal->count, gathering->capacity) =
            (struct view_seen){.most = *seen, .row = row};
    struct view_seen *item = &rehearsal->items[at];
    item->tenants++;
    if (!is_more(seen, &item->most))
        return;
    item->most = *seen;
    item->row = row;
}

/* ---- times of steps ------------------------------------------------------------------------------ */

struct timing {
    float ms;
    uint32_t row;
};

static int compare(const void *left, const void *right)
{
    const struct timing *a = left, *b = right;
    if (a->ms != b->ms)
        return a->ms < b->ms ? -1 : 1;
    return (a->row < b->row) - (a->row > b->row);
}

static bool has_times(const struct report_row *row)
{
    return row->rehearsed != REHEARSED_NOWHERE && row->step_ms;
}

static void take_times(struct gathering *gathering, const uint32_t *rows, size_t count)
{
    struct view_rehearsal *rehearsal = gathering->rehearsal;
    const struct report *report = gathering->report;
    struct step_list list = report_steps(report, report->rows[rows[0]].steps);
    struct timing *timings = arena_calloc(&rehearsal->arena, count, sizeof *timings);
    rehearsal->steps = arena_calloc(&rehearsal->arena, list.count + 1, sizeof *rehearsal->steps);
    for (size_t step = 0; step < list.count; step++) {
        size_t timed = 0;
        for (size_t i = 0; i < count; i++)
            if (has_times(&report->rows[rows[i]]))
                timings[timed++] = (struct timing){report->rows[rows[i]].step_ms[step], rows[i]};
        if (!timed)
            return;
        qsort(timings, timed, sizeof *timings, compare);
        rehearsal->steps[rehearsal->step_count++] = (struct view_rehearsed){
            .step = list.steps[step],
            .count = timed,
            .p50_ms = timings[(timed * 50 + 99) / 100 - 1].ms,
            .p95_ms = timings[(timed * 95 + 99) / 100 - 1].ms,
            .max_ms = timings[timed - 1].ms,
            .slowest = timings[timed - 1].row,
        };
    }
}

void view_rehearsal_init(struct view_rehearsal *rehearsal, const struct report *report,
                         const struct view_group *group)
{
    struct gathering gathering = {.rehearsal = rehearsal, .report = report};
    *rehearsal = (struct view_rehearsal){0};
    arena_init(&rehearsal->arena);
    intern_init(&gathering.keys, &rehearsal->arena);
    uint32_t *rows = arena_calloc(&rehearsal->arena, group->count, sizeof *rows);
    size_t count = 0;
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        if (view_group_has(group, &report->rows[i]))
            rows[count++] = i;
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < report->rows[rows[i]].seen_count; s++)
            take_seen(&gathering, rows[i], &report->rows[rows[i]].seen[s]);
    if (count)
        take_times(&gathering, rows, count);
}

void view_rehearsal_done(struct view_rehearsal *rehearsal)
{
    arena_done(&rehearsal->arena);
}
