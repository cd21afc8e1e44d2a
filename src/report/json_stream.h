/* JSON written as it goes: objects and arrays over several lines, values by jansson on one.
 *
 * Never more in memory than one value. Values are stolen, like jansson's own `_new` functions do;
 * inside an array `key` is NULL. Texts become valid UTF-8 here and nowhere else, and whatever could
 * move a terminal's cursor or hide in it (C1, bidi controls, …) is written as \uNNNN: JSON goes to
 * terminals too.
 *
 *     struct json_stream stream = {.out = stdout};
 *     json_open(&stream, NULL, '{');
 *     json_put(&stream, "name", json_text("acme"));
 *     json_close(&stream, '}');
 */
#ifndef REPORT_JSON_STREAM_H
#define REPORT_JSON_STREAM_H

#include <jansson.h>

#include "base/compiler.h"

struct buf;

struct json_stream {
    FILE *out;
    unsigned depth;
    bool has_items;  /* in the object or array that is open */
    bool is_in_html; /* no `<`, `>` or `&` is written: they become \uNNNN */
};

/* Begins an object (`{`) or array (`[`), and ends the innermost one (`}`, `]`). json_put adds a value and takes it over. No
 * call fails: whether all was written, report_flush says. */
void json_open(struct json_stream *stream, const char *key, char bracket);
void json_close(struct json_stream *stream, char bracket);
void json_put(struct json_stream *stream, const char *key, json_t *value);

/* A value that is JSON already. */
void json_put_raw(struct json_stream *stream, const char *key, const struct buf *json);

/* The value on one line, into a buffer. */
void json_add(struct buf *buf, json_t *value);

/* null for NULL. */
json_t *json_text(const char *text);

/* null for NULL and for "". */
json_t *json_text_or_null(const char *text);

json_t *json_count(size_t count);

/* Decimals of times in milliseconds: of a run and a tenant, and of a step. */
enum { JSON_DECIMALS = 1, JSON_STEP_DECIMALS = 3 };

/* Rounded to `decimals`, so that it reads as it was meant; what is no number becomes 0. */
json_t *json_rounded(double value, int decimals);

/* json_object_set_new, for a key from outside. */
void json_set_text(json_t *object, const char *key, const char *text);

#endif
