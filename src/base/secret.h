/* Keeping a secret out of texts that came from elsewhere. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/compiler.h"

struct buf;

/* Replaces every occurrence of `secret`, as it stands or with any of its bytes percent-encoded, by
 * `***` in the NUL-terminated `text` of `size` bytes. What no longer fits is cut. In a text that fills its
 * bytes, but for less than a character, the end may be all that is left of the secret: then that goes
 * too. NULL or empty: nothing. */
void secret_redact(char *text, size_t size, const char *secret);

/* The same of the password in every URL, be it a tenant's or not: `postgresql://bob:***@db/x`. Of a text that fills its bytes, as above, one that may have
 * begun goes too. */
void secret_redact_urls(char *text, size_t size);

/* What stands between the quotes of a literal. */
struct secret_span {
    const char *begin, *end;
};

/* The first password at or after `from` that the `len` bytes of `text` hold as a literal of SQL, of any dialect: after PASSWORD, IDENTIFIED … BY,
 * crypt( and the like (PostgreSQL's CREATE ROLE and USER MAPPING, MariaDB's CREATE USER and CHANGE MASTER), a `password=…` among the settings of a
 * connection. Neither an empty one nor `***`. False: there is none. */
bool secret_find_in_sql(const char *text, size_t len, const char *from, struct secret_span *ret);

/* Adds the `len` bytes of `text` with `***` in the place of each of these. */
void secret_add_sql(struct buf *out, const char *text, size_t len);

/* Replaces each of these by `***` in the text of `size` bytes. What no longer fits is cut. */
void secret_redact_sql(char *text, size_t size);

/* Replaces in `text`, which speaks of the `len` bytes of SQL, what these set as a password: a server says near which word it met an error. */
void secret_redact_of_sql(char *text, size_t size, const char *sql, size_t len);

/* Does the text of `len` bytes, which ends with a NUL byte somewhere, hold the secret, as it stands or percent-encoded? NULL or
 * empty: no. */
bool secret_is_in(const char *text, size_t len, const char *secret);

#endif
