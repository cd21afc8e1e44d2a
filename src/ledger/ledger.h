/* The ledger: the durable record of runs and of each tenant's outcome; what `resume`, `rollback`,
 * `runs` and `report` read.
 *
 * It is written in the words of event/event.h, and read back in the same: a report made from the
 * ledger and one made live come from one stream. The ledger never leads: intents are durable before
 * the deed, outcomes come after it, and where ledger and database differ, the database wins.
 *
 * Its rows are in a store (store.h): a file, so far; a postgresql:// URL will name one that several machines share.
 * Every call blocks, so it belongs on a worker thread, or before or after the loop; calls on one ledger never
 * overlap. All errors are ERR_LEDGER; after a failed write the ledger takes no more: an fsync that failed once
 * proves nothing by succeeding later.
 *
 *     struct ledger *ledger = ledger_open(inventory->ledger, LEDGER_WRITE, &err);
 *     if (!ledger_lock(ledger, &me, &other, &err)) …
 *     ledger_write(ledger, events, count, &err);     one transaction, durable on return
 *     ledger_close(ledger);
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "event/event.h"
#include "event/forecast.h"

struct arena;
struct ledger;

/* LEDGER_JOIN: writes to one that another machine has made. */
enum ledger_access { LEDGER_READ, LEDGER_WRITE, LEDGER_JOIN };

/* Codes of errors that callers tell apart. */
#define LEDGER_MISSING "missing" /* LEDGER_READ, LEDGER_JOIN: there is no ledger yet */
#define LEDGER_HELD "held"       /* ledger_lock: another run has it */
#define LEDGER_AWAY                                                                                \
    "away" /* its server does not answer, or is about to begin or to end: it may come back */
#define LEDGER_NO_RUN "no_run" /* no run of that id */

/* `where`: a path (LEDGER_WRITE makes it and its folder, both for the owner alone) or a URL, which may
 * hold a password and so is in no error. A file that is no ledger, is damaged or was made by a newer
 * skein is refused; LEDGER_JOIN: a file, too, since other machines do not reach it. */
struct ledger *ledger_open(const char *where, enum ledger_access access,
                           struct err *err) MUST_CHECK;
void ledger_close(struct ledger *ledger); /* gives the lock back; NULL: nothing */

/* Who holds a ledger. */
struct ledger_holder {
    char run[40];
    char user[33]; /* "": not known */
    char host[65];
    int64_t pid;
    int64_t since_ms; /* since the epoch */
};

/* One run at a time: takes the lock until ledger_close, without waiting. LEDGER_HELD: *ret_other says by
 * whom. The lock dies with its holder, so a dead one is taken over: runs that it left `running` become
 * `interrupted`. */
bool ledger_lock(struct ledger *ledger, const struct ledger_holder *holder,
                 struct ledger_holder *ret_other, struct err *err) MUST_CHECK;

/* Events of the locked ledger's run, in their order; the run's first is EVENT_RUN_STARTED. All or none, durable
 * on return. EVENT_TENANT_STARTED, EVENT_TENANT_BATCHES, EVENT_WAIT_…, EVENT_RUN_OTHERS and EVENT_NOTE write nothing. */
bool ledger_write(struct ledger *ledger, const struct event *events, size_t count,
                  struct err *err) MUST_CHECK;

/* A line of `skein runs`. Strings live in the arena that was given. */
struct ledger_run {
    const char *id;
    const struct verb *verb; /* `is_unknown`: a newer skein made the run */
    const char *target;
    const char *fixed_target;   /* as in struct run_info */
    const char *resumed_from;   /* NULL: a run of its own */
    const char *resumed_by;     /* the newest run that goes on with this one; NULL: none */
    const char *rolled_back_by; /* the newest `rollback` run of this one; NULL: none */
    const char *chain_digest;
    const char *inventory; /* which one it was made with; NULL: an older skein's run, or unknown */
    bool purges;           /* a stamp that drops all version rows first */
    bool forces;           /* a stamp, whatever the database holds */
    /* RUN_RUNNING while a process holds the ledger for it, RUN_INTERRUPTED after */
    enum run_state state;
    /* EVENT_RUN_ROLLS_BACK was seen: what is left of the run is its rollback */
    bool is_rolling_back;
    int64_t started_at_ms;
    double duration_ms; /* until its last event, where it did not finish */
    struct ledger_holder holder;
    struct origin origin;
    const struct halt *halt; /* NULL: it was not halted, or by an older skein */
    const char *halt_reason; /* in words; NULL: it was not */
    size_t tenant_count;
    size_t totals[TENANT__COUNT];
    /* `resume` would still take it up: it did not end well, or it stopped before its last wave, and no later run goes on
     * with it; or its rollback is not done, with which `resume` would go on */
    bool is_unfinished;
    /* Where a later run rolled a part of it back: tenants that went back, and those with what is still to go back. Else 0. */
    size_t part_rolled_back, part_of;
    /* Who worked on a run that others may join, in the order in which they came; none: it was one machine's alone. */
    const struct run_machine *machines;
    size_t machine_count;
};

/* A run by its id or the beginning of it; NULL: the newest. LEDGER_NO_RUN. */
bool ledger_find(struct ledger *ledger, const char *id, struct arena *arena,
                 struct ledger_run *ret_run, struct err *err) MUST_CHECK;

/* The newest of the runs that began before this one. LEDGER_NO_RUN. */
bool ledger_find_older(struct ledger *ledger, const char *id, struct arena *arena,
                       struct ledger_run *ret_run, struct err *err) MUST_CHECK;

/* The ids of all runs of a rollout, this one's among them: those that it goes on with, or rolls back, and
 * all that went on with one of them or rolled one back. */
bool ledger_read_family(struct ledger *ledger, const char *id, struct arena *arena,
                        const char *const **ret_ids, size_t *ret_count, struct err *err) MUST_CHECK;

/* All runs, the newest first. */
bool ledger_list(struct ledger *ledger, struct arena *arena, struct ledger_run **ret_runs,
                 size_t *ret_count, struct err *err) MUST_CHECK;

/* What a run knows of its fleet: names, waves and standings by tenant. */
struct ledger_fleet {
    const char *const *names;
    const char *const *urls;    /* redacted; NULL: no place is known */
    const char *const *schemas; /* each may be NULL */
    const struct standing *standings;
    const uint32_t *wave_of;
    size_t count;
    const struct run_wave *waves;
    const enum run_state *wave_states; /* RUN_RUNNING: begun; RUN__COUNT: never begun */
    const int64_t *wave_finished_ms;   /* since the epoch; 0: not yet */
    size_t wave_count;
};

/* A tenant that was begun and whose end is not on record stands as TENANT_RUNNING. */
bool ledger_read_fleet(struct ledger *ledger, const char *id, struct arena *arena,
                       struct ledger_fleet *ret_fleet, struct err *err) MUST_CHECK;

/* What a machine without a list of tenants has to know of the run (inventory/told.h). Its `rules` are not known where no one told it:
 * the run is of an older skein, or of a ledger that is one machine's. */
struct told_fleet;
bool ledger_read_told(struct ledger *ledger, const char *id, struct arena *arena,
                      struct told_fleet *ret_told, struct err *err) MUST_CHECK;

/* The files of the chain of that digest, by id. None: an older skein's run, which did not note them. */
struct ledger_chain_file {
    const char *revision, *checksum, *path;
};
bool ledger_read_chain(struct ledger *ledger, const char *digest, struct arena *arena,
                       struct ledger_chain_file **ret_files, size_t *ret_count,
                       struct err *err) MUST_CHECK;

/* Does any run know of a copy (struct standing's `snapshot`) whose path has `part` in it? A run that went
 * on with another knows that one's copies. */
bool ledger_names_snapshot(struct ledger *ledger, const char *part, bool *ret_does,
                           struct err *err) MUST_CHECK;

/* The run once more as events, from EVENT_RUN_STARTED to EVENT_RUN_FINISHED, for a report. What the
 * events point to lives in the arena, but for an outcome's steps and error, which are gone after the event: tenants with
 * name, URL (redacted), dialect and labels; a chain with its counts, heads and digest; revisions with id, message and path. A
 * tenant that was begun and whose end is not on record is told as in_doubt, while the run goes on as started only. Of a
 * tenant that was rolled back there is one outcome, which tells of both. */
bool ledger_replay(struct ledger *ledger, const char *id, struct arena *arena,
                   const struct observer *observer, struct err *err) MUST_CHECK;

/* What these runs did to the tenant of that name, in their order; runs that did not have it are left out. */
struct ledger_visits {
    const char *tenant;
    const struct ledger_run *runs; /* of this ledger */
    size_t run_count;
};
bool ledger_read_visits(struct ledger *ledger, const struct ledger_visits *which,
                        struct arena *arena, struct visit **ret_visits, size_t *ret_count,
                        struct err *err) MUST_CHECK;

/* How long the tenants took that runs of this verb brought to this place, without a second attempt, by dialect. */
struct ledger_way {
    const char *command, *target; /* as fixed_target of struct run_info */
    const char *chain_digest;
};
bool ledger_read_paces(struct ledger *ledger, const struct ledger_way *way, struct arena *arena,
                       struct pace ret_paces[], struct err *err) MUST_CHECK;

/* How long steps took in the newest runs, with revisions as their files were then; what is newer comes later. */
bool ledger_read_timings(struct ledger *ledger, struct arena *arena, struct timings *ret_timings,
                         struct err *err) MUST_CHECK;

/* Which finished runs to drop: those that fit every condition given. Runs that can still be resumed go
 * only with `takes_unfinished`; the run that holds the ledger never. */
struct ledger_forget {
    const char *id;     /* NULL: any */
    int64_t before_ms;  /* started before that; 0: any time */
    size_t keep_newest; /* but the newest N; SIZE_MAX: none is kept for its age */
    bool takes_unfinished;
    /* NULL, or: whether the run is to be considered, and counted, at all. It may ask the ledger. */
    bool (*concerns)(void *ctx, const struct ledger_run *run);
    void *ctx;
};

/* Deletes these runs with all that only they knew; *ret_count says how many there were. Needs the lock. */
bool ledger_forget(struct ledger *ledger, const struct ledger_forget *which, size_t *ret_count,
                   struct err *err) MUST_CHECK;

#endif
