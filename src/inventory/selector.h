/* Kubernetes label selectors: `tier=canary,region in (eu,us),!legacy`.
 *
 * Terms, all of which must hold: `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`.
 * As in Kubernetes, `!=` and `notin` also hold where the key is absent. Pure; lives in an arena.
 */
#ifndef INVENTORY_SELECTOR_H
#define INVENTORY_SELECTOR_H

#include "base/compiler.h"

struct arena;
struct err;
struct selector;

/* NULL on a fault (ERR_CONFIG, the text names the place and how terms are written). An empty text selects
 * everything. */
const struct selector *selector_parse(struct arena *arena, const char *text,
                                      struct err *err) MUST_CHECK;

/* The value of a label, or NULL. */
typedef const char *(*selector_label_fn)(const void *ctx, const char *key);

bool selector_matches(const struct selector *selector, selector_label_fn label, const void *ctx);

/* The keys and values that a selector names, in its order: for the error that says which of them no tenant has. */
struct selector_word {
    const char *key;
    const char *value; /* NULL: the term is about the key alone */
    bool is_denied;    /* the term holds where the word is not there: `!=`, `notin`, `!` */
};

/* False past the last. */
bool selector_word_at(const struct selector *selector, size_t index,
                      struct selector_word *ret_word);

/* Is the text made as labels are: of letters, digits and "._-", "/" in a key, and whatever is not ASCII? */
bool selector_is_label(const char *text, bool is_key);

#endif
