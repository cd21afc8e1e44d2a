#include "link/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The descriptors of a loop: an epoll, an eventfd, a pipe each for the loop's signals and the process's; and
 * two to work with. */
enum { DESCRIPTORS = 8 };

/* 0, or why there are not so many. */
static int find_descriptors(void)
{
    int fds[DESCRIPTORS], error = 0;
    size_t count = 0;
    while (count < DESCRIPTORS && !error) {
        fds[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (fds[count] < 0)
            error = errno;
        else
            count++;
    }
    while (count)
        close(fds[--count]);
    return error;
}

bool loop_open(uv_loop_t *loop, struct err *err)
{
    int error = find_descriptors();
    int code = error ? uv_translate_sys_error(error) : uv_loop_init(loop);
    return !code || err_set(err, ERR_CONFIG, "cannot make an event loop: %s", uv_strerror(code));
}
