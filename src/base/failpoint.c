#include "base/failpoint.h"

#ifdef SKEIN_FAILPOINTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"

/* Counts how often the one named failpoint was passed: a test build's own state. */
static atomic_uint passed;

static bool act(const char *action)
{
    if (strcmp(action, "kill") == 0)
        raise(SIGKILL);
    if (strncmp(action, "delay:", 6) == 0) {
        long ms = strtol(action + 6, NULL, 10);
        nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    }
    return strcmp(action, "fail") == 0;
}

/* One write a line: several threads pass. */
static void trace(const char *path, const char *name)
{
    char line[64];
    int len = snprintf(line, sizeof line, "%s\n", name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    (void)!write(fd, line, (size_t)len);
    close(fd);
}

bool failpoint(const char *name)
{
    const char *trace_path = getenv("SKEIN_FAILPOINT_TRACE");
    const char *spec = getenv("SKEIN_FAILPOINT");
    size_t len = strlen(name);
    unsigned nth = 1;
    if (trace_path)
        trace(trace_path, name);
    if (!spec || strncmp(spec, name, len) != 0)
        return false;
    spec += len;
    if (*spec == ':') {
        char *end;
        nth = (unsigned)strtoul(spec + 1, &end, 10);
        spec = end;
    }
    return *spec == '=' && atomic_fetch_add(&passed, 1) + 1 == nth && act(spec + 1);
}

#endif
