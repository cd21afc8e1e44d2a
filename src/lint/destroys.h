/* Does a revision take rows or values away for good? The same that lint finds of tables, columns and copies, and any DELETE, without
 * regard to severities and waivers. All of the chain is read once for each dialect and direction that is asked about.
 *
 *     struct destroys *destroys = destroys_new(chain);
 *     if (destroys_data(destroys, revision, DIRECTION_UP, DIALECT_SQLITE)) …
 *     destroys_free(destroys);
 */
#ifndef LINT_DESTROYS_H
#define LINT_DESTROYS_H

#include "base/dialect.h"
#include "chain/chain.h"

struct destroys;

/* The chain is borrowed. destroys_free takes NULL. */
struct destroys *destroys_new(const struct chain *chain);
void destroys_free(struct destroys *destroys);

/* `file`: a revision or a checkpoint of the chain. */
bool destroys_data(struct destroys *destroys, const struct revision *file, enum direction direction,
                   enum dialect_id dialect);

#endif
