#include "cli/lines.h"

#include "base/buf.h"
#include "base/human.h"

enum { WRAPPED_MOST = 4 }; /* lines of one text */

bool lines_begin(struct lines *lines)
{
    if (lines->count == lines->most)
        return false;
    if (lines->count)
        buf_addc(lines->out, '\n');
    lines->width = 0;
    return true;
}

void lines_end(struct lines *lines)
{
    lines->widths[lines->count++] = lines->width;
}

void lines_add(struct lines *lines, const char *text)
{
    size_t most = lines->columns > 1 ? lines->columns - 1 : 1;
    size_t len = human_fit(text, most - lines->width);
    size_t start = lines->out->len;
    buf_add(lines->out, text, len);
    lines->width += human_width(lines->out->data + start);
}

void lines_addf(struct lines *lines, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, BUF_MAX_DEFAULT);
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    lines_add(lines, text.data);
    buf_done(&text);
}

void lines_add_text(struct lines *lines, const char *text)
{
    struct buf safe;
    buf_init(&safe, BUF_MAX_DEFAULT);
    human_add_text(&safe, text);
    lines_add(lines, safe.data);
    buf_done(&safe);
}

void lines_add_column(struct lines *lines, const char *text, size_t width)
{
    struct buf safe;
    buf_init(&safe, BUF_MAX_DEFAULT);
    human_add_text(&safe, text);
    safe.len = human_fit(safe.data, width);
    safe.data[safe.len] = '\0';
    for (size_t used = human_width(safe.data); used < width; used++)
        buf_addc(&safe, ' ');
    lines_add(lines, safe.data);
    buf_done(&safe);
}

void lines_add_duration(struct lines *lines, uint64_t ms)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    human_add_duration(&text, (double)ms);
    lines_add(lines, text.data);
    buf_done(&text);
}

void lines_color(struct lines *lines, const char *sequence)
{
    if (lines->has_color)
        buf_adds(lines->out, sequence);
}

void lines_add_red(struct lines *lines, const char *text)
{
    lines_color(lines, "\033[31m");
    lines_add(lines, text);
    lines_color(lines, "\033[0m");
}

void lines_wrap(struct lines *lines, const char *before, const char *text)
{
    struct buf safe;
    buf_init(&safe, BUF_MAX_DEFAULT);
    buf_adds(&safe, before);
    human_add_text(&safe, text);
    const char *at = safe.data;
    for (size_t i = 0; *at && i < WRAPPED_MOST && lines_begin(lines); i++) {
        lines_add(lines, "    ");
        size_t start = lines->out->len;
        lines_add(lines, at);
        size_t taken = lines->out->len - start;
        lines_end(lines);
        at += taken;
        if (!taken)
            break;
    }
    buf_done(&safe);
}
