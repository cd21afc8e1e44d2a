/* A survey: what the tables of many tenants say, read on one connection instead of a look at each: of schemas of one database
 * (on request with what their catalogs hold), or of databases of one server (DIALECT_SURVEYS_DATABASES).
 *
 * It is an opinion, not a lock: a tenant that is to be changed is locked and looked at all the same. It answers only for
 * tenants that are as usual (a schema of their own that is named, or a database, with a version table that may be read); for
 * all others, and where the survey fails, nothing is known, and the session looks. A server of many databases is not surveyed
 * where connections to it are for single use (another server may have one of them), or where it has a warning for each tenant.
 *
 *     struct survey *survey = survey_new(links, &options);
 *     if (survey_begin(survey, &wave)) …on_done comes later, once all have answered…
 *     survey_of(survey, tenant)            NULL: nothing is known
 */
#ifndef ROLLOUT_SURVEY_H
#define ROLLOUT_SURVEY_H

#include "base/grid.h"
#include "event/event.h"
#include "link/link.h"

struct map;
struct survey;

/* Answers to SQL_VERSIONS and SQL_HISTORY (or _NEWEST). */
struct surveyed {
    struct grid versions, history;
    bool is_known, has_history;
    bool has_catalog;         /* it was told */
    const struct map *tables; /* a set of names, as the catalog has them; NULL: not asked for */
    const char *identity;     /* of the database: answer to SQL_IDENTITY */
    const char *schema;       /* as SQL_INSPECT says it */
    const struct dialect *variant; /* that its server speaks; NULL: no variant */
};

struct survey_options {
    const struct run_info *run; /* its tenants have their numbers among the links */
    const char *version_table;
    bool wants_history; /* all of it; else its newest row */
    /* told of each tenant that is known, as of the time when its versions were read; no one: catalogs are not read */
    struct catalog_listener catalogs;
    bool wants_tables; /* with the names of tables and views in them */
};

struct survey *survey_new(struct links *links, const struct survey_options *options);
void survey_free(struct survey *survey); /* nothing may be under way */

struct survey_wave {
    uint32_t number;
    uint32_t connections; /* at once, at most; at least 1 */
    void (*on_done)(void *ctx);
    void *ctx;
};

/* Asks for the tenants of the wave, of each database that so many of them share that it is worth it. False: there is none,
 * and on_done does not come. What an earlier wave was told is forgotten. */
bool survey_begin(struct survey *survey, const struct survey_wave *wave);

/* What is under way ends soon; on_done comes then. */
void survey_cancel(struct survey *survey);

const struct surveyed *survey_of(const struct survey *survey, size_t tenant);

#endif
