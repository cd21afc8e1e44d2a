#include "sim/trace.h"

const char *trace_event_name(enum event_kind kind)
{
    static const char *const names[] = {[EVENT_RUN_STARTED] = "run started",
                                        [EVENT_WAVE_STARTED] = "wave started",
                                        [EVENT_TENANT_STARTED] = "started",
                                        [EVENT_TENANT_INTENT] = "intent",
                                        [EVENT_TENANT_RETRIES] = "retries",
                                        [EVENT_TENANT_FINISHED] = "finished",
                                        [EVENT_WAVE_FINISHED] = "wave finished",
                                        [EVENT_RUN_DRAINS] = "drains",
                                        [EVENT_RUN_ROLLS_BACK] = "rolls back",
                                        [EVENT_RUN_FINISHED] = "run finished",
                                        [EVENT_RUN_PAUSED] = "paused",
                                        [EVENT_RUN_CONTINUES] = "continues",
                                        [EVENT_WAIT_STARTED] = "wait started",
                                        [EVENT_WAIT_FINISHED] = "wait finished",
                                        [EVENT_TENANT_BATCHES] = "batches",
                                        [EVENT_WAVE_FORECAST] = "forecast",
                                        [EVENT_WAVE_LATE] = "late",
                                        [EVENT_RUN_OTHERS] = "others",
                                        [EVENT_NOTE] = "note"};
    return names[kind];
}
