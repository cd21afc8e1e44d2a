#include "cli/reports.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "report/report.h"

static int terminal_width(FILE *out)
{
    struct winsize size;
    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
        return 0;
    return size.ws_col;
}

struct report_options cli_report_options(const struct options *options, FILE *out)
{
    return (struct report_options){
        .has_color = options_has_color(options, out),
        .is_verbose = options->is_verbose,
        .width = terminal_width(out),
    };
}

bool cli_write_report(const struct report *report, const char *format,
                      const struct options *options, FILE *out, struct err *err)
{
    struct report_options report_options = cli_report_options(options, out);
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
    bool is_good = out && cli_write_report(report, output->format, options, out, err);
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

static bool write_output(const struct report *report, const struct output *output,
                         const struct options *options)
{
    struct err err;
    bool is_good = output->path ? write_file(report, output, options, &err)
                                : cli_write_report(report, output->format, options, stdout, &err);
    if (!is_good)
        fprintf(stderr, "skein: %s: %s\n", output->path ? output->path : "stdout", err.text);
    return is_good;
}

bool cli_write_reports(const struct report *report, const struct options *options,
                       bool has_gone_well)
{
    bool has_stdout = false, is_good = true;
    for (size_t i = 0; i < options->output_count; i++) {
        const struct output *output = &options->outputs[i];
        has_stdout |= !output->path;
        is_good &= write_output(report, output, options);
    }
    bool is_silent = options->is_quiet && has_gone_well;
    if (has_stdout || is_silent)
        return is_good;
    return write_output(report, &(struct output){"text", NULL}, options) && is_good;
}
