/* The checksum that a row of the history table has while its step is unfinished: it says which statements are
 * done, which one was begun, and whether that one may have left something. Pure.
 *
 *     begun:DIGEST:DIGEST    of the statements that are done, and of the next one; empty: it runs in a transaction
 *     clean:DIGEST:DIGEST    the same, and the next one has left nothing
 *
 * Older releases kept the file's SHA-256 there.
 */
#ifndef ROLLOUT_CHECKPOINT_H
#define ROLLOUT_CHECKPOINT_H

#include "dialect/script.h"

struct checkpoint {
    bool is_of_file; /* it is the file's SHA-256: the digests are not known */
    bool is_clean;
    struct place_digest place;
};

const char *checkpoint_text(struct arena *arena, const struct place_digest *place, bool is_clean);
struct checkpoint checkpoint_read(const char *text);

#endif
