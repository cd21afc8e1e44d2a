/* Evidence for a stamp: the tables that the chain makes up to the stamped revisions and does not drop again.
 * Where none of them is there, the stamp is plainly wrong.
 *
 * They are found by the words of the revisions (dialect/tables.h), so one table that is there is enough; where
 * the words tell of none, nothing is known. Pure but for memory.
 */
#ifndef ROLLOUT_EVIDENCE_H
#define ROLLOUT_EVIDENCE_H

#include "chain/chain.h"
#include "chain/rows.h"
#include "dialect/tables.h"

struct scripts;
struct evidence;

/* The code of the error that says so. */
#define EVIDENCE_NO_TABLES "no_such_tables"

struct evidence *evidence_new(const struct chain *chain, struct scripts *scripts);
void evidence_free(struct evidence *evidence);

/* Lives as long as the evidence; each place is worked out once for each dialect. */
const struct tables *evidence_tables(struct evidence *evidence, const struct dialect *dialect,
                                     const struct rows *rows);

#endif
