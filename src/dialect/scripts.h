/* The scripts of a chain: each is made once, and shared by all tenants of its dialect. Not for two threads at once. */
#ifndef DIALECT_SCRIPTS_H
#define DIALECT_SCRIPTS_H

#include "dialect/script.h"

struct scripts;

struct scripts *scripts_new(const struct chain *chain);
void scripts_free(struct scripts *scripts);

/* As script_make, the first time. */
const struct script *scripts_get(struct scripts *scripts, const struct dialect *dialect,
                                 const struct revision *revision, enum direction direction,
                                 struct err *err) MUST_CHECK;

/* The same for all revisions that have sections for a dialect that is used, so that a broken one is known
 * before any tenant is touched. */
void scripts_check(struct scripts *scripts, const bool used[DIALECT__COUNT], struct faults *faults);

/* Is it another used dialect's script that a tenant of this dialect runs? Then what is wrong with it is told of there. */
bool scripts_are_shared(const struct revision *revision, enum direction direction,
                        enum dialect_id dialect, const bool used[DIALECT__COUNT]);

#endif
