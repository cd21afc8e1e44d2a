/* The inside of a case, shared by its course (play.c), the world around it (play_world.c), the commands that it runs
 * (play_deeds.c), the files that are edited meanwhile (play_edited.c) what a person vouches for (play_vouch.c) and how
 * tenants are found (play_find.c). No other file includes this. */
#ifndef SIM_PLAY_PRIVATE_H
#define SIM_PLAY_PRIVATE_H

#include <setjmp.h>

#include "library/fleet.h"
#include "schema/rules.h"
#include "sim/play.h"
#include "sim/system.h"
#include "sim/watch.h"

enum { EXIT_KILLED = -1, EXIT_NOTHING = -2 /* there is no such run, or nothing is left of it */ };
enum { VERIFIED_KINDS = 2 * DIALECT__COUNT }; /* databases, and schemas, of each dialect */
enum { GIVE_UP_MS = 6 * 3600 * 1000 };

enum deed {
    DEED_FORWARD,
    DEED_RESUME,
    DEED_ROLLBACK,
    DEED_ADOPT,
    DEED_STAMP,
    DEED_ACCEPT, /* from here on: what is on no record */
    DEED_LOOK,
    DEED_FIND
};

struct play {
    uint64_t seed;
    struct play_options options;
    struct scene *scene;
    struct memory_ledger *ledger;
    struct watch watch;
    jmp_buf killed;
    unsigned rollouts;
    bool knows_hosts; /* and passwords; gates say yes, and soon */

    /* the rollout at hand */
    enum plan_command command;
    const char *targets[REVISIONS_MAX];
    size_t target_count;
    uint32_t target_set;
    const char *wave; /* up to that one; NULL: all */
    bool is_rollback; /* what is left of it is its rollback */
    /* Tenants by bit: the next run that goes on with it has only these; 0: all. */
    uint64_t only;
    const char *part_of; /* of which run a part was rolled back; NULL: of none */
    bool adopts;         /* it takes over from another tool */
    bool purges, forces; /* of a stamp */
    const struct verb *looks_by;
    bool rehearses;      /* the plan that it is */
    bool is_finding;     /* tenants, of which the databases of sources know */
    bool is_calm;        /* nothing goes wrong in the next run */
    struct rng watching; /* someone does */
    struct rng verifying;
    struct rng rehearsing;
    struct catalog_rules rules;
    struct verification *places,
        *some_places; /* what the chain makes at each of them, or at some: */
    bool known[VERIFIED_KINDS][1 << REVISIONS_MAX];
    bool was_edited; /* the chain, meanwhile: a run that goes on with it accepts that */
};

/* ---- play_world.c -------------------------------------------------------------------------- */

/* Makes the world from the seed. */
void play_begin(struct play *play);
/* Says what is wrong, and ends the process. */
void play_wrong(void *ctx, const char *what);
void play_tell(struct play *play, const char *what, const char *more);

/* ---- play_deeds.c: commands, as src/cli runs them ------------------------------------------ */

struct request play_request(const struct play *play);
void play_open_fleet(const struct play *play, struct fleet *ret_fleet);
void play_open_fleet_of(const struct play *play, struct fleet *ret_fleet, size_t tenant);
void play_close_fleet(struct fleet *fleet);
/* The exit code; 2: it was refused before it began. */
int play_visit_carefully(struct play *play, struct fleet *fleet, const struct request *request);
/* The same of a whole command, which may be killed. */
int play_run_deed(struct play *play, enum deed deed);

/* ---- play_edited.c ------------------------------------------------------------------------- */

/* Is the tenant in the middle of a section, and are the statements that are done known by their texts? */
bool play_is_midway(const struct truth *truth);
/* No run that knows nothing of the rollout goes on with a step whose file was edited; nor does the rollout itself. */
void play_check_edited(struct play *play, size_t tenant, const struct truth *truth);
void play_go_on_edited(struct play *play, enum deed deed);

/* ---- play_vouch.c -------------------------------------------------------------------------- */

/* After a rollout that went well: someone has garbled version tables, and they are stamped. */
void play_stamp(struct play *play);
/* After a rollout that went well: a file that was applied is edited, and accepted. Nothing may come after it. */
void play_accept(struct play *play);

/* ---- play_find.c --------------------------------------------------------------------------- */

/* An inventory whose tenants are found by queries: all of them, or a fault. */
void play_find(struct play *play);
/* What it does as a command. The exit code: 0, or 2. */
int play_find_deed(struct play *play);

/* ---- play_verify.c ------------------------------------------------------------------------- */

void play_begin_verifying(struct play *play);
void play_end_verifying(struct play *play);
struct verifying play_verifying(struct play *play, const struct request *request);
void play_check_verified(void *ctx, const struct event *event); /* an observer of all runs */

/* ---- play.c -------------------------------------------------------------------------------- */

/* What goes wrong in the next run. */
void play_plan_fate(struct play *play);

/* Nothing goes wrong from now on. */
void play_plan_calm(struct play *play);
/* Orphans are at work for as long as they were told to be. */
void play_wait_for_quiet(struct play *play);
/* Everything stands where it should: forward, or where it stood before. */
void play_check_end(struct play *play, bool is_rollback);
/* What is committed now (TENANTS_MAX of them); and that nothing has changed since. */
void play_note_stores(struct play *play, const struct fake_store **ret_stores);
void play_check_stores(struct play *play, const struct fake_store *const *stores,
                       const char *complaint);

#endif
