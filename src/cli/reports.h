/* Where reports go: stdout as text, unless -o says more. */
#ifndef CLI_REPORTS_H
#define CLI_REPORTS_H

#include "cli/options.h"

struct report;
struct report_options;

/* How `out` is to be written to: color, width. */
struct report_options cli_report_options(const struct options *options, FILE *out);

bool cli_write_report(const struct report *report, const char *format,
                      const struct options *options, FILE *out, struct err *err) MUST_CHECK;

/* All that -o asks for, and text on stdout where nothing else goes there; with -q not even that where
 * all `has_gone_well`. False: something could not be written, which was told on stderr. */
bool cli_write_reports(const struct report *report, const struct options *options,
                       bool has_gone_well);

#endif
