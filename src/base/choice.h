/* Words of which one is chosen: values of an option, of a key, names in a table.
 *
 * A choice is a function that tells the words by their index, so that a table of anything that has names is one. What
 * says the words to a person, and what accepts them, asks the same function, and the two cannot differ.
 *
 *     choice_add(&buf, dialect_name_at);                  appends `sqlite, postgresql or mysql`
 *     if (!choice_find(dialect_name_at, value, &index))   none of them
 */
#ifndef BASE_CHOICE_H
#define BASE_CHOICE_H

#include "base/compiler.h"

struct buf;
struct err;

/* The word of that index, counted from 0; NULL past the last. */
typedef const char *choice_fn(size_t index);

/* Appends `a, b or c`. */
void choice_add(struct buf *buf, choice_fn *word_at);

/* The index of the word that `text` is. False, and *ret_index as it was: it is none of them. */
bool choice_find(choice_fn *word_at, const char *text, size_t *ret_index);

/* Appends "; did you mean 'sqlite'?" to the fault of a word that is none of them, where it is close to one. */
void choice_add_hint(struct err *err, choice_fn *word_at, const char *text);

#endif
