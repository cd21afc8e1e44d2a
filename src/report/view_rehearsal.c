#include "report/view_rehearsal.h"

#include "base/human.h"
#include "inventory/inventory.h"

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

/* ---- words --------------------------------------------------------------------------------------- */

struct seen_words {
    const struct report *report;
    const struct view_group *group;
    struct buf *buf;
};

/* ` in acme`, where others are in the group. */
static void add_tenant(const struct seen_words *words, uint32_t row)
{
    if (words->group->count > 1)
        buf_addf(words->buf, " in %s", words->report->run.tenants[row]->name);
}

static void add_held(struct buf *buf, const struct seen *seen)
{
    human_add_duration(buf, seen->ms);
}

static void add_bytes(struct buf *buf, const struct seen *seen)
{
    human_add_size(buf, seen->count);
}

static void add_row_count(struct buf *buf, const struct seen *seen)
{
    human_add_count(buf, (size_t)seen->count, "row");
}

static void add_amount(const struct seen_words *words, const struct view_seen *item,
                       void (*add)(struct buf *buf, const struct seen *seen))
{
    buf_adds(words->buf, words->group->count > 1 ? "up to " : "");
    add(words->buf, &item->most);
    add_tenant(words, item->row);
}

static void add_lock(const struct seen_words *words, const struct view_seen *item)
{
    const struct seen *lock = &item->most;
    buf_addf(words->buf, "locks %s (%s) for ", lock->object ? lock->object : "the database",
             lock->words);
    add_amount(words, item, add_held);
    if (lock->blocks == BLOCKS_NOTHING)
        buf_adds(words->buf, ": no traffic waits");
    else
        buf_addf(words->buf, ": %s wait", seen_blocks_name(lock->blocks));
}

/* Of one statement, or of all. */
static void add_scratch(const struct seen_words *words, const struct view_seen *item)
{
    const char *schema = item->most.words;
    if (schema) {
        bool is_own = strcmp(schema, scratch_schema_name(SCRATCH_BY_TENANT)) == 0;
        buf_addf(words->buf, "rehearsed on a scratch database with %s, and without rows",
                 is_own ? "a copy of the tenant's schema" : "the schema that the chain makes");
        return;
    }
    buf_adds(words->buf, "outside a transaction: took ");
    add_amount(words, item, add_held);
    buf_adds(words->buf, " on a scratch database, without rows");
}

void view_add_seen(const struct report *report, const struct view_group *group,
                   const struct view_seen *item, struct buf *buf)
{
    const struct seen_words words = {report, group, buf};
    const struct seen *seen = &item->most;
    switch (seen->kind) {
    case SEEN_LOCK: add_lock(&words, item); break;
    case SEEN_REWRITE:
        buf_addf(buf, "writes %s anew, ", seen->object);
        add_amount(&words, item, add_bytes);
        break;
    case SEEN_ROWS:
        buf_adds(buf, "touches ");
        add_amount(&words, item, add_row_count);
        break;
    case SEEN_SEQUENCE:
        buf_addf(buf, "draws numbers from %s, which the rehearsal has used up", seen->object);
        break;
    case SEEN_GROWTH:
        buf_adds(buf, "the database grows by ");
        add_amount(&words, item, add_bytes);
        break;
    case SEEN_SKIPPED: buf_addf(buf, "not rehearsed: %s", seen->words); break;
    case SEEN_SCRATCH: add_scratch(&words, item); break;
    case SEEN__COUNT: break;
    }
}

void view_add_seen_place(const struct seen *seen, struct buf *buf)
{
    if (seen->line && seen->revision)
        buf_addf(buf, "%s:%d", seen->revision->path, seen->line);
    else if (seen->revision && seen->kind == SEEN_LOCK)
        buf_adds(buf, seen->revision->id);
}

void view_add_rehearsed(const struct report *report, const struct view_group *group,
                        const struct view_rehearsed *step, struct buf *buf)
{
    const struct seen_words words = {report, group, buf};
    buf_addf(buf, "rehearsed %s: ", step->step.revision ? step->step.revision->id : "base");
    bool is_one = step->p50_ms == step->max_ms; /* as of a scratch database that all share */
    if (!is_one) {
        buf_adds(buf, "p50 ");
        human_add_duration(buf, step->p50_ms);
        buf_adds(buf, ", p95 ");
        human_add_duration(buf, step->p95_ms);
        buf_adds(buf, ", longest ");
    }
    human_add_duration(buf, step->max_ms);
    if (!is_one)
        add_tenant(&words, step->slowest);
}

bool view_seen_is_quiet(const struct seen *seen)
{
    return seen->kind == SEEN_LOCK && seen->blocks == BLOCKS_NOTHING;
}
