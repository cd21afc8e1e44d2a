#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/human.h"
#include "cli/outlet.h"
#include "cli/progress_view.h"
#include "inventory/inventory.h"

bool progress_mode_find(const char *name, enum progress_mode *ret_mode)
{
    static const char *const names[PROGRESS__COUNT] = {"auto", "tty", "plain", "json", "none"};
    for (enum progress_mode mode = 0; mode < PROGRESS__COUNT; mode++)
        if (strcmp(names[mode], name) == 0) {
            *ret_mode = mode;
            return true;
        }
    return false;
}

/* ---- the machine --------------------------------------------------------------------------- */

static void machine_size(void *ctx, size_t *ret_columns, size_t *ret_rows)
{
    enum { COLUMNS_UNKNOWN = 80, ROWS_UNKNOWN = 24 };
    const struct progress *progress = ctx;
    struct winsize size;
    bool is_known = ioctl(fileno(progress->err), TIOCGWINSZ, &size) == 0;
    *ret_columns = is_known && size.ws_col ? size.ws_col : COLUMNS_UNKNOWN;
    *ret_rows = is_known && size.ws_row ? size.ws_row : ROWS_UNKNOWN;
}

static bool can_move_cursor(FILE *err)
{
    const char *term = getenv("TERM");
    return isatty(fileno(err)) && term && *term && strcmp(term, "dumb") != 0;
}

/* ---- life ---------------------------------------------------------------------------------- */

struct progress *progress_new(enum progress_mode mode, FILE *err, const struct status *status)
{
    static const struct progress_view *const views[PROGRESS__COUNT] = {
        [PROGRESS_TTY] = &progress_view_tty,
        [PROGRESS_PLAIN] = &progress_view_plain,
        [PROGRESS_JSON] = &progress_view_json,
    };
    if (mode == PROGRESS_AUTO)
        mode = can_move_cursor(err) ? PROGRESS_TTY : PROGRESS_PLAIN;
    struct progress *progress = xcalloc(1, sizeof *progress);
    progress->view = views[mode];
    progress->err = err;
    progress->host = (struct progress_host){machine_size, progress};
    progress->choice.tenant = STATUS_NONE;
    progress->status = status;
    progress->causes = progress_causes_new();
    buf_init(&progress->title, BUF_MAX_DEFAULT);
    buf_init(&progress->out, BUF_MAX_DEFAULT);
    return progress;
}

void progress_free(struct progress *progress)
{
    if (!progress)
        return;
    progress_causes_free(progress->causes);
    buf_done(&progress->title);
    buf_done(&progress->out);
    free(progress);
}

void progress_set_color(struct progress *progress, bool has_color)
{
    progress->has_color = has_color;
}

void progress_set_detail(struct progress *progress, bool is_quiet, bool is_verbose)
{
    progress->is_quiet = is_quiet;
    progress->is_verbose = is_verbose && !is_quiet;
}

void progress_set_command(struct progress *progress, const char *command)
{
    progress->command = command;
}

void progress_set_host(struct progress *progress, const struct progress_host *host)
{
    progress->host = *host;
}

/* ---- events -------------------------------------------------------------------------------- */

static void start_run(struct progress *progress, const struct run_info *run)
{
    progress->shown_ms = progress->status->now_ms;
    human_add_text(&progress->title,
                   progress->command ? progress->command : run->request->verb->name);
    if (run->target && *run->target)
        buf_addc(&progress->title, ' ');
    human_add_text(&progress->title, run->target);
    if (run->request->verb->changes && run->request->is_dry_run)
        buf_adds(&progress->title, ", dry run");
}

bool progress_is_bad(const struct outcome *outcome)
{
    return outcome->error || tenant_state_is_bad(outcome->state);
}

/* Once the run is over nothing more is shown: a late tick must not draw again. */
static void on_run_event(void *ctx, const struct event *event)
{
    struct progress *progress = ctx;
    if (!progress->view || progress->is_over)
        return;
    if (event->kind == EVENT_RUN_STARTED)
        start_run(progress, event->run);
    progress->view->on_event(progress, event);
    progress->is_over = event->kind == EVENT_RUN_FINISHED;
}

struct observer progress_observer(struct progress *progress)
{
    return (struct observer){on_run_event, progress};
}

void progress_tick(void *ctx)
{
    struct progress *progress = ctx;
    if (progress->view && !progress->is_over && progress->view->on_tick && progress->status->run)
        progress->view->on_tick(progress);
}

/* ---- words --------------------------------------------------------------------------------- */

/* Appends an ANSI sequence where there is color. */
static void add_color(struct progress *progress, struct buf *buf, const char *sequence)
{
    if (progress->has_color)
        buf_adds(buf, sequence);
}

/* `sql 23505: duplicate key (versions/x.sql:12)`, the message's first line. */
static void add_error(struct buf *buf, const struct err *err)
{
    char first[sizeof err->text];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(err->text, "\n"), err->text);
    buf_adds(buf, err_class_name(err->kind));
    if (*err->code)
        buf_addc(buf, ' ');
    human_add_text(buf, err->code);
    buf_adds(buf, ": ");
    human_add_text(buf, first);
    if (!*err->file)
        return;
    buf_adds(buf, " (");
    human_add_text(buf, err->file);
    if (err->line)
        buf_addf(buf, ":%d", err->line);
    buf_addc(buf, ')');
}

static void add_outcome(struct progress *progress, const struct event *event)
{
    const struct outcome *outcome = event->outcome;
    bool is_bad = progress_is_bad(outcome);
    struct buf *out = &progress->out;
    human_add_text(out, event->run->tenants[event->tenant]->name);
    buf_adds(out, ": ");
    add_color(progress, out, is_bad ? "\033[31m" : "\033[32m");
    buf_adds(out, tenant_state_words(outcome->state, event->run->request));
    add_color(progress, out, "\033[0m");
    buf_adds(out, " after ");
    human_add_duration(out, outcome->duration_ms);
    if (outcome->step_count) {
        buf_adds(out, ", ");
        human_add_count(out, outcome->step_count, "step");
    }
    if (!outcome->error)
        return;
    buf_adds(out, ": ");
    add_error(out, outcome->error);
}

static void add_retry(struct progress *progress, const struct event *event)
{
    struct buf *out = &progress->out;
    human_add_text(out, event->run->tenants[event->tenant]->name);
    buf_adds(out, ": tries again in ");
    human_add_duration(out, (double)event->delay_ms);
    if (!event->error)
        return;
    buf_adds(out, ": ");
    add_error(out, event->error);
}

static void add_wave_size(struct progress *progress, size_t wave)
{
    const struct status_wave *told = &progress->status->waves[wave];
    human_add_count(&progress->out, told->total, "tenant");
    if (told->forecast_ms <= 0)
        return;
    buf_adds(&progress->out, ", about ");
    human_add_duration(&progress->out, told->forecast_ms);
}

/* A fleet of one wave has no news to tell about it. */
static bool add_wave(struct progress *progress, const struct event *event)
{
    const struct run_info *run = event->run;
    if (progress->is_quiet || run->wave_count < 2)
        return false;
    const struct run_wave *wave = &run->waves[event->wave];
    buf_addf(&progress->out, "wave %zu of %zu, '", event->wave + 1, run->wave_count);
    human_add_text(&progress->out, wave->name);
    buf_adds(&progress->out, "': ");
    if (event->kind == EVENT_WAVE_FINISHED)
        buf_adds(&progress->out, run_state_words(event->state, !request_changes(run->request)));
    else
        add_wave_size(progress, event->wave);
    return true;
}

/* `paused by host-7: ` where several machines work on the run; on one it is known who did it. */
static bool add_steered(struct progress *progress, const struct event *event, const char *means)
{
    bool is_told = event->by && progress->status->others.told.count;
    bool is_paused = event->kind == EVENT_RUN_PAUSED;
    buf_adds(&progress->out, is_paused ? "paused" : is_told ? "continued" : "goes on");
    buf_adds(&progress->out, is_told ? " by " : "");
    human_add_text(&progress->out, is_told ? event->by : "");
    buf_adds(&progress->out, means);
    return true;
}

static bool add_reason(struct progress *progress, const char *what, const struct event *event)
{
    buf_adds(&progress->out, what);
    human_add_text(&progress->out, event->reason);
    return true;
}

bool progress_add_words(struct progress *progress, const struct event *event)
{
    switch (event->kind) {
    case EVENT_TENANT_FINISHED:
        if (!progress->is_verbose && !progress_is_bad(event->outcome))
            return false;
        add_outcome(progress, event);
        return true;
    case EVENT_TENANT_RETRIES:
        if (progress->is_quiet)
            return false;
        add_retry(progress, event);
        return true;
    case EVENT_WAVE_STARTED:
    case EVENT_WAVE_FINISHED: return add_wave(progress, event);
    case EVENT_RUN_DRAINS: return add_reason(progress, "nothing more is begun: ", event);
    case EVENT_RUN_ROLLS_BACK: return add_reason(progress, "rolling back: ", event);
    case EVENT_WAVE_LATE:
    case EVENT_NOTE: return add_reason(progress, "", event);
    case EVENT_RUN_PAUSED:
        return add_steered(progress, event, ": no further tenant is begun; those at work finish");
    case EVENT_RUN_CONTINUES: return add_steered(progress, event, ": tenants are begun again");
    case EVENT_RUN_OTHERS:
    case EVENT_RUN_STARTED:
    case EVENT_TENANT_STARTED:
    case EVENT_TENANT_INTENT:
    case EVENT_TENANT_BATCHES:
    case EVENT_WAVE_FORECAST:
    case EVENT_RUN_FINISHED:
    case EVENT_WAIT_STARTED:
    case EVENT_WAIT_FINISHED: break;
    }
    return false;
}

void progress_add_dropped(struct progress *progress, size_t lines)
{
    buf_addf(&progress->out, "skein: %zu line%s not read in time and left out here\n", lines,
             lines == 1 ? " was" : "s were");
}

bool progress_is_behind(const struct progress *progress)
{
    return progress->outlet && outlet_is_behind(progress->outlet);
}

static void tell_dropped(struct progress *progress, bool is_last)
{
    size_t lines = outlet_take_dropped(progress->outlet, is_last);
    struct buf text = progress->out;
    if (!lines)
        return;
    buf_init(&progress->out, BUF_MAX_DEFAULT);
    (progress->view ? progress->view->add_dropped : progress_add_dropped)(progress, lines);
    outlet_write(progress->outlet, progress->out.data, progress->out.len);
    buf_done(&progress->out);
    progress->out = text;
}

static void write_text(struct progress *progress, const char *text, size_t len)
{
    if (progress->outlet) {
        tell_dropped(progress, false);
        outlet_write(progress->outlet, text, len);
    } else {
        fwrite(text, 1, len, progress->err);
        fflush(progress->err);
    }
}

void progress_flush(struct progress *progress)
{
    if (progress->out.len)
        write_text(progress, progress->out.data, progress->out.len);
    buf_clear(&progress->out);
}

void progress_pass(struct progress *progress, const char *text, size_t len)
{
    if (progress->view && progress->view->on_pass && !progress->is_over)
        progress->view->on_pass(progress);
    write_text(progress, text, len);
}

void progress_finish(struct progress *progress)
{
    if (progress->view && progress->view->on_end)
        progress->view->on_end(progress);
    if (progress->outlet)
        tell_dropped(progress, true);
}

void progress_set_steering(struct progress *progress, struct steering *steering)
{
    progress->steering = steering;
    steering->chosen = STATUS_NONE;
}

void progress_set_outlet(struct progress *progress, struct outlet *outlet)
{
    progress->outlet = outlet;
}
