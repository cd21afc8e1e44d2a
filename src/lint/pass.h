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
    bool repeats;       /* until it changes no row, each time in a transaction of its own */
    size_t transaction; /* statements of one transaction have the same number */
    size_t section;     /* of the revision's for this dialect */
    size_t first_deed;  /* of the pass; those of the statement end where the next one's begin */
    size_t deed_end;
};

/* Rows of `source`, as it was called then, that the deed puts into `table`. */
struct pass_copy {
    size_t deed, statement;
    const char *table, *source;
    const char *leaves_out; /* the words that leave rows out; NULL: it takes all */
    bool takes_all_columns; /* by `*` */
    bool is_new;            /* the deed makes the table */
};

/* `whom` (deed_for_…) is kept from the table from the statement on, to the end of the transaction. */
struct pass_lock {
    const char *table, *whom;
    size_t statement;
};

/* It takes as long as its table is large. */
struct pass_work {
    struct deed deed;
    size_t statement;
};

/* Rows that the statement has changed are looked at when the transaction is committed. */
struct pass_event {
    const char *table;
    size_t statement;
};

struct pass {
    const struct lint_request *request;
    struct lint *lint; /* where findings go */
    const struct dialect *dialect;
    unsigned bit; /* LINT_… of the dialect */
    const struct revision *revision;
    enum direction direction;
    const struct deeds *up; /* DIRECTION_DOWN: what its up sections do */
    unsigned char *losses;  /* by file: bits 1 << direction; NULL: no one asks for them */
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
    struct pass_copy *copies;
    size_t copy_count, copy_capacity;
    struct pass_lock *locks;
    size_t lock_count, lock_capacity;
    struct pass_work *works;
    size_t work_count, work_capacity;
    struct pass_event *events; /* of the transaction `events_of` */
    size_t event_count, event_capacity, events_of;
    enum deed_time constraints;  /* what SET CONSTRAINTS says there; DEED_AT_ONCE_UNLESS: nothing */
    bool sets_sequences;         /* something in it sets what a sequence gives next */
    struct pass_waiver *waivers; /* of this revision */
    size_t waiver_count, waiver_capacity;
};

/* Was the table made by this revision: does no one else know it? And is it empty, so far? */
bool pass_is_fresh(const struct pass *pass, const char *table);
bool pass_is_empty(const struct pass *pass, const char *table);

/* Does the revision make the table at any place? */
bool pass_is_ever_fresh(const struct pass *pass, const char *table);

/* Has the same revision added the column before the deed: does no application know it? */
bool pass_is_new_column(const struct pass *pass, const struct deed *deed);

/* Of names, either of which may be NULL. */
bool pass_is_same(const char *a, const char *b);

/* The revision takes rows or values away for good (destroys.h), whether that is told or not. */
void pass_lose(struct pass *pass);

/* Adds a finding about the statement; the texts of the rule are filled from the deed. `statement` SIZE_MAX: about the revision. */
void pass_tell(struct pass *pass, enum rule_id rule, size_t statement, const struct deed *deed);

/* deed_words.c: the deed with what the texts of the rule say of it instead of its own words. */
struct deed pass_told_deed(enum rule_id rule, const struct deed *deed);

/* pass_down.c: does the rule say of a down section only that it takes back what its up section did? */
bool pass_only_takes_back(const struct pass *pass, enum rule_id rule, const struct deed *deed);

/* All rules: signs.c by single deeds, checks.c by what stands around them. */
void pass_check_signs(struct pass *pass, size_t statement, const struct deed *deed);
void pass_check_deed(struct pass *pass, size_t statement, const struct deed *deed);
void pass_check_revision(struct pass *pass);

/* locks.c: of each deed, in their order; at the end; and work that only a rule knows to be long. */
void pass_note_locks(struct pass *pass, size_t statement, const struct deed *deed);
void pass_note_work(struct pass *pass, size_t statement, const struct deed *deed);
void pass_check_locks(struct pass *pass);
void pass_check_events(struct pass *pass, size_t statement, const struct deed *deed);

/* rebuild.c: tables that go, are renamed, or are built anew. */
void pass_find_copies(struct pass *pass);
bool pass_is_copied(const struct pass *pass, const struct deed *dropped);
void pass_check_drop(struct pass *pass, size_t statement, const struct deed *deed);
void pass_check_rename(struct pass *pass, size_t statement, const struct deed *deed);

#endif
