/* What a run tells its ledger: many events in one commit, made on a worker, never on the loop.
 *
 * While one commit is under way the next batch gathers. Events that a session waits for are written as soon as
 * the worker is free; the others wait for company, a fifth of a second at most. After a write that failed
 * nothing is written any more, and all who wait are told so.
 *
 *     struct journal *journal = journal_new(&loop, ledger, on_broken, ctx);
 *     journal_tell(journal, &event);
 *     journal_tell_and_wait(journal, &event, on_durable, session);
 *     …
 *     journal_close(journal);      nothing more will be told through the loop
 *     uv_run(…)
 *     journal_finish(journal, &err), journal_free(journal)
 */
#ifndef ROLLOUT_JOURNAL_H
#define ROLLOUT_JOURNAL_H

#include <uv.h>

#include "ledger/ledger.h"

struct journal;

typedef void (*journal_done_fn)(void *ctx, const struct err *err); /* err NULL: it is durable */

/* `ledger` is borrowed. on_broken comes once, on the loop, with the first failed write. */
struct journal *journal_new(uv_loop_t *loop, struct ledger *ledger, journal_done_fn on_broken,
                            void *ctx);

/* The event is copied. */
void journal_tell(struct journal *journal, const struct event *event);

/* on_durable comes later, on the loop, never from inside the call. */
void journal_tell_and_wait(struct journal *journal, const struct event *event,
                           journal_done_fn on_durable, void *ctx);

/* Ends the journal's use of the loop, once what is under way is done. */
void journal_close(struct journal *journal);

/* Called after the loop has ended: writes what is left. False where this or any earlier write failed. */
bool journal_finish(struct journal *journal, struct err *err) MUST_CHECK;
void journal_free(struct journal *journal);

#endif
