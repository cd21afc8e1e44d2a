#include "report/json_bytes.h"

#include <assert.h>
#include <math.h>

#include "base/buf.h"
#include "base/utf8.h"

/* 15 digits are the most that any double gives back unchanged: 0.1, not 0.1000…01. */
enum { DUMP_FLAGS = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) };

/* ---- texts ----------------------------------------------------------------------------------- */

static int add_bytes(const char *bytes, size_t len, void *ctx)
{
    buf_add(ctx, bytes, len);
    return 0;
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
    add_safe(buf, json.data, json.len);
    buf_done(&json);
}

/* What a string of JSON has as it is, in JSON and in HTML. */
enum letter { LETTER_PLAIN, LETTER_ESCAPED, LETTER_OTHER };

static enum letter letter_of(char c)
{
    if (c == '"' || c == '\\')
        return LETTER_ESCAPED;
    return c >= ' ' && c <= '~' ? LETTER_PLAIN : LETTER_OTHER;
}

/* A text of ASCII that has no control characters. False: it is none, and nothing is added. */
static bool add_plain(struct buf *buf, const char *text, size_t len)
{
    size_t before = buf->len, start = 0;
    buf_addc(buf, '"');
    for (size_t at = 0; at < len; at++) {
        enum letter letter = letter_of(text[at]);
        if (letter == LETTER_PLAIN)
            continue;
        if (letter == LETTER_OTHER) {
            buf_cut(buf, before);
            return false;
        }
        buf_add(buf, text + start, at - start);
        buf_addc(buf, '\\');
        start = at;
    }
    buf_add(buf, text + start, len - start);
    buf_addc(buf, '"');
    return true;
}

static void add_string(struct buf *buf, const char *text, size_t len)
{
    if (add_plain(buf, text, len))
        return;
    json_t *string = json_stringn_nocheck(text, len);
    add_dumped(buf, string);
    json_decref(string);
}

void json_add_text(struct buf *buf, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    struct buf valid;
    if (!text) {
        buf_adds(buf, "null");
        return;
    }
    if (add_plain(buf, text, len))
        return;
    buf_init(&valid, BUF_MAX_DEFAULT);
    utf8_add_valid(&valid, text, len);
    add_string(buf, valid.data, valid.len);
    buf_done(&valid);
}

void json_add_for_html(struct buf *buf, const char *json, size_t len)
{
    size_t start = 0;
    for (size_t at = 0; at < len; at++) {
        if (json[at] != '<' && json[at] != '>' && json[at] != '&')
            continue;
        buf_add(buf, json + start, at - start);
        add_escaped(buf, (unsigned char)json[at]);
        start = at + 1;
    }
    buf_add(buf, json + start, len - start);
}

/* ---- numbers --------------------------------------------------------------------------------- */

void json_add_integer(struct buf *buf, json_int_t value)
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
static void add_real(struct buf *buf, double value)
{
    enum { SCALE = 1000, DECIMALS = 3 };
    static const double most = 1e11;
    json_int_t scaled = value < most && !signbit(value) ? (json_int_t)round(value * SCALE) : -1;
    if (scaled < 0 || (double)scaled / SCALE != value) {
        json_t *real = json_real(value);
        add_dumped(buf, real);
        json_decref(real);
        return;
    }
    json_int_t rest = scaled % SCALE;
    char decimals[] = {(char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                       (char)('0' + rest % 10)};
    size_t len = DECIMALS;
    while (len > 1 && decimals[len - 1] == '0')
        len--;
    json_add_integer(buf, scaled / SCALE);
    buf_addc(buf, '.');
    buf_add(buf, decimals, len);
}

double json_round(double value, int decimals)
{
    double scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    double rounded = round(value * scale) / scale;
    return isfinite(rounded) ? rounded : 0;
}

void json_add_rounded(struct buf *buf, double value, int decimals)
{
    add_real(buf, json_round(value, decimals));
}

/* ---- objects and lists ----------------------------------------------------------------------- */

/* No text ends in a bracket: it ends in a quote. */
void json_add_item(struct buf *buf)
{
    char last = buf->len ? buf->data[buf->len - 1] : '[';
    if (last != '[' && last != '{')
        buf_adds(buf, ", ");
}

void json_add_key(struct buf *buf, const char *key)
{
    json_add_item(buf);
    buf_addc(buf, '"');
    buf_adds(buf, key);
    buf_adds(buf, "\": ");
}

static void add_value(struct buf *buf, json_t *value);

static void add_object(struct buf *buf, json_t *object)
{
    buf_addc(buf, '{');
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        json_add_item(buf);
        add_string(buf, key, strlen(key));
        buf_adds(buf, ": ");
        add_value(buf, json_object_iter_value(at));
    }
    buf_addc(buf, '}');
}

static void add_array(struct buf *buf, const json_t *array)
{
    buf_addc(buf, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_add_item(buf);
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
    case JSON_INTEGER: json_add_integer(buf, json_integer_value(value)); break;
    case JSON_REAL: add_real(buf, json_real_value(value)); break;
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
