/* The SQL of the steps in the JSON report, once for all tenants that take them. */
#ifndef REPORT_JSON_SQL_H
#define REPORT_JSON_SQL_H

#include "report/json_stream.h"
#include "report/model.h"

/* `sql`, a member of the object that is open: an item for each revision, direction and dialect. Nothing where no scripts run. */
void json_put_sql(struct json_stream *stream, const struct report *report);

#endif
