#include "cli/reports.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/outputs.h"
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
        .is_summary = options->is_summary,
        .width = terminal_width(out),
    };
}

bool cli_write_report(const struct report *report, const char *format,
                      const struct options *options, FILE *out, struct err *err)
{
    struct report_options report_options = cli_report_options(options, out);
    return report_format_find(format)->write(report, &report_options, out, err);
}

struct writing {
    const struct report *report;
    const struct options *options;
};

static bool write_report(void *ctx, const char *format, FILE *out, struct err *err)
{
    const struct writing *writing = ctx;
    return cli_write_report(writing->report, format, writing->options, out, err);
}

bool cli_write_reports(const struct report *report, const struct options *options,
                       bool has_gone_well)
{
    struct writing writing = {report, options};
    return outputs_write(options, &(struct writer){.write = write_report, .ctx = &writing},
                         has_gone_well);
}
