#include "report/view_preflight.h"

#include "base/human.h"
#include "report/view.h"

/* What makes two answers those to one question; interned, so without padding. Its texts are interned in the report. */
struct question_key {
    const struct revision *revision;
    const char *table, *what;
    uint64_t line;
};

static struct question_key key_of(const struct preflight_answer *answer)
{
    return (struct question_key){answer->revision, answer->table, answer->what,
                                 (uint64_t)answer->line};
}

/* Of several answers of one tenant that look the same, as those about two foreign keys of one column do, the worst counts. */
static bool is_worse(enum preflight_state state, enum preflight_state than)
{
    static const int badness[PREFLIGHT__COUNT] = {
        [PREFLIGHT_UNASKED] = 1, [PREFLIGHT_UNKNOWN] = 2, [PREFLIGHT_FAILS] = 3};
    return badness[state] > badness[than];
}

const struct preflight_answer *view_preflight_answer(const struct report_row *row,
                                                     const struct view_preflight_item *item)
{
    const struct question_key wanted = key_of(item->like);
    const struct preflight_answer *found = NULL;
    for (size_t i = 0; i < row->preflight_count; i++) {
        const struct question_key key = key_of(&row->preflight[i]);
        bool is_it = memcmp(&key, &wanted, sizeof key) == 0;
        if (is_it && (!found || is_worse(row->preflight[i].state, found->state)))
            found = &row->preflight[i];
    }
    return found;
}

size_t view_preflight_question(const struct view_preflight *preflight,
                               const struct preflight_answer *answer)
{
    const struct question_key key = key_of(answer);
    return preflight->order[intern_find(&preflight->questions, &key, sizeof key)];
}

static struct view_preflight_item *item_of(struct view_preflight *preflight,
                                           const struct preflight_answer *answer)
{
    const struct question_key key = key_of(answer);
    uint32_t number = intern_put(&preflight->questions, &key, sizeof key);
    if (number == preflight->count)
        *ARENA_PUSH(&preflight->arena, preflight->items, preflight->count, preflight->capacity) =
            (struct view_preflight_item){.like = answer, .number = number};
    return &preflight->items[number];
}

bool view_preflight_fails(const struct report_row *row)
{
    for (size_t i = 0; i < row->preflight_count; i++)
        if (row->preflight[i].state == PREFLIGHT_FAILS)
            return true;
    return false;
}

size_t view_preflight_failing(const struct report *report)
{
    size_t count = 0;
    for (size_t i = 0; i < report->run.tenant_count; i++)
        count += view_preflight_fails(&report->rows[i]);
    return count;
}

/* A reason of a question; interned, so without padding. */
struct reason_key {
    size_t question;
    const char *reason; /* interned in the report */
    size_t state;
};

/* Each tenant may have a reason of its own: a server's words. */
static void add_reason(struct view_preflight *preflight, struct view_preflight_item *item,
                       const struct preflight_answer *answer)
{
    const struct reason_key key = {item->number, answer->reason, answer->state};
    uint32_t number = intern_put(&preflight->reasons, &key, sizeof key);
    if (number == preflight->place_count) {
        *ARENA_PUSH(&preflight->arena, preflight->places, preflight->place_count,
                    preflight->place_capacity) = (uint32_t)item->reason_count;
        *ARENA_PUSH(&preflight->arena, item->reasons, item->reason_count, item->reason_capacity) =
            (struct view_preflight_reason){answer->reason, answer->state, 0};
    }
    item->reasons[preflight->places[number]].count++;
}

/* Once for each tenant. */
static void take_answer(struct view_preflight *preflight, struct view_preflight_item *item,
                        const struct preflight_answer *answer, uint32_t index)
{
    if (item->last_row == index + 1) {
        if (!is_worse(answer->state, item->last_state))
            return;
        item->counts[item->last_state]--;
    }
    item->last_row = index + 1;
    item->last_state = answer->state;
    if (answer->state == PREFLIGHT_FAILS) {
        size_t count = item->counts[PREFLIGHT_FAILS];
        *ARENA_PUSH(&preflight->arena, item->failing, count, item->failing_capacity) = index;
    } else if (answer->reason) {
        add_reason(preflight, item, answer);
    }
    item->counts[answer->state]++;
}

static void take_row(struct view_preflight *preflight, const struct report_row *row, uint32_t index)
{
    bool fails = false, is_unsure = false;
    for (size_t i = 0; i < row->preflight_count; i++) {
        const struct preflight_answer *answer = &row->preflight[i];
        struct view_preflight_item *item = item_of(preflight, answer);
        fails |= answer->state == PREFLIGHT_FAILS;
        is_unsure |= answer->state == PREFLIGHT_UNKNOWN || answer->state == PREFLIGHT_UNASKED;
        take_answer(preflight, item, answer, index);
    }
    preflight->asked += row->preflight_count > 0;
    preflight->failing += fails;
    preflight->unsure += is_unsure && !fails;
}

static int compare_items(const void *left, const void *right)
{
    const struct preflight_answer *a = ((const struct view_preflight_item *)left)->like;
    const struct preflight_answer *b = ((const struct view_preflight_item *)right)->like;
    int order = a->revision == b->revision ? 0 : strcmp(a->revision->path, b->revision->path);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

static int compare_reasons(const void *left, const void *right)
{
    const struct view_preflight_reason *a = left, *b = right;
    return (a->count < b->count) - (a->count > b->count);
}

void view_preflight_init(struct view_preflight *preflight, const struct report *report)
{
    *preflight = (struct view_preflight){0};
    arena_init(&preflight->arena);
    intern_init(&preflight->questions, &preflight->arena);
    intern_init(&preflight->reasons, &preflight->arena);
    for (uint32_t i = 0; i < report->run.tenant_count; i++)
        take_row(preflight, &report->rows[i], i);
    if (preflight->count)
        qsort(preflight->items, preflight->count, sizeof *preflight->items, compare_items);
    preflight->order =
        arena_calloc(&preflight->arena, preflight->count + 1, sizeof *preflight->order);
    struct view_rows *sets = arena_calloc(&preflight->arena, preflight->count + 1, sizeof *sets);
    for (size_t i = 0; i < preflight->count; i++) {
        struct view_preflight_item *item = &preflight->items[i];
        preflight->order[item->number] = i;
        sets[i] = (struct view_rows){item->failing, item->counts[PREFLIGHT_FAILS]};
        if (item->reason_count)
            qsort(item->reasons, item->reason_count, sizeof *item->reasons, compare_reasons);
    }
    view_shared_of(&preflight->shared, report, sets, preflight->count);
    for (size_t i = 0; i < preflight->count; i++)
        preflight->items[i].shared = &preflight->shared.items[i];
}

void view_preflight_done(struct view_preflight *preflight)
{
    view_shared_done(&preflight->shared);
    arena_done(&preflight->arena);
}

/* ---- words --------------------------------------------------------------------------------------- */

void view_add_preflight(const struct view_preflight *preflight, const struct report *report,
                        struct buf *buf)
{
    human_add_count(buf, preflight->count, "question");
    buf_addf(buf, " of the rows: %zu of %zu tenants will fail", preflight->failing,
             report->run.tenant_count);
    if (preflight->unsure)
        buf_addf(buf, ", of %zu not all is known", preflight->unsure);
}

void view_add_question_verdict(const struct view_preflight_item *item, struct buf *buf)
{
    size_t fails = item->counts[PREFLIGHT_FAILS], asked = 0;
    for (size_t i = 0; i < PREFLIGHT__COUNT; i++)
        asked += item->counts[i];
    if (fails)
        buf_addf(buf, "%zu of %zu will fail", fails, asked);
    else
        buf_addf(buf, "none of %zu fails", asked);
}

void view_add_question(const struct view_preflight_item *item, struct buf *buf)
{
    buf_addf(buf, "%s (%s)", item->like->what, item->like->table);
}

void view_add_failure(const struct preflight_answer *answer, struct buf *buf)
{
    buf_addf(buf, "%s:%d: %s (%s)", answer->revision->path, answer->line, answer->what,
             answer->table);
}

void view_add_answer(const struct preflight_answer *answer, struct buf *buf)
{
    if (answer->count)
        buf_addf(buf, "%s%llu", answer->is_more ? "more than " : "",
                 (unsigned long long)answer->count);
    else if (answer->reason)
        buf_adds(buf, answer->reason);
    for (size_t i = 0; i < answer->example_count; i++)
        buf_addf(buf, "%s%s", i ? "; " : ": ", answer->examples[i]);
}

void view_add_reason(const struct view_preflight_reason *reason, struct buf *buf)
{
    bool is_unknown = reason->state == PREFLIGHT_UNKNOWN;
    buf_adds(buf, is_unknown ? "cannot be known before in " : "not asked in ");
    human_add_count(buf, reason->count, "tenant");
    buf_addf(buf, "%s%s", is_unknown ? ": " : ", because: ", reason->reason);
}
