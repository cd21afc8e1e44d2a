/* A ledger in memory, in the place of src/ledger/stored_ledger.c: what ledger.h promises, and no more. It lives as
 * long as the world, through kills; a write that fails may or may not be found there later.
 */
#ifndef SIM_MEMORY_LEDGER_H
#define SIM_MEMORY_LEDGER_H

#include "ledger/ledger.h"
#include "sim/rng.h"

struct memory_ledger;

struct memory_ledger *memory_ledger_new(struct rng rng);
void memory_ledger_free(struct memory_ledger *ledger);

/* ledger_open opens this one from now on. */
void memory_ledger_use(struct memory_ledger *ledger);

/* The write that many writes from now fails, as do all later ones of that run; 0: none. */
void memory_ledger_fail_at(struct memory_ledger *ledger, uint32_t writes);

/* No process has it open any more: its own was killed. */
void memory_ledger_forget_holder(struct memory_ledger *ledger);

/* Each event, once it is durable. */
void memory_ledger_watch(struct memory_ledger *ledger, const struct observer *observer);

size_t memory_ledger_run_count(const struct memory_ledger *ledger);

/* The id of the newest run; NULL: there is none. */
const char *memory_ledger_newest(const struct memory_ledger *ledger);

/* Is an intent of the newest run for this tenant durable? */
bool memory_ledger_has_intent(const struct memory_ledger *ledger, const char *tenant);

#endif
