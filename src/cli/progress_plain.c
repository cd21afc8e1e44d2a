/* Lines for a log: one at the start and the end, one a failure or retry, and now and then one about
 * the whole: at every tenth of the fleet, yet never twice a second, and at least every five. */
#include "base/human.h"
#include "cli/progress_view.h"

enum { SELDOM_MS = 5000, OFTEN_MS = 1000, TENTHS = 10 };

static void start_line(struct progress *progress)
{
    buf_adds(&progress->out, "skein: ");
}

static void end_line(struct progress *progress)
{
    buf_addc(&progress->out, '\n');
    progress_flush(progress);
}

static void tell_start(struct progress *progress, const struct event *event)
{
    start_line(progress);
    buf_addf(&progress->out, "%s: ", progress->title.data);
    human_add_count(&progress->out, progress->status->total, "tenant");
    buf_adds(&progress->out, ", run ");
    human_add_text(&progress->out, event->run->id);
    end_line(progress);
}

static void tell_counts(struct progress *progress)
{
    const struct status *status = progress->status;
    buf_addf(&progress->out, "%zu of %zu done", status_done(status), status->total);
    if (status_bad(status))
        buf_addf(&progress->out, ", %zu failed", status_bad(status));
    if (status->others.told.count)
        buf_addf(&progress->out, ", by %u machines (here %zu)", status->others.told.count + 1,
                 status->done);
}

static void tell_held_back(struct progress *progress)
{
    for (start_line(progress); progress_add_held_back(progress); start_line(progress))
        end_line(progress);
    buf_clear(&progress->out);
}

static void tell_whole(struct progress *progress)
{
    tell_held_back(progress);
    start_line(progress);
    tell_counts(progress);
    live_add_pace(progress->status, &progress->out);
    if (progress->status->waits_for.what)
        buf_adds(&progress->out, "; ");
    live_add_wait(progress->status, &progress->out);
    end_line(progress);
    progress->shown_ms = progress->status->now_ms;
    progress->shown_done = status_done(progress->status);
}

static void tell_if_due(struct progress *progress)
{
    uint64_t silent_ms = progress->status->now_ms - progress->shown_ms;
    bool is_tenth =
        (status_done(progress->status) - progress->shown_done) * TENTHS >= progress->status->total;
    /* A wait of a moment is not worth a line; a longer one is told soon. */
    bool is_new_wait = progress->status->waits_for.what &&
                       progress->status->waits_for.since_ms >= progress->shown_ms &&
                       progress->status->now_ms - progress->status->waits_for.since_ms >= OFTEN_MS;
    bool is_due = silent_ms >= SELDOM_MS || (silent_ms >= OFTEN_MS && is_tenth) || is_new_wait;
    bool is_over = status_done(progress->status) == progress->status->total &&
                   !progress->status->waits_for.what;
    if (progress->is_quiet && silent_ms >= SELDOM_MS) {
        tell_held_back(progress);
        progress->shown_ms = progress->status->now_ms;
    } else if (is_due && !progress->is_quiet && !is_over) {
        tell_whole(progress);
    }
}

static void tell_end(struct progress *progress, const struct event *event)
{
    start_line(progress);
    buf_addf(&progress->out, "%s: ", progress->title.data);
    if (request_changes(event->run->request) || event->state != RUN_SUCCEEDED)
        buf_addf(&progress->out, "%s, ", run_state_name(event->state));
    tell_counts(progress);
    buf_adds(&progress->out, " in ");
    human_add_duration(&progress->out, event->duration_ms);
    end_line(progress);
}

static void tell_words(struct progress *progress, const struct event *event)
{
    start_line(progress);
    if (!progress_holds_back(progress, event) && progress_add_words(progress, event))
        end_line(progress);
    else
        buf_clear(&progress->out);
}

static void on_plain_event(struct progress *progress, const struct event *event)
{
    if (event->kind == EVENT_RUN_FINISHED)
        tell_held_back(progress);
    if (event->kind == EVENT_RUN_STARTED && !progress->is_quiet)
        tell_start(progress, event);
    else if (event->kind == EVENT_RUN_FINISHED && !progress->is_quiet)
        tell_end(progress, event);
    else
        tell_words(progress, event);
    if (event->kind == EVENT_TENANT_FINISHED || event->kind == EVENT_RUN_OTHERS)
        tell_if_due(progress);
}

const struct progress_view progress_view_plain = {
    .on_event = on_plain_event, .on_tick = tell_if_due, .add_dropped = progress_add_dropped};
