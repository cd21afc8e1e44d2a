/* Gates: programs of the operator's that a rollout asks on its way, run without a shell.
 *
 * Each gets SKEIN_GATE… in its environment (docs/rollouts.md) and of ours only what a program needs to
 * run; what it prints goes to stderr, by way of us where someone wants it: a gate must not fail since no one reads.
 * One that does not end in time is killed with all it started. A few
 * run at once, the others wait.
 *
 *     gates_ask(gates, GATE_AFTER_WAVE, &(struct gate_facts){.wave = "canary"}, on_answer, ctx);
 */
#ifndef ROLLOUT_GATES_H
#define ROLLOUT_GATES_H

#include <uv.h>

#include "inventory/inventory.h"
#include "event/event.h"

struct gates;

/* What the program is told; NULL and ERR_NONE: not said. */
struct gate_facts {
    const char *wave;
    const char *tenant;
    const char *state; /* of the wave, the tenant or the run */
    const struct err *error;
};

/* Why a gate did not pass. */
struct gate_no {
    const char *why;    /* what to say of it */
    int status;         /* 0: it did not end by itself, or could not be run */
    int signal;         /* it was killed by; 0: it was not */
    const char *output; /* the last lines of what it printed, as far as it is read here */
};

/* `no` NULL: it passed. */
typedef void (*gate_answer_fn)(void *ctx, const struct gate_no *no);

/* `write` gets what gates print, in whole lines; NULL: gates print to our stderr themselves. */
struct gate_reader {
    void (*write)(void *ctx, const char *text, size_t len);
    void *ctx;
};

/* Rules and run are borrowed. */
struct gates *gates_new(uv_loop_t *loop, const struct gate_rules *rules, const struct run_info *run,
                        struct gate_reader reader);
void gates_free(struct gates *gates); /* nothing may be under way */

const char *gate_name(enum gate gate); /* after_wave */

bool gates_has(const struct gates *gates, enum gate gate);

/* on_answer (may be NULL) comes later, on the loop, never from inside the call. */
void gates_ask(struct gates *gates, enum gate gate, const struct gate_facts *facts,
               gate_answer_fn on_answer, void *ctx);

/* Those at work are killed, those that wait are not run; all of them are answered as cancelled. */
void gates_cancel(struct gates *gates);

#endif
