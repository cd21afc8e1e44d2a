/* Keeping a secret out of texts that came from elsewhere. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/compiler.h"

/* Replaces every occurrence of `secret`, as it stands or with any of its bytes percent-encoded, by
 * `***` in the NUL-terminated `text` of `size` bytes. What no longer fits is cut. In a text that fills its
 * bytes, but for less than a character, the end may be all that is left of the secret: then that goes
 * too. NULL or empty: nothing. */
void secret_redact(char *text, size_t size, const char *secret);

/* The same of the password in every URL, be it a tenant's or not: `postgresql://bob:***@db/x`. Of a text that fills its bytes, as above, one that may have
 * begun goes too. */
void secret_redact_urls(char *text, size_t size);

/* Does the text of `len` bytes, which ends with a NUL byte somewhere, hold the secret, as it stands or percent-encoded? NULL or
 * empty: no. */
bool secret_is_in(const char *text, size_t len, const char *secret);

#endif
