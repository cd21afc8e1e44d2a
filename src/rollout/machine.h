/* This machine among those that work on one run (ledger/beat.h): what it asks of the ledger and what it makes of the answers. The
 * ledger says which wave is at hand and which tenants are this machine's; the scheduler is fed with these, and knows no others.
 *
 * It believes in its claims for two thirds of a lease since it last sent a beat that was answered, by a clock that counts while the
 * machine sleeps. After that it cancels what is in flight, tells no one how that ended, and lets the ledger say what is still its
 * own. What it had begun is looked at by the machine that claims the tenant next, under the tenant's own lock.
 *
 * All functions but machine_new take NULL: there is no other machine then, and nothing is done.
 */
#ifndef ROLLOUT_MACHINE_H
#define ROLLOUT_MACHINE_H

#include <stdint.h>

#include "base/compiler.h"

struct machine;
struct rollout;
struct session;

/* The rollout has its journal, scheduler and slots. */
struct machine *machine_new(struct rollout *rollout);
void machine_close(struct machine *machine); /* its handles */
void machine_free(struct machine *machine);

/* Begins what can be begun, and asks for more. */
void machine_fill(struct machine *machine);

/* About ten times a second: is it time to stop believing in the lease? */
void machine_tick(struct machine *machine);

/* Is it so by now? A machine that has slept may be woken by something else first. The tenant is then no one's business any more here, and
 * its session must end without a change. */
bool machine_disowns(struct machine *machine, uint32_t tenant);

/* The run is paused, by who watches this machine: what it has claimed and not begun goes back. NULL is fine. */
void machine_pause(struct machine *machine);

/* Does the machine leave the run? Then the tenant, which would wait, is the others' from now on. */
bool machine_lets_go(struct machine *machine, uint32_t tenant);

/* It is told to hurry while it leaves: true, and all tenants that it has in flight are the others' from now on. What it cancels of them has not
 * failed. */
bool machine_lets_all_go(struct machine *machine);

/* A signal: true where this machine joined the run, and so leaves it to the others. */
bool machine_leaves(struct machine *machine);
bool machine_has_left(const struct machine *machine);

/* The tenant's outcome was told: its claim is over. */
void machine_note_finished(struct machine *machine, uint32_t tenant);

/* The session of a tenant that is not this machine's any more has ended; frees it. */
void machine_drop(struct machine *machine, struct session *session);

#endif
