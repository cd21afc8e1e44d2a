/* What a database holds, read from what is committed there and by nothing of skein: which revisions stand,
 * by their effects, by the version table and by the history table.
 */
#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H

#include "sim/scene.h"

struct fake_store;

/* What a person has put into a version table by mistake. */
#define TRUTH_STRAY_ID "stray"
#define TRUTH_STRAY (UINT32_C(1) << 31)

struct truth {
    uint32_t stands; /* by effects: revisions all of whose statements are done, and none undone */
    int part;        /* the revision that is partly done or undone; -1: none */
    enum direction part_direction;
    unsigned part_done; /* statements */
    uint32_t rows;      /* the version table, as it is; TRUTH_STRAY: a row of no revision */
    uint32_t recorded;  /* by the history table */
    int unfinished;     /* the revision that the history table calls so; -1: none */
    enum direction unfinished_direction;
    unsigned unfinished_statements; /* that the history table has as done */
    bool has_remains;               /* of a statement that failed */
    bool knows_statements;          /* which these are, and not only how many */
    bool is_running;                /* and the one after them as under way */
};

/* False: that can never be, and *ret_why says what: an effect twice, out of order, a row that is none of
 * the chain. */
bool truth_read(const struct scene *scene, size_t tenant, const struct fake_store *store,
                struct truth *ret_truth, const char **ret_why);

/* The row of the history, from 0, by which the revision is applied there with another checksum than its file's; -1: none. */
int truth_stale_row(const struct scene *scene, size_t tenant, const struct fake_store *store,
                    const char *revision);

/* Is nothing but the checksum of that row another, and the file's now? */
bool truth_is_renewed(const struct scene *scene, size_t tenant, const struct fake_store *before,
                      const struct fake_store *after, const char *revision);

/* Effects, version rows and history say the same, and nothing is half done. */
bool truth_is_whole(const struct scene *scene, const struct truth *truth);

/* The same, but for one step outside a transaction that is known to be unfinished. */
bool truth_is_whole_but_one(const struct scene *scene, const struct truth *truth);

#endif
