#include "base/human.h"

#include <langinfo.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/utf8.h"

static bool human_is_unicode(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void add_ascii(struct buf *buf, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t size = utf8_decode(text + at, len - at, &code);
        if (size == 1)
            buf_addc(buf, text[at]);
        else
            buf_addf(buf, "\\u{%x}", (unsigned)code);
        at += size;
    }
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool begins_command(const char *at, bool is_line_start)
{
    if (at[0] == ':')
        return is_line_start && at[1] == ':' && is_letter(at[2]);
    if (at[0] != '#' || at[1] != '#')
        return false;
    at += 2;
    while (is_letter(*at))
        at++;
    return *at == '[';
}

void human_add_tame(struct buf *buf, const char *text)
{
    bool is_line_start = true;
    for (const char *at = text; *at;) {
        size_t plain = strcspn(at, is_line_start ? ":#\n" : "#\n");
        is_line_start = is_line_start && strspn(at, " \t") >= plain;
        buf_add(buf, at, plain);
        at += plain;
        if (!*at)
            break;
        if (begins_command(at, is_line_start))
            buf_addf(buf, "\\x%02x", (unsigned char)*at);
        else
            buf_addc(buf, *at);
        is_line_start = *at == '\n';
        at++;
    }
}

void human_add_text(struct buf *buf, const char *text)
{
    struct buf safe;
    if (!text)
        return;
    buf_init(&safe, buf->max_bytes);
    utf8_add_safe(&safe, text, strlen(text), false);
    if (human_is_unicode()) {
        human_add_tame(buf, safe.data);
    } else {
        struct buf tame;
        buf_init(&tame, buf->max_bytes);
        human_add_tame(&tame, safe.data);
        add_ascii(buf, tame.data, tame.len);
        buf_done(&tame);
    }
    buf_done(&safe);
}

/* The limits lie where the rounded number would show as the next unit's 1. */
void human_add_duration(struct buf *buf, double ms)
{
    enum { MINUTE = 60, HOUR = 60 * MINUTE };
    if (ms < 999.95) {
        buf_addf(buf, ms > 0 && ms < 0.1 ? "%.2f ms" : "%.1f ms", ms);
        return;
    }
    if (ms < 59995) {
        buf_addf(buf, "%.2f s", ms / 1000);
        return;
    }
    unsigned long long seconds = (unsigned long long)(ms / 1000 + 0.5);
    if (seconds < HOUR)
        buf_addf(buf, "%llu min %02llu s", seconds / MINUTE, seconds % MINUTE);
    else
        buf_addf(buf, "%llu h %02llu min", seconds / HOUR, seconds % HOUR / MINUTE);
}

void human_add_count(struct buf *buf, size_t count, const char *noun)
{
    buf_addf(buf, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

void human_add_bar(struct buf *buf, double share, size_t width, bool is_open)
{
    bool is_unicode = human_is_unicode();
    size_t filled = (size_t)(share * (double)width + 0.5);
    if (filled > width)
        filled = width;
    for (size_t i = 0; i < filled; i++)
        buf_adds(buf, is_unicode ? "\u2501" : "#");
    for (size_t i = filled; i < width && !is_open; i++)
        buf_adds(buf, is_unicode ? "\u2508" : ".");
}

static size_t width_of(uint32_t code)
{
    int width = wcwidth((wchar_t)code);
    return width < 0 ? 1 : (size_t)width;
}

size_t human_fit(const char *text, size_t width)
{
    size_t len = strlen(text);
    size_t at = 0;
    size_t used = 0;
    while (at < len) {
        uint32_t code;
        size_t size = utf8_decode(text + at, len - at, &code);
        if (!size)
            break;
        used += width_of(code);
        if (used > width)
            break;
        at += size;
    }
    return at;
}

size_t human_width(const char *text)
{
    size_t len = strlen(text);
    size_t width = 0;
    for (size_t at = 0; at < len;) {
        uint32_t code;
        size_t size = utf8_decode(text + at, len - at, &code);
        width += size ? width_of(code) : 1;
        at += size ? size : 1;
    }
    return width;
}

bool human_add_shell_word(struct buf *buf, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._@:/=+-,";
    struct buf shown;
    buf_init(&shown, BUF_MAX_DEFAULT);
    human_add_text(&shown, word);
    bool is_shown_as_is = strcmp(shown.data, word) == 0;
    buf_done(&shown);
    if (!is_shown_as_is)
        return false;
    if (*word && strspn(word, plain) == strlen(word)) {
        buf_adds(buf, word);
        return true;
    }
    buf_addc(buf, '\'');
    for (const char *p = word; *p; p++)
        buf_adds(buf, *p == '\'' ? "'\\''" : (char[]){*p, '\0'});
    buf_addc(buf, '\'');
    return true;
}

void human_add_size(struct buf *buf, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1000 && unit + 1 < ARRAY_LEN(units); unit++)
        size /= 1000;
    buf_addf(buf, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}
