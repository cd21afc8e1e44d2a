/* The walk through the statements of a plan. Only the files of preflight/ include this. */
#ifndef PREFLIGHT_PREFLIGHT_PRIVATE_H
#define PREFLIGHT_PREFLIGHT_PRIVATE_H

#include "preflight/preflight.h"

struct walk {
    struct preflight *preflight;
    const struct dialect *dialect;
    struct deeds deeds;  /* of all statements so far */
    size_t *first;       /* by statement: its first deed */
    const char **sql;    /* by statement, NUL-terminated */
    const char **untold; /* by statement: what it does that no deed tells of; NULL: nothing */
    size_t statement;    /* under way */
};

struct preflight_names_list {
    const char **items;
    size_t count;
};

/* A deed that is asked about, and what is known of its tables. */
struct asked {
    const struct deed *deed;
    struct question_view own, parent;
    struct preflight_names_list names; /* that its tables have on the way from what is there now */
};

/* Names are the same whatever their case; NULL is no name. */
bool preflight_is_same(const char *a, const char *b);

/* The statement that the deed is of, by its number. */
size_t preflight_statement_of(const struct walk *walk, size_t deed);

/* All names that the deed's tables have on the way from what is there now, by deeds before the number. */
struct preflight_names_list preflight_names(const struct walk *walk, const struct deed *deed,
                                            size_t before);

/* The last deed before that made the table; NULL: none did, or it may have been there. */
const struct deed *preflight_maker_of(const struct walk *walk, const char *table, size_t before);
size_t preflight_index_of(const struct walk *walk, const struct deed *deed);

/* `a.sql:12` of the statement, or `the same statement`. */
const char *preflight_place_of(const struct walk *walk, size_t statement);

bool preflight_changes_rows(const struct deed *deed);
bool preflight_is_of_revision(const struct walk *walk, size_t statement);

/* ---- written.c ---- */

/* Is it an INSERT, an UPDATE or a DELETE? */
bool preflight_is_written(const struct deed *deed);

/* Is it a table that the plan makes, and its dialect asks about as a whole? */
bool preflight_is_rebuild(const struct walk *walk, const struct deed *deed);

/* Why what the statement reads, of a table that is built anew or of another, is not as it is now; NULL: it is. */
const char *preflight_find_source_block(const struct walk *walk, const struct deed *asked,
                                        const struct question *question);
const char *preflight_find_written_block(const struct walk *walk, const struct deed *asked);

/* Names of the tables that earlier statements do something to. */
struct deed_texts preflight_touched_before(const struct walk *walk);

/* When its revision ends: it drops or renames a table. */
bool preflight_looks_for_orphans(const struct walk *walk);

bool preflight_is_told_already(const struct preflight *preflight,
                               const struct preflight_item *item);

/* Tells that no catalog has the table yet, and what was made on it before it is filled. */
void preflight_tell_made(const struct question_request *request, struct questions *questions);
void preflight_tell_made_on(const struct walk *walk, const struct question_request *request,
                            struct questions *questions);

/* Has the request see the tables as they are now, by the deeds before the number; its deed is then `ret_seen`. False: that cannot be
 * said, or nothing has changed. */
bool preflight_see(struct walk *walk, size_t own, struct question_request *request,
                   struct deed *ret_seen);

#endif
