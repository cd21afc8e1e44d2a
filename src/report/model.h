/* The report's insides, for those in this folder that write it: read only.
 *
 * Everything that tenants share is kept once and known by a number (base/intern.h): lists of
 * revision ids, lists of steps, errors. What is left is a row of some 64 bytes a tenant, and 4
 * bytes a step for its duration.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/intern.h"
#include "base/map.h"
#include "event/moment.h"
#include "lint/told.h"
#include "report/cause.h"
#include "report/report.h"

#define REPORT_NONE UINT32_MAX

/* A step without its duration; interned, so all bytes count and none may be padding. */
struct report_step {
    const struct revision *revision; /* NULL: rows of the version table went, nothing else */
    uint32_t direction;              /* enum direction */
    uint32_t statements;
    uint32_t commits_itself; /* a boolean */
    uint32_t destroys_data;  /* a boolean; of a dry run alone */
};

/* What the statements of a step that repeat did. */
struct report_batches {
    uint64_t batches, rows;
};

/* A struct half_step; interned, so without padding. */
struct report_half {
    const char *revision; /* interned */
    const char *run;
    uint32_t direction;
    uint32_t statements;
    uint32_t of;
    uint32_t is_in_doubt;
};

struct step_list {
    const struct report_step *steps;
    size_t count;
};

/* One cause, and the tenants it befell. */
struct report_error {
    struct cause key;
    const char *statement; /* of the first tenant's; NULL: none */
    uint32_t first_row;    /* the tenants follow through report_row.next_same_error */
    uint32_t last_row;
    uint32_t row_count;
    /* after the end: not all of its tenants' databases said the same beside the text */
    bool has_other_words;
    bool has_other_texts; /* after the end: the texts themselves are not all the same */
};

/* A notice that one tenant's database gave. */
struct report_heard_item {
    uint32_t notice; /* index into report->notices */
    uint32_t row;
    uint64_t count;
    /* of the same notice, in order of the selection; NULL: the last */
    struct report_heard_item *next;
};

/* An attempt that was followed by another. */
struct report_retry {
    uint32_t row;
    uint32_t attempt;   /* from 1 */
    uint64_t delay_ms;  /* until the next one */
    const char *text;   /* why, interned */
    const char *detail; /* what is the tenant's own in it: who was in the way; NULL: nothing */
};

/* What one tenant's database said while all went well. */
struct report_heard {
    uint64_t count; /* of all, kept or not */
    uint64_t warning_count;
    struct report_heard_item *items;
    size_t item_count;
};

/* A notice, and the tenants whose databases gave it. */
struct report_notice {
    enum notice_level level;
    bool is_unreplicated;
    const char *code;
    const char *text;
    const struct revision *revision; /* NULL: none */
    const struct said *said;         /* of the tenant that came first; NULL: nothing */
    struct report_heard_item *first_item, *last_item; /* after the end */
    size_t row_count;
    uint64_t count;
};

struct report_row {
    enum tenant_state state;
    bool is_from_known;
    bool stands_above;       /* unchanged by an upgrade, since it stands above the target */
    enum dialect_id dialect; /* whose sections it runs, where it was reached */
    bool is_carried; /* this run did not come to it, and what is told of it is an earlier run's */
    uint32_t from;   /* number of an id list */
    uint32_t to;     /* the same; REPORT_NONE: no one could look */
    uint32_t half;   /* number of a step that it was found in the middle of; REPORT_NONE: none */
    uint32_t steps;  /* number of a step list; REPORT_NONE where the tenant never began */
    uint32_t error;  /* index into report->errors; REPORT_NONE: none */
    uint32_t next_same_error; /* in order of the selection; REPORT_NONE: the last */
    uint32_t attempts;
    const float *step_ms; /* a duration a step; NULL: none */
    const char *text;     /* of its error, interned; NULL: none */
    /* what is the tenant's own in its error, told after the error's text; NULL: nothing */
    const char *detail;
    const struct said *said; /* beside its error's text; equal ones are one; NULL: nothing */
    const struct report_heard *heard; /* NULL: nothing */
    double duration_ms;
    double started_ms;
    const struct weighed *weighed;            /* NULL: nothing was asked */
    const struct seen *seen;                  /* its texts are interned; NULL: nothing */
    const struct preflight_answer *preflight; /* NULL: the rows were not asked */
    uint32_t weighed_count, seen_count, preflight_count;
    enum rehearsed_at rehearsed;
};

struct report_wave {
    const char *name;
    /* RUN_RUNNING: begun, and ends as the run does; RUN__COUNT: never begun */
    enum run_state state;
    size_t tenant_count;
    size_t failed_count;           /* after the end */
    int64_t ended_at_ms;           /* since the epoch; 0: it has no end */
    const struct run_wave *rules;  /* what was asked of it; NULL: not known */
    struct wave_forecast forecast; /* the last one that was made; `tenants` 0: none was */
    double
        took_ms; /* after the end: from its first tenant to its last, pauses left out; 0: none was begun, or not all are told of */
};

struct report {
    struct arena arena;
    struct run_info run; /* copied, but for `tenants` and `chain`, which are borrowed */
    enum run_state state;
    const struct halt *halt; /* why nothing more was begun; NULL: it was not so, or is not known */
    const char *halt_reason; /* the same in words; NULL: it was not so */
    struct moment *moments;  /* in their order */
    size_t moment_count, moment_capacity;
    bool hides_sql;        /* report_hide_sql */
    bool is_own_part;      /* report_set_own_part */
    bool rolls_back;       /* EVENT_RUN_ROLLS_BACK was seen */
    size_t selected_count; /* run_selected_count of it */
    double duration_ms;
    struct report_row *rows; /* as run.tenants */
    /* by tenant, where something repeats: of the step that was found half done, then one a step; NULL: nothing does */
    const struct report_batches **batches;
    struct report_wave *waves; /* as run.waves; one, `all`, where the run has none */
    size_t wave_count;
    size_t totals[TENANT__COUNT];
    size_t above_count; /* of the unchanged ones: they stand above the target of an upgrade */
    struct report_error *errors; /* after the end: the most frequent first */
    size_t error_count;
    size_t error_capacity;
    const struct told_findings *findings; /* of what runs, or would; NULL: it was not looked at */
    const struct report_schema *schemas;  /* by tenant; NULL: they were not asked for */
    const struct timings *timings; /* report_set_timings; NULL: nothing is known of earlier runs */
    const struct visit *visits;    /* report_set_visits; NULL: it tells of a whole run */
    size_t visit_count;
    struct report_notice *notices; /* after the end: the weightiest first, then the most frequent */
    size_t notice_count;
    size_t notice_capacity;
    struct report_retry *retries; /* as they came */
    size_t retry_count;
    size_t retry_capacity;
    struct intern strings;
    struct intern id_lists;    /* arrays of interned strings */
    struct intern halves;      /* structs report_half */
    struct intern step_lists;  /* arrays of report_step */
    struct intern saids;       /* structs said of interned strings */
    struct intern notice_keys; /* the number is the index into `notices` until the end */
    struct destroys *destroys; /* NULL: no step was asked about so far */
    struct causes causes;      /* the number is the index into `errors` until the end */
    const char **scratch_ids;  /* grows to the longest list seen */
    struct report_step *scratch_steps;
    size_t scratch_id_count;
    size_t scratch_step_count;
};

/* The list of ids of that number, borrowed; REPORT_NONE: unknown rows. */
struct rows report_ids(const struct report *report, uint32_t number);
/* NULL: of REPORT_NONE. */
const struct report_half *report_half(const struct report *report, uint32_t number);
/* The same for steps. */
struct step_list report_steps(const struct report *report, uint32_t number);

/* What of a step that would be taken a person should know first. Of a run that runs no scripts: nothing. */
struct step_marks {
    bool is_irreversible; /* on its way up: it has no down section */
    bool destroys_data;   /* it takes rows or values away for good (lint/destroys.h) */
    bool is_repeated;     /* a statement of it runs again and again, until it changes no row */
    bool is_outside;      /* a part of it runs outside a transaction, as its section says */
    bool commits_itself;  /* or a part of it commits by itself, whatever its section says */
    bool is_empty;
    bool is_checkpoint; /* it leads there from base, instead of the revisions that lie under */
};

struct step_marks report_step_marks(const struct report *report, const struct report_step *step,
                                    enum dialect_id dialect);

/* The tenants whose state says that it went wrong. */
size_t report_bad_count(const struct report *report);

/* notices.c: adds what a tenant's database said, and sorts it all at the end. */
void report_hear(struct report *report, struct report_row *row, const struct notices *notices);
void report_sort_notices(struct report *report);

/* kept.c: what tenants share, once. The text, interned. */
const char *report_keep_text(struct report *report, const char *text);

/* Numbers of equal ones are equal. REPORT_NONE: of rows that are not known, of no step. `before`: the list that the steps go
 * after; its durations, or NULL where none is known. */
uint32_t report_keep_ids(struct report *report, const struct rows *rows);
uint32_t report_keep_half(struct report *report, const struct half_step *half);
uint32_t report_keep_steps(struct report *report, uint32_t before, const struct outcome *outcome);
const float *report_keep_durations(struct report *report, const float *before, size_t before_count,
                                   const struct step_done *steps, size_t count);
/* Keeps what repeats; `before_count` steps of the row were kept before those of the outcome. */
void report_keep_batches(struct report *report, const struct report_row *row,
                         const struct outcome *outcome, size_t before_count);
/* Of the row: of the half step, then one a step; NULL: nothing repeats. */
const struct report_batches *report_batches_of(const struct report *report,
                                               const struct report_row *row);

/* errors.c: adds a tenant's error, and sorts them all at the end. */
void report_keep_error(struct report *report, struct report_row *row,
                       const struct outcome *outcome);
void report_sort_errors(struct report *report);

/* Adds an attempt that failed and is followed by another. */
void report_keep_retry(struct report *report, const struct event *event);

/* The text of the error's first tenant, as an example for all. */
const char *report_text_of(const struct report *report, const struct report_error *error);

/* A struct said of the report's own; NULL for NULL. */
const struct said *report_keep_said(struct report *report, const struct said *said);

/* What the database of the error's first tenant said, as an example for all; NULL: nothing. */
const struct said *report_example(const struct report *report, const struct report_error *error);

/* How long it stood still since someone had it pause, in ms. */
double report_paused_ms(const struct report *report);

/* Will everyone want to know what was foretold of its waves: one took longer, or the plan that was followed has kept it? */
bool report_compares_forecasts(const struct report *report);

/* The wave of a tenant. */
struct report_wave *report_wave_of(const struct report *report, size_t tenant);

/* `succeeded`, …; `skipped` where it was never begun. */
const char *report_wave_state(const struct report *report, const struct report_wave *wave);

/* `YYYY-MM-DDTHH:MM:SS.mmmZ` of milliseconds since the epoch. */
enum { REPORT_TIME_SIZE = 32 };
void report_format_time(int64_t at_ms, char ret_text[REPORT_TIME_SIZE]);

/* What every format ends with: did all of it reach the file? */
bool report_flush(FILE *out, struct err *err) MUST_CHECK;

extern const struct report_format report_format_text;
extern const struct report_format report_format_json;
extern const struct report_format report_format_csv;
extern const struct report_format report_format_junit;
extern const struct report_format report_format_markdown;
extern const struct report_format report_format_html;

#endif
