#include "driver/mysql_connecting.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "driver/mysql_connect.h"

/* Shared by the connection and its thread; the one that lets go last frees it. */
struct mysql_connecting {
    struct mysql_login login; /* the thread's, until it says how it ended */
    int event_fd;
    atomic_int ended; /* of enum ended */
    atomic_int holders;
};

enum ended { NOT_ENDED, ENDED_BADLY, ENDED_WELL };

/* A thread whose connection no one waits for any more ends after it at last. */
enum { CONNECT_TIMEOUT_S = 60 };

void mysql_connecting_free(struct mysql_connecting *connecting)
{
    if (!connecting || atomic_fetch_sub(&connecting->holders, 1) > 1)
        return;
    mysql_login_done(&connecting->login);
    mysql_connecting_forget_event(connecting);
    free(connecting);
}

void mysql_connecting_forget_event(struct mysql_connecting *connecting)
{
    if (connecting->event_fd >= 0)
        close(connecting->event_fd);
    connecting->event_fd = -1;
}

void mysql_connecting_work(struct mysql_connecting *connecting)
{
    bool is_connected = mysql_login_connect(&connecting->login);
    eventfd_write(connecting->event_fd, 1); /* the last use of it here */
    atomic_store(&connecting->ended, is_connected ? ENDED_WELL : ENDED_BADLY);
}

static void *connect_on_thread(void *ctx)
{
    mysql_connecting_work(ctx);
    mysql_connecting_free(ctx);
    mysql_thread_end();
    return NULL;
}

/* False: the system gives no thread. */
static bool start_thread(struct mysql_connecting *connecting)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&connecting->holders, 1);
    bool is_started = pthread_create(&thread, &attributes, connect_on_thread, connecting) == 0;
    if (!is_started)
        atomic_fetch_sub(&connecting->holders, 1);
    pthread_attr_destroy(&attributes);
    return is_started;
}

struct want mysql_connecting_start(const struct conn_params *params,
                                   struct mysql_connecting **ret_connecting, struct err *err)
{
    struct mysql_login login;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    *ret_connecting = NULL;
    if (fd < 0) {
        err_set(err, ERR_CONNECT, "no file is left to open: %s", strerror(errno));
        err->is_transient = true;
        return (struct want){.bits = WANT_NOTHING};
    }
    if (!mysql_login_init(&login, params, CONNECT_TIMEOUT_S, err)) {
        close(fd);
        return (struct want){.bits = WANT_NOTHING};
    }
    struct mysql_connecting *connecting = xcalloc(1, sizeof *connecting);
    connecting->login = login;
    connecting->event_fd = fd;
    atomic_init(&connecting->holders, 1);
    *ret_connecting = connecting;
    if (start_thread(connecting))
        return (struct want){.bits = WANT_READ, .fd = fd};
    return (struct want){.bits = WANT_WORKER};
}

struct want mysql_connecting_end(const struct mysql_connecting *connecting, MYSQL **ret_mysql,
                                 struct err *err)
{
    int ended = atomic_load(&connecting->ended);
    if (ended == NOT_ENDED)
        return (struct want){.bits = WANT_READ, .fd = connecting->event_fd};
    if (ended == ENDED_WELL)
        *ret_mysql = connecting->login.mysql;
    else
        mysql_login_error(&connecting->login, err);
    return (struct want){.bits = WANT_NOTHING};
}
