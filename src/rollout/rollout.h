/* The run: brings a selection of tenants to a target on one event loop, wave by wave, and back where
 * its policy says so.
 *
 * It is an object on the caller's loop, which nothing blocks; rollout_run makes a loop for those who have nothing else to do
 * meanwhile. It talks outward through a status and observers (live) and a ledger (durable), and is spoken to by what the
 * request points to (`stopping`): who shows or steers a run holds no pointer to it.
 *
 *     struct rollout *rollout = rollout_new(&loop, &options, observers, count);
 *     rollout_begin(rollout);
 *     uv_run(&loop, UV_RUN_DEFAULT);             returns once the run is over and has closed its handles
 *     struct rollout_end end = rollout_end(rollout);
 *
 * The first
 * stop drains (nothing more is begun, what is in flight finishes), the second cancels what is in flight
 * and rolls it back. SIGINT, SIGTERM and SIGHUP (unless it is ignored, as nohup(1) has it) are stops
 * while it runs, but where they are the caller's; `stops` of the request is another way to ask.
 */
#ifndef ROLLOUT_ROLLOUT_H
#define ROLLOUT_ROLLOUT_H

#include <uv.h>

#include "inventory/inventory.h"
#include "event/event.h"
#include "plan/plan.h"
#include "rollout/history.h"
#include "rollout/session.h"

struct ledger;
struct pace;
struct rollout;
struct scripts;
struct status;
struct steering;

struct rollout_wave {
    const char *name;
    uint32_t parallel;         /* at least 1 */
    uint32_t per_server;       /* at least 1 */
    struct share max_failures; /* of the wave's tenants */
    uint64_t soak_ms;
    /* since the epoch: of an earlier run that this one goes on with; 0: none */
    int64_t soak_until_ms;
};

/* Of a run that several machines may work on (ledger/beat.h). */
struct rollout_share {
    const char *machine; /* the name of this one */
    const char *host;
    bool has_begun;    /* another machine has begun the run, and the ledger was joined */
    uint64_t lease_ms; /* of a run that is begun here */
};

struct rollout_options {
    /* What events tell of the run: the request that it carries out, its tenants, and what it goes on with. Its waves and when
     * it started are filled in as it begins, and so is its id where it has none. */
    struct run_info run;
    /* of a request that rolls back: no one asked for it, it is what on_failure had begun */
    bool ends_failure;
    /* of a request that rolls back: nothing went back yet, so a resume of the run would finish what it left half way */
    bool can_resume;
    const struct target *target; /* NULL where the verb has no plan */
    /* NULL, or: stamp where another tool says that a tenant stands */
    const struct adoption *adoption;
    const bool *accepts;              /* as in struct session_env */
    enum on_failure on_failure;       /* the request's policy, or the inventory's */
    const struct rollout_wave *waves; /* at least one; run.wave_of says whose each tenant is */
    size_t wave_count;
    size_t wave_limit;     /* only the first ones; 0: all */
    struct run_ids family; /* all runs of the rollout that this one goes on with, or rolls back */
    struct scripts *scripts;
    const char *version_table;
    const struct scratch_place *scratch; /* by engine */
    bool hides_values; /* of what servers say, all that may hold values of rows is told to no one */
    bool hides_sql;    /* the SQL that runs is neither kept nor shown */
    struct forecast_rules forecast; /* where a wave takes longer than was foretold */
    const struct pace *paces; /* by dialect, of earlier runs (rollout/outlook.h); NULL: not known */
    const struct gate_rules *gates;    /* asked where tenants are changed; NULL: none */
    struct ledger *ledger;             /* locked, or joined; NULL: none */
    const struct rollout_share *share; /* NULL: this machine has the run for itself */
    /* folder for copies of tenants that roll back by them; NULL: none is made */
    const char *snapshots;
    struct status *status;     /* kept up to date from a new one; NULL: no one wants to know */
    struct steering *steering; /* (event/status.h) NULL: no one steers */
    /* folder for copies on which a plan is rehearsed; NULL: of a request that does not ask for that */
    const char *rehearsals;
    void (*on_tick)(void *ctx); /* NULL, or: about ten times a second */
    void *tick_ctx;
    /* NULL, or: gets what gates write, in whole lines; else they have our stderr */
    void (*on_output)(void *ctx, const char *text, size_t len);
    void *output_ctx;
};

/* How a run ended, besides what the events say. */
struct rollout_end {
    /* ERR_NONE, or why the run could not be begun: nothing of it was told or touched */
    struct err err;
    int signal; /* SIGINT or SIGTERM: stopped (a stop that was asked for counts as SIGTERM); 0: not */
    bool is_stopped; /* a signal came, or the caller stopped it, maybe when all was done already */
    struct err ledger_err; /* ERR_NONE, or why the ledger could not be written */
    bool has_left;         /* a signal made this machine leave a run that goes on */
};

/* Borrows all but the observers' array until rollout_end. */
struct rollout *rollout_new(uv_loop_t *loop, const struct rollout_options *options,
                            const struct observer *observers, size_t observer_count);

/* Tells and records that it begins. All else happens on the loop. */
void rollout_begin(struct rollout *rollout);

/* Once the loop has run out of work: tells and records how the run ended, and frees it. */
struct rollout_end rollout_end(struct rollout *rollout);

/* All of this on a loop of its own: blocks until the run is over. */
struct rollout_end rollout_run(const struct rollout_options *options,
                               const struct observer *observers, size_t observer_count);

/* By a copy of the whole database, made before the first change, and not by down sections? */
bool rollout_rolls_back_by_copy(const struct tenant *tenant);

/* 20261123T101500Z-5f3a9c */
void rollout_make_id(char ret_id[32]);

#endif
