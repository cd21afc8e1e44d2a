/* Who watches a run of several machines: every beat against the rows of the ledger before and after it, every outcome that becomes
 * durable, every first write in a database and every tenant that is begun, each checked at once; and at the end what the
 * ledger tells of the run.
 *
 * What is wrong is told to on_wrong, which does not return.
 */
#ifndef SIM_MACHINES_WATCH_H
#define SIM_MACHINES_WATCH_H

#include "event/event.h"
#include "sim/fake_uv.h"
#include "sim/scene.h"
#include "sim/truth.h"

struct report;

enum { MACHINES_MAX = LOOP_PROCESSES_MAX - 2 };

/* A claim, as a row has it. */
struct seen_claim {
    uint32_t wave;
    uint32_t epoch;
    int state; /* 0: ready; 1: a machine has it; 2: done */
    int64_t machine;
    bool has_lease; /* that machine's lease is not over */
    bool is_begun;  /* and its end is not on record */
};

/* The rows of the run at one moment. */
struct seen_rows {
    int64_t run;  /* 0: there is none with a course */
    int64_t beat; /* of the machine that asks: its last */
    int phase, wave, wave_count, failed, gate;
    bool has_tripped;
    struct seen_claim claims[TENANTS_MAX];
};

struct machines_watch {
    struct scene *scene;
    void (*on_wrong)(void *ctx, const char *what);
    void (*on_trace)(void *ctx, const char *what); /* NULL: not asked for */
    void *ctx;

    /* the rollout at hand */
    uint32_t goal[TENANTS_MAX], back[TENANTS_MAX];
    bool
        has_lost_commits; /* the ledger, some time: what machines had done it may not know, unless they come there again */
    bool
        is_forgotten; /* and a machine that knew more is gone: what became of the run then, no one can know */

    /* the run at hand */
    bool
        is_quiet; /* no machine dies, stops or loses the ledger: what is promised of such a run holds as well */
    size_t gates_asked; /* programs that were begun */
    size_t gates_due;   /* gates that the ledger has handed out */
    size_t gates_answered;
    bool is_stopped;  /* by a signal, some time */
    bool is_rollback; /* of another run */
    struct on_machine {
        bool knows_more; /* than the ledger, since that has lost commits, and has not told it yet */
        bool is_stopping, is_going_back;
        bool runs[TENANTS_MAX];
        bool takes_over[TENANTS_MAX]; /* what others had begun: it is looked at after a trip too */
    } machines[LOOP_PROCESSES_MAX];   /* by process */
};

/* Where everyone stands now is where everyone goes back to. */
void machines_watch_begin_rollout(struct machines_watch *watch, uint32_t target, bool is_downgrade);
/* A run, and its databases and beats, are watched from now on. */
void machines_watch_begin_run(struct machines_watch *watch);

/* For the rollout of a process: `ctx` is the watch, and whose turn it is is the process's. */
struct observer machines_watch_observer(struct machines_watch *watch);
/* It is gone. */
void machines_watch_forget(struct machines_watch *watch, unsigned process);

/* The ledger has lost its last commits. Is a process at work, or has it been in this run? */
void machines_watch_lose(struct machines_watch *watch, unsigned process, bool is_at_work);

/* For ledger_replay, once no one is at work: what it tells is so. */
struct observer machines_watch_reader(struct machines_watch *watch);
void machines_watch_check_end(struct machines_watch *watch, const struct report *report,
                              size_t tenant_count);

struct truth machines_watch_truth(struct machines_watch *watch, size_t tenant);
PRINTF_LIKE(2, 3) void machines_watch_say(struct machines_watch *watch, const char *format, ...);
PRINTF_LIKE(2, 3) void machines_watch_wrong(struct machines_watch *watch, const char *format, ...);

/* The number of the newest run that machines can join, or could; 0: there is none. */
int64_t machines_watch_newest(bool *ret_is_over);
/* The newest run of any kind: its number, 0 where there is none, and its id. */
int64_t machines_watch_newest_of_all(char *ret_id, size_t size);

#endif
