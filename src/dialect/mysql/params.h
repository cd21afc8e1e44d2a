/* What the parameters of a URL say, in the words of SQLAlchemy's drivers and of other tools. Pure. */
#ifndef DIALECT_MYSQL_PARAMS_H
#define DIALECT_MYSQL_PARAMS_H

#include "base/url.h"
#include "dialect/dialect.h"

enum mysql_tls {
    MYSQL_TLS_DEFAULT, /* nothing is said: the driver decides by where the traffic goes */
    MYSQL_TLS_DISABLED,
    MYSQL_TLS_PREFERRED, /* a server without TLS is talked to in plain text */
    MYSQL_TLS_REQUIRED,  /* whichever server answers */
    MYSQL_TLS_VERIFY_CA,
    MYSQL_TLS_VERIFY_IDENTITY,
};

/* Borrowed from the URL; NULL: not given. */
struct mysql_params {
    enum mysql_tls tls;
    const char *ca, *ca_folder, *cert, *key, *cipher, *crl, *crl_folder;
    const char *login;          /* of mysql_safe_logins, the one that is taken */
    uint32_t connect_timeout_s; /* 0: not given */
};

/* The ways to log in that show the password to no one but the server, and those of them that do not show it even to
 * that; with commas between them. */
extern const char mysql_safe_logins[], mysql_proving_logins[];

/* False: a parameter that is not known, or that must not be given; err (ERR_CONFIG) says what to do. */
bool mysql_params_read(const struct url *url, struct mysql_params *ret_params,
                       struct err *err) MUST_CHECK;

/* The same, for who does not need what they say. */
bool mysql_check_url(const struct dialect_use *use, struct err *err) MUST_CHECK;

/* dialect.h: is_unverified, param_reach. */
bool mysql_is_unverified(const struct url *url);
enum param_reach mysql_param_reach(const struct url_param *param);

/* Is it one of the parameters that have a meaning for an application only? */
bool mysql_ignores_param(const char *key);

#endif
