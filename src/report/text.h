/* The parts of the text report: private to text*.c, each prints one section or nothing.
 *
 * Every text from outside goes through human_add_text before it meets a stream or a table.
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "base/buf.h"
#include "report/model.h"

enum text_color { COLOR_PLAIN, COLOR_BOLD, COLOR_DIM, COLOR_GOOD, COLOR_BAD, COLOR_ODD };

struct text {
    const struct report *report;
    const struct report_options *options;
    FILE *out;
};

/* Tenants with the same move: from where, to where, by which steps. */
struct text_move {
    uint32_t from; /* numbers of the model */
    uint32_t half;
    uint32_t dialect; /* 0 where tenants of all are together */
    uint32_t to;
    uint32_t steps;
};

/* Names shown of tenants that share something; the others are only counted. */
enum { TEXT_NAMES = 10 };

struct text_group {
    struct text_move move;
    size_t count;
    uint32_t rows[TEXT_NAMES];
};

struct text_groups {
    struct text_group *items; /* the largest first */
    size_t count;
    size_t capacity;
    struct arena arena;
};

/* ---- text.c -------------------------------------------------------------------------------- */

/* The ANSI sequence; NULL for none, as tables want it. */
const char *text_color(const struct text *text, enum text_color color);
enum text_color text_state_color(enum tenant_state state);
enum text_color text_run_color(enum run_state state); /* RUN__COUNT: never begun */

/* A line of its own after an empty one, bold where there is color. */
void text_heading(const struct text *text, const char *title);

/* ---- text_group.c -------------------------------------------------------------------------- */

enum text_grouping {
    GROUP_BY_MOVE,
    GROUP_BY_REVISION, /* where they stand */
    GROUP_BY_SCRIPT,   /* by the move, and the dialect: they would run the same SQL */
};

/* Groups the rows that `is_wanted`. */
void text_groups_init(struct text_groups *groups, const struct report *report,
                      bool (*is_wanted)(const struct report_row *row), enum text_grouping by);
void text_groups_done(struct text_groups *groups);

/* ---- text_words.c -------------------------------------------------------------------------- */

/* Ids joined by ", "; `base` where there are none. With `has_marks` as Alembic's `current`: each
 * with ` (head)` where it is one. */
void text_add_ids(const struct text *text, struct buf *buf, uint32_t ids, bool has_marks);

/* ` + r3 (partial: 2 of 4 statements)` after the revisions; nothing where nothing is half done. */
void text_add_half(const struct text *text, struct buf *buf, uint32_t half);

/* `from -> to`; once where they are the same. */
void text_add_move(const struct text *text, struct buf *buf, const struct text_move *move);

/* `acme, globex and 3 more`. */
void text_add_names(const struct text *text, struct buf *buf, const uint32_t *rows, size_t total);

/* Rows of the error's tenants, TEXT_NAMES at most, into `ret_rows`. */
void text_error_rows(const struct text *text, const struct report_error *error,
                     uint32_t ret_rows[TEXT_NAMES]);

/* A server's text may have several lines: each is printed as one, those after the first with `indent` before
 * them. The first goes on where the stream stands. */
void text_lines(const struct text *text, const char *lines, const char *indent);

/* ---- text_moves.c -------------------------------------------------------------------------- */

/* How many groups are shown, and a line about the others. */
size_t text_moves_shown(const struct text *text, const struct text_groups *groups);
void text_moves_rest(const struct text *text, const struct text_groups *groups);

/* ---- the sections -------------------------------------------------------------------------- */

void text_moves(const struct text *text);        /* text_moves.c */
void text_plan(const struct text *text);         /* text_plan.c */
void text_settled(const struct text *text);      /* text_plan.c: what `resolve` would write down */
void text_waves(const struct text *text);        /* text_waves.c */
void text_passwords(const struct text *text);    /* text_passwords.c */
void text_current(const struct text *text);      /* text_tenants.c */
void text_tenants(const struct text *text);      /* text_tenants.c */
void text_slowest(const struct text *text);      /* text_tenants.c */
void text_failures(const struct text *text);     /* text_failures.c */
void text_unreplicated(const struct text *text); /* text_notices.c */
void text_notices(const struct text *text);      /* text_notices.c */
void text_history(const struct text *text);      /* text_history.c */
void text_advice(const struct text *text);       /* text_advice.c */

#endif
