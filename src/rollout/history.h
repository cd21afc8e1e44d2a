/* What a tenant's history rows say: the answer to SQL_HISTORY (driver.h), oldest row first. Pure.
 *
 * Strings of the answer are borrowed.
 */
#ifndef ROLLOUT_HISTORY_H
#define ROLLOUT_HISTORY_H

#include "rollout/work.h"

struct chain;

/* The step that an earlier run left half done; `revision` NULL: none. Only the newest row can be one. */
struct unfinished history_unfinished(const struct op *rows);

/* The newest row's `id`; 0: there is none. */
uint64_t history_last_id(const struct op *rows);

/* Are the chain's files those that were applied here? False: err (ERR_DRIFT) names the first that was
 * changed since. A stamp vouches for all that was applied before it. */
bool history_check_files(const struct op *rows, const struct chain *chain,
                         struct err *err) MUST_CHECK;

#endif
