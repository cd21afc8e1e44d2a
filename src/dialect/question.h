/* What decides whether a deed will succeed on the rows that are there, as questions that only read. Pure.
 *
 * A question is SQL of the dialect in one of three forms: the rows that would not fit; a query that makes such a text from what the
 * catalog says; or a trial, a query that fails as the statement would. Where there is no safe form, it says why nothing is asked.
 *
 *     struct questions questions = {.arena = &arena};
 *     dialect->ask_rows(&(struct question_request){…}, &questions);
 */
#ifndef DIALECT_QUESTION_H
#define DIALECT_QUESTION_H

#include "dialect/deed.h"

struct dialect;

enum question_kind {
    QUESTION_NULLS,      /* rows that hold NULL */
    QUESTION_ROWS,       /* any rows: a new column has no value for them */
    QUESTION_DUPLICATES, /* values that several rows have */
    QUESTION_ORPHANS,    /* rows without a parent */
    QUESTION_CHECK,      /* rows that break a rule */
    QUESTION_CAST,       /* values that cannot become another type */
    QUESTION_LENGTH,     /* values that the type has no room for */
    QUESTION_BOUNDS,     /* rows that the partition is not for */
    QUESTION_VALUES,     /* values that an expression of them cannot be computed for */
    QUESTION__COUNT
};

/* As JSON has it: `nulls`, … */
const char *question_kind_name(enum question_kind kind);

struct question {
    enum question_kind kind;
    const char *table; /* whose rows */
    const char *other; /* whose rows decide, too; NULL: none */
    const char *about; /* a column, several, a constraint: for people */
    struct deed_texts
        depends;      /* texts that name all columns that it depends on; none: any may matter */
    const char *rows; /* what stands after FROM: each row of it does not fit; NULL: another form */
    const char *sample; /* an expression of those rows that shows which; NULL: nothing would */
    /* A query for a row of three: such a text for `rows`, or NULL: all fits; a sample, or NULL; why nothing can be asked,
     * or NULL. No row: there is no such thing yet. With `doubt`, of four: then such a text for rows of which it is not known, or NULL. */
    const char *lookup;
    const char *
        doubt; /* where such a row is, and none that does not fit: why that is not known. NULL: there is no doubt */
    const char *trial;  /* a query whose error of the class of values is the answer */
    const char *reason; /* why nothing is asked; NULL: it is */
    bool follows;       /* it has what earlier statements do to names and types (question_view) */
    bool reads_keys;    /* it is made from the keys and constraints that the catalog has */
    bool reads_any;     /* which tables it reads is what the catalog knows */
};

struct questions {
    struct arena *arena;
    struct question *items;
    size_t count, capacity;
};

struct buf;

/* `rows hold NULL in owner`, for people. */
void question_add_words(struct buf *buf, const struct question *question);

/* What earlier statements make of a column: `value`, an expression of the columns before it. */
struct question_layer {
    const char *column;
    const char *value;      /* a name in quotes, where the column was renamed */
    const char *was;        /* that name; NULL: it was not renamed */
    const char *definition; /* the type that the value becomes; NULL: its own */
    const char *type;       /* the same, in one spelling for each type */
    bool is_new;            /* no column before it has the name */
    size_t statement;       /* those of one statement see the row as it was before all of them */
};

/* A table as earlier statements of the plan leave it, by what is there now. */
struct question_view {
    const char *table;                   /* its name now */
    const struct question_layer *layers; /* the oldest first */
    size_t count;
    const size_t *deeds; /* those that it has in it, by number */
    size_t deed_count;
};

/* A deed, and what stands around it. */
struct question_request {
    const struct dialect *dialect;
    const struct deed *deed;  /* its texts see through `own` */
    const struct deed *shown; /* as it is written; NULL: `deed` is */
    const struct deed *deeds; /* of its statement, in their order */
    size_t count;
    const char *sql;     /* the statement, NUL-terminated */
    const char *made_by; /* the statement that made the deed's table before; NULL: none did */
    const char
        *was; /* the name that a table has had before: of `deed->other`; NULL: it is its own */
    struct question_view own, parent; /* of `deed->table` and `deed->other` */
    bool
        is_changed; /* the deed's texts are about the tables as the views leave them, which the dialect has to see through */
    bool is_new, is_other_new; /* the plan makes them, and they hold no rows */
    struct deed_texts
        touched; /* of INSERT, UPDATE, DELETE: names of all tables that earlier statements do something to */
    bool
        looks_for_orphans; /* the revision drops or renames a table, so SQLite's rows are looked at when it ends */
};

/* ---- for dialects ---------------------------------------------------------------------------- */

struct question *questions_add(struct questions *questions, enum question_kind kind,
                               const struct question_request *request);

/* The expression, which knows the table as the view tells, in terms of the table as it is now. NULL: that cannot be said. */
const char *question_see_through(struct arena *arena, const struct question_request *request,
                                 const struct question_view *view, const char *text);

/* The same of a column alone, by its name; NULL: there is no such column now. */
const char *question_column_now(const struct question_view *view, const char *column);

/* The deed's table as it is named now; `[schema.]table`. */
const char *question_relation(struct arena *arena, const struct question_request *request);

/* A text by itself. */
struct deed_texts question_text(struct arena *arena, const char *text);

/* Does the question depend on the column? */
bool question_depends(const struct question *question, const char *column);

/* `a, b` of the texts; with `before` put before each. */
const char *question_list(struct arena *arena, const struct deed_texts *texts, const char *before);

/* What most deeds need, of the rows of `relation`. */
void questions_add_nulls(struct questions *questions, const struct question_request *request,
                         const char *relation);
void questions_add_duplicates(struct questions *questions, const struct question_request *request,
                              const char *relation);
void questions_add_check(struct questions *questions, const struct question_request *request,
                         const char *relation);
/* `parents`: the rows of the parent; NULL: all of its table. */
void questions_add_orphans(struct questions *questions, const struct question_request *request,
                           const char *relation, const char *parents);

/* Nothing is asked, because. */
void questions_add_reason(struct questions *questions, enum question_kind kind,
                          const struct question_request *request, const char *reason);

/* The deed of the statement that adds the column; NULL: it does not. */
const struct deed *question_new_column(const struct question_request *request);

#endif
