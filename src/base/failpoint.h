/* Named places where a test can make the program die, fail or wait.
 *
 * SKEIN_FAILPOINT=name[:nth]=kill|fail|delay[:ms] in the environment, in builds with SKEIN_FAILPOINTS;
 * otherwise nothing of it is compiled in. SKEIN_FAILPOINT_TRACE=file has the name of each one that is
 * passed appended to the file. Session states are failpoints by their names; the edges
 * between them are appended to the file that SKEIN_FAILPOINT_EDGES names (src/rollout/session.c).
 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#include "base/compiler.h"

#ifdef SKEIN_FAILPOINTS
bool failpoint(const char *name); /* true: fail here */
#else
static inline bool failpoint(const char *name)
{
    (void)name;
    return false;
}
#endif

#endif
