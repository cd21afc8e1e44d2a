/* The HTTP side of --listen. Everything here but http_publish and http_asked_ms runs on libmicrohttpd's thread. */
#include "cli/listen.h"

#ifdef SKEIN_LISTEN

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"

enum {
    CONNECTIONS_MOST = 64,
    CONNECTIONS_OF_ONE = 48, /* of one address: who holds connections open leaves some to others */
    CONNECTION_BYTES = 16 * 1024,
    IDLE_SECONDS = 10,
    FRESH_MS = 400,  /* a text that is no older is served at once, */
    AWAIT_MS = 1000, /* else a newer one is waited for */
};

struct http {
    struct MHD_Daemon *daemon;
    char *token; /* NULL: none is asked for */
    atomic_uint_fast64_t asked_ms;
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t has_news;
    struct buf texts[LISTEN__COUNT];
    uint64_t published_ms; /* 0: never */
    bool is_last;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The page runs nothing but its own script, and no other page may frame, read or embed what is here. */
static void add_headers(struct MHD_Response *response, const char *type)
{
    static const char *const headers[][2] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri "
         "'none'; form-action 'none'; frame-ancestors 'none'"},
    };
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
}

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned code,
                                     struct MHD_Response *response)
{
    enum MHD_Result result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned code, const char *why)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(why), (void *)(uintptr_t)why, MHD_RESPMEM_PERSISTENT);
    add_headers(response, "text/plain; charset=utf-8");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (code == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return send_response(connection, code, response);
}

static enum MHD_Result send_part(struct MHD_Connection *connection, const struct http_part *part)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        part->len, (void *)(uintptr_t)part->text, MHD_RESPMEM_PERSISTENT);
    add_headers(response, part->type);
    return send_response(connection, MHD_HTTP_OK, response);
}

/* Under the mutex: waits for the loop to write the text anew, but not for a loop that does not. */
static void await_news(struct http *http)
{
    struct timespec end;
    uint64_t seen_ms = http->published_ms;
    bool is_fresh = now_ms() - seen_ms < FRESH_MS;
    if (is_fresh || http->is_last)
        return;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += AWAIT_MS / 1000;
    while (http->published_ms == seen_ms && !http->is_last)
        if (pthread_cond_timedwait(&http->has_news, &http->mutex, &end))
            return;
}

static enum MHD_Result send_text(struct http *http, struct MHD_Connection *connection,
                                 enum listen_text which)
{
    static const char *const types[LISTEN__COUNT] = {
        [LISTEN_STATUS] = "application/json",
        [LISTEN_METRICS] = "text/plain; version=0.0.4; charset=utf-8"};
    atomic_store(&http->asked_ms, now_ms());
    pthread_mutex_lock(&http->mutex);
    await_news(http);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        http->texts[which].len, http->texts[which].data, MHD_RESPMEM_MUST_COPY);
    pthread_mutex_unlock(&http->mutex);
    add_headers(response, types[which]);
    return send_response(connection, MHD_HTTP_OK, response);
}

/* ---- who may ask --------------------------------------------------------------------------- */

/* A page of another site that has its name resolve to our address (DNS rebinding) sends that name: only addresses and
 * `localhost` are ours. */
static bool is_our_name(const char *host)
{
    if (!host)
        return false;
    if (*host == '[')
        return host[1 + strspn(host + 1, "0123456789abcdefABCDEF:.")] == ']';
    size_t len = strcspn(host, ":");
    if (len == strlen("localhost") && ascii_begins(host, "localhost"))
        return true;
    return len && strspn(host, "0123456789.") == len;
}

static bool has_token(const struct http *http, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    const char *given =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    size_t len = strlen(http->token);
    if (!given || !ascii_begins(given, scheme))
        return false;
    given += strlen(scheme);
    return strlen(given) == len && CRYPTO_memcmp(given, http->token, len) == 0;
}

/* The page itself tells nothing of the run: it asks /status, with the token that its address has after `#`, which browsers send
 * to no one. */
static enum MHD_Result answer(struct http *http, struct MHD_Connection *connection,
                              const char *path)
{
    static const char *const paths[LISTEN__COUNT] = {
        [LISTEN_STATUS] = "/status", [LISTEN_METRICS] = "/metrics"};
    for (size_t i = 0; i < http_part_count; i++)
        if (strcmp(path, http_parts[i].path) == 0)
            return send_part(connection, &http_parts[i]);
    for (enum listen_text which = 0; which < LISTEN__COUNT; which++)
        if (strcmp(path, paths[which]) == 0) {
            if (http->token && !has_token(http, connection))
                return refuse(connection, MHD_HTTP_UNAUTHORIZED,
                              "this needs the token of --listen-token-file: Authorization: Bearer "
                              "TOKEN\n");
            return send_text(http, connection, which);
        }
    return refuse(connection, MHD_HTTP_NOT_FOUND, "there is /, /status and /metrics\n");
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct http *http = ctx;
    const char *host =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "this can only be read\n");
    if (!http->token && !is_our_name(host))
        return refuse(
            connection, MHD_HTTP_FORBIDDEN,
            "ask by address or as localhost: other names may be a page of someone else\n");
    return answer(http, connection, path);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void free_http(struct http *http)
{
    for (size_t i = 0; i < LISTEN__COUNT; i++)
        buf_done(&http->texts[i]);
    pthread_mutex_destroy(&http->mutex);
    pthread_cond_destroy(&http->has_news);
    if (http->token)
        OPENSSL_cleanse(http->token, strlen(http->token));
    free(http->token);
    free(http);
}

/* The thread takes no signals: the loop's own handlers run where they always do. */
static bool start_daemon(struct http *http, int fd)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return http->daemon != NULL;
}

struct http *http_open(int fd, const char *token, struct err *err)
{
    pthread_condattr_t clock;
    struct http *http = xcalloc(1, sizeof *http);
    http->token = token ? xstrdup(token) : NULL;
    pthread_mutex_init(&http->mutex, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&http->has_news, &clock);
    pthread_condattr_destroy(&clock);
    for (size_t i = 0; i < LISTEN__COUNT; i++)
        buf_init(&http->texts[i], SIZE_MAX / 2);
    if (start_daemon(http, fd))
        return http;
    free_http(http);
    close(fd);
    err_set(err, ERR_CONFIG, "--listen: the system gives no thread or descriptor to serve it with");
    return NULL;
}

void http_publish(struct http *http, const struct buf texts[LISTEN__COUNT], bool is_last)
{
    pthread_mutex_lock(&http->mutex);
    for (size_t i = 0; i < LISTEN__COUNT; i++) {
        buf_clear(&http->texts[i]);
        buf_add(&http->texts[i], texts[i].data, texts[i].len);
    }
    http->published_ms = now_ms();
    http->is_last = is_last;
    pthread_cond_broadcast(&http->has_news);
    pthread_mutex_unlock(&http->mutex);
}

uint64_t http_asked_ms(const struct http *http)
{
    return atomic_load(&http->asked_ms);
}

/* Closes the socket and all connections; an answer that a client does not read is lost. */
void http_close(struct http *http)
{
    pthread_mutex_lock(&http->mutex);
    http->is_last = true;
    pthread_cond_broadcast(&http->has_news);
    pthread_mutex_unlock(&http->mutex);
    MHD_stop_daemon(http->daemon);
    free_http(http);
}

#else

#include <unistd.h>

struct http *http_open(int fd, const char *token, struct err *err)
{
    (void)token;
    close(fd);
    err_set(
        err, ERR_CONFIG,
        "--listen: this skein was built without libmicrohttpd: build it where that is installed");
    return NULL;
}

void http_publish(struct http *http, const struct buf texts[LISTEN__COUNT], bool is_last)
{
    (void)http, (void)texts, (void)is_last;
}

uint64_t http_asked_ms(const struct http *http)
{
    (void)http;
    return 0;
}

void http_close(struct http *http)
{
    (void)http;
}

#endif
