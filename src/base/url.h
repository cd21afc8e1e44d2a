/* A database URL, parsed strictly (RFC 3986), in SQLAlchemy's spelling.
 *
 *     sqlite:///rel.db  sqlite:////abs.db
 * postgresql+psycopg2://user:pw@host:5432/db?sslmode=require
 *
 * Never a raw URL in an error text: pieces of a password may stand anywhere in a bad one. All
 * strings live in the arena that url_parse was given. `password` is the only secret member.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/dialect.h"

struct arena;
struct err;

struct url_param {
    const char *key;
    const char *value;
};

struct url {
    enum dialect_id dialect;
    const char *scheme; /* as written, without `+driver` */
    const char *user;   /* percent-decoded; NULL where absent, like all that follow */
    const char *password;
    /* without the brackets of an IPv6 address; a socket directory begins with '/' */
    const char *host;
    uint16_t port;        /* 0: not given */
    const char *database; /* for SQLite the path, as written (relative, or absolute) */
    const struct url_param *params;
    size_t param_count;
};

bool url_parse(struct arena *arena, const char *text, struct url *ret_url,
               struct err *err) MUST_CHECK;

/* The same, and it may name several hosts, as libpq does: `host` has them with commas between them, and their ports too where they stand beside
 * them; a list in `port=` stays a parameter. For the client library to connect with, not for looking hosts up. */
bool url_parse_ledger(struct arena *arena, const char *text, struct url *ret_url,
                      struct err *err) MUST_CHECK;

/* The value of a parameter that is left in `params`; NULL: it is not among them. */
const char *url_param(const struct url *url, const char *key);

/* The name or address that is dialled: a `hostaddr=`, else the host. NULL: a socket, or what the client library
 * chooses. */
const char *url_dialled(const struct url *url);

/* The URL as it may be shown: without the password, and with `***` for the values of parameters that may hold one,
 * or that no one knows: `?pasword=…` was meant for one. */
const char *url_redacted(struct arena *arena, const struct url *url);

/* `host:port` as the label `server` and the limit per_server know it: lower case, the default port
 * filled in, a socket directory as it stands; "local" for SQLite. */
const char *url_server(struct arena *arena, const struct url *url);

#endif
