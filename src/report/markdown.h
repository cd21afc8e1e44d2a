/* What the files markdown*.c share: the comment while it is written.
 *
 * An item is gathered in `item` and then added as a whole, or not at all. Every text from outside goes through one of the functions below.
 */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H

#include "report/view.h"

enum {
    /* GitHub takes 65,536 characters. Up to where each section may go, so that none takes the room of the others: */
    ADVICE_END = 24000, /* of a plan, that has none: what its tenants' rows say */
    FORECAST_END = 25000,
    STEPS_END = 32000,
    FINDINGS_END = 42000,
    CAUSES_END = 50000,
    MOVES_END = 53000,
    SLOWEST_END = 55000,
    TENANTS_END = 59000,
    MARKDOWN_MAX = 60000,
    TEXT_MAX = 300, /* bytes of a text, */
    NAME_MAX_BYTES = 100,
    COMMAND_MAX = 2000,
    WAVES_SHOWN = 20,
    MACHINES_SHOWN = 20,
    SCHEMAS_SHOWN = 20,
};

struct markdown {
    const struct view *view;
    const struct report *report;
    struct buf out;
    struct buf item; /* that is added as a whole, where there is room */
};

/* False, and nothing is added: it would not end before `end`. The item is empty afterwards. */
bool markdown_item(struct markdown *markdown, size_t end);

/* `text` as code; markdown_cell for a cell of a table. Lines become one; at most `most` bytes. */
void markdown_code(struct buf *buf, const char *text, size_t most);
void markdown_cell(struct buf *buf, const char *text, size_t most);

/* Lines as they are, between fences. */
void markdown_block(struct buf *buf, const char *text, size_t most);

/* Into the item. */
void markdown_names(struct markdown *markdown, const uint32_t *rows, size_t total);

/* A folded part; what has no room is counted. */
void markdown_begin_details(struct markdown *markdown, const char *title, const char *header);
void markdown_end_details(struct markdown *markdown, size_t left, const char *noun);

/* An item of a list at the second level: words of ours, then a text from outside as code. */
void markdown_line(struct markdown *markdown, const char *words, const char *text);

/* markdown_foretold.c: what the tenants' rows and a rehearsal say of a plan; and of one group of tenants. */
void markdown_add_preflight(struct markdown *markdown);
void markdown_add_forecast(struct markdown *markdown);
void markdown_add_rehearsal(struct markdown *markdown, const struct view_group *group);

/* markdown_plan.c: what a plan would run, and what lint says of it. */
void markdown_add_steps(struct markdown *markdown);
void markdown_add_findings(struct markdown *markdown);

#endif
