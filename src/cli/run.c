#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/progress.h"
#include "report/report.h"

/* ---- reports ------------------------------------------------------------------------------- */

static int terminal_width(FILE *out)
{
    struct winsize size;
    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
        return 0;
    return size.ws_col;
}

static bool write_to(const struct report *report, const char *format,
                     const struct options *options, FILE *out, struct err *err)
{
    struct report_options report_options = {
        .has_color = options_has_color(options, out),
        .is_verbose = options->is_verbose,
        .width = terminal_width(out),
    };
    return report_format_find(format)->write(report, &report_options, out, err);
}

static bool fail_file(struct err *err)
{
    return err_set(err, ERR_CONFIG, "cannot write the report: %s", strerror(errno));
}

/* Whole or not at all: a new file beside the old one, then renamed over it. */
static bool write_file(const struct report *report, const struct output *output,
                       const struct options *options, struct err *err)
{
    struct buf path;
    buf_init(&path, 8192);
    buf_addf(&path, "%s.%d.tmp", output->path, (int)getpid());
    int fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    bool is_good = out && write_to(report, output->format, options, out, err);
    if (!out)
        fail_file(err);
    if (is_good && (fsync(fd) || rename(path.data, output->path)))
        is_good = fail_file(err);
    if (out)
        fclose(out);
    if (!is_good)
        unlink(path.data);
    buf_done(&path);
    return is_good;
}

/* A report that cannot be written changes nothing about what happened to the tenants. */
static void write_reports(const struct report *report, const struct options *options, int exit_code)
{
    bool has_stdout = false;
    struct err err;
    for (size_t i = 0; i < options->output_count; i++) {
        const struct output *output = &options->outputs[i];
        has_stdout |= !output->path;
        bool is_good = output->path ? write_file(report, output, options, &err)
                                    : write_to(report, output->format, options, stdout, &err);
        if (!is_good)
            fprintf(stderr, "skein: %s: %s\n", output->path ? output->path : "stdout", err.text);
    }
    bool is_silent = options->is_quiet && exit_code == EXIT_OK;
    if (!has_stdout && !is_silent && !write_to(report, "text", options, stdout, &err))
        fprintf(stderr, "skein: stdout: %s\n", err.text);
}

/* ---- running ------------------------------------------------------------------------------- */

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

static struct progress *make_progress(const struct options *options)
{
    enum progress_mode mode;
    if (!progress_mode_find(options->progress, &mode))
        mode = PROGRESS_AUTO;
    struct progress *progress =
        progress_new(mode, stderr, options_has_color(options, stderr));
    progress_set_detail(progress, options->is_quiet, options->is_verbose);
    return progress;
}

struct visit cli_visit(const struct options *options, const struct run_request *request)
{
    return (struct visit){
        .command = options->command->name,
        .goal = request->goal,
        .plan = request->plan,
        .targets = request->targets ? request->targets : options->args,
        .target_count = request->targets ? request->target_count : options->arg_count,
        .purges = options->purges,
        .parallel = options->parallel,
        .per_server = options->per_server,
        .has_on_failure = options->has_on_failure,
        .on_failure = options->on_failure,
        .has_max_failures = options->has_max_failures,
        .max_failures = options->max_failures,
    };
}

int cli_run(struct fleet *fleet, const struct options *options, const struct run_request *request)
{
    struct visit visit = cli_visit(options, request);
    struct visit_plan plan;
    struct err err;
    if (!visit_prepare(fleet, &visit, &plan, &err))
        return cli_fail(&err);
    if (*plan.note)
        fprintf(stderr, "skein: %s\n", plan.note);
    struct report *report = report_new();
    struct progress *progress = make_progress(options);
    struct observer observers[3] = {
        {on_report_event, report}, progress_observer(progress), {NULL, NULL}};
    if (request->observer)
        observers[2] = *request->observer;
    plan.rollout.on_tick = progress_tick;
    plan.rollout.tick_ctx = progress;
    int signal_number = rollout_run(&plan.rollout, observers, request->observer ? 3 : 2);
    progress_free(progress);
    int exit_code = report_exit_code(report, signal_number);
    write_reports(report, options, exit_code);
    report_free(report);
    return exit_code;
}
