/* A page for people: one file that asks for nothing else, neither when it is opened nor later.
 *
 * What it shows is JSON in a script element that is never run; page.js makes the page of it with text nodes alone, so that no
 * text from outside is ever read as HTML. The content security policy lets just this style and this script run, by their
 * hashes. Without scripts the page shows the verdict.
 */
#include "report/html.h"

#include "base/hash.h"
#include "base/utf8.h"

static void write_part(FILE *out, const struct html_part *part)
{
    fwrite(part->bytes, 1, part->len, out);
}

/* Text from outside, between tags. */
static void write_text(FILE *out, const char *text)
{
    struct buf safe;
    buf_init(&safe, BUF_MAX_DEFAULT);
    utf8_add_safe(&safe, text, strlen(text), false);
    for (const char *at = safe.data; *at; at++) {
        if (strchr("<>&\"'", *at))
            fprintf(out, "&#%d;", *at);
        else
            putc(*at, out);
    }
    buf_done(&safe);
}

static unsigned hex_digit(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* `'sha256-…'`, as a content security policy names a text that may stand in the page. */
static void write_source(FILE *out, const struct html_part *part)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { HASH_BITS = 256 };
    char hex[HASH_HEX_SIZE];
    unsigned bits = 0, held = 0;
    hash_hex(part->bytes, part->len, hex);
    fputs("'sha256-", out);
    for (size_t at = 0; hex[at]; at++) {
        bits = (bits << 4 | hex_digit(hex[at])) & 0x3ff;
        for (held += 4; held >= 6; held -= 6)
            putc(digits[bits >> (held - 6) & 0x3f], out);
    }
    putc(digits[bits << (6 - held) & 0x3f], out);
    fputs("='", out);
}

static void write_head(const struct view *view, FILE *out)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ",
          out);
    write_source(out, &html_style);
    fputs("; script-src ", out);
    write_source(out, &html_script);
    fputs("; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>skein ",
          out);
    write_text(out, view->headline.command);
    fprintf(out, ": %s</title>\n<style>", view->headline.state);
    write_part(out, &html_style);
    fputs("</style>\n</head>\n", out);
}

static void write_verdict(const struct view *view, FILE *out)
{
    struct buf verdict;
    buf_init(&verdict, BUF_MAX_DEFAULT);
    view_add_verdict(view, &verdict);
    fputs("<noscript><p>skein ", out);
    write_text(out, view->headline.command);
    fprintf(out, ": %s. ", view->headline.state);
    write_text(out, verdict.data);
    fputs(". The rest of this page needs scripts; it asks nothing of the network.</p></noscript>\n",
          out);
    buf_done(&verdict);
}

static bool write_html(const struct report *report, const struct report_options *options, FILE *out,
                       struct err *err)
{
    struct view view;
    (void)options;
    view_init(&view, report);
    write_head(&view, out);
    fputs("<body>\n", out);
    write_verdict(&view, out);
    write_part(out, &html_body);
    fputs("<script type=\"application/json\" id=\"data\">", out);
    html_write_data(&view, out);
    fputs("</script>\n<script>", out);
    write_part(out, &html_script);
    fputs("</script>\n</body>\n</html>\n", out);
    view_done(&view);
    return report_flush(out, err);
}

const struct report_format report_format_html = {"html", write_html};
