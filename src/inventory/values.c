#include "inventory/loader.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "inventory/expand.h"

enum { NAME_MAX_BYTES = 128 };

bool load_text(struct loader *loader, const char *key, const char *raw, const char **ret_text)
{
    struct err err;
    if (!raw)
        return false;
    const char *text = expand_text(&loader->scratch, raw, &err);
    if (!text)
        load_fault(loader, key, "'%s': %s", key, err.text);
    else if (!*text)
        load_fault(loader, key, "'%s' is empty", key);
    else
        *ret_text = text;
    return text && *text;
}

/* Quotes what stands in the file, not what a variable put there: that may be a secret. */
static void fault_of_value(struct loader *loader, const char *key, const char *raw,
                           const char *expected)
{
    load_fault(loader, key, "'%s' must be %s, not '%.100s'", key, expected, raw);
}

void load_u32(struct loader *loader, const char *key, const char *raw, uint32_t min,
              uint32_t *ret_value)
{
    enum { COUNT_MAX = 100000 };
    const char *text;
    char expected[64];
    if (!load_text(loader, key, raw, &text) || parse_u32(text, min, COUNT_MAX, ret_value))
        return;
    snprintf(expected, sizeof expected, "a number from %u to %u", (unsigned)min,
             (unsigned)COUNT_MAX);
    fault_of_value(loader, key, raw, expected);
}

void load_duration(struct loader *loader, const char *key, const char *raw, uint64_t *ret_ms)
{
    const char *text;
    if (load_text(loader, key, raw, &text) && !parse_duration(text, ret_ms))
        fault_of_value(loader, key, raw, "a duration such as 250ms, 10s or 5m");
}

bool load_share(struct loader *loader, const char *key, const char *raw, struct share *ret_share)
{
    const char *text;
    if (!load_text(loader, key, raw, &text))
        return false;
    if (!parse_share(text, ret_share)) {
        fault_of_value(loader, key, raw, "a count such as 5 or a share such as 2%");
        return false;
    }
    return true;
}

int load_word(struct loader *loader, const char *key, const char *raw, const char *const *words,
              int fallback)
{
    const char *text;
    struct buf expected;
    if (!load_text(loader, key, raw, &text))
        return fallback;
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    buf_init(&expected, BUF_MAX_DEFAULT);
    for (int i = 0; words[i]; i++)
        buf_addf(&expected, "%s'%s'", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
    fault_of_value(loader, key, raw, expected.data);
    buf_done(&expected);
    return fallback;
}

bool load_is_plain(const char *text)
{
    size_t len = strlen(text);
    if (utf8_check(text, len) != len)
        return false;
    for (size_t at = 0; at < len;) {
        uint32_t code = 0;
        at += utf8_decode(text + at, len - at, &code);
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    }
    return true;
}

bool load_is_name(const char *text)
{
    return *text && strlen(text) <= NAME_MAX_BYTES && load_is_plain(text);
}
