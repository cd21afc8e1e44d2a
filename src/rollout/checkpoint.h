/* The checksum that a row of the history table has while its step is unfinished: it says which statements are
 * done, which one was begun, and whether that one may have left something. Pure.
 *
 *     begun:DIGEST:DIGEST    of the statements that are done, and of the next one; empty: it runs in a transaction
 *     clean:DIGEST:DIGEST    the same, and the next one has left nothing
 *     begun:DIGEST::12:9000  what is repeated has run in 12 batches so far, which changed 9000 rows
 *
 * Older releases kept the file's SHA-256 there.
 */
#ifndef ROLLOUT_CHECKPOINT_H
#define ROLLOUT_CHECKPOINT_H

#include "dialect/script.h"

enum { CHECKPOINT_MAX = 64 }; /* the column's width */

/* What the statements of a step that repeat have done so far: batches that changed rows, and these. */
struct repeat_count {
    uint64_t batches, rows;
};

struct checkpoint {
    bool is_of_file; /* it is the file's SHA-256: the digests are not known */
    bool is_clean;
    struct place_digest place;
    struct repeat_count count;
};

const char *checkpoint_text(struct arena *arena, const struct place_digest *place, bool is_clean);
/* The same text, with the count where there is one, and room for it. */
void checkpoint_count(const char *text, const struct repeat_count *count,
                      char ret_text[CHECKPOINT_MAX + 1]);
struct checkpoint checkpoint_read(const char *text);

#endif
