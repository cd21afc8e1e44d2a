/* The plan: the steps that take a tenant from the revisions where it stands to the targets.
 *
 * Pure computation, no I/O. The order of the steps and the rows of the version table after each are
 * Alembic's, through branches, merges and dependencies; tests/diff asks Alembic itself. What an
 * identifier means by itself is chain/identifier.h's, a range `A:B` chain/range.h's.
 *
 *     struct target target;
 *     struct target target = {.command = PLAN_UPGRADE, .texts = texts, .count = count};
 *     if (!target_check(&in, &target) || !plan_build(&in, &target, &rows, &plan)) …
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "chain/chain.h"
#include "chain/rows.h"

struct err;

/* The code of the error that says so: who asks is told before anything starts. */
#define PLAN_IRREVERSIBLE "irreversible"

/* The error that says so, with file and line of the revision. Returns false. */
bool plan_refuse_irreversible(const struct revision *revision, struct err *err);

enum plan_command { PLAN_UPGRADE, PLAN_DOWNGRADE, PLAN_STAMP };

struct step {
    const struct revision *revision; /* PLAN_STAMP: the revision stamped; NULL where rows only go */
    enum direction direction;
    const struct version_change *changes; /* to be made in this order, with the step's SQL */
    size_t change_count;
};

struct plan {
    const struct step *steps;
    size_t count;
    struct rows from, to; /* before and after; sorted */
    /* PLAN_UPGRADE: there is nothing to do, since the tenant stands above the target; a downgrade would lead there */
    bool stands_above;
};

/* What the command line asked for. Identifiers that mean the same for every tenant (`head`, ids,
 * labels, ID+N) are checked here already; relative ones (`+1`) depend on the tenant. */
struct target {
    enum plan_command command;
    const char *const
        *texts; /* several are taken in turn, each from where the one before led; those of
                               * a stamp together */
    size_t count;
    /* PLAN_STAMP: all rows go first, those too that name nothing */
    bool purges;
    /* PLAN_STAMP: whatever the database holds */
    bool is_forced;
};

/* Checks the identifiers against the chain; ERR_CHAIN (words close to Alembic's) where one names
 * nothing, several, or cannot be meant for this command. No tenant is needed for that. */
bool target_check(const struct lookup *in, const struct target *target) MUST_CHECK;

/* The steps from where `rows` (in any order) say that a tenant stands to the target. ERR_CHAIN: a row
 * names no revision of the chain, a relative target has no answer from here, the target is not an
 * ancestor (downgrade), a step back has no down section (irreversible; names file and line). */
bool plan_build(const struct lookup *in, const struct target *target, const struct rows *rows,
                struct plan *ret_plan) MUST_CHECK;

#endif
