/* What the files html_*.c share: the page's data while it is written.
 *
 * Its first members are the JSON report's own. Tenants are arrays that name by numbers what is in the tables at the end
 * (places, labels, scripts, texts, …), so that a hundred thousand of them are a few megabytes. Each file writes some of the
 * members, by the html_put_… below; html_data.c has the order.
 */
#ifndef REPORT_HTML_DATA_H
#define REPORT_HTML_DATA_H

#include "report/html.h"
#include "report/json.h"
#include "report/view_lint.h"
#include "report/view_preflight.h"

struct html_data {
    const struct view *view;
    const struct report *report;
    struct json_stream stream;
    struct arena arena;
    /* tables, each entry a JSON text */
    struct intern places;
    struct intern labels;
    struct intern scripts; /* lists of steps, without their times */
    struct intern texts;
    struct intern saids;
    struct intern halves;
    struct intern lint_counts; /* errors, warnings, notes, and what is allowed */
    struct intern seens;       /* what a rehearsal saw, without how much */
    struct intern seen_keys;   /* the same as it is in the model, */
    uint32_t *seen_numbers;    /* and its number among `seens` */
    size_t seen_count, seen_capacity;
    struct view_lint lint;
    struct view_preflight preflight;
    struct intern ids;
    const struct report_row *last; /* whose script was entered last; NULL: none */
    uint32_t last_script;
    uint32_t last_ids,
        last_entry; /* the revisions that were entered last, and their number among `ids` */
    bool has_last_ids;
    const struct cause *last_source; /* whose lines of source `source` has, as JSON; NULL: none */
    struct buf source;
    struct buf json; /* of an entry, */
    struct buf line; /* of a tenant, */
    struct buf more; /* and of its last element: members, each after a comma */
    struct buf words;
};

/* A member of the object that is open. Rows: VIEW_NAMES at most. NULL: null. */
void html_put_size(struct html_data *data, const char *key, size_t count);
void html_put_text(struct html_data *data, const char *key, const char *text);
void html_put_rows(struct html_data *data, const char *key, const uint32_t *rows, size_t count);
void html_put_or_null(struct html_data *data, const char *key, json_t *value);

/* Begins an entry, which is to be added as JSON to the buffer (borrowed until html_end), and ends it: its number in the
 * table. html_enter does both. */
struct buf *html_begin(struct html_data *data);
uint32_t html_end(struct html_data *data, struct intern *table);
uint32_t html_enter(struct html_data *data, struct intern *table, json_t *value);
int html_enter_ids(struct html_data *data, uint32_t ids); /* -1: not known */
uint32_t html_enter_text(struct html_data *data, const struct tenant *tenant, const char *text);

/* html_run.c: verdict, states, what to do, waves, from where to where, revisions, the slowest, attempts. */
void html_put_run(struct html_data *data);

/* html_causes.c */
void html_put_shared(struct html_data *data, const struct view_shared_item *item);
void html_put_causes(struct html_data *data);
void html_put_notices(struct html_data *data);

/* html_plan.c: what the rows and a rehearsal say of a plan; and of one tenant, into `more`. */
void html_put_plan(struct html_data *data);
void html_add_plan(struct html_data *data, const struct report_row *row);

/* html_tenants.c */
void html_put_tenants(struct html_data *data);

#endif
