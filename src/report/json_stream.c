#include "report/json_stream.h"

#include <assert.h>
#include <math.h>

#include "base/buf.h"
#include "base/utf8.h"

/* 15 digits are the most that any double gives back unchanged: 0.1, not 0.1000…01. */
enum { DUMP_FLAGS = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) };

static void start_line(struct json_stream *stream)
{
    static const char blanks[] = "\n                ";
    size_t len = 1 + 2 * (size_t)stream->depth;
    if (len < sizeof blanks)
        fwrite(blanks, 1, len, stream->out);
    else
        fprintf(stream->out, "\n%*s", (int)len - 1, "");
}

static void write_text(struct json_stream *stream, const char *text)
{
    fwrite(text, 1, strlen(text), stream->out);
}

static void start_item(struct json_stream *stream, const char *key)
{
    if (stream->has_items)
        putc(',', stream->out);
    if (stream->depth)
        start_line(stream);
    if (key) {
        putc('"', stream->out);
        write_text(stream, key);
        write_text(stream, "\": ");
    }
    stream->has_items = true;
}

void json_open(struct json_stream *stream, const char *key, char bracket)
{
    start_item(stream, key);
    putc(bracket, stream->out);
    stream->depth++;
    stream->has_items = false;
}

void json_close(struct json_stream *stream, char bracket)
{
    stream->depth--;
    if (stream->has_items)
        start_line(stream);
    putc(bracket, stream->out);
    stream->has_items = true;
    if (!stream->depth)
        putc('\n', stream->out);
}

static int add_bytes(const char *bytes, size_t len, void *ctx)
{
    buf_add(ctx, bytes, len);
    return 0;
}

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

static bool is_safe(const char *text, size_t size)
{
    struct buf shown;
    buf_init(&shown, BUF_MAX_DEFAULT);
    utf8_add_safe(&shown, text, size, true);
    bool is_as_is = shown.len == size;
    buf_done(&shown);
    return is_as_is;
}

static void add_escaped(struct buf *buf, uint32_t code)
{
    if (code < 0x10000) {
        buf_addf(buf, "\\u%04X", (unsigned)code);
        return;
    }
    code -= 0x10000;
    buf_addf(buf, "\\u%04X\\u%04X", 0xd800u + (code >> 10), 0xdc00u + (code & 0x3ff));
}

/* Jansson has escaped C0; DEL and what is not ASCII can only stand in strings. */
static void add_safe(struct buf *buf, const char *json, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t start = at;
        uint32_t code = 0;
        while (at < len && json[at] >= ' ' && json[at] < 0x7f)
            at++;
        buf_add(buf, json + start, at - start);
        size_t size = at < len ? utf8_decode(json + at, len - at, &code) : 0;
        assert(size || at == len);
        if (is_safe(json + at, size))
            buf_add(buf, json + at, size);
        else
            add_escaped(buf, code);
        at += size;
    }
}

/* By jansson, which knows what has to be escaped. */
static void add_dumped(struct buf *buf, const json_t *value)
{
    struct buf json;
    buf_init(&json, BUF_MAX_DEFAULT);
    json_dump_callback(value, add_bytes, &json, DUMP_FLAGS);
    if (is_ascii(json.data, json.len))
        buf_add(buf, json.data, json.len);
    else
        add_safe(buf, json.data, json.len);
    buf_done(&json);
}

static void add_string(struct buf *buf, const char *text, size_t len)
{
    if (!is_ascii(text, len) || memchr(text, '"', len) || memchr(text, '\\', len)) {
        json_t *string = json_stringn_nocheck(text, len);
        add_dumped(buf, string);
        json_decref(string);
        return;
    }
    buf_addc(buf, '"');
    buf_add(buf, text, len);
    buf_addc(buf, '"');
}

static void add_integer(struct buf *buf, json_int_t value)
{
    char digits[32], *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    buf_add(buf, at, (size_t)(digits + sizeof digits - at));
}

/* With at most three decimals and fewer digits than a double gives back, the digits of the thousandfold are those of the
 * number. */
static void add_real(struct buf *buf, const json_t *real)
{
    enum { SCALE = 1000, DECIMALS = 3 };
    static const double most = 1e11;
    double value = json_real_value(real);
    json_int_t scaled = value < most && !signbit(value) ? (json_int_t)round(value * SCALE) : -1;
    if (scaled < 0 || (double)scaled / SCALE != value) {
        add_dumped(buf, real);
        return;
    }
    json_int_t rest = scaled % SCALE;
    char decimals[] = {(char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                       (char)('0' + rest % 10)};
    size_t len = DECIMALS;
    while (len > 1 && decimals[len - 1] == '0')
        len--;
    add_integer(buf, scaled / SCALE);
    buf_addc(buf, '.');
    buf_add(buf, decimals, len);
}

static void add_value(struct buf *buf, json_t *value);

static void add_object(struct buf *buf, json_t *object)
{
    const char *before = "{";
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        buf_adds(buf, before);
        add_string(buf, key, strlen(key));
        buf_adds(buf, ": ");
        add_value(buf, json_object_iter_value(at));
        before = ", ";
    }
    buf_adds(buf, json_object_size(object) ? "}" : "{}");
}

static void add_array(struct buf *buf, const json_t *array)
{
    buf_addc(buf, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i)
            buf_adds(buf, ", ");
        add_value(buf, json_array_get(array, i));
    }
    buf_addc(buf, ']');
}

/* The bytes that json_dump gives, which takes several times as long. */
static void add_value(struct buf *buf, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL: buf_adds(buf, "null"); break;
    case JSON_TRUE: buf_adds(buf, "true"); break;
    case JSON_FALSE: buf_adds(buf, "false"); break;
    case JSON_INTEGER: add_integer(buf, json_integer_value(value)); break;
    case JSON_REAL: add_real(buf, value); break;
    case JSON_STRING: add_string(buf, json_string_value(value), json_string_length(value)); break;
    case JSON_OBJECT: add_object(buf, value); break;
    case JSON_ARRAY: add_array(buf, value); break;
    }
}

void json_add(struct buf *buf, json_t *value)
{
    add_value(buf, value);
    json_decref(value);
}

/* Of JSON they can only stand in strings. */
static void write_for_html(FILE *out, const char *json, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t plain = 0;
        while (at + plain < len && !strchr("<>&", json[at + plain]))
            plain++;
        fwrite(json + at, 1, plain, out);
        at += plain;
        if (at < len)
            fprintf(out, "\\u%04X", (unsigned)json[at++]);
    }
}

void json_put_raw(struct json_stream *stream, const char *key, const struct buf *json)
{
    start_item(stream, key);
    if (stream->is_in_html)
        write_for_html(stream->out, json->data, json->len);
    else
        fwrite(json->data, 1, json->len, stream->out);
}

/* Is it written as it is, in JSON and in HTML? */
static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\' || text[i] == '<' ||
            text[i] == '>' || text[i] == '&')
            return false;
    return true;
}

/* Most values of a report are short, and jansson takes its time with each. False: the value is none of those. */
static bool put_simple(struct json_stream *stream, const char *key, const json_t *value)
{
    char digits[32];
    const char *text = digits, *quote = "";
    switch (json_typeof(value)) {
    case JSON_NULL: text = "null"; break;
    case JSON_TRUE: text = "true"; break;
    case JSON_FALSE: text = "false"; break;
    case JSON_INTEGER:
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_STRING:
        text = json_string_value(value);
        quote = "\"";
        if (!is_plain(text, json_string_length(value)))
            return false;
        break;
    case JSON_REAL:
    case JSON_OBJECT:
    case JSON_ARRAY: return false;
    }
    start_item(stream, key);
    write_text(stream, quote);
    write_text(stream, text);
    write_text(stream, quote);
    return true;
}

void json_put(struct json_stream *stream, const char *key, json_t *value)
{
    struct buf text;
    if (put_simple(stream, key, value)) {
        json_decref(value);
        return;
    }
    buf_init(&text, BUF_MAX_DEFAULT);
    json_add(&text, value);
    json_put_raw(stream, key, &text);
    buf_done(&text);
}

json_t *json_text(const char *text)
{
    if (!text)
        return json_null();
    size_t len = strlen(text);
    if (is_ascii(text, len))
        return json_stringn_nocheck(text, len);
    struct buf valid;
    buf_init(&valid, BUF_MAX_DEFAULT);
    utf8_add_valid(&valid, text, len);
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
    double scale = pow(10, decimals);
    double rounded = round(value * scale) / scale;
    return json_real(isfinite(rounded) ? rounded : 0);
}

void json_set_text(json_t *object, const char *key, const char *text)
{
    struct buf valid;
    buf_init(&valid, BUF_MAX_DEFAULT);
    utf8_add_valid(&valid, key, strlen(key));
    json_object_set_new_nocheck(object, valid.data, json_text(text));
    buf_done(&valid);
}
