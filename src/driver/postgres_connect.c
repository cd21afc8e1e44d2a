#include "driver/postgres_connect.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "inventory/url.h"

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

static void add(struct keywords *keywords, const char *key, const char *value)
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
    buf_adds(&hosts, host);
    for (const char *p = addresses; *p; p++)
        if (*p == ',')
            buf_addf(&hosts, ",%s", host);
    add(keywords, "host", arena_strdup(arena, hosts.data));
    add(keywords, "hostaddr", addresses);
    buf_done(&hosts);
}

/* Are all of them this machine's own? */
static bool are_local(const char *addresses)
{
    while (*addresses) {
        size_t len = strcspn(addresses, ",");
        bool is_local =
            strncmp(addresses, "127.", 4) == 0 || (len == 3 && strncmp(addresses, "::1", 3) == 0);
        if (!is_local)
            return false;
        addresses += len + (addresses[len] == ',');
    }
    return true;
}

/* Traffic that leaves the machine is verified unless someone decides otherwise. */
static bool needs_tls_default(const struct url *url, const char *addresses)
{
    bool leaves = url->host && *url->host != '/' && addresses && !are_local(addresses);
    return leaves && !url_param(url, "sslmode") && !getenv("PGSSLMODE") && !getenv("PGSERVICE") &&
           !url_param(url, "service");
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
    return addresses && are_local(addresses) && !url_param(url, "gssencmode") &&
           !getenv("PGGSSENCMODE") && !getenv("PGSERVICE") && !url_param(url, "service");
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
            add(&keywords, defaults[i].key, defaults[i].value);
    if (params->addresses && url->host)
        add_addresses(&keywords, &arena, url->host, params->addresses);
    else
        add(&keywords, "host", url->host);
    if (url->port)
        add(&keywords, "port", arena_printf(&arena, "%u", url->port));
    add(&keywords, "user", url->user);
    add(&keywords, "password", params->password);
    add(&keywords, "dbname", params->database ? params->database : url->database);
    if (needs_tls_default(url, params->addresses))
        add(&keywords, "sslmode", "verify-full");
    if (needs_no_gssenc(url, params->addresses))
        add(&keywords, "gssencmode", "disable");
    for (size_t i = 0; i < url->param_count; i++)
        add(&keywords, url->params[i].key, url->params[i].value);
    PGconn *pg = PQconnectStartParams(keywords.keys, keywords.values, 0);
    if (!pg)
        abort(); /* out of memory */
    arena_done(&arena);
    return pg;
}
