/* The page's parts, for html.c. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <stdio.h>

#include "report/view.h"

/* The files page.html, page.css and page.js of this folder, made into C by cmake/embed.cmake. */
struct html_part {
    const char *bytes;
    size_t len;
};
extern const struct html_part html_body, html_style, html_script;

/* html_data.c: all that the page shows, as one JSON object that can stand in a script element. docs/architecture.md says
 * how it is laid out. */
void html_write_data(const struct view *view, FILE *out);

#endif
