/* What the JSON of a report and of `runs` say of a run alike. */
#ifndef REPORT_JSON_RUN_H
#define REPORT_JSON_RUN_H

#include <jansson.h>

#include "event/event.h"

/* null: it was not halted. `reason` may be NULL. */
json_t *json_halt(const struct halt *halt, const char *reason);

json_t *json_selected(const struct origin *origin);
json_t *json_texts(const struct texts *texts);
json_t *json_machines(const struct run_machine *machines, size_t count);

#endif
