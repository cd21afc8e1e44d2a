#include "base/secret.h"

#include <ctype.h>

#include "base/buf.h"

static void replace_all(char *text, size_t size, const char *secret)
{
    struct buf out;
    size_t len = strlen(secret);
    const char *from = text;
    const char *found = strstr(text, secret);
    if (!found)
        return;
    buf_init(&out, BUF_MAX_DEFAULT);
    for (; found; found = strstr(from, secret)) {
        buf_add(&out, from, (size_t)(found - from));
        buf_adds(&out, "***");
        from = found + len;
    }
    buf_adds(&out, from);
    snprintf(text, size, "%s", out.data);
    buf_done(&out);
}

void secret_redact(char *text, size_t size, const char *secret)
{
    struct buf encoded;
    if (!secret || !*secret)
        return;
    replace_all(text, size, secret);
    buf_init(&encoded, BUF_MAX_DEFAULT);
    for (const char *p = secret; *p; p++)
        buf_addf(&encoded, isalnum((unsigned char)*p) || strchr("-._~", *p) ? "%c" : "%%%02X",
                 (unsigned char)*p);
    replace_all(text, size, encoded.data);
    buf_done(&encoded);
}
