/* What decides whether the statements that a tenant has yet to run will succeed on its rows: the questions of their deeds
 * (dialect/question.h), and which of them cannot be answered before, since an earlier statement changes what they are about. Pure,
 * but that SQLite's reader keeps a database in memory.
 *
 *     struct preflight preflight = {.arena = &arena};
 *     preflight_derive(&preflight, dialect, statements, count);
 */
#ifndef PREFLIGHT_PREFLIGHT_H
#define PREFLIGHT_PREFLIGHT_H

#include "chain/revision.h"
#include "dialect/question.h"

struct preflight_statement {
    const char *sql; /* `len` bytes of it */
    size_t len;
    const struct revision *revision;
    int line;           /* of its file */
    const char *source; /* that line */
};

/* A table whose rows an earlier statement changes, which may reach others by a trigger or a foreign key. */
struct preflight_change {
    const char *table;
    size_t statement;
};

struct preflight_item {
    size_t statement; /* by which it is asked */
    struct question question;
    const char *blocked;                    /* why it cannot be known before; NULL: it can */
    const struct preflight_change *changes; /* of other tables, before it */
    size_t change_count;
    const struct preflight_change
        *relatives; /* other tables whose columns are changed before it: it may inherit them */
    size_t relative_count;
    const char *table; /* the question's, by its name now */
};

struct preflight {
    struct arena *arena;
    const struct preflight_statement *statements;
    size_t statement_count;
    struct preflight_item *items;
    size_t count, capacity;
};

void preflight_derive(struct preflight *preflight, const struct dialect *dialect,
                      const struct preflight_statement *statements, size_t count);

/* `versions/aaaa.sql:7`, as people are told of a statement. */
const char *preflight_place(struct arena *arena, const struct preflight_statement *statement);

#endif
