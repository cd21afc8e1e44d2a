/* The report's model, and how it is written: one object filled by events, written in many formats.
 *
 * report_apply takes every event of a run, in order. After EVENT_RUN_FINISHED the model is
 * complete: every tenant of the selection is in it, those never begun as `skipped`, and the totals
 * add up. The model copies what it keeps (compactly: it must stay well under 1 KiB a tenant at
 * 100,000 tenants; equal revision lists and errors are shared). It borrows the tenants and the
 * chain of run_info, which must outlive it; everything else an event points to may go after the
 * call.
 *
 *     struct report *report = report_new();
 *     report_apply(report, &event);  …
 *     report_format_find("json")->write(report, &options, stdout);
 *     exit(report_exit_code(report));
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "event/event.h"

struct buf;
struct told_findings;
struct timings;
struct report;

/* The caller frees it; NULL is fine. */
struct report *report_new(void);
void report_free(struct report *report);

/* Takes the next event of the run. The first is EVENT_RUN_STARTED. */
void report_apply(struct report *report, const struct event *event);

/* For a report of some tenants: what the runs of a ledger did to each of them, tenant after tenant, the newest first.
 * Borrowed until the report is written. */
void report_set_visits(struct report *report, const struct visit *visits, size_t count);

/* Of a run that several machines may share, after its end: it tells only of what this one saw, since the ledger was lost. A tenant that it
 * calls skipped may be done elsewhere. Nothing changes where the ledger never had the run: then no other machine could join it. */
void report_set_own_part(struct report *report);

/* The SQL that runs is not shown, whatever the events have of it. To be said before the first. */
void report_hide_sql(struct report *report);

/* What a tenant's database holds, beside what its revision says. */
enum schema_verdict {
    SCHEMA_UNREAD, /* it could not be read, or there is no database yet */
    SCHEMA_EXPECTED,
    SCHEMA_DIFFERS,
    SCHEMA_UNKNOWN, /* what it should hold cannot be known: `reason` */
    SCHEMA__COUNT
};

struct report_schema {
    enum schema_verdict verdict;
    const char *fingerprint; /* hexadecimal digits; NULL: SCHEMA_UNREAD */
    const char *expected;    /* NULL: not known */
    const char *reason;      /* SCHEMA_UNKNOWN; else NULL */
};

/* What earlier runs tell of the time that the steps of a dry run would take. Borrowed until the report is written. */
void report_set_timings(struct report *report, const struct timings *timings);

/* By tenant. Borrowed until the report is written. */
void report_set_schemas(struct report *report, const struct report_schema *schemas);

/* What lint says of what a plan would run. Borrowed until the report is written. */
void report_set_findings(struct report *report, const struct told_findings *findings);

/* RUN_RUNNING until EVENT_RUN_FINISHED. */
enum run_state report_state(const struct report *report);

/* How many tenants are in the state by now. */
size_t report_total(const struct report *report, enum tenant_state state);

/* How many tenants an upgrade leaves as they are, since they stand above its target. */
size_t report_above(const struct report *report);

/* "3 tenants stand above r2: 'skein downgrade r2' would take them there; an upgrade leaves them" */
void report_add_above(struct buf *buf, const struct report *report);

/* 0, 1, 3, 4, 130 or 143 as documented; `signal` is the one that stopped the run, 0: none. 6 (the
 * ledger cannot be written) comes before all of these, and is the caller's to know. */
int report_exit_code(const struct report *report, int signal);

struct report_options {
    bool has_color;
    bool is_verbose; /* every tenant, not only those worth a look */
    bool is_summary; /* of where tenants stand, only how many do so where */
    int width;       /* of the terminal in columns; 0: not a terminal, never truncate */
};

struct report_format {
    const char *name; /* text, json, csv, … */
    bool (*write)(const struct report *report, const struct report_options *options, FILE *out,
                  struct err *err);
};

/* NULL: no such format. */
const struct report_format *report_format_find(const char *name);
const struct report_format *report_format_at(size_t index); /* NULL past the last */
const char *report_format_name_at(size_t index);            /* a choice (choice.h) */

#endif
