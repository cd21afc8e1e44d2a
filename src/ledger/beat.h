/* What a machine and the ledger say to each other while several machines work on one run.
 *
 * A beat is one transaction: what has happened on the machine is written, its lease is renewed, the run's course (course.h) is
 * moved on as far as it goes, and tenants are claimed for it. Beats of all machines come one after the other, by the lock of the
 * course's row, so each sees what those before it did.
 *
 * A claim is known by tenant, machine and epoch, which counts the claims of a tenant. What happens under a claim that the machine
 * does not have any more is not written: someone else has the tenant. A lease only saves time: who works on a tenant has its own
 * lock, and reads under it what was done.
 *
 *     struct beat_answer answer;
 *     if (ledger_beat(ledger, &ask, &arena, &answer, &err)) …
 *
 * A beat whose answer was lost is asked once more, with the same number and maybe through ledger_reopen: what it had to write is
 * written once.
 */
#ifndef LEDGER_BEAT_H
#define LEDGER_BEAT_H

#include "event/forecast.h"
#include "ledger/course.h"
#include "ledger/ledger.h"

/* A process that works on the run. */
struct machine_card {
    int64_t id;       /* of this start of the process; random, never 0 */
    const char *name; /* --as, or the host's */
    const char *host;
    int64_t pid;
};

/* What a run that others may join begins with, beside its EVENT_RUN_STARTED. */
struct course_plan {
    struct course
        course; /* `gates`, `rolls_back`, `is_rollback`, `ends_failure`, `wave_limit` and `lease_ms` of it */
    const struct course_wave
        *waves; /* as many as the run has: `parallel`, `per_server` and `soak_until_ms` of them */
    unsigned unlimited; /* bits by dialect: those whose tenants have no server */
};

struct held_claim {
    uint32_t tenant;
    uint32_t epoch;
};

/* Whether the answer has how all tenants of the run stand: a person or a program that watches the run wants that, and it takes long where there are many. */
enum beat_tally {
    TALLY_NEVER,
    TALLY_AT_END, /* once the run is over */
    TALLY_NOW,
};

struct beat_ask {
    const struct run_info *run;
    struct machine_card machine;
    uint64_t number;                  /* of this machine: 1, 2, … */
    const struct course_plan *begins; /* with EVENT_RUN_STARTED as the first event; else NULL */
    const struct event *events;       /* those of tenants with their `epoch` */
    size_t count;
    const struct held_claim *holds; /* what the machine has: other claims of its own go back */
    size_t hold_count;
    uint32_t wanted; /* so many tenants more, */
    uint32_t ahead;  /* and so many to be begun once there is room (claim_ahead) */
    const struct course *
        seen; /* the course as the last answer had it; NULL: there was none. What a ledger has forgotten of it is made good */
    unsigned gates; /* bits by enum gate: those that this machine can ask */
    bool
        asks_gate; /* the gate that it was given last is at work; else it may never have heard of it */
    bool answers_gate, gate_has_passed;
    const struct halt *gate_halt; /* where it has not, */
    const char *gate_reason;      /* and in words */
    enum beat_tally tally;
    bool leaves; /* the machine works no more */
};

struct claimed_tenant {
    uint32_t tenant;
    uint32_t epoch;
    int64_t place;      /* its order in the wave, or in the rollback: the lowest comes first */
    bool is_taken_over; /* another machine had it, and has not told its end */
    /* What is known of it by now, but for what the inventory had to say when the run began; NULL: nothing */
    const struct standing *standing;
};

/* What the machine's outlook is made of, where a wave has begun that it has not seen before. */
struct beat_outlook {
    struct pace paces[DIALECT__COUNT]; /* of all machines, in the waves before this one */
    struct wave_forecast forecast;     /* that a machine has made of this wave; `tenants` 0: none */
    uint32_t machines;                 /* that are there */
};

struct beat_answer {
    struct course course;
    struct course_wave rules; /* of the wave at hand */
    enum run_state
        run_state;   /* RUN_RUNNING, until the course is over or someone else has ended the run */
    enum gate gate;  /* this machine is to ask it now; GATE__COUNT: none */
    int64_t left_ms; /* until the course's `until_ms` */
    int64_t age_ms;  /* since the run began, by the ledger's clock */
    const bool *
        is_rejected; /* by event: it was not written, since the claim was not the machine's any more */
    const struct claimed_tenant *claimed;
    size_t claimed_count;
    const uint32_t *lost; /* tenants in `holds` that are not the machine's */
    size_t lost_count;
    struct run_others others;
    const struct run_tally *tally;      /* NULL: not asked for, or not to be had at the moment */
    int64_t tally_ms;                   /* so long it took */
    const struct beat_outlook *outlook; /* NULL: no wave is new, or it could not be read */
    const char *paused_by;  /* who had it pause, or go on, last; NULL: no one is known */
    const char *drains;     /* why nothing more is begun; NULL: it is not so */
    const char *rolls_back; /* why the run goes back; NULL: it does not */
};

/* May several machines write one run of this ledger? */
bool ledger_can_share(const struct ledger *ledger);

/* What its request says beside what is on record of every run (event/request.h); by tenant. */
struct ledger_terms {
    bool accepts_changes;
    const struct rows *shown;
    const char *shown_by;
    const bool *is_unproved;
    enum verify_schema verifies; /* when tenants are compared */
    struct texts expectations;   /* and with what (struct run_info) */
};

/* A run that several machines may work on, as it stands. */
struct ledger_course {
    const char *run;
    bool is_open; /* it is under way, though no machine may be there at the moment */
    struct course course;
    const struct course_wave *waves; /* as many as the run has */
    struct ledger_terms terms;
    const struct run_machine *machines; /* in the order in which they came */
    size_t machine_count;
};

/* LEDGER_NO_COURSE: the run is one machine's. `id`: the whole of it; NULL: the newest run that is open (LEDGER_NO_COURSE: none is). */
#define LEDGER_NO_COURSE "no_course"
bool ledger_read_course(struct ledger *ledger, const char *id, struct arena *arena,
                        struct ledger_course *ret_course, struct err *err) MUST_CHECK;

/* Becomes one of those who write the run of this id, which another began. Needs no ledger_lock. LEDGER_HELD: the run that holds
 * the ledger is of one machine alone. */
bool ledger_join(struct ledger *ledger, const struct run_info *run, struct err *err) MUST_CHECK;

/* The code of an error: the ledger is there, and the run, or all that was in the ledger, is not in it any more. */
#define LEDGER_RUN_GONE "run_gone"

/* True: it is durable. False: as after ledger_write; but where ledger_may_come_back, ledger_reopen and the same beat may do. What
 * the answer points to lives in the arena. */
bool ledger_beat(struct ledger *ledger, const struct beat_ask *ask, struct arena *arena,
                 struct beat_answer *ret_answer, struct err *err) MUST_CHECK;
bool ledger_may_come_back(const struct ledger *ledger);
bool ledger_reopen(struct ledger *ledger, struct err *err) MUST_CHECK;

#endif
