#include "report/json_stream.h"

#include "base/utf8.h"

enum { TEXT_MOST = 64 * 1024 };

/* ---- the bytes ------------------------------------------------------------------------------- */

static void write_text(struct json_stream *stream)
{
    fwrite(stream->text.data, 1, stream->text.len, stream->out);
    buf_clear(&stream->text);
}

static void start_line(struct json_stream *stream)
{
    static const char blanks[] = "\n                ";
    size_t len = 1 + 2 * (size_t)stream->depth;
    if (len < sizeof blanks)
        buf_add(&stream->text, blanks, len);
    else
        buf_addf(&stream->text, "\n%*s", (int)len - 1, "");
}

static void start_item(struct json_stream *stream, const char *key)
{
    if (stream->text.len >= TEXT_MOST)
        write_text(stream);
    if (stream->has_items)
        buf_addc(&stream->text, ',');
    if (stream->depth)
        start_line(stream);
    if (key) {
        buf_addc(&stream->text, '"');
        buf_adds(&stream->text, key);
        buf_add(&stream->text, "\": ", 3);
    }
    stream->has_items = true;
}

void json_open(struct json_stream *stream, const char *key, char bracket)
{
    if (!stream->depth)
        buf_init(&stream->text, BUF_MAX_DEFAULT);
    start_item(stream, key);
    buf_addc(&stream->text, bracket);
    stream->depth++;
    stream->has_items = false;
}

void json_close(struct json_stream *stream, char bracket)
{
    stream->depth--;
    if (stream->has_items)
        start_line(stream);
    buf_addc(&stream->text, bracket);
    stream->has_items = true;
    if (stream->depth)
        return;
    buf_addc(&stream->text, '\n');
    write_text(stream);
    buf_done(&stream->text);
}

/* ---- values ---------------------------------------------------------------------------------- */

struct buf *json_begin(struct json_stream *stream, const char *key)
{
    start_item(stream, key);
    stream->begin = stream->text.len;
    return &stream->text;
}

/* A value is added as JSON has it; where it stands in HTML, what HTML could read is written anew. */
void json_end(struct json_stream *stream)
{
    struct buf *text = &stream->text;
    const char *value = text->data + stream->begin;
    size_t len = text->len - stream->begin;
    if (!stream->is_in_html ||
        (!memchr(value, '<', len) && !memchr(value, '>', len) && !memchr(value, '&', len)))
        return;
    struct buf copy;
    buf_init(&copy, BUF_MAX_DEFAULT);
    buf_add(&copy, value, len);
    buf_cut(text, stream->begin);
    json_add_for_html(text, copy.data, copy.len);
    buf_done(&copy);
}

void json_put(struct json_stream *stream, const char *key, json_t *value)
{
    json_add(json_begin(stream, key), value);
    json_end(stream);
}

void json_put_raw(struct json_stream *stream, const char *key, const struct buf *json)
{
    struct buf *text = json_begin(stream, key);
    if (stream->is_in_html)
        json_add_for_html(text, json->data, json->len);
    else
        buf_add(text, json->data, json->len);
}

void json_put_text(struct json_stream *stream, const char *key, const char *text)
{
    json_add_text(json_begin(stream, key), text);
    json_end(stream);
}

void json_put_text_or_null(struct json_stream *stream, const char *key, const char *text)
{
    json_put_text(stream, key, text && *text ? text : NULL);
}

void json_put_integer(struct json_stream *stream, const char *key, json_int_t value)
{
    json_add_integer(json_begin(stream, key), value);
}

void json_put_count(struct json_stream *stream, const char *key, size_t count)
{
    json_put_integer(stream, key, (json_int_t)count);
}

void json_put_rounded(struct json_stream *stream, const char *key, double value, int decimals)
{
    json_add_rounded(json_begin(stream, key), value, decimals);
}

/* ---- values of jansson's --------------------------------------------------------------------- */

json_t *json_text(const char *text)
{
    if (!text)
        return json_null();
    struct buf valid;
    buf_init(&valid, BUF_MAX_DEFAULT);
    utf8_add_valid(&valid, text, strlen(text));
    json_t *value = json_stringn_nocheck(valid.data, valid.len);
    buf_done(&valid);
    return value;
}

json_t *json_text_or_null(const char *text)
{
    return json_text(text && *text ? text : NULL);
}

json_t *json_count(size_t count)
{
    return json_integer((json_int_t)count);
}

json_t *json_rounded(double value, int decimals)
{
    return json_real(json_round(value, decimals));
}

void json_set_text(json_t *object, const char *key, const char *text)
{
    struct buf valid;
    buf_init(&valid, BUF_MAX_DEFAULT);
    utf8_add_valid(&valid, key, strlen(key));
    json_object_set_new_nocheck(object, valid.data, json_text(text));
    buf_done(&valid);
}
