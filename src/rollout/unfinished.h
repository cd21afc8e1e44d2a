/* Decides whether a step that an earlier run left half way can go on, as its file is now. Pure.
 *
 * The statements that are done are known by their digests, not by their number alone (checkpoint.h).
 */
#ifndef ROLLOUT_UNFINISHED_H
#define ROLLOUT_UNFINISHED_H

#include "dialect/script.h"
#include "event/event.h"
#include "plan/plan.h"
#include "rollout/checkpoint.h"

/* Where an earlier run left the first step of the plan: a row of the history table. */
struct unfinished {
    const char *revision; /* NULL: nothing is unfinished */
    enum direction direction;
    size_t statements;    /* that have finished for certain */
    bool is_running;      /* the next statement was begun, and no one knows how it ended */
    bool is_begun;        /* it failed, and may have left something */
    const char *checksum; /* of the row: the file's, or which statements these are (checkpoint.h) */
    const char *run_id;
    struct repeat_count count; /* of what is repeated in it */
};

/* Why a step that was left half way cannot be gone on with: a person must look. */
enum unfinished_fault {
    UNFINISHED_FITS,
    UNFINISHED_ELSEWHERE, /* it is not the next step of the plan */
    UNFINISHED_EDITED, /* the file's first statements are not those that are done, or the next not the one begun */
    UNFINISHED_DOUBT, /* no one knows whether, or how far, the next statement has run */
};

/* Checks that it is the next step (NULL: there is none), that the step's script begins with the statements that
 * are done, and that the one that was begun is still the next. Else _ELSEWHERE or _EDITED, with err. */
enum unfinished_fault unfinished_check_done(struct arena *arena,
                                            const struct unfinished *unfinished,
                                            const struct step *step, const struct script *script,
                                            struct err *err) MUST_CHECK;

/* The same, and _DOUBT where the statement that was begun may have run, or run in part. */
enum unfinished_fault unfinished_check(struct arena *arena, const struct unfinished *unfinished,
                                       const struct step *step, const struct script *script,
                                       struct err *err) MUST_CHECK;

/* What is to be told of it. `script` of its revision and direction; NULL: not known. */
struct half_step unfinished_tell(const struct unfinished *unfinished, const struct script *script);

/* Counts the next statement as done, or as one that has left nothing: `done` of them stand. */
void unfinished_set_done(struct arena *arena, struct unfinished *unfinished,
                         const struct script *script, size_t done);

#endif
