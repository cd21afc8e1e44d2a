/* The course of a run that several machines work on: which wave is at hand, what the run waits for, and why it begins nothing
 * more. It is one row of the ledger, and this is what moves it on: pure, from the row and what is counted beside it. The machine
 * that holds the row's lock moves it, so that each step is taken once, by whichever machine comes first.
 *
 *     struct course_facts facts = …;                       counted under the same lock
 *     switch (course_move(&course, &facts)) …              until it says COURSE_STAYS
 */
#ifndef LEDGER_COURSE_H
#define LEDGER_COURSE_H

#include "event/event.h"

/* Numbers of these enums are in ledgers: new ones are added at the end only. */
enum course_phase {
    COURSE_BEFORE,     /* the gate before_run, where there is one */
    COURSE_WAVE,       /* tenants of the wave are claimed */
    COURSE_AFTER_WAVE, /* the gate after_wave */
    COURSE_SOAK,
    COURSE_ROLLBACK,  /* tenants that were changed are claimed once more, to go back */
    COURSE_AFTER_RUN, /* the gate after_run: how the run ended is known */
    COURSE_OVER,
    COURSE__COUNT
};

enum course_gate {
    COURSE_UNASKED,
    COURSE_ASKED,
    COURSE_PASSED,
    COURSE_REFUSED,
    COURSE_GATE__COUNT
};

struct course {
    enum course_phase phase;
    uint32_t wave;       /* at hand; `wave_count` in the rollback */
    uint32_t wave_count; /* in all, */
    uint32_t wave_limit; /* and only these are begun */
    unsigned gates;      /* bits by enum gate: those that there are */
    bool rolls_back;     /* after a trip */
    bool is_rollback;    /* the run brings back what an earlier one has changed, */
    bool ends_failure;   /* which no one asked for: that one had begun to, since it failed */
    uint64_t lease_ms;   /* so long a machine that says nothing keeps what it has claimed */

    uint32_t failed;       /* of the wave: they count against its threshold, */
    uint32_t errors;       /* and so many had an error at all */
    bool has_wave_changed; /* something of the wave was changed: its soak is due */
    bool has_tripped;      /* too many failed, or a gate said no: nothing more is begun */
    bool is_refused;       /* it was a gate */
    bool is_paused;        /* by who watches it: nothing is claimed until it continues */
    int stopped_by;        /* the signal that a person stopped the run with; 0: none */
    bool has_rolled_back;
    enum course_gate gate; /* of the phase */
    int64_t gate_machine;  /* who asks it */
    /* Of the ledger's clock: the soak is over then. In a wave, and in the rollback: who can be reached by no machine is waited for
     * until then, since all others are done; 0: they are not. */
    int64_t until_ms;
    uint32_t changed;   /* so many were changed so far: gives the rollback its order */
    enum run_state end; /* from COURSE_AFTER_RUN on */
};

/* What a wave allows. */
struct course_wave {
    uint32_t parallel;    /* tenants at once on one machine */
    uint32_t per_server;  /* and on one server, of all machines together */
    int64_t max_failures; /* tolerated; -1: any number */
    uint64_t soak_ms;
    int64_t soak_until_ms; /* left from an earlier run that this one goes on with; 0: none */
};

/* Of the wave at hand, but for `now_ms` and the last two. */
struct course_facts {
    int64_t now_ms; /* of the ledger's clock */
    struct course_wave rules;
    uint32_t
        claimed;    /* by a machine whose lease lasts; the others are counted where it is 0 alone */
    bool has_ready; /* a tenant that may be claimed, and that a machine which is there can reach, */
    bool has_unreached;    /* or one that none of them can reach */
    uint32_t to_roll_back; /* tenants that were changed */
    struct course_totals {
        uint32_t wanted, finished, failed, need_person, not_back;
    } totals;
};

enum course_move {
    COURSE_STAYS,
    COURSE_BEGINS_WAVE,     /* `wave` */
    COURSE_ENDS_WAVE,       /* `wave`, as course_wave_state says */
    COURSE_LEAVES_WAVE,     /* its gate has passed: a soak, or none, follows */
    COURSE_BEGINS_ROLLBACK, /* what was changed is ready again, in wave `wave_count` */
    COURSE_ENDS,            /* `end` is how */
    COURSE_CLOSES,          /* no machine has anything to do any more */
};

/* One step, if any is due. What it says has happened to the course already; the rows that belong to it are the caller's. */
enum course_move course_move(struct course *course, const struct course_facts *facts);

/* An outcome of the wave at hand. True: with it, too many have failed. */
bool course_note(struct course *course, const struct course_wave *rules,
                 const struct outcome *outcome);

/* What a machine has seen of the course, of a ledger that has lost its last commits since: the run does not begin again what it had
 * stopped to begin. True: it had begun to go back, and does so again, in wave `wave_count`. */
bool course_recall(struct course *course, const struct course *seen);

/* May tenants be claimed; and only orphans: those that a machine which is gone had begun? */
bool course_may_claim(const struct course *course);
bool course_takes_orphans_alone(const struct course *course);

/* Begins the run nothing more? */
bool course_is_stopping(const struct course *course);

/* The gate that the phase waits for and no one asks; GATE__COUNT: none. */
enum gate course_gate_due(const struct course *course);

/* The gate that the phase waits for, whether a machine asks it or none does yet; GATE__COUNT: none. */
enum gate course_gate_awaited(const struct course *course);

/* Its answer. */
void course_answer_gate(struct course *course, bool has_passed);

/* How the wave at hand stands, were it over now. */
enum run_state course_wave_state(const struct course *course);

/* ---- which tenants ------------------------------------------------------------------------- */

/* Tenants of one server that the same machines can reach. */
struct claim_queue {
    uint32_t number;
    const char *server;
    const char *reach; /* only the machine of that name; NULL: any */
    bool is_unlimited; /* it is no server */
    uint32_t ready;    /* that may be claimed; more than are wanted need not be counted */
    uint32_t claimed;  /* at the moment, by all machines */
    uint32_t take;     /* filled: so many of it */
};

/* Shares `wanted` places of the machine called `name` out among the queues: the server that has the least to do comes first, and
 * none gets more than `per_server` in all. Fills `take`. */
void claim_divide(struct claim_queue *queues, size_t count, const char *name, uint32_t per_server,
                  uint32_t wanted);

/* After that: `ahead` more, in equal shares, to be begun once there is room. What is claimed counts as its server's load: while other
 * machines are there, none of a server's are among them. A machine alone holds `per_server` itself, and who joins gets none of a server's
 * until fewer than these are claimed. */
struct claim_more {
    uint32_t ahead;
    bool is_alone; /* no other machine takes part at the moment */
};
void claim_ahead(struct claim_queue *queues, size_t count, const char *name,
                 const struct claim_more *more);

#endif
