/* What the databases of a selection hold: one run that only looks, with the catalog of each tenant read.
 *
 *     struct survey survey;
 *     if (survey_read(&fleet, &request, &survey, &err)) … survey.items[i] is of fleet.tenants[i] …
 *     survey_done(&survey);
 *
 * Free it whether it was read or not.
 */
#ifndef LIBRARY_SURVEY_H
#define LIBRARY_SURVEY_H

#include "base/map.h"
#include "library/fleet.h"
#include "schema/canonical.h"

struct surveyed {
    bool is_read;                   /* all that follows but `err` is known */
    bool is_unchanged;              /* the run that was asked for would leave it where it stands */
    struct rows rows;               /* of the version table; of a dry run: as it would leave them */
    struct fingerprint fingerprint; /* by the rules of the request */
    const char *group;              /* engine and major versions (catalog.h) */
    const struct catalog *catalog;  /* NULL: not kept */
    const struct err *err;          /* NULL: none */
};

struct survey {
    struct arena arena;
    struct surveyed *items; /* by tenant of the fleet */
    size_t count, failed;
    int signal; /* that stopped it; 0: none */
};

/* Who sees the run. */
struct survey_show {
    struct observer observer;
    struct status *status;      /* kept up to date for the observer */
    void (*on_tick)(void *ctx); /* about ten times a second */
    void *tick_ctx;
};

struct survey_request {
    const struct request *request; /* `reads_catalog` must be set */
    const struct catalog_rules *rules;
    bool keeps_catalogs;
    bool takes_found; /* the rows are those that were found, and not those that a plan leads to */
    const struct survey_show *show; /* NULL: no one sees the run */
};

/* A survey of a run that the caller makes, whose request has `reads_catalog` and survey_listener: start, let the run be observed,
 * end. The survey and its request are borrowed; of the request only the rules and what is kept and taken count. */
struct surveying {
    struct survey *survey;
    const struct survey_request *request;
    struct map answered; /* digests of answers -> the first tenant that gave them */
};

void survey_start(struct surveying *surveying, const struct fleet *fleet,
                  const struct survey_request *request, struct survey *ret);
struct observer survey_observer(struct surveying *surveying);
struct catalog_listener survey_listener(struct surveying *surveying);
void survey_end(struct surveying *surveying);

/* False: it could not be begun. */
bool survey_read(struct fleet *fleet, const struct survey_request *request, struct survey *ret,
                 struct err *err) MUST_CHECK;
void survey_done(struct survey *survey);

#endif
