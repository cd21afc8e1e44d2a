/* What the rehearsal of a plan saw, of a group of tenants that would run the same. */
#include "base/human.h"
#include "inventory/inventory.h"
#include "report/text.h"
#include "report/view_rehearsal.h"

struct rehearsal_text {
    const struct text *text;
    const struct view_group *group;
    struct buf line;
};

/* ` in acme`, where others are in the group. */
static void add_tenant(struct rehearsal_text *told, uint32_t row)
{
    if (told->group->count < 2)
        return;
    buf_adds(&told->line, " in ");
    human_add_text(&told->line, told->text->report->run.tenants[row]->name);
}

static void add_amount(struct rehearsal_text *told, const struct view_seen *item,
                       void (*add)(struct buf *buf, const struct seen *seen))
{
    buf_adds(&told->line, told->group->count > 1 ? "up to " : "");
    add(&told->line, &item->most);
    add_tenant(told, item->row);
}

static void add_held(struct buf *buf, const struct seen *seen)
{
    human_add_duration(buf, seen->ms);
}

static void add_bytes(struct buf *buf, const struct seen *seen)
{
    human_add_size(buf, seen->count);
}

static void add_rows(struct buf *buf, const struct seen *seen)
{
    human_add_count(buf, (size_t)seen->count, "row");
}

static void add_lock(struct rehearsal_text *told, const struct view_seen *item)
{
    struct buf *line = &told->line;
    buf_adds(line, "locks ");
    human_add_text(line, item->most.object ? item->most.object : "the database");
    buf_adds(line, " (");
    human_add_text(line, item->most.words);
    buf_adds(line, ") for ");
    add_amount(told, item, add_held);
    if (item->most.blocks == BLOCKS_NOTHING)
        buf_adds(line, ": no traffic waits");
    else
        buf_addf(line, ": %s wait", seen_blocks_name(item->most.blocks));
}

static void add_seen(struct rehearsal_text *told, const struct view_seen *item)
{
    const struct seen *seen = &item->most;
    struct buf *line = &told->line;
    switch (seen->kind) {
    case SEEN_LOCK: add_lock(told, item); break;
    case SEEN_REWRITE:
        buf_adds(line, "writes ");
        human_add_text(line, seen->object);
        buf_adds(line, " anew, ");
        add_amount(told, item, add_bytes);
        break;
    case SEEN_ROWS:
        buf_adds(line, "touches ");
        add_amount(told, item, add_rows);
        break;
    case SEEN_SEQUENCE:
        buf_adds(line, "draws numbers from ");
        human_add_text(line, seen->object);
        buf_adds(line, ", which the rehearsal has used up");
        break;
    case SEEN_GROWTH:
        buf_adds(line, "the database grows by ");
        add_amount(told, item, add_bytes);
        break;
    case SEEN_SKIPPED:
        buf_adds(line, "not rehearsed: ");
        human_add_text(line, seen->words);
        break;
    case SEEN__COUNT: break;
    }
}

static void print_seen(struct rehearsal_text *told, const struct view_seen *item)
{
    const struct seen *seen = &item->most;
    buf_clear(&told->line);
    buf_adds(&told->line, "  ");
    if (seen->line && seen->revision) {
        human_add_text(&told->line, seen->revision->path);
        buf_addf(&told->line, ":%d: ", seen->line);
    } else if (seen->revision && seen->kind == SEEN_LOCK) {
        human_add_text(&told->line, seen->revision->id);
        buf_adds(&told->line, ": ");
    }
    add_seen(told, item);
    fprintf(told->text->out, "%s\n", told->line.data);
}

/* `  rehearsed r2: 12 ms in the middle, 95 of 100 within 40 ms, at most 93 ms in acme` */
static void print_step(struct rehearsal_text *told, const struct view_rehearsed *step)
{
    struct buf *line = &told->line;
    buf_clear(line);
    buf_adds(line, "  rehearsed ");
    human_add_text(line, step->step.revision ? step->step.revision->id : "base");
    buf_adds(line, ": ");
    if (step->count > 1) {
        buf_adds(line, "p50 ");
        human_add_duration(line, step->p50_ms);
        buf_adds(line, ", p95 ");
        human_add_duration(line, step->p95_ms);
        buf_adds(line, ", longest ");
    }
    human_add_duration(line, step->max_ms);
    add_tenant(told, step->slowest);
    fprintf(told->text->out, "%s\n", line->data);
}

/* What no one waits for is told with -v. */
static bool is_shown(const struct text *text, const struct seen *seen)
{
    return text->options->is_verbose || seen->kind != SEEN_LOCK || seen->blocks != BLOCKS_NOTHING;
}

void text_rehearsal(const struct text *text, const struct view_group *group)
{
    struct rehearsal_text told = {.text = text, .group = group};
    struct view_rehearsal rehearsal;
    if (!text->report->run.request->rehearses)
        return;
    buf_init(&told.line, BUF_MAX_DEFAULT);
    view_rehearsal_init(&rehearsal, text->report, group);
    for (size_t i = 0; i < rehearsal.step_count; i++)
        print_step(&told, &rehearsal.steps[i]);
    for (size_t i = 0; i < rehearsal.count; i++)
        if (is_shown(text, &rehearsal.items[i].most))
            print_seen(&told, &rehearsal.items[i]);
    view_rehearsal_done(&rehearsal);
    buf_done(&told.line);
}
