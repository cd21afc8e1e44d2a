/* Lines for a terminal, each of which ends before its last column, whatever is added to it.
 *
 *     struct lines lines = {.out = &out, .widths = widths, .columns = 80, .most = 24};
 *     if (lines_begin(&lines)) {
 *         lines_add(&lines, "  ");
 *         lines_add_text(&lines, tenant->name);
 *         lines_end(&lines);
 *     }
 */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "base/compiler.h"

struct buf;

struct lines {
    struct buf *out;
    size_t *widths; /* of the lines that have ended; room for `most` */
    size_t
        columns; /* of the terminal; the last stays free, since a cursor beyond it may or may not have wrapped */
    size_t most; /* lines */
    bool has_color;
    size_t count; /* lines that have ended */
    size_t width; /* of the line that has begun, so far */
};

/* False: there is no room for a further line. No newline comes after the last. */
bool lines_begin(struct lines *lines);
void lines_end(struct lines *lines);

/* Each adds to the line that has begun, and cuts what it has no room for. `lines_add` and `lines_addf` take text that is safe
 * to show, the others text from outside. */
void lines_add(struct lines *lines, const char *text);
void lines_addf(struct lines *lines, const char *format, ...) PRINTF_LIKE(2, 3);
void lines_add_text(struct lines *lines, const char *text);
/* Cut, or filled with blanks, to `width` columns. */
void lines_add_column(struct lines *lines, const char *text, size_t width);
void lines_add_duration(struct lines *lines, uint64_t ms);

/* An escape sequence of SGR, and a text in red; without color: nothing, and the text. */
void lines_color(struct lines *lines, const char *sequence);
void lines_add_red(struct lines *lines, const char *text);

/* A text from outside, after `before`, over as many lines as it needs, four at most, each begun by four blanks. */
void lines_wrap(struct lines *lines, const char *before, const char *text);

#endif
