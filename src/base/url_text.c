/* A URL as text again: what may be shown, and what names its server. */
#include "base/url.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

static void add_encoded(struct buf *buf, const char *text, const char *plain)
{
    for (const char *p = text; *p; p++)
        if (ascii_is_alnum(*p) || strchr(plain, *p))
            buf_addc(buf, *p);
        else
            buf_addf(buf, "%%%02X", (unsigned char)*p);
}

/* Parameters of libpq's, up to version 18, and of MySQL's clients whose values are no secrets. Any other value may
 * be one: the name of a parameter may be mistyped. */
static const char *const shown_keys[] = {
    "application_name",
    "auth_plugin",
    "autocommit",
    "channel_binding",
    "charset",
    "client_encoding",
    "collation",
    "compress",
    "connect_timeout",
    "connection_timeout",
    "default_file",
    "default_group",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "pool_size",
    "read_default_file",
    "read_default_group",
    "read_timeout",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "servicefile",
    "ssl",
    "ssl-mode",
    "ssl_ca",
    "ssl_capath",
    "ssl_cert",
    "ssl_check_hostname",
    "ssl_cipher",
    "ssl_crl",
    "ssl_crlpath",
    "ssl_disabled",
    "ssl_key",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "ssl_mode",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "tls",
    "use_unicode",
    "write_timeout",
};

static bool may_be_shown(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(shown_keys); i++)
        if (strcmp(key, shown_keys[i]) == 0)
            return true;
    return false;
}

/* The separator is '?' before the first parameter, '&' before the others. */
static void add_param(struct buf *buf, const char *key, const char *value, size_t *count)
{
    buf_addc(buf, (*count)++ ? '&' : '?');
    add_encoded(buf, key, "-._~");
    buf_addc(buf, '=');
    if (may_be_shown(key))
        add_encoded(buf, value, "-._~/:,");
    else
        buf_adds(buf, "***");
}

static bool is_socket(const struct url *url)
{
    return url->host && *url->host == '/';
}

static void add_host(struct buf *buf, const char *host)
{
    buf_addf(buf, strchr(host, ':') ? "[%s]" : "%s", host);
}

static void add_server_url(struct buf *buf, const struct url *url)
{
    size_t count = 0;
    if (url->user) {
        add_encoded(buf, url->user, "-._~");
        buf_addc(buf, '@');
    }
    if (url->host && !is_socket(url))
        add_host(buf, url->host);
    if (url->port)
        buf_addf(buf, ":%u", (unsigned)url->port);
    if (url->database) {
        buf_addc(buf, '/');
        add_encoded(buf, url->database, "-._~");
    }
    if (is_socket(url))
        add_param(buf, "host", url->host, &count);
    for (size_t i = 0; i < url->param_count; i++)
        add_param(buf, url->params[i].key, url->params[i].value, &count);
}

const char *url_redacted(struct arena *arena, const struct url *url)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_addf(&buf, "%s://", url->scheme);
    if (dialect_info(url->dialect)->is_file)
        buf_addf(&buf, "/%s", url->database);
    else
        add_server_url(&buf, url);
    const char *text = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return text;
}

const char *url_param(const struct url *url, const char *key)
{
    for (size_t i = 0; i < url->param_count; i++)
        if (strcmp(url->params[i].key, key) == 0)
            return url->params[i].value;
    return NULL;
}

const char *url_dialled(const struct url *url)
{
    const char *address = url_param(url, "hostaddr");
    if (address)
        return address;
    return url->host && *url->host && !is_socket(url) ? url->host : NULL;
}

/* libpq looks a service up in pg_service.conf, which we do not read. */
const char *url_server(struct arena *arena, const struct url *url)
{
    const char *service = url_param(url, "service");
    if (dialect_info(url->dialect)->is_file)
        return "local";
    if (is_socket(url))
        return arena_strdup(arena, url->host);
    if (!url->host && service)
        return arena_printf(arena, "service:%s", service);
    const char *host = url->host ? url->host : "localhost";
    uint16_t port = url->port ? url->port : dialect_info(url->dialect)->default_port;
    char *text = arena_printf(arena, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
    for (char *p = text; *p; p++)
        *p = ascii_to_lower(*p);
    return text;
}
