#include "cli/waiting.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/human.h"
#include "cli/faults.h"
#include "cli/outlet.h"
#include "cli/progress.h"
#include "library/fleet_ledger.h"
#include "report/json_stream.h"
#include "report/model.h"

static void print_event(const struct ledger_holder *holder, const char *since)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    json_t *line = json_object();
    json_object_set_new(line, "event", json_text("waiting"));
    json_object_set_new(line, "run", json_text_or_null(holder->run));
    json_object_set_new(line, "user", json_text_or_null(holder->user));
    json_object_set_new(line, "host", json_text_or_null(holder->host));
    json_object_set_new(line, "pid", json_integer((json_int_t)holder->pid));
    json_object_set_new(line, "since", json_text(since));
    json_add(&text, line);
    buf_adds(&text, "\n");
    outlet_tell(STDERR_FILENO, text.data, text.len);
    buf_done(&text);
}

static void print_line(const struct options *options, const struct ledger_holder *holder,
                       const char *since)
{
    struct buf who, wait;
    buf_init(&who, BUF_MAX_DEFAULT);
    buf_init(&wait, 64);
    fleet_ledger_name_holder(&who, holder);
    human_add_duration(&wait, (double)options->wait_ms);
    cli_note("waiting for %s (since %s), for up to %s", who.data, since, wait.data);
    buf_done(&who);
    buf_done(&wait);
}

static void on_waiting(void *ctx, const struct ledger_holder *holder)
{
    const struct options *options = ctx;
    char since[REPORT_TIME_SIZE];
    enum progress_mode mode = PROGRESS_AUTO;
    report_format_time(holder->since_ms, since);
    if (progress_mode_find(options->progress, &mode) && mode == PROGRESS_JSON)
        print_event(holder, since);
    else if (mode != PROGRESS_NONE && !options->is_quiet)
        print_line(options, holder, since);
}

struct patience waiting_patience(const struct options *options)
{
    return (struct patience){
        .wait_ms = options->wait_ms, .on_waiting = on_waiting, .ctx = (void *)(uintptr_t)options};
}
