/* The heap of one case: malloc and its kin (by the linker's --wrap) from one block that is dropped at
 * once. A run that is killed in the middle leaves nothing that would have to be found and freed.
 *
 * Outside of a case, and in builds without SIM_HEAP (under sanitizers), it is the C library's.
 */
#ifndef SIM_HEAP_H
#define SIM_HEAP_H

#include <stdbool.h>

bool heap_can_be_dropped(void); /* false: nothing may be killed */
void heap_begin(void);
void heap_drop(void);

#endif
