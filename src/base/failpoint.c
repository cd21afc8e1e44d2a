#include "base/failpoint.h"

#ifdef SKEIN_FAILPOINTS

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

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

bool failpoint(const char *name)
{
    const char *spec = getenv("SKEIN_FAILPOINT");
    size_t len = strlen(name);
    unsigned nth = 1;
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
