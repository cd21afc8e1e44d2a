/* The verbs: what a run can be asked to do, one row each. A row says what a run of the verb may do; what a run
 * does depends on the row, and not on the command's name.
 *
 * Not here: how a verb is written on the command line (src/cli has a file for each command; `resume` is no verb, since a
 * run that goes on with another has that one's verb) and what one run is asked for (request.h).
 *
 *     verb_find("stamp")->needs_target
 *     verbs[VERB_UPGRADE].name
 *
 * To add a verb: docs/architecture.md. A plan to a target needs only an entry, a row in verbs.c, and its command.
 */
#ifndef EVENT_VERBS_H
#define EVENT_VERBS_H

#include <stdbool.h>

#include "plan/plan.h"

struct arena;

enum verb_id {
    VERB_CURRENT,
    VERB_PLAN,
    VERB_CHECK,
    VERB_UPGRADE,
    VERB_DOWNGRADE,
    VERB_STAMP,
    VERB_ADOPT,
    VERB_RESOLVE,
    VERB_ACCEPT,
    VERB_ROLLBACK,
    VERB__COUNT
};

/* What a run of a verb does with each tenant. */
enum verb_work {
    WORK_NONE,   /* of a verb that is not known */
    WORK_LOOK,   /* reads where it stands, and neither plans nor changes anything */
    WORK_PLAN,   /* makes a plan, to a target or back */
    WORK_SETTLE, /* writes down what a person found out about a statement, and nothing else */
    WORK_ACCEPT, /* renews what it knows of files that it has applied; the targets name these */
};

struct verb {
    const char *name; /* as reports, ledgers and gates have it (contract) */
    /* A newer skein has left a run of it in the ledger: it can be shown, and nothing else. */
    bool is_unknown;
    enum verb_work work;
    bool changes; /* changes tenants, each under its lock; a dry run of it does not */
    bool
        keeps_ledger; /* its runs are on record: they can be resumed and rolled back; gates are asked */
    bool has_waves;    /* goes by the inventory's waves; else all tenants are in one */
    bool needs_target; /* else no target means `default_target` */
    bool takes_tool;   /* the targets are another tool's name and, if need be, its table's */
    bool verifies;     /* may hold tenants to what their revisions make */
    bool asks_first;   /* takes away what a person may miss: asked about on a terminal */
    bool rolls_back;   /* brings every tenant back to where it stood before an earlier run */
    bool
        only_asks; /* plans to say whether tenants stand at the target, and not what would be done */
    bool shows_standings; /* the report shows where tenants stand, and not what became of them */
    enum plan_command
        plan; /* with WORK_PLAN, but for a verb that goes back: how it gets to a target */
    const char *default_target; /* NULL: none */
    const char *continues; /* for people: what its run does with the one that it goes on with */
};

extern const struct verb verbs[VERB__COUNT];

/* Does it run the sections of revisions, and not only set rows of the version table? */
bool verb_runs_scripts(const struct verb *verb);

/* A verb that goes back, in SQL of the ledger. The row has the same name. */
#define VERB_NAME_ROLLBACK "rollback"

/* NULL: there is no verb of this name. */
const struct verb *verb_find(const char *name);

/* The verb of a run in a ledger. A name that is not in the table is a newer skein's: it gets a row of its own from the
 * arena, with `is_unknown`, that was of a run on record and may do nothing more. Never NULL. */
const struct verb *verb_read(struct arena *arena, const char *name);

/* A verb that outlives the one given; from the arena where it is not of the table. */
const struct verb *verb_keep(struct arena *arena, const struct verb *verb);

#endif
