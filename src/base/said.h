/* What a database says beside the message of an error or a notice, part by part as PostgreSQL sends it.
 *
 * The texts are the server's: they may hold values of a customer's rows and anything that a terminal would obey.
 * They are cut to SAID_MAX bytes where they come in. A struct said is never changed once it is made, so copies
 * of an err share one; it lives in an arena, and who keeps it longer than that copies it.
 */
#ifndef BASE_SAID_H
#define BASE_SAID_H

#include "base/compiler.h"

struct arena;

enum said_part {
    SAID_DETAIL,
    SAID_HINT,
    SAID_CONTEXT, /* the calls that led there, the innermost first, each on a line */
    SAID_SCHEMA,
    SAID_TABLE,
    SAID_COLUMN,
    SAID_DATATYPE,
    SAID_CONSTRAINT,
    SAID__COUNT
};

enum { SAID_MAX = 2000 };

struct said {
    const char *part[SAID__COUNT]; /* NULL: nothing was said */
};

/* `detail`, `hint`, …: the keys of the JSON report and the columns of the ledger. */
const char *said_name(enum said_part part);

/* Is the part the name of a thing in the database (a table, a column, …), and not a sentence? */
bool said_is_name(enum said_part part);

/* NULL: nothing. */
const char *said_part(const struct said *said, enum said_part part);

/* A copy in the arena of what is there, each part cut to SAID_MAX bytes at a character's end; NULL where
 * nothing is. */
const struct said *said_copy(struct arena *arena, const struct said *said);

/* The same without the parts that may hold values of rows, which `report: {detail: false}` leaves out. */
const struct said *said_without_values(struct arena *arena, const struct said *said);

bool said_is_equal(const struct said *a, const struct said *b);

#endif
