/* What a report says, decided once: which lines stand in it, in which order, and what to do next. A format lays them out,
 * and escapes them: every text here is as it came, on one line unless said otherwise, and may hold anything but NUL.
 *
 * The tenants themselves, the causes and the notices are in the model (model.h), in the order in which they are told.
 *
 *     struct view view;
 *     view_init(&view, report);        after the run has ended, or of one that goes on as the ledger tells it
 *     …
 *     view_done(&view);                everything but the report goes
 */
#ifndef REPORT_VIEW_H
#define REPORT_VIEW_H

#include "base/buf.h"
#include "report/model.h"

enum {
    VIEW_NAMES = 10,  /* names told of tenants that share something; the others are only counted */
    VIEW_SLOWEST = 5, /* tenants */
};

/* Tenants with the same move: from where, to where, by which steps. */
struct view_move {
    uint32_t from; /* numbers of the model */
    uint32_t half;
    uint32_t dialect; /* 0 where tenants of all are together */
    uint32_t to;
    uint32_t steps;
};

struct view_group {
    struct view_move move;
    size_t count;
    uint32_t rows[VIEW_NAMES];
};

struct view_groups {
    struct view_group *items; /* the largest first */
    size_t count;
    size_t capacity;
    struct arena arena;
};

struct view_headline {
    const char *command; /* `upgrade head` */
    bool is_dry;         /* of a command that could have changed something */
    const char *state;   /* `halted` */
    const char *run;     /* `run ID, started …, resumes ID` */
    const char
        *origin;      /* `by alice@db1, 2 of 41 tenants, --select 'tier=canary'`; NULL: not known */
    const char *halt; /* why nothing more was begun; NULL: it was not so, or the causes say it */
    const char *halt_output; /* lines that a gate printed; NULL: none */
};

struct view_total {
    const char *words;
    enum tenant_state state;
    bool is_above; /* of the unchanged ones, those above the target of an upgrade */
    size_t count;
};

struct view_wave {
    const char *name;
    const char *words;    /* of its state */
    enum run_state state; /* RUN__COUNT: never begun */
    size_t tenant_count;
    size_t failed_count;
};

/* The step of a tenant that took longest. */
struct view_slow {
    uint32_t row;
    double share;         /* of its time that all of its steps took, 0 to 1 */
    const char *revision; /* `base`: rows of the version table; NULL: it has no step */
    double step_ms;
};

/* What is true, what to do, and how. Each but the rows may be NULL. */
struct view_advice {
    uint32_t rows[VIEW_NAMES]; /* the first tenants that it is about */
    size_t row_count;          /* of all that it is about; 0: the run */
    const char *truth;         /* follows the tenants' names, or is a sentence */
    const char *deed;          /* before the command */
    const char *command;       /* for a shell, quoted where it must be */
    const char *remark;        /* after the command */
};

struct view {
    const struct report *report; /* borrowed */
    struct view_headline headline;
    struct view_total *totals; /* states that a tenant is in */
    size_t total_count;
    struct view_wave *waves;
    size_t wave_count;            /* at least one */
    struct view_groups moves;     /* what a run has done */
    struct view_groups standings; /* where the tenants stand that could be asked */
    struct view_slow slowest[VIEW_SLOWEST];
    size_t slowest_count; /* 0: no two tenants did a step */
    struct view_advice *advice;
    size_t advice_count;
    struct arena arena;
};

void view_init(struct view *view, const struct report *report);
void view_done(struct view *view);

/* ---- view_advice.c ------------------------------------------------------------------------- */

void view_add_advice(struct view *view);

/* What to do about a cause, by its class; NULL: its text says it. */
const char *view_cause_advice(const struct report_error *error);

/* ---- view_group.c -------------------------------------------------------------------------- */

enum view_grouping {
    GROUP_BY_MOVE,
    GROUP_BY_REVISION, /* where they stand */
    GROUP_BY_SCRIPT,   /* by the move, and the dialect: they would run the same SQL */
};

/* Groups the rows that `is_wanted`. */
void view_groups_init(struct view_groups *groups, const struct report *report,
                      bool (*is_wanted)(const struct report_row *row), enum view_grouping by);
void view_groups_done(struct view_groups *groups);

/* Is the row one of a group, by script, of tenants that would change? The group itself knows only the first of them. */
bool view_group_has(const struct view_group *group, const struct report_row *row);

/* ---- view_verdict.c ------------------------------------------------------------------------ */

/* `2 of 40 tenants failed, 3 were not begun; no tenant is half-way` */
void view_add_verdict(const struct view *view, struct buf *buf);

/* ---- view_words.c -------------------------------------------------------------------------- */

/* Ids joined by ", "; `base` where there are none. With `has_marks` as Alembic's `current`: each with ` (head)` where it
 * is one. */
void view_add_ids(const struct report *report, struct buf *buf, uint32_t ids, bool has_marks);

/* ` + r3 (partial: 2 of 4 statements)` after the revisions; nothing where nothing is half done. */
void view_add_half(const struct report *report, struct buf *buf, uint32_t half);

/* `from -> to`; once where they are the same. */
void view_add_move(const struct report *report, struct buf *buf, const struct view_move *move);

/* `2 revisions`, `unchanged`, `rolled back`, `in doubt`: what the move took. */
void view_add_effort(const struct report *report, struct buf *buf, const struct view_move *move);

/* `acme, globex and 3 more`. */
void view_add_names(const struct report *report, struct buf *buf, const uint32_t *rows,
                    size_t total);

/* `sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12` */
void view_add_location(struct buf *buf, const struct cause *key);

/* `ci-7:4711`: where a machine's process is, or was. As it came from outside. */
void view_add_process(struct buf *buf, const struct run_machine *machine);

/* `irreversible, outside a transaction`; nothing where there is none. */
void view_add_marks(struct buf *buf, const struct step_marks *marks);

/* Rows of the error's tenants, VIEW_NAMES at most, into `ret_rows`. */
void view_error_rows(const struct report *report, const struct report_error *error,
                     uint32_t ret_rows[VIEW_NAMES]);

#endif
