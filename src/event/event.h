/* What happened: the one stream of events that fills the ledger, the report and the progress display,
 * whether live or read back from the ledger.
 *
 * All pointers are borrowed for the duration of the call unless said otherwise; texts in an outcome
 * are already redacted. An event says what the databases said, never what skein hopes.
 */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "base/err.h"
#include "base/notice.h"
#include "chain/revision.h"
#include "chain/rows.h"
#include "event/request.h"

struct catalog_answers;
struct tenant;

enum run_state {
    RUN_RUNNING,
    RUN_SUCCEEDED,
    RUN_FAILED,
    RUN_HALTED,
    RUN_ROLLED_BACK,
    RUN_ROLLBACK_FAILED,
    RUN_INTERRUPTED,
    RUN__COUNT
};

enum tenant_state {
    TENANT_PENDING,
    TENANT_RUNNING,
    TENANT_SUCCEEDED,
    TENANT_UNCHANGED,
    TENANT_FAILED,
    TENANT_PARTIAL,
    TENANT_IN_DOUBT,
    TENANT_ROLLED_BACK,
    TENANT_ROLLBACK_FAILED,
    TENANT_SKIPPED,
    TENANT__COUNT
};

/* As ledger, JSON and gates have it (contract). */
const char *run_state_name(enum run_state state);
const char *tenant_state_name(enum tenant_state state);

/* For people: in a plan nothing has succeeded or stayed, it would. */
const char *tenant_state_words(enum tenant_state state, const struct request *request);

/* For people: a run that only looks and went well is `done`. It changed nothing, and what it saw may
 * well be bad news, so `succeeded` would say too much. */
const char *run_state_words(enum run_state state, bool is_dry_run);

/* Did it end before all was done? One that has come to every tenant was not halted, though too many failed. */
bool run_state_is_halt(enum run_state state);

/* Did it go wrong for the tenant? (A skipped one never began: its error says whether it should.) */
bool tenant_state_is_bad(enum tenant_state state);

/* Exit code 4: partial, in_doubt, rollback_failed. */
bool tenant_state_needs_person(enum tenant_state state);

/* One step that was done (or, in a plan, would be done). */
struct step_done {
    const struct revision *revision;
    enum direction direction;
    uint32_t statements;
    double duration_ms;
    bool commits_itself; /* a part of it does, whatever its sections say: of a plan */
    /* what its statements that repeat did: batches that changed rows, and these; 0: nothing repeats */
    uint64_t batches, rows;
};

/* How far a step is whose statement repeats. */
struct batches_done {
    const struct revision *revision;
    uint64_t batches, rows; /* as in step_done */
    const char *waits_for;  /* what the next one waits for; NULL: nothing */
};

/* How a server would change a table, as it says beforehand. */
struct weighed {
    const struct revision *revision;
    enum direction direction;
    int line; /* of its file */
    const char *table;
    uint64_t bytes;               /* that the table holds, indexes included */
    const char *algorithm, *lock; /* NULL: could not be asked */
    const char
        *reason; /* why no lesser ones, or why it could not be asked; NULL: nothing is said */
};

/* What a rehearsal saw at a statement (of a section, where it runs as one). */
enum seen_kind {
    SEEN_LOCK, /* object, words: its mode, and what it keeps waiting; ms: until its transaction's end */
    SEEN_REWRITE,  /* object: written anew; count: bytes of what was written */
    SEEN_ROWS,     /* count: rows that were touched */
    SEEN_SEQUENCE, /* object: numbers were drawn from it, which no rollback gives back */
    SEEN_GROWTH,   /* count: bytes by which the database grew */
    SEEN_SKIPPED,  /* words: why it was not rehearsed */
    /* on a scratch database, whose tables have none of the tenant's rows: ms: what a statement outside a transaction took there; with
     * line 0 all of it, and words: whose schema that is (scratch_schema_name) */
    SEEN_SCRATCH,
    SEEN__COUNT
};

/* Whom a lock keeps waiting. */
enum seen_blocks { BLOCKS_NOTHING, BLOCKS_WRITES, BLOCKS_ALL, BLOCKS__COUNT };

struct seen {
    const struct revision *revision; /* NULL: of none */
    enum direction direction;
    enum seen_kind kind;
    int line; /* of its file; 0: of the whole revision */
    const char *
        object; /* a table or sequence, as the tenant's revisions call it; NULL: its whole database */
    const char *words;
    double ms;
    uint64_t count;
    enum seen_blocks blocks;
};

/* Where a tenant was rehearsed. */
enum rehearsed_at {
    REHEARSED_NOWHERE,
    REHEARSED_IN_PLACE,
    REHEARSED_ON_COPY,
    REHEARSED_ON_SCRATCH,
    REHEARSED__COUNT
};

/* Whose schema a scratch database had, and its words (contract): chain, tenant. */
enum scratch_schema { SCRATCH_BY_CHAIN, SCRATCH_BY_TENANT, SCRATCH_BY__COUNT };

const char *scratch_schema_name(enum scratch_schema schema);

/* As JSON has them (contract): lock, …; nothing, writes, reads and writes; transaction, copy, scratch, and NULL. */
const char *seen_kind_name(enum seen_kind kind);
const char *seen_blocks_name(enum seen_blocks blocks);
const char *rehearsed_at_name(enum rehearsed_at at);

/* How much a table holds, as the catalog's statistics say. */
struct measured {
    const char *table;
    bool knows_rows;
    uint64_t rows, bytes; /* `bytes` may be more than it has */
};

/* What the rows that are there say of a statement that is still to run. */
enum preflight_state {
    PREFLIGHT_FITS,    /* nothing in the rows stands in its way */
    PREFLIGHT_FAILS,   /* it will fail */
    PREFLIGHT_UNKNOWN, /* an earlier statement changes what it is about: `reason` */
    PREFLIGHT_UNASKED, /* there is no safe question, or there was no answer: `reason` */
    PREFLIGHT__COUNT
};

const char *preflight_state_name(enum preflight_state state); /* fits, fails, unknown, not_asked */

struct preflight_answer {
    const struct revision *revision;
    int line;           /* of its file */
    const char *source; /* that line */
    const char *kind;   /* of the question: `nulls` (dialect/question.h) */
    const char *table;
    const char *what; /* in words: `rows hold NULL in owner` */
    enum preflight_state state;
    uint64_t count;     /* PREFLIGHT_FAILS: so many do not fit; 0: some, it was not counted */
    bool is_more;       /* and more */
    const char *reason; /* NULL: none */
    const char *const
        *examples; /* PREFLIGHT_FAILS, where they are asked for: which; `example_count` of them */
    size_t example_count;
};

/* A step of which a run has done some statements and not all, outside a transaction. */
struct half_step {
    const char *revision;
    const char *run; /* that left it so */
    enum direction direction;
    uint32_t statements;    /* that are done */
    uint32_t of;            /* in all; 0: not known, since the chain does not have the revision */
    uint64_t batches, rows; /* of what repeats in it; 0: nothing does, or it has not begun */
    bool is_in_doubt;       /* the next one was begun: it may have taken effect, or a part of it */
};

/* How it ended for one tenant. */
struct outcome {
    enum tenant_state state;
    bool is_rollback; /* of a rollback: what the run did first stands in an earlier outcome */
    bool
        has_changed; /* something of the rollout is committed in the tenant (and not rolled back) */
    /* it stands before where an earlier run of the rollout left it (restored from a backup, say) */
    bool has_regressed;
    bool stands_above; /* unchanged by an upgrade, since it stands above the target */
    struct rows from;  /* the version rows that were found */
    struct rows to;    /* and those that it was left with; unknown where its commit is in doubt */
    /* what was found half done, where a run only looks; NULL: nothing */
    const struct half_step *half_step;
    const struct step_done *steps;
    size_t step_count;
    enum dialect_id dialect;       /* whose sections it runs */
    const struct weighed *weighed; /* by a run that only looks; `weighed_count` of them */
    size_t weighed_count;
    const struct measured *measured; /* of the request's tables, those that there are */
    size_t measured_count;
    enum rehearsed_at rehearsed; /* the steps have the times that they took there */
    const struct seen *seen;     /* of the rehearsal; `seen_count` of them */
    size_t seen_count;
    const struct preflight_answer *preflight; /* by a run that asks the rows; `preflight_count` */
    size_t preflight_count;
    uint32_t attempts;
    double duration_ms;
    double started_ms;                     /* since the run began */
    const struct err *error;               /* NULL: none */
    const struct revision *error_revision; /* NULL: none */
    const char *error_statement;   /* the offending line of the file, NUL-terminated; NULL: none */
    const struct notices *notices; /* of all attempts; NULL: none */
    /* what its database holds (schema/reader.h), where the request asks for it; NULL: not read. Of an event that is copied: not kept */
    struct catalog_answers *catalog;
};

/* Is where it was left what a run of the rollout has made of it? From there it can only have fallen back. */
bool outcome_is_work(const struct outcome *outcome);

/* Where a tenant stands with a rollout: what resume and rollback go by, and what a run that goes on
 * with another takes over from it. */
struct standing {
    enum tenant_state state;
    bool is_begun;        /* an intent was made: something may have been done */
    bool has_changed;     /* something of the rollout is committed in the tenant */
    struct rows before;   /* where the tenant stood before the rollout's first change */
    struct rows goal;     /* where its plan leads */
    struct rows to;       /* where it was left */
    struct rows reached;  /* the last place where a run of the rollout left work of its own */
    const char *snapshot; /* the copy from before the first change; NULL: none */
    bool is_elsewhere;    /* by now the inventory names another database for it */
    const char *twin;     /* and it is the one in which the run changed this tenant; NULL: none */
    bool is_gone;         /* it is no more in the inventory: only a rollback has it */
};

/* The state of a tenant that a run did not come to, from an earlier run: where something went wrong there, it
 * stays so (begun, and no end on record: in doubt), else the tenant is skipped. */
enum tenant_state standing_left_state(const struct standing *standing);

/* The code of the error that says so. */
#define EVENT_NOT_REACHED "not_reached"

/* The code of the error that keeps a machine from a tenant which another one has by now. */
#define EVENT_TAKEN_OVER "taken_over"

/* Can it not be ruled out that something of the rollout is committed in the tenant? What was begun may have
 * been changed, where no end is on record, or only that of a rollback that failed. */
bool standing_may_have_changed(const struct standing *standing);

/* A part of the fleet, in the order of the rollout. */
struct run_wave {
    const char *name;
    size_t tenant_count;
    bool knows_rules; /* the two that follow are so; an older skein's ledger does not have them */
    int64_t max_failures;          /* so many are tolerated; -1: any number */
    uint64_t soak_ms;              /* 0: none */
    uint32_t parallel, per_server; /* tenants at once; 0: not known */
};

/* The last wave of a resume that was narrowed: those that it leaves out. */
#define RUN_WAVE_NOT_SELECTED "not selected"

struct texts {
    const char *const *items;
    size_t count;
};

/* Who made a run, and of whom. */
struct origin {
    const char *by;       /* user@host; NULL: not known */
    size_t fleet_size;    /* tenants in the inventory; 0: not known */
    struct texts selects; /* --select */
    struct texts names;   /* --tenant */
    /* what else narrowed the selection, as options: `--state failed@RUN`, `--behind` */
    struct texts narrowed;
    struct texts
        settings; /* options that variables of the environment set: `--parallel from SKEIN_PARALLEL` */
};

/* Was it asked for a part of the fleet? */
bool origin_is_narrowed(const struct origin *origin);

/* Why a run began nothing more. */
enum halt_kind {
    HALT_THRESHOLD,
    HALT_GATE,
    HALT_SIGNAL,
    HALT_LEDGER,
    HALT_SKIPPED,
    HALT_FORECAST,
    HALT__COUNT
};

/* threshold, gate, signal, ledger, skipped, forecast */
const char *halt_kind_name(enum halt_kind kind);
/* Why the run begins to roll back after such a halt: `too many failures`. HALT__COUNT: which one it was is not known. */
const char *halt_kind_goes_back(enum halt_kind kind);

/* What a wave's time is foretold from. */
enum forecast_source {
    FORECAST_FROM_WAVES,  /* of the run that ended before it */
    FORECAST_FROM_LEDGER, /* what earlier runs took */
    FORECAST_FROM_PLAN,   /* the plan that the run follows has kept it */
    FORECAST_FROM__COUNT
};

const char *forecast_source_name(enum forecast_source source); /* waves, ledger, plan */

struct wave_forecast {
    double duration_ms; /* of work: without soak, gate and pauses */
    size_t tenants;     /* that are to be worked on; 0: nothing is foretold */
    enum forecast_source source;
    const char *
        run; /* of the ledger: the newest one that it is from; NULL: none, or the plan was rehearsed */
};

/* How a wave went beyond what was foretold of it, or allowed. */
struct overrun {
    double took_ms;     /* of work so far */
    double forecast_ms; /* 0: nothing was foretold, and the limit is a time */
    double limit_ms;    /* that it went beyond */
};

struct halt {
    enum halt_kind kind;
    const char *wave; /* in which it happened; NULL: none */
    const char *gate; /* HALT_GATE: its name, */
    int status; /* the status it ended with, 0: it did not say no, but see `signal` or the reason, */
    const char *output;     /* and the last lines of what it printed; NULL: not known */
    int signal;             /* that the run was stopped by, or the gate killed by; 0: none */
    uint32_t failed;        /* HALT_THRESHOLD: so many failed in the wave, */
    uint32_t max_failures;  /* and so many are tolerated there */
    struct overrun overrun; /* HALT_FORECAST */
};

/* A machine that works, or has worked, on a run together with others. Times since the epoch, by the ledger's clock. */
struct run_machine {
    const char *name; /* as --as says, or its host's */
    const char *host;
    int64_t pid;
    int64_t joined_ms, seen_ms;
    bool is_there;       /* its lease lasts, and it has not left */
    bool has_left;       /* by itself */
    uint32_t holds;      /* tenants that it has now */
    uint32_t finished;   /* tenants whose ends it told, */
    uint32_t failed;     /* and those of them with an error */
    uint32_t taken_over; /* tenants that it took over from others */
    uint32_t lost;       /* and that were taken from it, since its lease was over */
    double per_minute;   /* tenants whose ends it told, pauses of the run left out */
};

/* The other machines on this machine's run, as a whole. */
struct run_others {
    uint32_t count;      /* work, or have worked, on it; */
    uint32_t at_work;    /* these are there, */
    uint32_t left;       /* and these have left by themselves; the others are gone */
    uint32_t finished;   /* tenants whose ends they told, */
    uint32_t failed;     /* and those of them with an error */
    uint32_t goes_back;  /* a boolean: of a rollback, which ends tenants once more */
    uint32_t taken_over; /* tenants that a machine took over from another; by this one, too */
};

uint32_t
run_others_gone(const struct run_others *others); /* neither there, nor left by themselves */

/* How all tenants of a run stand that several machines work on, as its ledger had them at a moment. */
struct run_tally {
    size_t states[TENANT__COUNT]; /* RUNNING: a machine has claimed it */
    const struct wave_tally {
        size_t done, bad;
    } * waves; /* as many as the run has */
};

enum machine_state {
    MACHINE_AT_WORK,
    MACHINE_LEFT, /* by itself */
    MACHINE_GONE, /* its lease is over */
    MACHINE__COUNT
};
enum machine_state run_machine_state(const struct run_machine *machine);
const char *machine_state_name(enum machine_state state); /* at work, left, gone */

struct told_findings;

struct run_info {
    const char *id; /* 20261123T101500Z-5f3a9c */
    const struct request *request;
    const char *target; /* as asked for, several joined by a blank; "" where there is none */
    /* the ids that `head` and beginnings of ids meant when the run began, for a resume; NULL: not kept (a dry run, say) */
    const char *fixed_target;
    /* by file of the chain (chain_file_number): its SQL holds a password of a tenant or sets one, and is neither kept nor shown; NULL: of none. Told by
     * EVENT_RUN_FINISHED */
    const bool *withheld;
    bool is_unrecorded;       /* the ledger could not take it, and does not know of it; told by
                           EVENT_RUN_FINISHED */
    const char *resumed_from; /* NULL: a run of its own */
    const char *inventory;    /* which one the run was made with (library/own.h); NULL: not known */
    struct origin origin;
    const struct chain *chain;
    const struct tenant *const *tenants; /* the selection; lives as long as the run */
    size_t tenant_count;
    const struct run_wave *waves; /* NULL: one, `all`, of everyone */
    size_t wave_count;
    const uint32_t *wave_of; /* by tenant; NULL: all in the first */
    /* by tenant, of the run that this one goes on with; NULL: none */
    const struct standing *standings;
    /* what lint had found in the plan that the run follows (lint/told.h); NULL: nothing, or it follows none */
    const struct told_findings *findings;
    /* what a machine without a list of tenants has to know (inventory/told.h); unknown: no other machine works on it */
    struct rows rules;
    /* and what each of them holds the tenants to (verification_told of rollout/verification.h); none: nothing */
    struct texts expectations;
    int64_t started_at_ms; /* since the epoch */
    /* in the order in which they came, of a run that was read back; none: it was one machine's, or no ledger told it */
    const struct run_machine *machines;
    size_t machine_count;
    /* so many tenants the run has, where only some of them are told of (report/narrow.h); 0: all are */
    size_t narrowed_from;
};

/* How many tenants the run comes to: all that it has, less those that a narrowed resume leaves out. */
size_t run_selected_count(const struct run_info *run);

/* What a run of a ledger did to one tenant. */
struct visit {
    const char *tenant; /* its name */
    const char *run;
    const struct verb *verb;
    const char *target; /* "": none */
    enum run_state run_state;
    enum tenant_state state; /* as the run's report has it */
    struct rows from, to;    /* unknown: no one could look */
    const struct err *error; /* class, code and text; NULL: none */
    int64_t at_ms;           /* when it was begun, or else the run; since the epoch */
};

enum event_kind {
    EVENT_RUN_STARTED,
    EVENT_WAVE_STARTED,    /* wave */
    EVENT_TENANT_STARTED,  /* tenant */
    EVENT_TENANT_INTENT,   /* tenant, intent: durable before the first side effect on it */
    EVENT_TENANT_RETRIES,  /* tenant, error, attempt, delay_ms: it will be tried again */
    EVENT_TENANT_FINISHED, /* tenant, outcome; once more where it is rolled back */
    EVENT_WAVE_FINISHED,   /* wave, state, at_ms */
    /* reason, halt (NULL: it was halted already), at_ms, by: nothing more is begun */
    EVENT_RUN_DRAINS,
    EVENT_RUN_ROLLS_BACK, /* reason, at_ms: from here on, what was changed is rolled back */
    EVENT_RUN_FINISHED,   /* state, duration_ms */
    EVENT_RUN_PAUSED,     /* reason, at_ms, by: nothing new is begun until it continues */
    EVENT_RUN_CONTINUES,  /* at_ms, by */
    EVENT_WAIT_STARTED,   /* wait, reason, delay_ms: no tenant is at work until this is over */
    EVENT_WAIT_FINISHED,  /* wait */
    EVENT_WAVE_FORECAST,  /* wave, forecast: before it begins */
    EVENT_WAVE_LATE,      /* wave, overrun, reason, at_ms: it takes longer than that */
    EVENT_TENANT_BATCHES, /* tenant, batches: from time to time */
    EVENT_RUN_OTHERS, /* others, tally (NULL: not counted): as the ledger has them, which is not told it */
    EVENT_NOTE, /* reason: something worth knowing: a gate that said no where nothing waits for it */
};

/* What a run waits for between its tenants. The ledger is not told. */
enum wait {
    WAIT_SOAK, /* after a wave; delay_ms: so long */
    WAIT_GATE, /* a program's answer; delay_ms: no longer than that, 0: as long as it takes */
    WAIT__COUNT
};

const char *wait_name(enum wait wait); /* soak, gate */

/* What is about to be done to a tenant. A second one of a run adds to the first. */
struct intent {
    struct rows before;   /* where it stands; unknown where the database is still to be made */
    struct rows goal;     /* where the plan leads */
    const char *snapshot; /* a copy that will be there before the first change; NULL: none */
};

struct event {
    enum event_kind kind;
    const struct run_info *run;
    size_t tenant; /* index into run->tenants */
    size_t wave;   /* index into run->waves */
    const struct outcome *outcome;
    const struct intent *intent;
    const struct batches_done *batches;
    const struct wave_forecast *forecast;
    const struct overrun *overrun;
    const struct run_others *others;
    const struct run_tally *tally;
    const struct err *error;
    uint32_t attempt; /* from 1 */
    uint32_t
        epoch; /* of the claim under which it happened (ledger/beat.h); 0: the run is one machine's */
    uint64_t delay_ms;
    const struct halt *halt;
    const char *reason; /* of a wait: what for, `the gate after_wave` */
    enum wait wait;
    enum run_state state;
    double duration_ms;
    /* since the epoch: EVENT_WAVE_FINISHED, where the soak of a resumed run counts from; of what moment.h keeps, when it
     * happened (0: not known) */
    int64_t at_ms;
    const char *by; /* who asked for it: user@host, or one of several machines; NULL: no one */
};

struct arena;

/* A copy that outlives the call, but for `run` and the revisions, which live as long as the run. */
void event_copy(struct arena *arena, const struct event *event, struct event *ret_copy);

/* The same without what may be values of rows (err_hide_values). The texts of an event from a ledger stay as
 * they are: the ledger does not keep which of them quote values. */
void event_copy_without_values(struct arena *arena, const struct event *event,
                               struct event *ret_copy);

/* Who wants to know. Called on the loop's thread, one at a time; must not block for long. */
struct observer {
    void (*on_event)(void *ctx, const struct event *event);
    void *ctx;
};

#endif
