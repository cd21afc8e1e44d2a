/* Reads a tenant's history rows: the answer to SQL_HISTORY (dialect.h), oldest row first. Pure.
 *
 * Strings of the answer are borrowed.
 */
#ifndef ROLLOUT_HISTORY_H
#define ROLLOUT_HISTORY_H

#include "base/grid.h"
#include "rollout/work.h"

struct arena;
struct chain;

/* The step that an earlier run left half done; `revision` NULL: none. Only the newest row can be one. */
struct unfinished history_unfinished(const struct grid *rows);

/* Ids of runs, borrowed: those that one rollout consists of. */
struct run_ids {
    const char *const *ids;
    size_t count;
};

/* Has one of the runs left a row here? The history travels with its database, so one without a trace of
 * them is another database, or a copy from before. */
bool history_holds(const struct grid *rows, const struct run_ids *runs);

/* A run, none of these, that changed the tenant after the first of these did. NULL: none. */
const char *history_stranger(const struct grid *rows, const struct run_ids *runs);

/* The run whose row of a revision is the newest; NULL: no row is of it. The second: is a run one of these? */
const char *history_last_run(const struct grid *rows, const struct chain *chain,
                             const char *revision);
bool history_is_of(const struct run_ids *runs, const char *run);

/* Where the tenant stood before the first of these runs, by what they have left here: `rows` without what they applied, and with what
 * they took back. False: they have left nothing here, or what they did cannot be told apart: a stamp, a checkpoint, a revision
 * that the chain has no more, or another run's work among it. The list is in `arena`, the strings are the chain's. */
bool history_before(const struct grid *history, const struct chain *chain,
                    const struct run_ids *runs, const struct rows *rows, struct arena *arena,
                    struct rows *ret_before);

/* The newest row's `id`; 0: there is none. */
uint64_t history_last_id(const struct grid *rows);

/* A file of the chain that was changed after it was applied here. */
struct changed_file {
    const struct revision *revision;
    uint64_t history_id;  /* of the row that says so */
    const char *checksum; /* that is in it; borrowed */
};

/* The next one from row *row on, which moves past it: begin with 0. False: there is none. A stamp vouches for all that was
 * applied before it. */
bool history_next_change(const struct grid *rows, const struct chain *chain, size_t *row,
                         struct changed_file *ret_file);

/* Are the chain's files those that were applied here? False: err (ERR_DRIFT) names those that were changed
 * since, and what can be done. */
bool history_check_files(const struct grid *rows, const struct chain *chain,
                         struct err *err) MUST_CHECK;

#endif
