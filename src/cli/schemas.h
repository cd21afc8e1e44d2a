/* What the tenants of a run hold, beside what their revisions say: read during the run, compared after it, told by its report.
 *
 *     struct schemas schemas;
 *     schemas_begin(&schemas, &fleet);
 *     … a run whose request reads catalogs, told to schemas_listener(&schemas), and seen by schemas_observer(&schemas) …
 *     exit_code = schemas_report(&schemas, report, exit_code);
 *     … the report is written …
 *     schemas_done(&schemas);
 */
#ifndef CLI_SCHEMAS_H
#define CLI_SCHEMAS_H

#include "library/drift.h"
#include "report/report.h"

struct schemas {
    struct fleet *fleet;
    struct fleet_catalogs_request request;
    struct fleet_catalogs_reading reading;
    struct drift drift;
};

void schemas_begin(struct schemas *schemas, struct fleet *fleet);
struct observer schemas_observer(struct schemas *schemas);
struct catalog_listener schemas_listener(struct schemas *schemas);

/* Replays the chain where it must. The report borrows what it is given until schemas_done. The exit code of the run so far
 * becomes that of a signal which stopped the replay. */
int schemas_report(struct schemas *schemas, struct report *report, int exit_code);

void schemas_done(struct schemas *schemas);

#endif
