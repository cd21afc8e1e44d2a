/* Words of --trace. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include "event/event.h"

const char *trace_event_name(enum event_kind kind);

#endif
