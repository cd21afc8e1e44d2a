/* The time of day, for what people and later runs read. What is waited for goes by the loop's clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/compiler.h"

/* Milliseconds since the epoch. */
int64_t clock_wall_ms(void);

#endif
