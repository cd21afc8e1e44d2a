/* What came of a rehearsal on a scratch database, of all tenants that stand at the same place and hold the same. Made by
 * library/rehearse_scratch.h; the sessions of these tenants tell it as theirs.
 */
#ifndef ROLLOUT_REHEARSED_H
#define ROLLOUT_REHEARSED_H

#include "event/event.h"

struct rehearsed {
    struct rows from;   /* where the tenants stood */
    const char *reason; /* why nothing was rehearsed; NULL: it was, and all that follows is known */
    enum scratch_schema
        schema; /* SCRATCH_BY_CHAIN: the chain has made what the tenants hold; else it was copied */
    struct step_done *steps; /* that went well, with their times */
    size_t step_count;
    /* SEEN_SCRATCH of each statement outside a transaction that went well, in their order; no other kind */
    struct seen *seen;
    size_t seen_count;
    struct weighed *weighed; /* how the server changes the tables of the plan */
    size_t weighed_count;
    const struct err *error; /* of the statement that failed, with its place; NULL: none did */
    const struct revision *error_revision;
    const char *error_statement;
};

#endif
