/* --listen: how the run stands, over HTTP, read only: a page for people (/), JSON (/status) and Prometheus's text (/metrics).
 *
 * libmicrohttpd serves on a thread of its own, from texts that the loop makes about five times a second while someone asks, and
 * not at all while no one does: a slow or hostile client cannot hold the run up. The socket is bound before anything is
 * touched.
 *
 *     struct listen *listen = listen_open(&(struct listen_request){.address = "127.0.0.1:9090"}, &err);
 *     listen_begin(listen, status, metrics);
 *     … rollout_run with listen_observer(listen), and listen_tick(listen) about ten times a second …
 *     listen_close(listen);
 */
#ifndef CLI_LISTEN_H
#define CLI_LISTEN_H

#include "base/buf.h"
#include "base/err.h"
#include "event/status.h"

struct listen;
struct metrics;

struct listen_request {
    const char *address;    /* HOST:PORT, :PORT or PORT; port 0: any that is free */
    const char *token_file; /* NULL: none; else its first line is the token */
    const char *token;      /* of the environment; NULL or "": none */
};

/* Binds and serves. NULL: the address or the token is no good, or the address is in use, or this build has no HTTP. */
struct listen *listen_open(const struct listen_request *request, struct err *err) MUST_CHECK;

/* `http://127.0.0.1:9090/`. */
const char *listen_url(const struct listen *listen);

/* From now on this run is shown. Both are borrowed until its end was told. */
void listen_begin(struct listen *listen, const struct status *status,
                  const struct metrics *metrics);

/* Has someone asked in the last seconds? Then what tenants do is worth looking at (steering.wants_doings). */
bool listen_is_watched(const struct listen *listen);

void listen_tick(struct listen *listen);

/* To be told the end of the run, after the metrics were: what it is then is served from there on. */
struct observer listen_observer(struct listen *listen);

/* NULL is fine. */
void listen_close(struct listen *listen);

/* The JSON of /status (docs/schema/status.json); `status` may be of a run that has not started. */
void listen_add_status(const struct status *status, struct buf *buf);

/* ---- listen_http.c: the server's side ------------------------------------------------------- */

enum listen_text { LISTEN_STATUS, LISTEN_METRICS, LISTEN__COUNT };

struct http;

/* Takes the listening socket over. `token` is copied; NULL: none is asked for. */
struct http *http_open(int fd, const char *token, struct err *err) MUST_CHECK;

/* Puts new texts in the place of the old ones. `is_last`: no newer ones come. */
void http_publish(struct http *http, const struct buf texts[LISTEN__COUNT], bool is_last);

/* When someone asked last, on the clock of clock_gettime(CLOCK_MONOTONIC), in ms; 0: never. */
uint64_t http_asked_ms(const struct http *http);
void http_close(struct http *http);

/* A part of the page as it was built in. */
struct http_part {
    const char *path, *type;
    const char *text;
    size_t len;
};
extern const struct http_part http_parts[];
extern const size_t http_part_count;

/* How many bytes a token has at least: it must not be guessed. */
enum { LISTEN_TOKEN_MIN = 16 };

#endif
