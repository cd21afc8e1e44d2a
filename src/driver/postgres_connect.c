#include "driver/postgres_connect.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/url.h"
#include "driver/local.h"

/* The defaults that a URL's parameters override. Keepalives find a peer that vanished in 25 s. */
static const struct url_param defaults[] = {
    {"fallback_application_name", "skein"},
    {"client_encoding", "UTF8"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
};

enum { KEYWORDS_OF_OURS = ARRAY_LEN(defaults) + 9 };

struct keywords {
    const char **keys;
    const char **values;
    size_t count;
};

static void add_keyword(struct keywords *keywords, const char *key, const char *value)
{
    if (!value)
        return;
    keywords->keys[keywords->count] = key;
    keywords->values[keywords->count++] = value;
}

/* One host per address: libpq pairs the two lists, and keeps `host` for TLS. */
static void add_addresses(struct keywords *keywords, struct arena *arena, const char *host,
                          const char *addresses)
{
    struct buf hosts;
    buf_init(&hosts, BUF_MAX_DEFAULT);
    buf_adds(&hosts, host ? host : "");
    for (const char *p = addresses; host && *p; p++)
        if (*p == ',')
            buf_addf(&hosts, ",%s", host);
    add_keyword(keywords, "host", host ? arena_strdup(arena, hosts.data) : NULL);
    add_keyword(keywords, "hostaddr", addresses);
    buf_done(&hosts);
}

/* A name that libpq resolves itself: none is its socket's folder, `@` begins an abstract socket. */
static bool is_local_host(const char *text, size_t len)
{
    return len == 0 || *text == '/' || *text == '@' ||
           (len == 9 && strncmp(text, "localhost", len) == 0) || local_is_address(text, len);
}

/* What libpq would make of a URL with its environment and service file. */
struct chosen {
    bool is_local;
    bool has_sslmode; /* the service file says how far the server is trusted */
};

/* libpq tells once it has put all of its sources together, and nothing is dialled where one of them is nonsense. */
static struct chosen ask_libpq(const struct url *url)
{
    const char *service = url_param(url, "service"), *environment = getenv("PGSSLMODE");
    const char *keys[] = {"channel_binding", "host", service ? "service" : NULL, NULL};
    const char *values[] = {"nonsense", url->host, service, NULL};
    struct chosen chosen = {.is_local = true};
    PGconn *pg = PQconnectStartParams(keys, values, 0);
    PQconninfoOption *options = pg ? PQconninfo(pg) : NULL;
    const char *host = "", *address = "", *mode = "", *usual = "";
    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        const char *value = option->val ? option->val : "";
        if (strcmp(option->keyword, "host") == 0)
            host = value;
        else if (strcmp(option->keyword, "hostaddr") == 0)
            address = value;
        else if (strcmp(option->keyword, "sslmode") == 0) {
            mode = value;
            usual = option->compiled ? option->compiled : "";
        }
    }
    chosen.is_local =
        *address ? local_are_all(address, local_is_address) : local_are_all(host, is_local_host);
    chosen.has_sslmode =
        *mode && strcmp(mode, usual) != 0 && !(environment && strcmp(mode, environment) == 0);
    PQconninfoFree(options);
    PQfinish(pg);
    return chosen;
}

/* Traffic that leaves the machine is verified unless the URL, or a service file that it leaves the choice to, says
 * otherwise. The address that is dialled decides, not the name beside it; PGSSLMODE is for what stays here. */
static bool needs_tls_default(const struct url *url, const char *addresses)
{
    if (url_param(url, "sslmode") || (addresses && local_are_all(addresses, local_is_address)))
        return false;
    if (!url_param(url, "service")) {
        if (addresses)
            return true;
        if (url->host && !getenv("PGHOSTADDR") && !getenv("PGSERVICE"))
            return false; /* a socket's folder */
    }
    struct chosen chosen = ask_libpq(url);
    return (addresses || !chosen.is_local) && !chosen.has_sslmode;
}

bool postgres_is_reached(PGconn *pg)
{
    struct pollfd poll_fd = {.fd = PQsocket(pg), .events = POLLOUT};
    return poll_fd.fd >= 0 && poll(&poll_fd, 1, 0) == 1;
}

bool postgres_is_let_in(PGconn *pg)
{
    static const char let_in[] = "R\0\0\0\b\0\0\0"; /* AuthenticationOk */
    char head[sizeof let_in];
    int fd = PQsocket(pg);
    if (PQsslInUse(pg) || PQgssEncInUse(pg) || fd < 0)
        return false;
    ssize_t len = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    if (PQstatus(pg) == CONNECTION_SSL_STARTUP)
        return len >= 1 && *head == 'N'; /* TLS is not to be had: the conversation begins */
    return PQstatus(pg) == CONNECTION_AWAITING_RESPONSE && len == sizeof head &&
           memcmp(head, let_in, sizeof head) == 0;
}

/* Kerberos' encryption of what stays on the machine is not looked for: that costs more than the rest. */
static bool needs_no_gssenc(const struct url *url, const char *addresses)
{
    return addresses && local_are_all(addresses, local_is_address) &&
           !url_param(url, "gssencmode") && !getenv("PGGSSENCMODE") && !getenv("PGSERVICE") &&
           !url_param(url, "service");
}

PGconn *postgres_connect_start(const struct conn_params *params)
{
    const struct url *url = params->url;
    struct arena arena;
    arena_init(&arena);
    size_t capacity = KEYWORDS_OF_OURS + url->param_count + 1;
    struct keywords keywords = {
        .keys = arena_calloc(&arena, capacity, sizeof(char *)),
        .values = arena_calloc(&arena, capacity, sizeof(char *)),
    };
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        if (!url_param(url, defaults[i].key))
            add_keyword(&keywords, defaults[i].key, defaults[i].value);
    if (params->addresses)
        add_addresses(&keywords, &arena, url->host, params->addresses);
    else
        add_keyword(&keywords, "host", url->host);
    if (url->port)
        add_keyword(&keywords, "port", arena_printf(&arena, "%u", url->port));
    add_keyword(&keywords, "user", url->user);
    add_keyword(&keywords, "password", params->password);
    add_keyword(&keywords, "dbname", params->database ? params->database : url->database);
    if (needs_tls_default(url, params->addresses))
        add_keyword(&keywords, "sslmode", "verify-full");
    if (needs_no_gssenc(url, params->addresses))
        add_keyword(&keywords, "gssencmode", "disable");
    for (size_t i = 0; i < url->param_count; i++) /* `hostaddr` is among the addresses */
        if (!params->addresses || strcmp(url->params[i].key, "hostaddr") != 0)
            add_keyword(&keywords, url->params[i].key, url->params[i].value);
    PGconn *pg = PQconnectStartParams(keywords.keys, keywords.values, 0);
    if (!pg)
        die_out_of_memory();
    arena_done(&arena);
    return pg;
}

void postgres_add_library(struct buf *buf)
{
    int version = PQlibVersion();
    buf_addf(buf, "libpq %d.%d", version / 10000, version % 10000);
}
