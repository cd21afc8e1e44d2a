/* The live view (live.h) at the bottom of the terminal; what deserves to stay scrolls by above it. */
#include <signal.h>
#include <unistd.h>

#include "cli/keys.h"
#include "cli/progress_view.h"
#include "inventory/inventory.h"

enum { REDRAW_MS = 100 };

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

static size_t columns_of(const struct progress *progress)
{
    size_t columns, rows;
    progress->host.size(progress->host.ctx, &columns, &rows);
    return columns;
}

static struct live_scene scene_of(const struct progress *progress)
{
    struct live_scene scene = {
        .status = progress->status,
        .title = progress->title.data,
        .has_color = progress->has_color,
        .has_keys = progress->has_keys,
        .choice = &progress->choice,
    };
    progress->host.size(progress->host.ctx, &scene.columns, &scene.rows);
    return scene;
}

static void draw(struct progress *progress)
{
    struct live_scene scene = scene_of(progress);
    erase(progress, scene.columns);
    progress->block_lines = live_draw(&scene, &progress->out, progress->block_widths);
    progress->shown_ms = progress->status->now_ms;
    progress_flush(progress);
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* As long as something is left to be done. After that, and once a second signal has come, the next one ends the process at once:
 * the terminal is put back before. */
static void keep_keys(struct progress *progress)
{
    const struct status *status = progress->status;
    bool is_wanted = progress->steering && !progress->is_quiet && status->drains < 2 &&
                     (status->running || status->states[TENANT_PENDING]);
    if (is_wanted)
        progress->has_keys = keys_open();
    else if (progress->has_keys)
        keys_close();
    progress->has_keys = progress->has_keys && is_wanted;
    if (progress->steering && !progress->is_quiet)
        progress->steering->wants_doings = progress->steering->wants_whole = true;
}

/* A stop is what Ctrl-C is. */
static void obey_keys(struct progress *progress)
{
    char text[64];
    size_t len = progress->has_keys ? keys_read(text, sizeof text) : 0;
    struct live_scene scene = scene_of(progress);
    if (!len)
        return;
    if (live_take_keys(&scene, &progress->choice, progress->steering, text, len) == LIVE_STOP)
        kill(getpid(), SIGINT);
}

/* Nothing is drawn in the first tenth of a second: a short run need not flicker. */
static void draw_if_due(struct progress *progress)
{
    if (!progress->is_quiet && progress->status->now_ms - progress->shown_ms >= REDRAW_MS &&
        !progress_is_behind(progress))
        draw(progress);
}

static void on_tick(struct progress *progress)
{
    keep_keys(progress);
    obey_keys(progress);
    draw_if_due(progress);
}

/* ---- events -------------------------------------------------------------------------------- */

/* The block is gone then, until the next draw is due: a hundred lines cost one redraw. */
static void print_words(struct progress *progress, const struct event *event)
{
    erase(progress, columns_of(progress));
    progress_add_words(progress, event);
    buf_addc(&progress->out, '\n');
    progress_flush(progress);
}

static void tell_held_back(struct progress *progress)
{
    erase(progress, columns_of(progress));
    while (progress_add_held_back(progress))
        buf_addc(&progress->out, '\n');
    progress_flush(progress);
}

static bool has_words(const struct progress *progress, const struct event *event)
{
    if (event->kind == EVENT_TENANT_FINISHED)
        return progress->is_verbose || progress_is_bad(event->outcome);
    if (event->kind == EVENT_RUN_DRAINS || event->kind == EVENT_RUN_ROLLS_BACK ||
        event->kind == EVENT_NOTE || event->kind == EVENT_WAVE_LATE ||
        event->kind == EVENT_RUN_PAUSED || event->kind == EVENT_RUN_CONTINUES)
        return true;
    if (event->kind == EVENT_WAVE_STARTED || event->kind == EVENT_WAVE_FINISHED)
        return !progress->is_quiet && event->run->wave_count > 1;
    return event->kind == EVENT_TENANT_RETRIES && progress->is_verbose;
}

static void on_tty_event(struct progress *progress, const struct event *event)
{
    keep_keys(progress);
    if (has_words(progress, event) && !progress_holds_back(progress, event))
        print_words(progress, event);
    if (event->kind == EVENT_RUN_FINISHED)
        tell_held_back(progress);
    if (event->kind != EVENT_RUN_FINISHED) {
        draw_if_due(progress);
        return;
    }
    erase(progress, columns_of(progress));
    progress_flush(progress);
}

static void make_room(struct progress *progress)
{
    erase(progress, columns_of(progress));
    progress_flush(progress);
}

static void let_keys_go(struct progress *progress)
{
    if (progress->has_keys)
        keys_close();
    progress->has_keys = false;
}

const struct progress_view progress_view_tty = {.on_event = on_tty_event,
                                                .on_tick = on_tick,
                                                .add_dropped = progress_add_dropped,
                                                .on_pass = make_room,
                                                .on_end = let_keys_go};
