/* What the databases of a selection hold: one run that only looks, with the catalog of each tenant read.
 *
 *     struct fleet_catalogs catalogs;
 *     if (fleet_catalogs_read(&fleet, &request, &catalogs, &err)) … catalogs.items[i] is of fleet.tenants[i] …
 *     fleet_catalogs_done(&catalogs);
 *
 * Free it whether it was read or not.
 */
#ifndef LIBRARY_FLEET_CATALOGS_H
#define LIBRARY_FLEET_CATALOGS_H

#include "base/map.h"
#include "library/fleet.h"
#include "schema/canonical.h"

struct tenant_catalog {
    bool is_read;                   /* all that follows but `err` is known */
    bool is_unchanged;              /* the run that was asked for would leave it where it stands */
    struct rows rows;               /* of the version table; of a dry run: as it would leave them */
    struct fingerprint fingerprint; /* by the rules of the request */
    const char *group;              /* engine and major versions (catalog.h) */
    const struct catalog *catalog;  /* NULL: not kept */
    const struct err *err;          /* NULL: none */
};

struct fleet_catalogs {
    struct arena arena;
    struct tenant_catalog *items; /* by tenant of the fleet */
    size_t count, failed;
    int signal; /* that stopped it; 0: none */
};

/* Who sees the run. */
struct fleet_show {
    struct observer observer;
    struct status *status;      /* kept up to date for the observer */
    void (*on_tick)(void *ctx); /* about ten times a second */
    void *tick_ctx;
};

struct fleet_catalogs_request {
    const struct request *request; /* `reads_catalog` must be set */
    const struct catalog_rules *rules;
    bool keeps_catalogs;
    bool takes_found; /* the rows are those that were found, and not those that a plan leads to */
    const struct fleet_show *show; /* NULL: no one sees the run */
};

/* The same by a run that the caller makes, whose request has `reads_catalog` and fleet_catalogs_listener: start, let the run be
 * observed, end. The catalogs and the request are borrowed; of the request only the rules and what is kept and taken count. */
struct fleet_catalogs_reading {
    struct fleet_catalogs *catalogs;
    const struct fleet_catalogs_request *request;
    struct map answered; /* digests of answers -> the first tenant that gave them */
};

void fleet_catalogs_start(struct fleet_catalogs_reading *reading, const struct fleet *fleet,
                          const struct fleet_catalogs_request *request, struct fleet_catalogs *ret);
struct observer fleet_catalogs_observer(struct fleet_catalogs_reading *reading);
struct catalog_listener fleet_catalogs_listener(struct fleet_catalogs_reading *reading);
void fleet_catalogs_end(struct fleet_catalogs_reading *reading);

/* False: it could not be begun. */
bool fleet_catalogs_read(struct fleet *fleet, const struct fleet_catalogs_request *request,
                         struct fleet_catalogs *ret, struct err *err) MUST_CHECK;
void fleet_catalogs_done(struct fleet_catalogs *catalogs);

#endif
