/* What lint has found, laid out: text for people, JSON, and SARIF for code scanning. */
#ifndef REPORT_LINT_REPORT_H
#define REPORT_LINT_REPORT_H

#include "lint/told.h"
#include "report/json_stream.h"

struct buf;

struct lint_report {
    const struct told_findings *findings;
    size_t revisions; /* so many were looked at */
    bool is_verbose;  /* text: why, too */
};

void lint_write_text(const struct lint_report *report, FILE *out);
void lint_write_json(const struct lint_report *report, FILE *out);
void lint_write_sarif(const struct lint_report *report, FILE *out);

/* `2 errors, 3 warnings, 1 note, 1 allowed`; `nothing found`. */
void lint_add_totals(struct buf *buf, const struct told_findings *findings);

/* One finding as text, with `indent` blanks before each line; or as a value of JSON. */
void lint_add_finding(struct buf *buf, const struct told_finding *finding, bool is_verbose,
                      int indent);
json_t *lint_json_finding(const struct told_finding *finding);

/* Puts `"lint": {totals, findings}` into a report. */
void lint_json_put(struct json_stream *stream, const struct told_findings *findings);

#endif
