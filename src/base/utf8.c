#include "base/utf8.h"

#include "base/buf.h"

size_t utf8_decode(const char *text, size_t len, uint32_t *ret_code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text;
    if (!len)
        return 0;
    size_t size = p[0] < 0x80       ? 1
                  : p[0] >> 5 == 6  ? 2
                  : p[0] >> 4 == 14 ? 3
                  : p[0] >> 3 == 30 ? 4
                                    : 0;
    if (!size || size > len)
        return 0;
    uint32_t code = size == 1 ? p[0] : p[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code_point = code;
    return size;
}

size_t utf8_check(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint32_t code;
        size_t size = utf8_decode(text + at, len - at, &code);
        if (!size)
            return at;
        at += size;
    }
    return len;
}

size_t utf8_byte_of(const char *text, size_t len, size_t position)
{
    size_t at = 0;
    while (position-- && at < len) {
        uint32_t code;
        size_t size = utf8_decode(text + at, len - at, &code);
        at += size ? size : 1;
    }
    return at;
}

/* Controls that move the cursor, reorder text or hide in it. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
           (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

/* How many bytes at `text` are printable ASCII: most of what there is to write. */
static size_t printable_len(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len && text[at] >= 0x20 && text[at] < 0x7f)
        at++;
    return at;
}

void utf8_add_safe(struct buf *buf, const char *text, size_t len, bool keep_layout)
{
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t plain = printable_len(text + at, len - at);
        buf_add(buf, text + at, plain);
        at += plain;
        if (at == len)
            break;
        size_t size = utf8_decode(text + at, len - at, &code);
        if (!size) {
            buf_addf(buf, "\\x%02x", (unsigned char)text[at]);
            at++;
            continue;
        }
        if (keep_layout && (code == '\n' || code == '\t'))
            buf_addc(buf, (char)code);
        else if (is_unsafe(code))
            buf_addf(buf, code < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)code);
        else
            buf_add(buf, text + at, size);
        at += size;
    }
}

void utf8_add_valid(struct buf *buf, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t size = utf8_decode(text + at, len - at, &code);
        if (size)
            buf_add(buf, text + at, size);
        else
            buf_adds(buf, "\xef\xbf\xbd");
        at += size ? size : 1;
    }
}
