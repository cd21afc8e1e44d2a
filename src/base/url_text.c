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

static bool may_be_shown(enum dialect_id dialect, const char *key)
{
    for (const char *const *shown = dialect_info(dialect)->shown_params; *shown; shown++)
        if (strcmp(key, *shown) == 0)
            return true;
    return false;
}

/* The separator is '?' before the first parameter, '&' before the others. */
static void add_param(struct buf *buf, enum dialect_id dialect, struct url_param param,
                      bool is_first)
{
    buf_addc(buf, is_first ? '?' : '&');
    add_encoded(buf, param.key, "-._~");
    buf_addc(buf, '=');
    if (may_be_shown(dialect, param.key))
        add_encoded(buf, param.value, "-._~/:,");
    else
        buf_adds(buf, "***");
}

static bool is_socket(const struct url *url)
{
    return url->host && *url->host == '/';
}

static void add_host(struct buf *buf, const char *host)
{
    buf_addf(buf, strchr(host, ':') && !strchr(host, ',') ? "[%s]" : "%s", host);
}

static void add_server_url(struct buf *buf, const struct url *url)
{
    bool is_first = true;
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
    if (is_socket(url)) {
        add_param(buf, url->dialect, (struct url_param){"host", url->host}, true);
        is_first = false;
    }
    for (size_t i = 0; i < url->param_count; i++)
        add_param(buf, url->dialect, url->params[i], is_first && !i);
}

const char *url_redacted(struct arena *arena, const struct url *url)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, url->scheme);
    buf_adds(&buf, "://");
    if (dialect_info(url->dialect)->is_file) {
        buf_addc(&buf, '/');
        buf_adds(&buf, url->database);
    } else
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

/* A parameter that not every engine's client library knows; NULL: this one's does not, or it is not there. */
static const char *param_of_client(const struct url *url, const char *key)
{
    return may_be_shown(url->dialect, key) ? url_param(url, key) : NULL;
}

const char *url_dialled(const struct url *url)
{
    const char *address = param_of_client(url, "hostaddr");
    if (address)
        return address;
    return url->host && *url->host && !is_socket(url) ? url->host : NULL;
}

/* A service is looked up in a file of the client library's, which we do not read. */
const char *url_server(struct arena *arena, const struct url *url)
{
    const char *service = param_of_client(url, "service");
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
