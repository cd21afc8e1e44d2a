/* The text of a new revision file, from the chain's own template. Pure.
 *
 * `${message}`, `${revision}`, `${revises}`, `${branch_labels}`, `${depends_on}` and
 * `${create_date}` stand for what the revision has; all else is taken as it is. A line of
 * `${branch_labels}` or
 * `${depends_on}` goes where the revision has none.
 *
 *     if (!template_fill(&text, "versions/revision.sql.in", bytes, &revision, err)) …
 */
#ifndef CHAIN_TEMPLATE_H
#define CHAIN_TEMPLATE_H

#include "chain/revision.h"
#include "base/err.h"

struct buf;

/* The template's name in the chain's folder. */
#define TEMPLATE_NAME "revision.sql.in"

/* The template that `skein init` writes. It is also used for a chain that has no template. */
extern const char template_default[];

/* Appends. Uses id, message, create_date, down_ids, depend_ids and labels. ERR_CHAIN with `path`
 * and the line: the template asks for something else. */
bool template_fill(struct buf *out, const char *path, const char *text,
                   const struct revision *revision, struct err *err) MUST_CHECK;

#endif
