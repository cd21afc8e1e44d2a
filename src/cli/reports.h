/* Reports, written to where results go (outputs.h). */
#ifndef CLI_REPORTS_H
#define CLI_REPORTS_H

#include "cli/options.h"

struct report;
struct report_options;

/* How `out` is to be written to: color, width. */
struct report_options cli_report_options(const struct options *options, FILE *out);

/* Writes the report in the format of that name, which must be one, to `out`. ERR_…: it could not all be written. */
bool cli_write_report(const struct report *report, const char *format,
                      const struct options *options, FILE *out, struct err *err) MUST_CHECK;

/* As outputs_write does. */
bool cli_write_reports(const struct report *report, const struct options *options,
                       bool has_gone_well);

#endif
