/* JSON written as it goes: objects and arrays over several lines, values (json_bytes.h) on one.
 *
 * Never much more in memory than one value. Values of jansson's are stolen, like jansson's own `_new` functions do;
 * inside an array `key` is NULL.
 *
 *     struct json_stream stream = {.out = stdout};
 *     json_open(&stream, NULL, '{');
 *     json_put_text(&stream, "name", "acme");
 *     json_close(&stream, '}');                        all is written once the outermost one is closed
 */
#ifndef REPORT_JSON_STREAM_H
#define REPORT_JSON_STREAM_H

#include "base/buf.h"
#include "report/json_bytes.h"

struct json_stream {
    FILE *out;
    struct buf
        text;     /* yet to be written; there from json_open of the outermost to its json_close */
    size_t begin; /* in `text`, of the value at hand */
    unsigned depth;
    bool has_items;  /* in the object or array that is open */
    bool is_in_html; /* no `<`, `>` or `&` is written: they become \uNNNN */
};

/* Begins an object (`{`) or array (`[`), and ends the innermost one (`}`, `]`). json_put adds a value and takes it over. No
 * call fails: whether all was written, report_flush says. */
void json_open(struct json_stream *stream, const char *key, char bracket);
void json_close(struct json_stream *stream, char bracket);
void json_put(struct json_stream *stream, const char *key, json_t *value);

/* Begins a value, which is to be added to the buffer (borrowed until json_end), and ends it. */
struct buf *json_begin(struct json_stream *stream, const char *key);
void json_end(struct json_stream *stream);

/* A value that is JSON already. */
void json_put_raw(struct json_stream *stream, const char *key, const struct buf *json);

/* The same as json_put of json_text(text) and so on, without a value of jansson's. */
void json_put_text(struct json_stream *stream, const char *key, const char *text);
void json_put_text_or_null(struct json_stream *stream, const char *key, const char *text);
void json_put_integer(struct json_stream *stream, const char *key, json_int_t value);
void json_put_count(struct json_stream *stream, const char *key, size_t count);
void json_put_rounded(struct json_stream *stream, const char *key, double value, int decimals);

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
