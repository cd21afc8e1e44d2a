#include "cli/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

enum { PATIENCE_MS = 1000, STACK_BYTES = 128 * 1024 };

struct outlet {
    int fd;
    pthread_t thread;
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t has_work;
    pthread_cond_t has_moved; /* something was written, or all is */
    char *waiting;            /* OUTLET_MAX_BYTES, like `writing` */
    size_t waiting_len;
    char *writing; /* the thread's, while its length is not 0 */
    size_t writing_len;
    uint64_t pieces_written;
    size_t dropped_lines;
    bool is_closing;
    bool is_left; /* the thread frees it all: it may be stuck in a write for ever */
};

static size_t count_lines(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    return count;
}

static void free_outlet(struct outlet *outlet)
{
    pthread_mutex_destroy(&outlet->mutex);
    pthread_cond_destroy(&outlet->has_work);
    pthread_cond_destroy(&outlet->has_moved);
    free(outlet->waiting);
    free(outlet->writing);
    free(outlet);
}

/* ---- the thread ---------------------------------------------------------------------------- */

/* Writes whole lines, as many as a pipe takes at once: lines of another process may come between them, never
 * into one. */
static size_t piece_len(const char *text, size_t len)
{
    size_t most = len < PIPE_BUF ? len : PIPE_BUF, at = most;
    if (most == len)
        return len;
    while (at && text[at - 1] != '\n')
        at--;
    return at ? at : most;
}

/* False: no one will ever read it. */
static bool write_piece(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t written = write(fd, text, len);
        if (written < 0 && errno == EAGAIN) /* someone who shares it has made it so */
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            len -= (size_t)written;
        }
    }
    return true;
}

static void write_batch(struct outlet *outlet)
{
    const char *text = outlet->writing;
    size_t left = outlet->writing_len;
    while (left) {
        size_t len = piece_len(text, left);
        pthread_mutex_unlock(&outlet->mutex);
        bool is_written = write_piece(outlet->fd, text, len);
        pthread_mutex_lock(&outlet->mutex);
        outlet->pieces_written++;
        pthread_cond_signal(&outlet->has_moved);
        text += len;
        left = is_written ? left - len : 0;
    }
    outlet->writing_len = 0;
    pthread_cond_signal(&outlet->has_moved);
}

static void *write_on_thread(void *ctx)
{
    struct outlet *outlet = ctx;
    pthread_mutex_lock(&outlet->mutex);
    while (true) {
        while (!outlet->waiting_len && !outlet->is_closing)
            pthread_cond_wait(&outlet->has_work, &outlet->mutex);
        if (outlet->is_left || !outlet->waiting_len)
            break;
        char *empty = outlet->writing;
        outlet->writing = outlet->waiting;
        outlet->writing_len = outlet->waiting_len;
        outlet->waiting = empty;
        outlet->waiting_len = 0;
        write_batch(outlet);
    }
    bool is_left = outlet->is_left;
    pthread_mutex_unlock(&outlet->mutex);
    if (is_left)
        free_outlet(outlet);
    return NULL;
}

/* The thread takes no signals: the loop's own handlers run where they always do. */
static bool start_thread(struct outlet *outlet)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int error = pthread_create(&outlet->thread, &attributes, write_on_thread, outlet);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !error;
}

/* ---- the other side ------------------------------------------------------------------------ */

struct outlet *outlet_open(int fd)
{
    pthread_condattr_t clock;
    struct outlet *outlet = xcalloc(1, sizeof *outlet);
    outlet->fd = fd;
    outlet->waiting = xmalloc(OUTLET_MAX_BYTES);
    outlet->writing = xmalloc(OUTLET_MAX_BYTES);
    pthread_mutex_init(&outlet->mutex, NULL);
    pthread_cond_init(&outlet->has_work, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&outlet->has_moved, &clock);
    pthread_condattr_destroy(&clock);
    if (start_thread(outlet))
        return outlet;
    free_outlet(outlet);
    return NULL;
}

static void add_text(struct outlet *outlet, const char *text, size_t len)
{
    if (outlet->dropped_lines || len > OUTLET_MAX_BYTES - outlet->waiting_len) {
        outlet->dropped_lines += count_lines(text, len);
        return;
    }
    memcpy(outlet->waiting + outlet->waiting_len, text, len);
    outlet->waiting_len += len;
    pthread_cond_signal(&outlet->has_work);
}

void outlet_write(struct outlet *outlet, const char *text, size_t len)
{
    pthread_mutex_lock(&outlet->mutex);
    add_text(outlet, text, len);
    pthread_mutex_unlock(&outlet->mutex);
}

bool outlet_is_behind(struct outlet *outlet)
{
    pthread_mutex_lock(&outlet->mutex);
    bool is_behind = outlet->waiting_len || outlet->writing_len;
    pthread_mutex_unlock(&outlet->mutex);
    return is_behind;
}

/* At the very end, the line that says so takes the place of the last lines that were kept. */
size_t outlet_take_dropped(struct outlet *outlet, bool is_last)
{
    enum { NOTE_BYTES = 4096 };
    size_t lines = 0;
    pthread_mutex_lock(&outlet->mutex);
    if (is_last || outlet->waiting_len <= OUTLET_MAX_BYTES / 2) {
        lines = outlet->dropped_lines;
        outlet->dropped_lines = 0;
    }
    while (lines && outlet->waiting_len > OUTLET_MAX_BYTES - NOTE_BYTES) {
        outlet->waiting_len--;
        lines += outlet->waiting_len && outlet->waiting[outlet->waiting_len - 1] == '\n';
    }
    while (lines && outlet->waiting_len && outlet->waiting[outlet->waiting_len - 1] != '\n')
        outlet->waiting_len--;
    pthread_mutex_unlock(&outlet->mutex);
    return lines;
}

static struct timespec end_of_patience(void)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += PATIENCE_MS / 1000;
    return end;
}

/* Under the mutex. False: the reader takes nothing. */
static bool drain(struct outlet *outlet)
{
    struct timespec end = end_of_patience();
    uint64_t seen = outlet->pieces_written;
    while (outlet->waiting_len || outlet->writing_len) {
        if (pthread_cond_timedwait(&outlet->has_moved, &outlet->mutex, &end) == ETIMEDOUT &&
            outlet->pieces_written == seen)
            return false;
        if (outlet->pieces_written != seen) {
            seen = outlet->pieces_written;
            end = end_of_patience();
        }
    }
    return true;
}

void outlet_drain(struct outlet *outlet)
{
    pthread_mutex_lock(&outlet->mutex);
    drain(outlet);
    pthread_mutex_unlock(&outlet->mutex);
}

void outlet_close(struct outlet *outlet)
{
    if (!outlet)
        return;
    pthread_mutex_lock(&outlet->mutex);
    bool is_written = drain(outlet);
    pthread_t thread = outlet->thread;
    outlet->is_closing = true;
    outlet->is_left = !is_written;
    pthread_cond_signal(&outlet->has_work);
    pthread_mutex_unlock(&outlet->mutex);
    if (is_written) {
        pthread_join(thread, NULL);
        free_outlet(outlet);
    } else {
        pthread_detach(thread);
    }
}

void outlet_tell(int fd, const char *text, size_t len)
{
    struct outlet *outlet = outlet_open(fd);
    if (outlet)
        outlet_write(outlet, text, len);
    else
        (void)!write(fd, text, len);
    outlet_close(outlet);
}
