/* Waivers: comment lines before a statement that say which rule it may break, and why. Pure.
 *
 *     -- skein:allow index-blocks-writes: the table has a hundred rows everywhere
 */
#ifndef LINT_WAIVER_H
#define LINT_WAIVER_H

#include "lint/pass.h"

/* Those in a comment line of [begin, end) of a section's or the header's text, for the statement of the pass that follows; SIZE_MAX: for
 * the revision. A comment that was meant to be one and is none is a fault. */
struct waiver_place {
    const char *sql;
    int line; /* of the file, of the text's first byte */
    size_t begin, end;
    size_t statement;
};
void waivers_find(struct pass *pass, const struct waiver_place *place, struct faults *faults);

/* The waiver of the rule for the statement (SIZE_MAX: for the revision); NULL: none. */
struct waiver *waivers_get(const struct pass *pass, enum rule_id rule, size_t statement);

/* Faults: those that nothing has used, though one of the dialects (bits LINT_…) knows their rule. */
void waivers_check(const struct lint *lint, unsigned dialects, struct faults *faults);

#endif
