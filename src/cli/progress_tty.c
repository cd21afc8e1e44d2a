/* A block of two lines at the bottom that is redrawn; what deserves to stay scrolls by above it. */
#include "base/human.h"
#include "cli/progress_view.h"
#include "inventory/inventory.h"

enum { REDRAW_MS = 100, BAR_WIDTH = 30, NAMES_SHOWN = 4 };

/* A line that ends at the terminal's edge, whatever is added to it. */
struct line {
    struct buf *out;
    size_t width;
    size_t max_width;
};

static void add_to_line(struct line *line, const char *text)
{
    size_t len = human_fit(text, line->max_width - line->width);
    size_t start = line->out->len;
    buf_add(line->out, text, len);
    line->width += human_width(line->out->data + start);
}

static PRINTF_LIKE(2, 3) void addf(struct line *line, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, BUF_MAX_DEFAULT);
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    add_to_line(line, text.data);
    buf_done(&text);
}

/* ---- the block ----------------------------------------------------------------------------- */

/* A terminal that became narrower has wrapped the lines: they take more rows than were drawn. */
static void erase(struct progress *progress, size_t columns)
{
    size_t rows = 0;
    if (!progress->block_lines)
        return;
    for (size_t i = 0; i < progress->block_lines; i++) {
        size_t width = progress->block_widths[i] ? progress->block_widths[i] : 1;
        rows += (width + columns - 1) / columns;
    }
    buf_adds(&progress->out, "\r");
    if (rows > 1)
        buf_addf(&progress->out, "\033[%zuA", rows - 1);
    buf_adds(&progress->out, "\033[J");
    progress->block_lines = 0;
}

static struct line start_line(struct progress *progress, size_t columns)
{
    if (progress->block_lines)
        buf_addc(&progress->out, '\n');
    /* The last column stays free: a cursor beyond it may or may not have wrapped. */
    return (struct line){&progress->out, 0, columns > 1 ? columns - 1 : 1};
}

static void end_line(struct progress *progress, const struct line *line)
{
    progress->block_widths[progress->block_lines++] = line->width;
}

static void draw_whole(struct progress *progress, size_t columns)
{
    struct line line = start_line(progress, columns);
    struct buf part;
    double share = progress->status->total
                       ? (double)progress->status->done / (double)progress->status->total
                       : 1;
    buf_init(&part, BUF_MAX_DEFAULT);
    human_add_bar(&part, share, BAR_WIDTH < columns / 3 ? BAR_WIDTH : columns / 3, false);
    addf(&line, "%s  ", progress->title.data);
    add_to_line(&line, part.data);
    addf(&line, "  %zu/%zu", progress->status->done, progress->status->total);
    if (progress->status->bad) {
        progress_color(progress, &progress->out, "\033[31m");
        addf(&line, "  %zu failed", progress->status->bad);
        progress_color(progress, &progress->out, "\033[0m");
    }
    buf_clear(&part);
    progress_add_pace(progress, &part);
    add_to_line(&line, part.data);
    buf_done(&part);
    end_line(progress, &line);
}

static void add_running(struct progress *progress, struct buf *buf, uint32_t tenant)
{
    uint64_t since_ms = progress->status->started_ms + progress->status->tenants[tenant].since_ms;
    human_add_text(buf, progress->status->run->tenants[tenant]->name);
    buf_addc(buf, ' ');
    human_add_duration(buf, (double)(progress->status->now_ms - since_ms));
}

static void draw_running(struct progress *progress, size_t columns)
{
    struct line line = start_line(progress, columns);
    struct buf part;
    size_t shown = 0;
    buf_init(&part, BUF_MAX_DEFAULT);
    if (progress->status->waits_for.what) {
        buf_adds(&part, "  ");
        progress_add_wait(progress, &part);
    } else {
        buf_addf(&part, "  %zu running", progress->status->running);
    }
    for (uint32_t at = progress->status->oldest; at != STATUS_NONE && shown < NAMES_SHOWN;
         shown++) {
        buf_adds(&part, shown ? ", " : ": ");
        add_running(progress, &part, at);
        at = progress->status->tenants[at].next;
    }
    if (shown < progress->status->running)
        buf_adds(&part, ", ...");
    add_to_line(&line, part.data);
    buf_done(&part);
    end_line(progress, &line);
}

static void draw(struct progress *progress)
{
    size_t columns = progress->host.columns(progress->host.ctx);
    erase(progress, columns);
    draw_whole(progress, columns);
    draw_running(progress, columns);
    progress->shown_ms = progress->status->now_ms;
    progress_flush(progress);
}

/* Nothing is drawn in the first tenth of a second: a short run need not flicker. */
static void draw_if_due(struct progress *progress)
{
    if (!progress->is_quiet && progress->status->now_ms - progress->shown_ms >= REDRAW_MS &&
        !progress_is_behind(progress))
        draw(progress);
}

/* ---- events -------------------------------------------------------------------------------- */

/* The block is gone then, until the next draw is due: a hundred lines cost one redraw. */
static void print_words(struct progress *progress, const struct event *event)
{
    erase(progress, progress->host.columns(progress->host.ctx));
    progress_add_words(progress, event);
    buf_addc(&progress->out, '\n');
    progress_flush(progress);
}

static void tell_held_back(struct progress *progress)
{
    erase(progress, progress->host.columns(progress->host.ctx));
    while (progress_add_held_back(progress))
        buf_addc(&progress->out, '\n');
    progress_flush(progress);
}

static bool has_words(const struct progress *progress, const struct event *event)
{
    if (event->kind == EVENT_TENANT_FINISHED)
        return progress->is_verbose || progress_is_bad(event->outcome);
    if (event->kind == EVENT_RUN_DRAINS || event->kind == EVENT_RUN_ROLLS_BACK ||
        event->kind == EVENT_NOTE)
        return true;
    if (event->kind == EVENT_WAVE_STARTED || event->kind == EVENT_WAVE_FINISHED)
        return !progress->is_quiet && event->run->wave_count > 1;
    return event->kind == EVENT_TENANT_RETRIES && progress->is_verbose;
}

static void on_tty_event(struct progress *progress, const struct event *event)
{
    if (has_words(progress, event) && !progress_holds_back(progress, event))
        print_words(progress, event);
    if (event->kind == EVENT_RUN_FINISHED)
        tell_held_back(progress);
    if (event->kind != EVENT_RUN_FINISHED) {
        draw_if_due(progress);
        return;
    }
    erase(progress, progress->host.columns(progress->host.ctx));
    progress_flush(progress);
}

static void make_room(struct progress *progress)
{
    erase(progress, progress->host.columns(progress->host.ctx));
    progress_flush(progress);
}

const struct progress_view progress_view_tty = {on_tty_event, draw_if_due, progress_add_dropped,
                                                make_room};
