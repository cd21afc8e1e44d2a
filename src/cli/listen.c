#include "cli/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/parse.h"
#include "cli/metrics.h"

enum { WATCHED_MS = 5000, PUBLISH_MS = 200, TOKEN_MAX = 4096, HOST_SIZE = 64 };

struct listen {
    struct http *http;
    char url[128];
    const struct status *status; /* NULL: no run is shown */
    const struct metrics *metrics;
    uint64_t published_ms;
};

/* ---- the address --------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&address->six.sin6_addr);
    return ntohl(address->four.sin_addr.s_addr) >> 24 == 127;
}

/* HOST:PORT, [HOST]:PORT, :PORT, PORT. The host is an address: a name could be another tomorrow. */
static bool split_address(const char *text, char ret_host[HOST_SIZE], uint32_t *ret_port)
{
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return false;
    }
    bool is_local = !len || (len == strlen("localhost") && strncmp(text, "localhost", len) == 0);
    snprintf(ret_host, HOST_SIZE, "%.*s", is_local ? 9 : (int)len, is_local ? "127.0.0.1" : text);
    return parse_u32(port, 0, UINT16_MAX, ret_port);
}

static bool read_address(const char *text, union address *ret, struct err *err)
{
    char host[HOST_SIZE];
    uint32_t port;
    memset(ret, 0, sizeof *ret);
    if (split_address(text, host, &port)) {
        ret->any.sa_family = strchr(host, ':') ? AF_INET6 : AF_INET;
        if (ret->any.sa_family == AF_INET && inet_pton(AF_INET, host, &ret->four.sin_addr) == 1) {
            ret->four.sin_port = htons((uint16_t)port);
            return true;
        }
        if (ret->any.sa_family == AF_INET6 && inet_pton(AF_INET6, host, &ret->six.sin6_addr) == 1) {
            ret->six.sin6_port = htons((uint16_t)port);
            return true;
        }
    }
    return err_set(err, ERR_CONFIG,
                   "--listen: '%s' is no address: say 127.0.0.1:9090, [::1]:9090, or a port alone",
                   text);
}

static socklen_t size_of(const union address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof address->six : sizeof address->four;
}

static int bind_address(const union address *address, const char *text, struct err *err)
{
    int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && address->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (fd >= 0 && bind(fd, &address->any, size_of(address)) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_set(err, ERR_CONFIG, "--listen: cannot listen on '%s': %s", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void set_url(struct listen *listen, int fd)
{
    union address address;
    char host[HOST_SIZE] = "";
    socklen_t size = sizeof address;
    getsockname(fd, &address.any, &size);
    bool is_six = address.any.sa_family == AF_INET6;
    inet_ntop(address.any.sa_family,
              is_six ? (const void *)&address.six.sin6_addr : (const void *)&address.four.sin_addr,
              host, sizeof host);
    snprintf(listen->url, sizeof listen->url, is_six ? "http://[%s]:%u/" : "http://%s:%u/", host,
             ntohs(is_six ? address.six.sin6_port : address.four.sin_port));
}

/* ---- the token ----------------------------------------------------------------------------- */

/* The first line of the file. No message has a part of it. */
static bool read_token(const char *path, char ret_token[TOKEN_MAX], struct err *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, ERR_CONFIG, "--listen-token-file: cannot read '%s': %s", path,
                       strerror(errno));
    size_t len = fread(ret_token, 1, TOKEN_MAX - 1, file);
    fclose(file);
    ret_token[len] = '\0';
    ret_token[strcspn(ret_token, "\r\n")] = '\0';
    return true;
}

/* What can stand in a header, as RFC 6750 has it, and more. */
static bool check_token(const char *token, struct err *err)
{
    size_t len = strlen(token);
    if (len < LISTEN_TOKEN_MIN)
        return err_set(
            err, ERR_CONFIG,
            "--listen: the token has %zu bytes and must have %d or more, so that it cannot be "
            "guessed: 'openssl rand -hex 32' makes one",
            len, LISTEN_TOKEN_MIN);
    for (size_t i = 0; i < len; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return err_set(err, ERR_CONFIG,
                           "--listen: the token may hold letters, digits and signs of ASCII only");
    return true;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void publish(struct listen *listen, bool is_last)
{
    struct buf texts[LISTEN__COUNT];
    for (size_t i = 0; i < LISTEN__COUNT; i++)
        buf_init(&texts[i], SIZE_MAX / 2);
    listen_add_status(listen->status, &texts[LISTEN_STATUS]);
    if (listen->metrics)
        metrics_add(listen->metrics, &texts[LISTEN_METRICS]);
    http_publish(listen->http, texts, is_last);
    for (size_t i = 0; i < LISTEN__COUNT; i++)
        buf_done(&texts[i]);
}

struct listen *listen_open(const struct listen_request *request, struct err *err)
{
    union address address;
    char from_file[TOKEN_MAX];
    const char *token = request->token && *request->token ? request->token : NULL;
    if (!read_address(request->address, &address, err) ||
        (request->token_file && !read_token(request->token_file, from_file, err)))
        return NULL;
    token = request->token_file ? from_file : token;
    if (token && !check_token(token, err))
        return NULL;
    if (!token && !is_loopback(&address)) {
        err_set(err, ERR_CONFIG,
                "--listen: others can reach '%s': say --listen-token-file FILE, or listen on "
                "127.0.0.1",
                request->address);
        return NULL;
    }
    int fd = bind_address(&address, request->address, err);
    if (fd < 0)
        return NULL;
    struct listen *listen = xcalloc(1, sizeof *listen);
    set_url(listen, fd);
    listen->http = http_open(fd, token, err);
    if (!listen->http) {
        free(listen);
        return NULL;
    }
    publish(listen, false);
    return listen;
}

const char *listen_url(const struct listen *listen)
{
    return listen->url;
}

void listen_begin(struct listen *listen, const struct status *status, const struct metrics *metrics)
{
    listen->status = status;
    listen->metrics = metrics;
}

bool listen_is_watched(const struct listen *listen)
{
    uint64_t asked_ms = http_asked_ms(listen->http);
    return asked_ms && (uint64_t)clock_steady_ms() - asked_ms < WATCHED_MS;
}

void listen_tick(struct listen *listen)
{
    uint64_t now = (uint64_t)clock_steady_ms();
    if (!listen_is_watched(listen) || now - listen->published_ms < PUBLISH_MS)
        return;
    listen->published_ms = now;
    publish(listen, false);
}

/* After this the run is gone, and what the status says of it with it. */
static void on_run_event(void *ctx, const struct event *event)
{
    struct listen *listen = ctx;
    if (event->kind != EVENT_RUN_FINISHED)
        return;
    publish(listen, true);
    listen->status = NULL;
    listen->metrics = NULL;
}

struct observer listen_observer(struct listen *listen)
{
    return (struct observer){on_run_event, listen};
}

void listen_close(struct listen *listen)
{
    if (!listen)
        return;
    http_close(listen->http);
    free(listen);
}
