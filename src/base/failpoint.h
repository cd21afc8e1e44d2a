/* Named places where a test can make the program die, fail or wait.
 *
 * SKEIN_FAILPOINT=name[:nth]=kill|delay[:ms] in the environment, in builds with SKEIN_FAILPOINTS;
 * otherwise nothing of it is compiled in. Session states are failpoints by their names.
 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#ifdef SKEIN_FAILPOINTS
void failpoint(const char *name);
#else
static inline void failpoint(const char *name)
{
    (void)name;
}
#endif

#endif
