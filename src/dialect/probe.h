/* A statement outside a transaction that may have run, or have left something: what the database's catalog can tell
 * of it.
 *
 * `already exists` is no proof by itself: where a thing has a definition, it is compared. What cannot be
 * told stays unknown, for a person.
 */
#ifndef DIALECT_PROBE_H
#define DIALECT_PROBE_H

#include "base/compiler.h"

struct arena;
struct grid;

/* What a statement may leave in the database though the server says that it failed. */
enum probe_remains {
    REMAINS_NOTHING, /* it is taken back as a whole */
    REMAINS_TOLD,    /* the catalog tells */
    REMAINS_UNKNOWN, /* it may commit a part of its work by itself */
};

struct probe {
    enum probe_remains remains;
    /* the code of an error that comes before it has begun; NULL: none is known */
    const char *refusal;
    /* A query whose last answer has rows of one value (NULL: nothing can be told):
     *     done       it took effect
     *     undone     it did not, or may be run again without harm
     *     half       it stopped half way: to run it again finishes it
     *     other      something else bears the name; nothing of this statement's is there
     *     unknown    no one can tell
     *     is TEXT    so the thing that bears the name is defined (is_same)
     *     repair SQL what it left must go first, by this statement outside a transaction; may be several rows
     *     finish SQL it stopped half way, and this statement finishes it */
    const char *sql;
    /* The same, right after it failed: what `sql` tells of a statement that may have gone well does not count then.
     * NULL: `sql` tells of both */
    const char *sql_failed;
    bool (*is_same)(struct arena *arena, const char *statement, const char *definition);
};

/* What must hold beside a statement that the server may call well done though it is not, or that may take another's
 * thing for its own. A query that returns a row where all is well; NULL: nothing to ask. */
struct statement_checks {
    const char *before; /* outside a transaction alone */
    const char *
        inside; /* before it as well, but of a statement that has a piece of a transaction to itself */
    const char *after;
    const char *fault; /* what is wrong where no row comes, and what to do */
};

enum probe_answer { PROBE_UNKNOWN, PROBE_DONE, PROBE_UNDONE, PROBE_HALF, PROBE_OTHER };

struct probe_findings {
    enum probe_answer answer;
    const char *const *repairs; /* repair_count of them */
    size_t repair_count;
    const char *finish; /* NULL: none */
};

/* What the rows of the query's answer mean. Strings are borrowed. */
struct probe_findings probe_judge(const struct probe *probe, struct arena *arena,
                                  const char *statement, const struct grid *rows);

/* Is all that the statement does in the catalog, so that the catalog tells whether it took effect? It must be one that is
 * taken back as a whole, and change no rows. By its words; what is not sure is not. */
bool probe_is_of_schema(const struct probe *probe, const char *statement);

/* Is something there that the statement left? Also true where that cannot be told. */
bool probe_has_remains(const struct probe_findings *findings);

#endif
