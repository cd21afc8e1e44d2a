#include "base/similar.h"

#include <string.h>

#include "base/ascii.h"

enum { LETTERS_MAX = 64, PREFIX_MIN = 2 };

struct similar similar_to(const char *word)
{
    return (struct similar){.word = word, .distance = SIZE_MAX};
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static bool same(char a, char b)
{
    return ascii_to_lower(a) == ascii_to_lower(b);
}

/* Optimal string alignment: Levenshtein's distance, where two neighbours that were swapped count once. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][LETTERS_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = last[j - 1] + !same(a[i - 1], b[j - 1]);
            row[j] = min3(last[j] + 1, row[j - 1] + 1, changed);
            bool is_swapped =
                i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (is_swapped && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_len];
}

void similar_try(struct similar *similar, const char *candidate)
{
    size_t len = strlen(similar->word), candidate_len = strlen(candidate);
    if (!len || len > LETTERS_MAX || candidate_len > LETTERS_MAX)
        return;
    size_t most = len / 3 ? len / 3 : 1;
    size_t found = distance(similar->word, len, candidate, candidate_len);
    if (found > most && len >= PREFIX_MIN && strncmp(similar->word, candidate, len) == 0)
        found = most;
    if (found <= most && found < len && found < similar->distance) {
        similar->best = candidate;
        similar->distance = found;
    }
}

void similar_add_hint(struct err *err, const struct similar *similar)
{
    if (similar->best)
        err_add(err, "; did you mean '%s'?", similar->best);
}
