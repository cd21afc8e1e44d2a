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
 * Of a run that several machines work on, each commit is a beat (ledger/beat.h), which says more than the events and is answered.
 * A beat that fails since the ledger's server is gone is asked again and again, for as long as `may_wait` says.
 *
 *     journal_close(journal);      nothing more will be told through the loop
 *     uv_run(…)
 *     journal_finish(journal, &err), journal_free(journal)
 */
#ifndef ROLLOUT_JOURNAL_H
#define ROLLOUT_JOURNAL_H

#include <uv.h>

#include "ledger/beat.h"

struct journal;

/* err NULL: it is durable; EVENT_TAKEN_OVER: another machine has the tenant, and nothing was written. */
typedef void (*journal_done_fn)(void *ctx, const struct err *err);

/* `ledger` is borrowed. on_broken comes once, on the loop, with the first failed write. */
struct journal *journal_new(uv_loop_t *loop, struct ledger *ledger, journal_done_fn on_broken,
                            void *ctx);

struct journal_beats {
    /* Before each beat: what it asks beside its events, which live until the answer; `is_last`: the loop has ended. */
    void (*fill)(void *ctx, struct beat_ask *ask, struct arena *arena, bool is_last);
    /* On the loop, before those who wait are told. What it points to is gone after it. */
    void (*take)(void *ctx, const struct beat_answer *answer);
    bool (*may_wait)(void *ctx, const struct err *err);
    void *ctx;
};

/* Before the first event. */
void journal_beat_with(struct journal *journal, const struct journal_beats *beats);

/* Asks for a beat soon, even without an event. */
void journal_beat(struct journal *journal);

/* Are there events that no one has begun to write? */
bool journal_has_news(const struct journal *journal);

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
