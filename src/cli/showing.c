#include "cli/showing.h"

#include <unistd.h>

#include "cli/options.h"
#include "cli/outlet.h"
#include "cli/progress.h"

void showing_begin(struct showing_run *showing, const struct options *options, const char *command)
{
    enum progress_mode mode;
    if (!progress_mode_find(options->progress, &mode))
        mode = PROGRESS_AUTO;
    if (mode == PROGRESS_AUTO && !isatty(STDERR_FILENO))
        mode = PROGRESS_NONE;
    *showing = (struct showing_run){.outlet = outlet_open(STDERR_FILENO), .status = status_new()};
    showing->progress = progress_new(mode, stderr, showing->status);
    progress_set_color(showing->progress, options_has_color(options, stderr));
    progress_set_detail(showing->progress, options->is_quiet, options->is_verbose);
    progress_set_command(showing->progress, command);
    progress_set_outlet(showing->progress, showing->outlet);
    showing->show = (struct fleet_show){.observer = progress_observer(showing->progress),
                                        .status = showing->status,
                                        .on_tick = progress_tick,
                                        .tick_ctx = showing->progress};
}

void showing_end(struct showing_run *showing)
{
    progress_finish(showing->progress);
    progress_free(showing->progress);
    status_free(showing->status);
    if (showing->outlet)
        outlet_drain(showing->outlet);
    outlet_close(showing->outlet);
}
