/* Findings as they are told: texts, which need no chain. A plan's report, the saved plan, the run that follows it and the ledger
 * all have them in this form.
 */
#ifndef LINT_TOLD_H
#define LINT_TOLD_H

#include "chain/revision.h"
#include "lint/rule.h"

struct arena;
struct lint;

struct told_finding {
    const char *rule; /* its id; one that this skein does not know, where another has said it */
    enum lint_severity severity; /* never LINT_OFF */
    enum direction direction;    /* of the section that it stands in */
    unsigned dialects;           /* bits 1 << DIALECT_… */
    const char *revision, *file; /* its id, and its path */
    int line;
    const char *source;  /* the first line of the statement; "": it is about the whole file */
    const char *message; /* what it is, */
    const char *why;     /* why that hurts, */
    const char *better;  /* and the better way */
    const char *weight;  /* what the fleet's tables make of it; NULL: it was not weighed */
    const char *allowed; /* the reason of the waiver; NULL: none covers it */
};

struct told_findings {
    const struct told_finding *items; /* by revision in the chain's order, then by line */
    size_t count;
};

/* Those of a lint. The texts are the lint's, the list is in the arena. */
struct told_findings lint_tell(struct arena *arena, const struct lint *lint);

/* A copy, texts and all. */
struct told_findings told_copy(struct arena *arena, const struct told_findings *findings);

/* So many have this severity, and no waiver. */
size_t told_count(const struct told_findings *findings, enum lint_severity severity);
size_t told_allowed(const struct told_findings *findings);

/* Is it about the revision of that id, in that direction, as the dialect runs it? */
bool told_is_of(const struct told_finding *finding, const char *revision, enum direction direction,
                enum dialect_id dialect);

#endif
