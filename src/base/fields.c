#include "base/fields.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/parse.h"
#include "base/utf8.h"

/* `\-` is a field that is not there, `\xx` a byte in two hex digits. */
static const char absent[] = "\\-", digits[] = "0123456789abcdef";

void fields_add(struct buf *buf, const char *field)
{
    size_t len = field ? strlen(field) : 0;
    bool is_utf8 = !field || utf8_check(field, len) == len;
    if (!field)
        buf_adds(buf, absent);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)field[i];
        bool is_plain = byte >= ' ' && byte != '\\' && (byte < 0x80 || is_utf8);
        if (is_plain)
            buf_addc(buf, field[i]);
        else
            buf_addf(buf, "\\%02x", byte);
    }
    buf_addc(buf, '\t');
}

void fields_add_number(struct buf *buf, uint64_t number)
{
    buf_addf(buf, "%llu\t", (unsigned long long)number);
}

void fields_end(struct buf *buf)
{
    buf_addc(buf, '\n');
}

bool fields_begin(struct fields *fields)
{
    return !fields->is_damaged && *fields->at;
}

static bool damaged(struct fields *fields)
{
    fields->is_damaged = true;
    return false;
}

static int value_of(char digit)
{
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* In place: what is read is never longer than what was written. False: no skein has written it. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        int high = value_of(from[1]), low = high < 0 ? -1 : value_of(from[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

bool fields_take(struct fields *fields, const char **ret_field)
{
    if (fields->is_damaged)
        return false;
    if (*fields->at == '\n') {
        fields->at++;
        return false;
    }
    size_t len = strcspn(fields->at, "\t\n");
    if (fields->at[len] != '\t')
        return damaged(fields);
    char *field = arena_strndup(fields->arena, fields->at, len);
    bool is_there = strcmp(field, absent) != 0;
    if (is_there && !unescape(field))
        return damaged(fields);
    fields->at += len + 1;
    *ret_field = is_there ? field : NULL;
    return true;
}

bool fields_take_text(struct fields *fields, const char **ret_text)
{
    const char *text = NULL;
    if (!fields_take(fields, &text) || !text)
        return damaged(fields);
    *ret_text = text;
    return true;
}

bool fields_take_number(struct fields *fields, uint32_t most, uint32_t *ret_number)
{
    const char *text;
    return fields_take_text(fields, &text) &&
           (parse_u32(text, 0, most, ret_number) || damaged(fields));
}
