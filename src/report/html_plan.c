/* The page's data of what the tenants' rows and a rehearsal say of a plan.
 *
 * The questions of a preflight are in the order of the JSON report's; a tenant names them by their number. What a rehearsal saw
 * is in a table, without its times, rows and bytes, which a tenant has beside the number.
 */
#include "inventory/inventory.h"
#include "report/html_data.h"
#include "report/view_rehearsal.h"

/* ---- the rows ------------------------------------------------------------------------------ */

/* What is gathered in `words`. */
static void put_words(struct html_data *data, const char *key)
{
    html_put_text(data, key, data->words.data);
    buf_clear(&data->words);
}

static void put_question(struct html_data *data, const struct view_preflight_item *item)
{
    json_open(&data->stream, NULL, '{');
    view_add_question_verdict(item, &data->words);
    put_words(data, "verdict");
    html_put_size(data, "failing", item->counts[PREFLIGHT_FAILS]);
    html_put_shared(data, item->shared);
    json_open(&data->stream, "reasons", '[');
    for (size_t i = 0; i < item->reason_count && i < VIEW_NAMES; i++) {
        view_add_reason(&item->reasons[i], &data->words);
        put_words(data, NULL);
    }
    json_close(&data->stream, ']');
    html_put_size(data, "reason_count", item->reason_count);
    json_close(&data->stream, '}');
}

static void put_preflight(struct html_data *data)
{
    const struct view_preflight *preflight = &data->preflight;
    json_put_preflight(&data->stream, preflight);
    view_add_preflight(preflight, data->report, &data->words);
    put_words(data, "preflight_words");
    json_open(&data->stream, "questions", '[');
    for (size_t i = 0; i < preflight->count; i++)
        put_question(data, &preflight->items[i]);
    json_close(&data->stream, ']');
}

/* `[question, state, count, is_more, reason, examples]` */
static void add_answer(struct html_data *data, const struct preflight_answer *answer)
{
    struct buf *more = &data->more;
    buf_addf(more, "[%zu,\"%s\",%llu,%d,", view_preflight_question(&data->preflight, answer),
             preflight_state_name(answer->state), (unsigned long long)answer->count,
             (int)answer->is_more);
    if (answer->reason)
        buf_addf(more, "%u,[", (unsigned)html_enter(data, &data->texts, json_text(answer->reason)));
    else
        buf_adds(more, "null,[");
    for (size_t i = 0; i < answer->example_count; i++) {
        buf_adds(more, i ? "," : "");
        json_add_text(more, answer->examples[i]);
    }
    buf_adds(more, "]]");
}

/* Those that do not fit. */
static void add_answers(struct html_data *data, const struct report_row *row)
{
    const char *before = "";
    buf_adds(&data->more, ",\"preflight\":[");
    for (size_t i = 0; i < row->preflight_count; i++) {
        if (row->preflight[i].state == PREFLIGHT_FITS)
            continue;
        buf_adds(&data->more, before);
        add_answer(data, &row->preflight[i]);
        before = ",";
    }
    buf_addc(&data->more, ']');
}

/* ---- the rehearsal ------------------------------------------------------------------------- */

enum { GROUPS_SHOWN = 50 };

static bool has_steps(const struct report_row *row)
{
    return row->state == TENANT_SUCCEEDED;
}

static void put_rehearsed(struct html_data *data, const struct view_rehearsed *step)
{
    json_open(&data->stream, NULL, '{');
    json_put_text(&data->stream, "revision", step->step.revision ? step->step.revision->id : NULL);
    json_put_text(&data->stream, "direction", step->step.direction == DIRECTION_UP ? "up" : "down");
    html_put_size(data, "count", step->count);
    json_put_rounded(&data->stream, "p50_ms", (double)step->p50_ms, 3);
    json_put_rounded(&data->stream, "p95_ms", (double)step->p95_ms, 3);
    json_put_rounded(&data->stream, "max_ms", (double)step->max_ms, 3);
    html_put_size(data, "slowest", step->slowest);
    json_close(&data->stream, '}');
}

static void put_seen(struct html_data *data, const struct view_group *group,
                     const struct view_seen *item)
{
    json_open(&data->stream, NULL, '{');
    html_put_text(data, "kind", seen_kind_name(item->most.kind));
    html_put_text(data, "blocks",
                  item->most.kind == SEEN_LOCK ? seen_blocks_name(item->most.blocks) : NULL);
    json_put(&data->stream, "is_quiet", json_boolean(view_seen_is_quiet(&item->most)));
    view_add_seen_place(&item->most, &data->words);
    put_words(data, "place");
    view_add_seen(data->report, group, item, &data->words);
    put_words(data, "words");
    html_put_size(data, "row", item->row);
    html_put_size(data, "tenants", item->tenants);
    json_close(&data->stream, '}');
}

static void put_group(struct html_data *data, const struct view_group *group)
{
    struct view_rehearsal rehearsal;
    view_rehearsal_init(&rehearsal, data->report, group);
    json_open(&data->stream, NULL, '{');
    html_put_size(data, "count", group->count);
    json_put_integer(&data->stream, "from", html_enter_ids(data, group->move.from));
    json_put_integer(&data->stream, "to", html_enter_ids(data, group->move.to));
    view_add_half(data->report, &data->words, group->move.half);
    put_words(data, "half");
    html_put_text(data, "dialect", dialect_info((enum dialect_id)group->move.dialect)->name);
    html_put_rows(data, "rows", group->rows, group->count);
    json_open(&data->stream, "steps", '[');
    for (size_t i = 0; i < rehearsal.step_count; i++)
        put_rehearsed(data, &rehearsal.steps[i]);
    json_close(&data->stream, ']');
    json_open(&data->stream, "seen", '[');
    for (size_t i = 0; i < rehearsal.count; i++)
        put_seen(data, group, &rehearsal.items[i]);
    json_close(&data->stream, ']');
    json_close(&data->stream, '}');
    view_rehearsal_done(&rehearsal);
}

static void put_rehearsals(struct html_data *data)
{
    struct view_groups groups;
    view_groups_init(&groups, data->report, has_steps, GROUP_BY_SCRIPT);
    json_open(&data->stream, "rehearsals", '[');
    for (size_t i = 0; i < groups.count && i < GROUPS_SHOWN; i++)
        put_group(data, &groups.items[i]);
    json_close(&data->stream, ']');
    html_put_size(data, "rehearsal_count", groups.count);
    view_groups_done(&groups);
}

/* What makes two things that were seen one; interned, so without padding. Its texts are interned in the report. */
struct seen_key {
    const struct revision *revision;
    const char *object, *words;
    uint64_t place; /* line, direction, kind, whom it blocks */
};

/* Most tenants have seen what an earlier one has: its JSON is made once. */
static uint32_t enter_seen(struct html_data *data, const struct seen *seen)
{
    const struct seen_key key = {seen->revision, seen->object, seen->words,
                                 (uint64_t)(uint32_t)seen->line << 32 |
                                     (uint64_t)seen->direction << 16 | (uint64_t)seen->kind << 8 |
                                     (uint64_t)seen->blocks};
    uint32_t number = intern_put(&data->seen_keys, &key, sizeof key);
    if (number < data->seen_count)
        return data->seen_numbers[number];
    struct seen like = *seen;
    like.ms = 0;
    like.count = 0;
    json_add_seen(html_begin(data), &like);
    uint32_t entry = html_end(data, &data->seens);
    *ARENA_PUSH(&data->arena, data->seen_numbers, data->seen_count, data->seen_capacity) = entry;
    return entry;
}

/* `["copy", [[0, 12.5], [1, 300]]]`: what was seen, and how much of it. */
static void add_rehearsal(struct html_data *data, const struct report_row *row)
{
    struct buf *more = &data->more;
    buf_adds(more, ",\"rehearsal\":[");
    json_add_text(more, rehearsed_at_name(row->rehearsed));
    buf_adds(more, ",[");
    for (size_t i = 0; i < row->seen_count; i++) {
        const struct seen *seen = &row->seen[i];
        buf_addf(more, "%s[%u,", i ? "," : "", (unsigned)enter_seen(data, seen));
        if (seen->kind == SEEN_LOCK || seen->kind == SEEN_SCRATCH)
            json_add_rounded(more, seen->ms, 3);
        else
            buf_addf(more, "%llu", (unsigned long long)seen->count);
        buf_addc(more, ']');
    }
    buf_adds(more, "]]");
}

/* ---- both ---------------------------------------------------------------------------------- */

void html_put_plan(struct html_data *data)
{
    if (data->report->run.request->asks_rows)
        put_preflight(data);
    if (data->report->run.request->rehearses)
        put_rehearsals(data);
}

void html_add_plan(struct html_data *data, const struct report_row *row)
{
    if (data->report->run.request->asks_rows)
        add_answers(data, row);
    if (data->report->run.request->rehearses)
        add_rehearsal(data, row);
}
