/* Does a revision take rows or values away for good, as far as its statements tell? Pure, as lint is.
 *
 * What it drops after it has copied it elsewhere, or has made it itself, is not lost.
 */
#ifndef LINT_DESTROYS_H
#define LINT_DESTROYS_H

#include "base/dialect.h"
#include "chain/revision.h"

bool revision_destroys_data(const struct revision *revision, enum direction direction,
                            enum dialect_id dialect);

#endif
