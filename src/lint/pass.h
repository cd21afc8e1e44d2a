/* One revision in one direction as one dialect runs it, while it is looked at: its statements, their deeds, and what was made of the schema so far. */
#ifndef LINT_PASS_H
#define LINT_PASS_H

#include "dialect/dialect.h"
#include "lint/lint.h"
#include "lint/shadow.h"

/* A waiver, and the statement that it stands before. */
struct pass_waiver {
    struct waiver *waiver;
    size_t statement;
};

struct pass_statement {
    const char *sql;
    size_t len;
    int line; /* of the file */
    bool is_transactional;
    bool has_probe;
    bool repeats;      /* until it changes no row, each time in a transaction of its own */
    size_t section;    /* of the revision's for this dialect */
    size_t first_deed; /* of the pass; those of the statement end where the next one's begin */
    size_t deed_end;
};

struct pass {
    const struct lint_request *request;
    struct lint *lint; /* where findings go */
    const struct dialect *dialect;
    unsigned bit; /* LINT_… of the dialect */
    const struct revision *revision;
    enum direction direction;
    const struct deeds *up; /* DIRECTION_DOWN: what its up sections do */
    bool is_told;           /* findings of this revision are asked for */
    struct pass_statement *statements;
    size_t count, capacity;
    struct deeds deeds;
    struct shadow shadow;
    const char **fresh; /* tables that this revision has made so far */
    size_t fresh_count, fresh_capacity;
    const char **filled; /* those of them that rows of other tables were copied to */
    size_t filled_count, filled_capacity;
    const char **made; /* all tables that it makes at any place */
    size_t made_count, made_capacity;
    bool sets_sequences;         /* something in it sets what a sequence gives next */
    struct pass_waiver *waivers; /* of this revision */
    size_t waiver_count, waiver_capacity;
};

/* Was the table made by this revision: does no one else know it? And is it empty, so far? */
bool pass_is_fresh(const struct pass *pass, const char *table);
bool pass_is_empty(const struct pass *pass, const char *table);

/* Adds a finding about the statement; the texts of the rule are filled from the deed. `statement` SIZE_MAX: about the revision. */
void pass_tell(struct pass *pass, enum rule_id rule, size_t statement, const struct deed *deed);

/* pass_down.c: does the rule say of a down section only that it takes back what its up section did? */
bool pass_only_takes_back(const struct pass *pass, enum rule_id rule, const struct deed *deed);

/* All rules (signs.c by single deeds, checks.c by what stands around them). */
void pass_check_signs(struct pass *pass, size_t statement, const struct deed *deed);
void pass_check_deed(struct pass *pass, size_t statement, const struct deed *deed);
void pass_check_revision(struct pass *pass);

#endif
