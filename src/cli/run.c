#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/exit.h"
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

/* ---- limits -------------------------------------------------------------------------------- */

/* A tenant takes up to four descriptors (SQLite: file, journal, folder, lock). What the system does
 * not give, `parallel` must do without. */
static uint32_t fit_descriptors(uint32_t parallel)
{
    enum { EACH = 4, OWN = 32 };
    struct rlimit limit;
    rlim_t wanted = (rlim_t)parallel * EACH + OWN;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return parallel;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return parallel;
    uint32_t fits = limit.rlim_cur > OWN + EACH ? (uint32_t)(limit.rlim_cur - OWN) / EACH : 1;
    fprintf(stderr, "skein: only %llu file descriptors: %u tenants at once, not %u\n",
            (unsigned long long)limit.rlim_cur, fits, parallel);
    return fits;
}

static uint32_t first_of(uint32_t flag, uint32_t inventory)
{
    return flag ? flag : inventory;
}

/* ---- running ------------------------------------------------------------------------------- */

static const char *join_targets(struct arena *arena, const struct options *options)
{
    struct buf text;
    buf_init(&text, 65536);
    for (size_t i = 0; i < options->arg_count; i++)
        buf_addf(&text, "%s%s", i ? " " : "", options->args[i]);
    char *joined = arena_strdup(arena, text.data);
    buf_done(&text);
    return joined;
}

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

static struct progress *make_progress(const struct options *options, bool is_silent)
{
    enum progress_mode mode;
    if (!progress_mode_find(is_silent ? "none" : options->progress, &mode))
        mode = PROGRESS_AUTO;
    struct progress *progress =
        progress_new(mode, stderr, options_has_color(options, stderr));
    progress_set_detail(progress, options->is_quiet, options->is_verbose);
    return progress;
}

static bool make_target(struct fleet *fleet, const struct options *options,
                        const struct run_request *request, struct target *ret_target)
{
    static const char *const head[] = {"head"};
    struct err err;
    bool has_targets = options->arg_count > 0;
    if (request->goal == GOAL_CURRENT ||
        target_parse(&fleet->arena, fleet->chain, request->plan,
                     has_targets ? options->args : head, has_targets ? options->arg_count : 1,
                     ret_target, &err))
        return true;
    cli_fail(&err);
    return false;
}

static struct rollout_options rollout_options_of(struct fleet *fleet, const struct options *options,
                                                 const struct run_request *request)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    bool has_default = !options->arg_count && request->goal != GOAL_CURRENT;
    return (struct rollout_options){
        .command = options->command->name,
        .goal = request->goal,
        .target_text = has_default ? "head" : join_targets(&fleet->arena, options),
        .parallel = fit_descriptors(first_of(options->parallel, rules->parallel)),
        .per_server = first_of(options->per_server, rules->per_server),
        /* Looking changes nothing: everyone is looked at. */
        .on_failure = request->goal != GOAL_RUN ? ON_FAILURE_CONTINUE
                      : options->has_on_failure ? options->on_failure
                                                : rules->on_failure,
        .max_failures = options->has_max_failures ? options->max_failures : rules->max_failures,
        .tenants = fleet->tenants,
        .tenant_count = fleet->tenant_count,
        .chain = fleet->chain,
        .scripts = fleet->scripts,
        .version_table = fleet->inventory->version_table,
    };
}

int cli_run(struct fleet *fleet, const struct options *options, const struct run_request *request)
{
    struct target target;
    if (!make_target(fleet, options, request, &target))
        return EXIT_USAGE;
    struct rollout_options run = rollout_options_of(fleet, options, request);
    struct report *report = report_new();
    struct progress *progress = make_progress(options, request->is_silent);
    struct observer observers[3] = {
        {on_report_event, report}, progress_observer(progress), {NULL, NULL}};
    if (request->observer)
        observers[2] = *request->observer;
    run.target = request->goal == GOAL_CURRENT ? NULL : &target;
    run.on_tick = progress_tick;
    run.tick_ctx = progress;
    int signal_number = rollout_run(&run, observers, request->observer ? 3 : 2);
    progress_free(progress);
    int exit_code = report_exit_code(report, signal_number);
    if (!request->is_silent)
        write_reports(report, options, exit_code);
    report_free(report);
    return exit_code;
}
