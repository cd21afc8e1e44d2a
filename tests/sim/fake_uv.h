/* libuv as far as a rollout needs it, on a clock that only moves when nothing is left to do, with
 * everything that is ready called in random order.
 *
 * fake_uv.c defines the functions of libuv that src/rollout calls, so the code under test is linked as
 * it is (what it does not define is libuv's own, and is not called here). Each process has one loop. Work
 * for the pool and threads is done when the clock says so, in one step, and its end told later.
 *
 *     loop_begin(&rng, on_time, ctx);          a new world: the clock stands at LOOP_EPOCH_MS
 *     loop_plan(&(struct loop_plan){…});       what will happen to the next runs
 *     …rollout_run…
 */
#ifndef SIM_FAKE_UV_H
#define SIM_FAKE_UV_H

#include "sim/rng.h"

#define LOOP_EPOCH_MS ((uint64_t)1000000)

/* In steps: callbacks, pieces of work and operations of the driver; 0: never. */
struct loop_plan {
    uint64_t kill_at; /* the process dies: on_kill, which does not return */
    uint64_t signal_at[2];
    int signal;
    uint64_t give_up_ms; /* of the clock, from now on: it hangs */
};

struct loop_hooks {
    void (*on_time)(void *ctx, uint64_t now_ms); /* the clock has moved */
    void (*on_kill)(void *ctx);
    /* A program was started: how long it takes, and its exit status. */
    void (*on_spawn)(void *ctx, uint64_t *ret_takes_ms, int *ret_status);
    void (*on_wrong)(void *ctx, const char *what); /* hangs, handles left open; does not return */
    void *ctx;
};

void loop_begin(struct rng rng, const struct loop_hooks *hooks);
void loop_end(void);
void loop_plan(const struct loop_plan *plan);

/* One step of the plan has been done; also for the driver, between its operations. */
void loop_step(void);

uint64_t loop_now_ms(void);
void loop_advance(uint64_t ms); /* between runs */

/* Drops what a killed run has left. */
void loop_forget(void);

/* Calls it later, as a detached thread would run; never, where the run is killed first. */
void loop_later(void *(*run)(void *), void *arg);

/* ---- several processes, each with a loop of its own ------------------------------------------ */

/* What is begun belongs to the process whose turn it is: 0 to LOOP_PROCESSES_MAX - 2, and at first 0, the only one that most cases
 * have. uv_run runs that one alone; loop_turn whichever is due. */
enum { LOOP_PROCESSES_MAX = 34 };
void loop_be(unsigned process);
unsigned loop_process(void);

/* The next thing that happens, whoever's it is; false: nothing ever will. */
bool loop_turn(void);
/* Has the process something to do before its loop ends? It has the turn from now on. */
bool loop_is_alive(unsigned process);
void loop_signal(unsigned process, int number);

/* So many of its own steps from now: on_kill, in its turn; loop_forget drops what it has left. 0: not any more. */
void loop_die_after(unsigned process, uint64_t steps);

/* It does nothing for so long. `sleeps`: its whole machine does not, so that its steady clock and its timers stand still too. */
void loop_pause(unsigned process, uint64_t ms, bool sleeps);
bool loop_is_paused(unsigned process);
/* So much of the clock the steady clock of the process whose turn it is has missed. */
uint64_t loop_slept_ms(void);

/* Calls it then, as no process's; and drops all that is still to come of these. */
void loop_at(uint64_t delay_ms, void (*run)(void *), void *arg);
void loop_forget_world(void);

#endif
