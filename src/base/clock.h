/* The time of day, for what people and later runs read. What is waited for goes by the loop's clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/compiler.h"

/* Milliseconds since the epoch. */
int64_t clock_wall_ms(void);

/* Milliseconds since some moment in the past; no one sets this clock. For what waits before there is a loop. */
int64_t clock_steady_ms(void);

/* As clock_steady_ms, and it goes on while the machine sleeps: for what must end in time, whatever happens here. */
int64_t clock_boot_ms(void);

#endif
