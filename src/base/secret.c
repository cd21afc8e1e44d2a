#include "base/secret.h"

#include "base/buf.h"

enum { UTF8_MAX = 4 };

/* How many bytes of `text` are this byte, percent-encoded or as it stands; 0: it is another. */
static size_t match_byte(const char *text, char byte)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    unsigned char code = (unsigned char)byte;
    bool is_encoded = text[0] == '%' && text[1] && text[2] &&
                      (text[1] == digits[code >> 4] || text[1] == digits[16 + (code >> 4)]) &&
                      (text[2] == digits[code & 15] || text[2] == digits[16 + (code & 15)]);
    return is_encoded ? 3 : *text == byte;
}

static size_t match_any(const char *text, const char *secret)
{
    const char *at = text;
    for (; *secret; secret++) {
        size_t len = match_byte(at, *secret);
        if (!len)
            return 0;
        at += len;
    }
    return (size_t)(at - text);
}

static size_t match_raw(const char *text, const char *secret)
{
    size_t len = strlen(secret);
    return strncmp(text, secret, len) == 0 ? len : 0;
}

/* Both ways, and the longer one: in a secret that holds `%25` that is no encoded `%`. */
static size_t match(const char *text, const char *secret)
{
    size_t raw = match_raw(text, secret);
    size_t any = match_any(text, secret);
    return raw > any ? raw : any;
}

/* Is all of `text` the beginning of the secret, in one of the ways in which the secret may be written? */
static bool is_begun(const char *text, const char *secret)
{
    if (strncmp(text, secret, strlen(text)) == 0)
        return true;
    for (size_t len; *text && *secret; text += len, secret++) {
        len = match_byte(text, *secret);
        if (!len)
            return *text == '%' && strlen(text) < 3; /* an encoded byte that was cut itself */
    }
    return !*text;
}

void secret_redact(char *text, size_t size, const char *secret)
{
    struct buf out;
    if (!secret || !*secret)
        return;
    bool is_cut = strlen(text) + UTF8_MAX >= size;
    buf_init(&out, BUF_MAX_DEFAULT);
    for (const char *at = text; *at;) {
        size_t len = is_cut && is_begun(at, secret) ? strlen(at) : match(at, secret);
        if (len)
            buf_adds(&out, "***");
        else
            buf_addc(&out, *at);
        at += len ? len : 1;
    }
    snprintf(text, size, "%s", out.data);
    buf_done(&out);
}

#define URL_ENDS " \t\r\n\"'`<>()\\/?#"

/* The password after `user:` of what follows `://`: up to the last `@` before the path. 0: there is none, and a port may stand there. */
static size_t password_len(const char *at, bool is_cut)
{
    static const char digits[] = "0123456789";
    size_t end = strcspn(at, URL_ENDS), len = end;
    while (len && at[len - 1] != '@')
        len--;
    if (len)
        return len - 1;
    return is_cut && !at[end] && strspn(at, digits) < end ? end : 0;
}

void secret_redact_urls(char *text, size_t size)
{
    struct buf out;
    bool is_cut = strlen(text) + UTF8_MAX >= size;
    const char *at = text, *begin;
    buf_init(&out, BUF_MAX_DEFAULT);
    while ((begin = strstr(at, "://"))) {
        begin += strlen("://");
        begin += strcspn(begin, URL_ENDS ":@");
        begin += *begin == ':';
        size_t len = begin[-1] == ':' ? password_len(begin, is_cut) : 0;
        buf_add(&out, at, (size_t)(begin - at));
        buf_adds(&out, len ? "***" : "");
        at = begin + len;
    }
    buf_adds(&out, at);
    snprintf(text, size, "%s", out.data);
    buf_done(&out);
}

bool secret_is_in(const char *text, size_t len, const char *secret)
{
    if (!secret || !*secret)
        return false;
    if (!memchr(text, '%', len))
        return memmem(text, len, secret, strlen(secret)) != NULL;
    for (const char *at = text; at < text + len; at++)
        if ((*at == *secret || *at == '%') && match(at, secret))
            return true;
    return false;
}
