/* A statement outside a transaction of which nobody knows whether it ran: what the database's catalog can
 * tell of it.
 *
 * `already exists` is no proof by itself: where a thing has a definition, it is compared. What cannot be
 * told stays unknown, for a person.
 */
#ifndef DRIVER_PROBE_H
#define DRIVER_PROBE_H

#include "base/compiler.h"

struct arena;

enum probe_answer {
    PROBE_UNKNOWN,
    PROBE_DONE,   /* it took effect */
    PROBE_UNDONE, /* it did not, or may be run again without harm */
    PROBE_BROKEN, /* it left something behind that must go first: `repair` */
};

struct probe {
    const char *sql;    /* one query -> one value: `done`, `undone`, `broken`, `unknown`, or
                            `is DEFINITION` of what is there. NULL: nothing can be told */
    const char *repair; /* a statement, to be run outside a transaction; NULL: none */
    bool (*is_same)(struct arena *arena, const char *statement, const char *definition);
};

/* What the answer means; `value` NULL: no row. */
enum probe_answer probe_judge(const struct probe *probe, struct arena *arena, const char *statement,
                              const char *value);

#endif
