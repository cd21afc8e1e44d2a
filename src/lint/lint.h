/* Statements that hurt a fleet, found in the sections of a chain's revisions. Pure, but that SQLite's reader keeps a database in
 * memory.
 *
 * All of the chain is read in its order, so that later revisions are judged by what earlier ones made; findings are told of the
 * revisions that were asked for. A table that the same revision makes holds nothing: what only hurts large tables is not told
 * of it.
 *
 * A down section is read as what runs after its own up section. That it takes back what that one did is what it is for, and no
 * finding: a table or column that goes where it was made, a name that comes back.
 *
 *     struct lint lint;
 *     lint_chain(&request, &lint, &faults);
 *     … lint.findings[i] …
 *     lint_done(&lint);
 */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include "base/arena.h"
#include "chain/chain.h"
#include "lint/rule.h"

struct faults;

/* What a comment of the author's says of the statement after it: `-- skein:allow RULE: reason`. */
struct waiver {
    enum rule_id rule;
    const char *reason;
    const struct revision *revision;
    int line;
    bool is_of_header; /* it stands before the first section, and is for the revision */
    bool is_used;
};

struct finding {
    enum rule_id rule;
    enum lint_severity severity; /* never LINT_OFF */
    enum direction direction;    /* of its section */
    unsigned dialects;           /* bits 1 << DIALECT_… */
    const struct revision *revision;
    int line; /* of its file */
    const char
        *source; /* that line, without blanks around it; "" where it is about the whole file */
    const char *message;       /* what it is, with names */
    const char *instead;       /* the better way */
    const char *table;         /* whose size decides how much it hurts; NULL: none does */
    const char *const *former; /* what the table was called before, and may be in a tenant */
    size_t former_count;
    const char *schema;          /* of the table, where one is named; NULL: none */
    const char *other_table;     /* a second one; NULL: none */
    const struct waiver *waiver; /* NULL: none */
    const char *weight; /* what the fleet's tables make of it (weigh.h); NULL: it was not weighed */
};

struct lint_request {
    const struct chain *chain;
    const bool *used;                     /* by dialect: which may tenants speak? */
    const bool *linted;                   /* by revision: which are told of; NULL: all */
    bool reads_down;                      /* down sections, too */
    bool has_schemas;                     /* some tenants are schemas of a database */
    const enum lint_severity *severities; /* by rule; NULL: each rule's own */
};

struct lint {
    struct arena arena;
    struct finding *findings; /* by revision in the chain's order, up before down, then by line */
    size_t count, capacity;
    struct waiver **waivers; /* of the revisions that were asked for */
    size_t waiver_count, waiver_capacity;
};

/* Faults: a waiver without a reason, of no rule, or of nothing that was found. What cannot be split into statements is passed over:
 * scripts_check tells of it. */
void lint_chain(const struct lint_request *request, struct lint *ret, struct faults *faults);
void lint_done(struct lint *lint);

/* Which files take rows or values away for good (destroys.h), by chain_file_number: sets bits 1 << direction. Down sections are read
 * where that is the direction. */
void lint_find_losses(const struct chain *chain, enum dialect_id dialect, enum direction direction,
                      unsigned char *losses);

#endif
