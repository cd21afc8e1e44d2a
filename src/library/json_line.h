/* On which line of its text a value of a JSON document stands, so that who mends the text by hand is led there. Pure.
 *
 *     json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
 *     const struct json_spot spot = {.holder = list, .index = 3};      the fourth value of the list
 *     int line = json_line(text, root, &spot);
 */
#ifndef LIBRARY_JSON_LINE_H
#define LIBRARY_JSON_LINE_H

#include <stdint.h>

#include <jansson.h>

#define JSON_SPOT_ITSELF SIZE_MAX

/* A value, by what holds it: jansson has one `true` for all of them, and one `null`. */
struct json_spot {
    const json_t *holder; /* an object or array of the document */
    size_t index; /* of the value in it, in the order of the text; JSON_SPOT_ITSELF: the holder */
};

/* The member of that key; the object itself where it has none. */
struct json_spot json_spot_of(json_t *object, const char *key);

/* From 1; 0: the document has no such value. `text` is NUL-terminated, and the one that the document was loaded from. */
int json_line(const char *text, json_t *root, const struct json_spot *spot);

#endif
