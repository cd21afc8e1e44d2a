#include "cli/metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/faults.h"

struct metrics_file {
    const char *path;
    struct buf temporary; /* the name of the file that is renamed */
    pthread_t thread;
    bool has_thread;
    bool has_failed;       /* the writer's: it was told */
    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t has_work;
    struct buf next; /* empty: nothing is to be written */
    bool is_closing;
};

static bool write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t written = write(fd, text, len);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            len -= (size_t)written;
        }
    }
    return true;
}

/* Any user may read it, as far as the umask lets them: the collector is another one. */
static bool replace(struct metrics_file *file, const struct buf *text)
{
    int fd =
        open(file->temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool is_good = fd >= 0 && write_all(fd, text->data, text->len);
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (is_good && rename(file->temporary.data, file->path) == 0)
        return true;
    error = is_good ? errno : error;
    if (fd >= 0)
        unlink(file->temporary.data);
    errno = error;
    return false;
}

static void write_text(struct metrics_file *file, const struct buf *text)
{
    if (!text->len || replace(file, text) || file->has_failed)
        return;
    file->has_failed = true;
    cli_note("--metrics: %s: cannot write it: %s", file->path, strerror(errno));
}

static void *write_on_thread(void *ctx)
{
    struct metrics_file *file = ctx;
    pthread_mutex_lock(&file->mutex);
    while (!file->is_closing || file->next.len) {
        if (!file->next.len) {
            pthread_cond_wait(&file->has_work, &file->mutex);
            continue;
        }
        struct buf text = file->next;
        buf_init(&file->next, SIZE_MAX / 2);
        pthread_mutex_unlock(&file->mutex);
        write_text(file, &text);
        buf_done(&text);
        pthread_mutex_lock(&file->mutex);
    }
    pthread_mutex_unlock(&file->mutex);
    return NULL;
}

/* The thread takes no signals: the loop's own handlers run where they always do. */
static bool start_thread(struct metrics_file *file)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&file->thread, NULL, write_on_thread, file);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !error;
}

struct metrics_file *metrics_file_open(const char *path)
{
    struct metrics_file *file = xcalloc(1, sizeof *file);
    file->path = path;
    buf_init(&file->temporary, BUF_MAX_DEFAULT);
    buf_addf(&file->temporary, "%s.%d.tmp", path, (int)getpid());
    buf_init(&file->next, SIZE_MAX / 2);
    pthread_mutex_init(&file->mutex, NULL);
    pthread_cond_init(&file->has_work, NULL);
    file->has_thread = start_thread(file);
    return file;
}

void metrics_file_put(struct metrics_file *file, const char *text, size_t len)
{
    pthread_mutex_lock(&file->mutex);
    buf_done(&file->next);
    buf_init(&file->next, SIZE_MAX / 2);
    buf_add(&file->next, text, len);
    pthread_cond_signal(&file->has_work);
    pthread_mutex_unlock(&file->mutex);
}

void metrics_file_close(struct metrics_file *file)
{
    pthread_mutex_lock(&file->mutex);
    file->is_closing = true;
    pthread_cond_signal(&file->has_work);
    pthread_mutex_unlock(&file->mutex);
    if (file->has_thread)
        pthread_join(file->thread, NULL);
    write_text(file, &file->next); /* where there was no thread */
    buf_done(&file->next);
    buf_done(&file->temporary);
    pthread_mutex_destroy(&file->mutex);
    pthread_cond_destroy(&file->has_work);
    free(file);
}
