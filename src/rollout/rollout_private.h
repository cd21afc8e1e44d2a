/* The inside of a run, for its own files: the loop (rollout.c), what stops it (rollout_stop.c), what it is made from
 * (rollout_setup.c), what sessions ask of it (rollout_sessions.c), what becomes of how they end (rollout_outcomes.c), and the
 * smaller ones called rollout_*.c; and for its part on several machines (machine_private.h). */
#ifndef ROLLOUT_ROLLOUT_PRIVATE_H
#define ROLLOUT_ROLLOUT_PRIVATE_H

#include <signal.h>

#include "base/arena.h"
#include "base/map.h"
#include "rollout/survey.h"
#include "rollout/evidence.h"
#include "rollout/preflights.h"
#include "rollout/gates.h"
#include "rollout/journal.h"
#include "rollout/machine.h"
#include "rollout/outlook.h"
#include "link/link.h"
#include "rollout/rollout.h"
#include "rollout/rollout_sessions.h"
#include "rollout/scheduler.h"
#include "rollout/routes.h"

enum { SIGNALS_OF_OURS = 3, SIGNALS_TAKEN = SIGNALS_OF_OURS + 1 };

/* What is kept of a tenant while the run lasts. */
struct tenant_slot {
    struct session *session; /* from its beginning to its end; NULL: neither */
    uint32_t server;
    uint32_t backend_pid; /* of its connection, this one or the last; 0: not known */
    bool is_changed;      /* by the rollout, and could be rolled back */
    /* going back, it turned out to have nothing of the rollout: no copy is put there */
    bool is_untouched;
    const char *snapshot; /* NULL: no copy was asked for */
    /* Of a run that several machines work on: the claim that this one has (0: none), and whether it is among those that wait to
     * be begun; and whether the session's own claim is gone, so that its end is no one's business. */
    uint32_t epoch;
    bool is_queued;
    bool is_lost;
    bool is_taken_over; /* another machine had begun it in this run */
    bool
        is_recalled; /* the ledger had forgotten what a run of the rollout did there (routes_recall) */
};

struct server_slot {
    const char *trouble; /* what was said of it last; NULL: nothing */
    bool was_reached;    /* it was of use in this run, or has said itself why it was not */
};

struct rollout {
    const struct rollout_options *options;
    struct observer *observers; /* of the arena */
    size_t observer_count;
    struct run_info info;
    struct arena arena;
    uv_loop_t *loop; /* the caller's */
    uv_timer_t tick;
    uv_timer_t soak;
    uv_signal_t signals[SIGNALS_OF_OURS];
    struct sigaction handlers[SIGNALS_TAKEN]; /* the program's, which libuv does not put back */
    int signal;                               /* the one that stopped us; 0: none */
    bool is_stopped;                          /* by a signal, or the caller */
    bool is_draining;
    bool is_paused;
    bool is_cancelling;
    bool is_urged; /* a signal came after the first */
    bool is_closed;

    struct session_env env;
    struct scheduler *scheduler;
    struct links *links;
    struct inquiry *inquiry;        /* NULL: no one wants to know what tenants do */
    struct named_replica *replicas; /* those that were looked at */
    size_t replica_count, replica_capacity;
    struct doing_told *told; /* what servers have said of them, STATUS_DOINGS */
    bool *is_used; /* by revision of the chain: an outcome speaks of it; NULL: none does */
    /* by revision of the chain: does its SQL set a password? NULL: that was not asked */
    enum sets { SETS_UNKNOWN, SETS_NOTHING, SETS_PASSWORD } * setting;
    struct routes *routes;
    struct evidence *evidence;
    struct preflights *preflights;
    struct gates *gates;
    struct outlook *outlook; /* NULL: how long waves take concerns no one */
    struct survey *survey;   /* NULL: tenants are looked at one by one */
    bool is_surveying;       /* nothing is decided until it has answered */
    bool has_begun;          /* a wave */
    bool is_gated;           /* nothing is decided until the gate has answered */
    enum gate gate;          /* that was asked last, of those that something waits for */
    bool is_refused;         /* it said no */
    bool is_late;            /* a wave took longer than it may, and the run was halted for it */
    bool is_waiting;         /* for a gate, or a soak, and the observers were told */
    uint32_t wave;           /* that was begun last */
    bool is_over; /* all is done, and `end` is how it ended: a signal changes that no more */
    enum run_state end;
    struct map claimed;         /* databases that said who they are -> tenant */
    struct journal *journal;    /* NULL: no ledger */
    struct machine *machine;    /* NULL: no other machine works on the run */
    struct standing *standings; /* with `machine`: what info.standings points to */
    struct err ledger_err;
    struct tenant_slot *slots; /* by tenant */
    struct server_slot *servers;
    size_t server_count;
    bool may_meet_twins; /* two of their names may be those of one database */
    size_t wanted;       /* tenants that this run means to visit */
    size_t in_flight;    /* sessions that there are */
    size_t finished;     /* of them, on the way out */
    size_t failed;
    size_t wave_failed;    /* in the wave at hand */
    size_t need_person;    /* that a person must look at */
    bool has_rolled_back;  /* the rollback was done, or at least begun */
    size_t rollbacks_left; /* tenants that are still to go back */
    uint64_t started_ns;
    uint64_t random;
};

/* rollout.c */
double rollout_elapsed_ms(const struct rollout *rollout);

/* The run began so long ago, on another machine: times of tenants count from then. */
void rollout_join_after(struct rollout *rollout, int64_t age_ms);

/* To the ledger and to the observers. */
void rollout_tell(struct rollout *rollout, struct event event);

/* The wave that was begun last; NULL: none was. */
const char *rollout_wave_name(const struct rollout *rollout);

void rollout_on_tick(uv_timer_t *handle);

/* Something worth knowing. */
void rollout_note(struct rollout *rollout, const char *text);

/* What a decision, or a machine that has one made for it, has done. */
void rollout_start_tenant(struct rollout *rollout, uint32_t tenant);
void rollout_limit_connections(struct rollout *rollout, size_t wave);
void rollout_begin_wait(struct rollout *rollout, enum wait wait, const char *what, uint64_t ms);
void rollout_end_wait(struct rollout *rollout);
void rollout_ask_gate(struct rollout *rollout, enum gate gate, const struct gate_facts *facts,
                      gate_answer_fn on_answer);
void rollout_close_handles(struct rollout *rollout);

/* To the observers alone. */
void rollout_show(struct rollout *rollout, struct event event);

/* What who steers the run wants: paused or not; stopped, which is asked before anything is begun, so that it holds at once. */
void rollout_obey_steering(struct rollout *rollout);
void rollout_obey_stops(struct rollout *rollout);
void rollout_on_signal(uv_signal_t *handle, int number);
void rollout_on_ledger_broken(void *ctx, const struct err *err);

/* rollout_setup.c */
void rollout_open(struct rollout *rollout);
void rollout_close(struct rollout *rollout);

/* rollout_sessions.c */
void rollout_fill_env(struct rollout *rollout);

/* The tenant has something of the rollout to be rolled back, should it come to that. */
void rollout_note_changed(struct rollout *rollout, uint32_t tenant);

/* Both end a tenant without a session. The first: its login was refused already, or it is gone from the
 * inventory (false: neither). The second: its server is in trouble. */
bool rollout_skip_unreachable(struct rollout *rollout, uint32_t tenant);
void rollout_give_up(struct rollout *rollout, uint32_t tenant);

/* rollout_outlook.c: how long waves take, beside what was foretold. The wave at hand begins and ends; the run stands still, or goes
 * on; a tenant has ended; and is the wave late by now? */
void rollout_open_outlook(struct rollout *rollout);
void rollout_tell_outlook(struct rollout *rollout, size_t first);
void rollout_begin_outlook(struct rollout *rollout);
void rollout_end_outlook(struct rollout *rollout);
void rollout_close_outlook(struct rollout *rollout);
struct beat_outlook;
void rollout_take_outlook(struct rollout *rollout, uint32_t wave, const struct beat_outlook *told);
void rollout_pause_outlook(struct rollout *rollout, bool is_paused);
void rollout_note_visit(struct rollout *rollout, uint32_t tenant, const struct outcome *outcome);
void rollout_look_at_outlook(struct rollout *rollout);

/* rollout_doings.c: fills the status's doings, where someone wants them; and at the end of the run. */
void rollout_look_at_doings(struct rollout *rollout);
void rollout_stop_asking(struct rollout *rollout);

/* rollout_replicas.c: at the end of the run. */
void rollout_close_replicas(struct rollout *rollout);

/* rollout_withheld.c: notes which revisions the outcome speaks of; and, of those, says in `info` whose SQL holds a password. */
void rollout_note_used(struct rollout *rollout, const struct outcome *outcome);
void rollout_withhold(struct rollout *rollout);
/* Masks the passwords that the revision sets in a text of `size` bytes about it: a server says near which word it met an error. NULL: nothing. */
void rollout_hide_literals(struct rollout *rollout, const struct revision *revision, char *text,
                           size_t size);
/* What the gate printed, without the fleet's passwords; in the rollout's arena. */
const char *rollout_gate_output(struct rollout *rollout, const struct gate_no *no);

#endif
