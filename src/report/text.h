/* The parts of the text report: private to text*.c, each prints one section or nothing.
 *
 * Every text from outside goes through human_add_text before it meets a stream or a table.
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "report/view.h"

enum text_color { COLOR_PLAIN, COLOR_BOLD, COLOR_DIM, COLOR_GOOD, COLOR_BAD, COLOR_ODD };

struct text {
    const struct report *report;
    const struct view *view;
    const struct report_options *options;
    FILE *out;
};

struct table;

/* ---- text.c -------------------------------------------------------------------------------- */

/* The ANSI sequence; NULL for none, as tables want it. */
const char *text_color(const struct text *text, enum text_color color);
enum text_color text_state_color(enum tenant_state state);
enum text_color text_run_color(enum run_state state); /* RUN__COUNT: never begun */

/* A line of its own after an empty one, bold where there is color. */
void text_heading(const struct text *text, const char *title);

/* ---- text_words.c -------------------------------------------------------------------------- */

/* What view_words.c says, made harmless for a terminal. */
void text_add_ids(const struct text *text, struct buf *buf, uint32_t ids, bool has_marks);

void text_add_half(const struct text *text, struct buf *buf, uint32_t half);
void text_add_move(const struct text *text, struct buf *buf, const struct view_move *move);
void text_add_names(const struct text *text, struct buf *buf, const uint32_t *rows, size_t total);

/* A server's text may have several lines: each is printed as one, those after the first with `indent` before
 * them. The first goes on where the stream stands. */
void text_lines(const struct text *text, const char *lines, const char *indent);

/* ---- text_moves.c -------------------------------------------------------------------------- */

/* How many groups are shown, and a line about the others. */
size_t text_moves_shown(const struct text *text, const struct view_groups *groups);
void text_moves_rest(const struct text *text, const struct view_groups *groups);

/* ---- the sections -------------------------------------------------------------------------- */

void text_moves(const struct text *text);    /* text_moves.c */
void text_findings(const struct text *text); /* text_plan.c: of a run that follows a plan */
void text_plan(const struct text *text);     /* text_plan.c */
void text_settled(const struct text *text);  /* text_plan.c: what `resolve` would write down */
void text_forecast(
    const struct text *text); /* text_forecast.c: what the rehearsal says of the upgrade */
/* text_rehearsal.c: what the rehearsal of a group's plan saw */
void text_rehearsal(const struct text *text, const struct view_group *group);
void text_preflight(const struct text *text); /* text_preflight.c */
void text_waves(const struct text *text);     /* text_waves.c */
void text_machines(const struct text *text);  /* text_machines.c */
void text_moments(const struct text *text);   /* text_moments.c */
void text_passwords(const struct text *text); /* text_passwords.c */
void text_current(const struct text *text);   /* text_tenants.c */
void text_schemas(const struct text *text);   /* text_schemas.c */
void text_schema_cell(const struct text *text, struct table *table, size_t index);
void text_tenants(const struct text *text);      /* text_tenants.c */
void text_slowest(const struct text *text);      /* text_tenants.c */
void text_failures(const struct text *text);     /* text_failures.c */
void text_unreplicated(const struct text *text); /* text_notices.c */
void text_notices(const struct text *text);      /* text_notices.c */
void text_history(const struct text *text);      /* text_history.c */

#endif
