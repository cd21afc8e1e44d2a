/* How new files are called, in Alembic's words: `%(year)d_%(month).2d_%(day).2d_%(rev)s_%(slug)s`.
 *
 * `%(rev)s`, `%(slug)s`, `%(year)d`, `%(month)d`, `%(day)d`, `%(hour)d`, `%(minute)d`, `%(second)d`, `%(epoch)s`; of a
 * number `%(month).2d` and `%(month)02d` have two digits at least. `%%` before a word is `%`, as in alembic.ini; elsewhere
 * it is a `%`. Pure.
 */
#ifndef BASE_NAME_TEMPLATE_H
#define BASE_NAME_TEMPLATE_H

#include <time.h>

#include "base/compiler.h"

struct buf;
struct err;

struct name_parts {
    const char *rev;
    const char *slug; /* may be empty */
    time_t at;        /* in UTC */
};

/* Whether it makes names of files of one folder that differ wherever `rev` does. ERR_CONFIG. */
bool name_template_check(const char *text, struct err *err) MUST_CHECK;

/* Appends the name, without an ending, of a template that is checked. Blanks, `_` and `-` at its end are left out: an
 * empty slug leaves no trace. */
void name_template_fill(struct buf *buf, const char *text, const struct name_parts *parts);

#endif
