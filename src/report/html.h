/* The page's parts, for html.c. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <jansson.h>

#include "report/view.h"

/* The files page.html, page.css and page.js of this folder, made into C by cmake/embed.cmake. */
struct html_part {
    const char *bytes;
    size_t len;
};
extern const struct html_part html_body, html_style, html_script;

/* html_source.c. May no output show the revision's SQL? */
bool html_withholds(const struct report *report, const struct revision *revision);

/* The SQL that tenants of the dialect ran in that step: its sections, each with its lines; NULL: none, or it is not
 * known. The caller owns it, and what html_source_around returns: the lines around the one that failed; NULL: not known. */
json_t *html_sql(const struct report *report, const struct report_step *step,
                 enum dialect_id dialect);
json_t *html_source_around(const struct report *report, const struct cause *cause);

/* html_data.h: all that the page shows, as one JSON object that can stand in a script element. docs/architecture.md says
 * how it is laid out. */
void html_write_data(const struct view *view, FILE *out);

#endif
