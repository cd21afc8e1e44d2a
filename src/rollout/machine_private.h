/* A machine, between machine*.c. */
#ifndef ROLLOUT_MACHINE_PRIVATE_H
#define ROLLOUT_MACHINE_PRIVATE_H

#include "rollout/machine.h"
#include "rollout/rollout_private.h"

struct machine {
    struct rollout *rollout;
    const struct rollout_share *share;
    uv_timer_t timer; /* until the next beat */
    int64_t id;
    uint64_t number;           /* of the beat that was sent last */
    struct course_wave *waves; /* for the beat that begins the run */
    struct course_plan plan;
    struct course course; /* as the last answer has it */
    uint64_t lease_ms;
    bool has_answer;
    int64_t sent_ms;      /* of clock_boot_ms: when the beat under way was sent, */
    int64_t renewed_ms;   /* and the last one that was answered */
    bool is_asking;       /* a beat is under way */
    uint32_t asked;       /* so many tenants by that beat, to be begun at once, */
    uint32_t asked_ahead; /* and so many to be begun later */
    bool was_refused;     /* it was given fewer than it could begin, */
    bool was_short;       /* or at least fewer than it asked for */
    uint32_t had;         /* so many were in hand then, */
    uint32_t had_places;  /* and took or could take so many places */
    struct tenant_rate {  /* how quickly tenants are finished here */
        bool is_known;
        int64_t since_ms;  /* of clock_boot_ms, */
        uint32_t finished; /* and so many since then */
        uint32_t ahead;    /* before that, in AHEAD_MS */
    } rate;
    int64_t
        away_since_ms;  /* of clock_boot_ms: the ledger does not answer, since then; 0: it does */
    bool has_told_away; /* which the observers know */
    bool is_late;       /* it believes in no claim of its own until an answer comes */
    bool is_leaving;
    bool has_begun_wave, has_ended_wave; /* as the observers know it */
    bool has_told_drain;
    struct run_others others; /* as the observers know them */
    int64_t tally_at_ms; /* of clock_boot_ms: from then on all tenants may be counted once more */
    bool answers_gate, gate_has_passed; /* in the next beat */
    /* a gate that this machine does not ask, and that its observers know it waits for; GATE__COUNT: none */
    enum gate awaits;
    bool is_asked; /* by another machine */
    /* they know that the last tenants are reached by no machine that is here */
    bool waits_for_names;
    struct halt gate_halt;
    const char *gate_reason;
};

/* machine_ask.c: fills in a beat, whose lists live in `arena`; `is_last`: the machine leaves with it. */
void machine_fill_ask(void *ctx, struct beat_ask *ask, struct arena *arena, bool is_last);
/* May it be given tenants at all? Does it hold more, claimed ahead, than it will soon begin? Does anyone look at the whole run here? */
bool machine_may_take(const struct machine *machine);
bool machine_has_surplus(const struct machine *machine);
bool machine_is_watched(const struct machine *machine);

/* Goes where the run has gone, as a beat's answer has it: waves, soaks, gates, pauses, the way back. */
void machine_follow(struct machine *machine, const struct beat_answer *answer);

/* Is the lease that was renewed at `since_ms` (of clock_boot_ms) so old that the machine no longer believes in it? */
bool machine_is_lease_over(const struct machine *machine, int64_t since_ms);

/* All that it has claimed may be another machine's: what is in flight is cancelled, and told to no one. */
void machine_lose_all(struct machine *machine);

/* A beat has failed: may it be asked once more? A callback of the journal; `ctx` is the machine. */
bool machine_may_wait(void *ctx, const struct err *err);

/* One was answered. */
void machine_note_answer(struct machine *machine);

/* Those that were not begun go back with the next beat. */
void machine_give_back_queued(struct machine *machine);

#endif
