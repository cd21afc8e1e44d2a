/* What a database says while all goes well: notices and warnings, of which a session keeps the first few.
 *
 * A revision may raise ten million: all are counted, equal ones are one, and no more than NOTICES_MAX different
 * ones are kept, those below a warning in half of the places. One kind is never lost among the others: that a
 * commit stands which a standby may not have.
 */
#ifndef BASE_NOTICE_H
#define BASE_NOTICE_H

#include "base/said.h"

struct revision;

/* The levels, from the lightest to the heaviest. */
enum notice_level {
    NOTICE_DEBUG,
    NOTICE_LOG,
    NOTICE_INFO,
    NOTICE_NOTICE,
    NOTICE_WARNING,
    NOTICE__COUNT
};

/* `debug`, …, `warning` */
const char *notice_level_name(enum notice_level level);

enum { NOTICE_CODE_SIZE = 16, NOTICES_MAX = 10 };

struct notice {
    enum notice_level level;
    /* something is committed, but perhaps not on a standby that should have it */
    bool is_unreplicated;
    bool quotes_values; /* what the text quotes are values of rows */
    char code[NOTICE_CODE_SIZE];
    const char *text;                /* at most SAID_MAX bytes */
    const struct said *said;         /* NULL: nothing */
    const struct revision *revision; /* that was being run; NULL: none */
    uint64_t count;
};

struct notices {
    uint64_t count; /* all that were said */
    uint64_t warning_count;
    struct notice items[NOTICES_MAX + 1]; /* one place is for that of an unreplicated commit */
    size_t kept;
};

/* Different ones that a run keeps over its whole fleet: a revision may name a row of its own in each tenant. What is
 * beyond is only counted, tenant by tenant. Those of unreplicated commits are never beyond. */
enum { NOTICES_OF_RUN_MAX = 1000 };

/* Would the notice be kept, and not only counted? */
bool notices_wants(const struct notices *notices, const struct notice *notice);

/* Counts one more notice; its texts are copied to the arena if it is kept. */
void notices_add(struct notices *notices, struct arena *arena, const struct notice *notice);

/* Leaves out what may be values of rows, as err_hide_values does for an error. New texts live in the arena. */
void notice_hide_values(struct notice *notice, struct arena *arena);

/* A commit stands which a standby may not have. */
bool notices_has_unreplicated(const struct notices *notices);

/* A copy in the arena; NULL where there is nothing to tell. */
const struct notices *notices_copy(struct arena *arena, const struct notices *notices);

#endif
