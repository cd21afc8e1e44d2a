#include "cli/rehearsing.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/human.h"
#include "cli/faults.h"
#include "cli/outlet.h"
#include "cli/progress.h"
#include "report/json_stream.h"

static void print_event(const struct scratch_work *work)
{
    struct buf text;
    json_t *line = json_object();
    buf_init(&text, BUF_MAX_DEFAULT);
    json_object_set_new(line, "event",
                        json_text(work->is_over ? "scratch_finished" : "scratch_started"));
    json_object_set_new(line, "number", json_integer((json_int_t)work->number));
    json_object_set_new(line, "of", json_integer((json_int_t)work->count));
    json_object_set_new(line, "dialect", json_text(dialect_info(work->dialect)->name));
    json_object_set_new(line, "tenants", json_integer((json_int_t)work->tenants));
    json_object_set_new(line, "like", json_text(work->like));
    if (work->is_over) {
        json_object_set_new(line, "duration_ms", json_rounded(work->duration_ms, 1));
        json_object_set_new(line, "error", json_text_or_null(work->error));
    }
    json_add(&text, line);
    buf_adds(&text, "\n");
    outlet_tell(STDERR_FILENO, text.data, text.len);
    buf_done(&text);
}

static void print_line(const struct scratch_work *work)
{
    struct buf what;
    buf_init(&what, BUF_MAX_DEFAULT);
    buf_addf(&what, "scratch database %zu of %zu ", work->number, work->count);
    if (work->is_over) {
        buf_adds(&what, work->error ? "failed after " : "is done after ");
        human_add_duration(&what, work->duration_ms);
        buf_adds(&what, work->error ? ": " : "");
        human_add_text(&what, work->error);
    } else {
        buf_addf(&what, "is at work (%s, %zu tenant%s like ", dialect_info(work->dialect)->title,
                 work->tenants, work->tenants == 1 ? "" : "s");
        human_add_text(&what, work->like);
        buf_addc(&what, ')');
    }
    cli_note("%s", what.data);
    buf_done(&what);
}

static void on_work(void *ctx, const struct scratch_work *work)
{
    const struct options *options = ctx;
    enum progress_mode mode = PROGRESS_AUTO;
    if (progress_mode_find(options->progress, &mode) && mode == PROGRESS_JSON)
        print_event(work);
    else if (mode != PROGRESS_NONE && !options->is_quiet)
        print_line(work);
}

struct scratch_show rehearsing_show(const struct options *options)
{
    return (struct scratch_show){on_work, (void *)(uintptr_t)options};
}
