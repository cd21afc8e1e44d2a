/* Warns on stderr of files that decide which SQL and which programs run, and that everyone on the machine can
 * write.
 *
 * The inventory and its folder, the chain's folder and its revisions, gates and password commands that are named by a
 * path, the ledger. A folder that others may write but that is sticky (/tmp) keeps them from replacing files: there the
 * inventory is safe, and a chain is not, since a new file in it is a new revision.
 */
#ifndef CLI_EXPOSED_H
#define CLI_EXPOSED_H

#include "library/fleet.h"

/* Needs the inventory; the chain is looked at where it was read. */
void exposed_warn(const struct fleet *fleet);

#endif
