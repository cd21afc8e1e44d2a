#include "dialect/mysql/params.h"

#include "base/ascii.h"
#include "base/err.h"
#include "base/parse.h"

/* A server that is not the one we mean, or a man in the middle, may ask for the password in clear by others. */
const char mysql_safe_logins[] =
    "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password";

/* By these the client proves that it knows the password; by the others it tells the server, which may have no TLS and
 * hand out a public key of its own. */
const char mysql_proving_logins[] = "mysql_native_password,client_ed25519";

enum effect {
    IS_TEXT,        /* kept as it is */
    IS_FILE,        /* the same, and it names a file or a folder */
    SAYS_MODE,      /* a way to use TLS, by name */
    SAYS_FLAG,      /* true and false stand for two of those */
    IS_CHARSET,     /* ours is UTF-8 */
    IS_LOGIN,       /* the one way to log in that is taken, among the safe ones */
    IS_SECONDS,     /* how long connecting may take */
    IS_OPTION_FILE, /* was read with the inventory (option_file.h) */
    IS_REFUSED,
    IS_REFUSED_TRUE, /* false says what holds anyway */
};

static const struct param {
    const char *name;
    enum effect effect;
    size_t member;                    /* IS_TEXT, IS_FILE */
    enum mysql_tls if_true, if_false; /* SAYS_FLAG */
    const char *why;                  /* IS_REFUSED */
} params[] = {
    {"ssl_ca", IS_FILE, offsetof(struct mysql_params, ca), 0, 0, NULL},
    {"ssl_capath", IS_FILE, offsetof(struct mysql_params, ca_folder), 0, 0, NULL},
    {"ssl_cert", IS_FILE, offsetof(struct mysql_params, cert), 0, 0, NULL},
    {"ssl_key", IS_FILE, offsetof(struct mysql_params, key), 0, 0, NULL},
    {"ssl_cipher", IS_TEXT, offsetof(struct mysql_params, cipher), 0, 0, NULL},
    {"ssl_crl", IS_FILE, offsetof(struct mysql_params, crl), 0, 0, NULL},
    {"ssl_crlpath", IS_FILE, offsetof(struct mysql_params, crl_folder), 0, 0, NULL},
    {"ssl_mode", SAYS_MODE, 0, 0, 0, NULL},
    {"ssl-mode", SAYS_MODE, 0, 0, 0, NULL},
    {"sslmode", SAYS_MODE, 0, 0, 0, NULL},
    {"tls", SAYS_MODE, 0, 0, 0, NULL},
    {"ssl", SAYS_FLAG, 0, MYSQL_TLS_VERIFY_IDENTITY, MYSQL_TLS_DISABLED, NULL},
    {"ssl_disabled", SAYS_FLAG, 0, MYSQL_TLS_DISABLED, MYSQL_TLS_DEFAULT, NULL},
    {"ssl_verify_cert", SAYS_FLAG, 0, MYSQL_TLS_VERIFY_IDENTITY, MYSQL_TLS_REQUIRED, NULL},
    {"ssl_verify_identity", SAYS_FLAG, 0, MYSQL_TLS_VERIFY_IDENTITY, MYSQL_TLS_VERIFY_CA, NULL},
    {"ssl_check_hostname", SAYS_FLAG, 0, MYSQL_TLS_VERIFY_IDENTITY, MYSQL_TLS_VERIFY_CA, NULL},
    {"charset", IS_CHARSET, 0, 0, 0, NULL},
    {"connect_timeout", IS_SECONDS, 0, 0, 0, NULL},
    {"connection_timeout", IS_SECONDS, 0, 0, 0, NULL},
    {"auth_plugin", IS_LOGIN, 0, 0, 0, NULL},
    {"encoding", IS_CHARSET, 0, 0, 0, NULL},
    {"local_infile", IS_REFUSED_TRUE, 0, 0, 0, "a server could read files of this machine by it"},
    {"allow_local_infile", IS_REFUSED_TRUE, 0, 0, 0,
     "a server could read files of this machine by it"},
    {"allowAllFiles", IS_REFUSED_TRUE, 0, 0, 0, "a server could read files of this machine by it"},
    {"allowCleartextPasswords", IS_REFUSED_TRUE, 0, 0, 0,
     "it would show the password to the server"},
    {"allowFallbackToPlaintext", IS_REFUSED_TRUE, 0, 0, 0,
     "say 'ssl_mode=PREFERRED' where plain text is good enough"},
    {"sql_mode", IS_REFUSED, 0, 0, 0, "give it under 'settings'"},
    {"time_zone", IS_REFUSED, 0, 0, 0, "give it under 'settings'"},
    {"init_command", IS_REFUSED, 0, 0, 0,
     "it would run before the tenant is locked: put it into a revision"},
    {"read_default_file", IS_OPTION_FILE, 0, 0, 0, NULL},
    {"read_default_group", IS_OPTION_FILE, 0, 0, 0, NULL},
    {"default_file", IS_OPTION_FILE, 0, 0, 0, NULL},
    {"default_group", IS_OPTION_FILE, 0, 0, 0, NULL},
};

/* Of the application's library, without meaning here. */
static const char *const ignored[] = {"collation",
                                      "read_timeout",
                                      "write_timeout",
                                      "compress",
                                      "use_unicode",
                                      "autocommit",
                                      "client_flag",
                                      "pool_size",
                                      "pool_name",
                                      "pool_reset_session",
                                      "use_pure",
                                      "buffered",
                                      "raise_on_warnings",
                                      "parseTime",
                                      "multiStatements",
                                      "loc",
                                      "timeout",
                                      "readTimeout",
                                      "writeTimeout",
                                      "maxAllowedPacket",
                                      "max_allowed_packet",
                                      "interpolateParams",
                                      "clientFoundRows",
                                      "columnsWithAlias",
                                      "checkConnLiveness",
                                      "rejectReadOnly",
                                      "allowNativePasswords",
                                      "cursorclass",
                                      "conv",
                                      "binary_prefix",
                                      "bind_address",
                                      "program_name",
                                      "driver",
                                      "echo",
                                      "minsize",
                                      "maxsize",
                                      "pool",
                                      "pool_timeout",
                                      "pool_recycle",
                                      "connection_limit",
                                      "reconnect",
                                      "prepared_statements",
                                      "multi_statements",
                                      "get_warnings",
                                      "consume_results",
                                      "converter_class",
                                      "plugin_dir",
                                      "no_delay",
                                      "defer_connect",
                                      "named_pipe"};

bool mysql_ignores_param(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        if (ascii_is_same(key, ignored[i]))
            return true;
    return false;
}

static const struct param *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(params); i++)
        if (ascii_is_same(name, params[i].name))
            return &params[i];
    return NULL;
}

enum param_reach mysql_param_reach(const struct url_param *param)
{
    const struct param *known = find(param->key);
    if (known && known->effect == IS_OPTION_FILE)
        return PARAM_IS_SPENT;
    return known && known->effect == IS_FILE ? PARAM_NAMES_FILE : PARAM_IS_PLAIN;
}

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words; words++)
        if (ascii_is_same(value, *words))
            return true;
    return false;
}

static bool read_flag(const char *value, bool *ret_flag)
{
    static const char *const yes[] = {"true", "1", "yes", "on", NULL};
    static const char *const no[] = {"false", "0", "no", "off", NULL};
    *ret_flag = is_one_of(value, yes);
    return *ret_flag || is_one_of(value, no);
}

/* MySQL's client has the first five; the others are libpq's and Go's. */
static bool read_mode(const char *value, enum mysql_tls *ret_tls)
{
    static const struct {
        const char *name;
        enum mysql_tls tls;
    } modes[] = {
        {"DISABLED", MYSQL_TLS_DISABLED},
        {"PREFERRED", MYSQL_TLS_PREFERRED},
        {"REQUIRED", MYSQL_TLS_REQUIRED},
        {"VERIFY_CA", MYSQL_TLS_VERIFY_CA},
        {"VERIFY_IDENTITY", MYSQL_TLS_VERIFY_IDENTITY},
        {"disable", MYSQL_TLS_DISABLED},
        {"prefer", MYSQL_TLS_PREFERRED},
        {"require", MYSQL_TLS_REQUIRED},
        {"verify-ca", MYSQL_TLS_VERIFY_CA},
        {"verify-full", MYSQL_TLS_VERIFY_IDENTITY},
        {"false", MYSQL_TLS_DISABLED},
        {"skip-verify", MYSQL_TLS_REQUIRED},
        {"true", MYSQL_TLS_VERIFY_IDENTITY},
    };
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (ascii_is_same(value, modes[i].name)) {
            *ret_tls = modes[i].tls;
            return true;
        }
    return false;
}

/* The name alone, as it stands among the safe ones; NULL: it is none of them. */
static const char *find_login(const char *value)
{
    static const char *const logins[] = {"mysql_native_password", "client_ed25519",
                                         "caching_sha2_password", "sha256_password"};
    for (size_t i = 0; i < ARRAY_LEN(logins); i++)
        if (strcmp(value, logins[i]) == 0)
            return logins[i];
    return NULL;
}

static bool take(struct mysql_params *into, const struct param *param, const char *value,
                 struct err *err)
{
    bool flag = false, is_flag = read_flag(value, &flag);
    switch (param->effect) {
    case IS_OPTION_FILE: return true;
    case IS_FILE:
    case IS_TEXT: *(const char **)(void *)((char *)into + param->member) = value; return true;
    case IS_LOGIN:
        into->login = find_login(value);
        return into->login || err_set(err, ERR_CONFIG,
                                      "'%s' must be one of %s: others may send the password in "
                                      "clear",
                                      param->name, mysql_safe_logins);
    case IS_SECONDS:
        return parse_u32(value, 1, 3600, &into->connect_timeout_s) ||
               err_set(err, ERR_CONFIG, "'%s' must be a number of seconds, from 1 to 3600",
                       param->name);
    case SAYS_MODE:
        return read_mode(value, &into->tls) ||
               err_set(err, ERR_CONFIG,
                       "'%s' must be DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
                       param->name);
    case SAYS_FLAG:
        if (!is_flag)
            return err_set(err, ERR_CONFIG, "'%s' must be true or false", param->name);
        into->tls = flag ? param->if_true : param->if_false;
        return true;
    case IS_CHARSET:
        return ascii_is_same(value, "utf8mb4") || ascii_is_same(value, "utf8") ||
               err_set(err, ERR_CONFIG, "'%s' must be utf8mb4: revisions are UTF-8", param->name);
    case IS_REFUSED_TRUE:
    case IS_REFUSED:
        if (param->effect == IS_REFUSED_TRUE && is_flag && !flag)
            return true;
        return err_set(err, ERR_CONFIG, "'%s' may not be given: %s", param->name, param->why);
    }
    return true;
}

bool mysql_params_read(const struct url *url, struct mysql_params *ret_params, struct err *err)
{
    struct mysql_params into = {0};
    for (size_t i = 0; i < url->param_count; i++) {
        const struct param *param = find(url->params[i].key);
        if (mysql_ignores_param(url->params[i].key))
            continue;
        if (!param)
            return err_set(err, ERR_CONFIG, "the URL's parameter '%s' is not known: leave it out",
                           url->params[i].key);
        if (!take(&into, param, url->params[i].value, err))
            return false;
    }
    bool has_authority = into.ca || into.ca_folder;
    if (into.tls == MYSQL_TLS_VERIFY_CA && !has_authority)
        return err_set(err, ERR_CONFIG,
                       "to verify the authority alone takes 'ssl_ca': give it, or VERIFY_IDENTITY");
    if (into.tls == MYSQL_TLS_DEFAULT && has_authority)
        into.tls = MYSQL_TLS_VERIFY_IDENTITY;
    *ret_params = into;
    return true;
}

bool mysql_check_url(const struct dialect_use *use, struct err *err)
{
    struct mysql_params said;
    return mysql_params_read(use->url, &said, err);
}

bool mysql_is_unverified(const struct url *url)
{
    struct mysql_params said;
    struct err err;
    return mysql_params_read(url, &said, &err) &&
           (said.tls == MYSQL_TLS_DISABLED || said.tls == MYSQL_TLS_PREFERRED ||
            said.tls == MYSQL_TLS_REQUIRED);
}
