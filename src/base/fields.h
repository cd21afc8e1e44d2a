/* Texts as lines of fields, and back: each field ends with a tab, each line with a newline. Any bytes but NUL may be in a field; the result
 * is ASCII wherever a field is no UTF-8, so that a database takes it as text.
 *
 *     fields_add(&buf, "place");
 *     fields_add(&buf, NULL);        a field that is not there, unlike ""
 *     fields_end(&buf);
 *
 *     struct fields fields = {&arena, text};
 *     while (fields_begin(&fields))  a line
 *         while (fields_take(&fields, &field)) …
 */
#ifndef BASE_FIELDS_H
#define BASE_FIELDS_H

#include "base/compiler.h"

struct arena;
struct buf;

void fields_add(struct buf *buf, const char *field); /* NULL: it is not there */
void fields_add_number(struct buf *buf, uint64_t number);
void fields_end(struct buf *buf);

/* Where in a text the reader stands; what it returns lives in the arena. */
struct fields {
    struct arena *arena;
    const char *at;
    bool is_damaged; /* it is no text that the functions above have made */
};

/* At the beginning of a line. False: the text is at its end, or damaged. */
bool fields_begin(struct fields *fields);

/* False: the line is at its end, or damaged. */
bool fields_take(struct fields *fields, const char **ret_field);

/* The same of one that must be there. */
bool fields_take_text(struct fields *fields, const char **ret_text) MUST_CHECK;
bool fields_take_number(struct fields *fields, uint32_t most, uint32_t *ret_number) MUST_CHECK;

#endif
