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

/* Has the request see the tables as they are now, by the deeds before the number; its deed is then `ret_seen`. False: that cannot be
 * said, or nothing has changed. */
bool preflight_see(struct walk *walk, size_t own, struct question_request *request,
                   struct deed *ret_seen);

#endif
