/* "did you mean": the candidate that a mistyped word is closest to. Pure.
 *
 *     struct similar similar = similar_to("upgarde");
 *     for (each command) similar_try(&similar, command->name);
 *     err_set(err, ERR_CONFIG, "no command '%s'", word);
 *     similar_add_hint(err, &similar);       …no command 'upgarde'; did you mean 'upgrade'?
 */
#ifndef BASE_SIMILAR_H
#define BASE_SIMILAR_H

#include "base/err.h"

struct similar {
    const char *word;
    const char *best; /* borrowed from the candidates; NULL: none is close */
    /* letters that were added, left out, changed or swapped with their neighbour */
    size_t distance;
};

struct similar similar_to(const char *word);

/* Cases of ASCII letters count as the same. A word may have one letter in three wrong, and at least
 * one; of equally close candidates the first stays. A candidate that begins with the word (of two
 * letters or more) is close too. */
void similar_try(struct similar *similar, const char *candidate);

/* Adds "; did you mean 'best'?" where there is one. */
void similar_add_hint(struct err *err, const struct similar *similar);

#endif
