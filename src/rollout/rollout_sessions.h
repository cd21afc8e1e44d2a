/* What sessions ask of their run, and tell it. Only sessions, and the files of the run itself, include this. */
#ifndef ROLLOUT_ROLLOUT_SESSIONS_H
#define ROLLOUT_ROLLOUT_SESSIONS_H

#include "link/replica.h"
#include "rollout/session.h"

struct rollout;

/* Does all that can be done now: begins tenants, waves, the rollback, or the end. */
void rollout_fill(struct rollout *rollout);

/* ---- rollout_sessions.c: what is to be done ------------------------------------------------ */

/* Now that the tenant's lock is held: is the tenant still this machine's? ERR_LEDGER: another one may have had it meanwhile. */
bool rollout_still_has(struct rollout *rollout, struct session *session,
                       struct err *err) MUST_CHECK;

/* The tenant's plan from these rows; lives as long as the run. */
const struct plan *rollout_plan(struct rollout *rollout, struct session *session,
                                const struct rows *rows, struct err *err);

/* After the plan: has a run of the rollout been there, though the ledger knows of none? */
bool rollout_is_recalled(const struct rollout *rollout, struct session *session);

/* Another machine has worked on the tenant in this run, and has not told its end: where it stood before. False: it is as it was found. The
 * rows live in `arena`. */
bool rollout_before_run(const struct rollout *rollout, struct session *session, struct arena *arena,
                        struct rows *ret_before);

/* Has this run changed the tenant, by what its history says: another machine, or this one before it lost the tenant or the ledger its last
 * commits? */
bool rollout_was_there(const struct rollout *rollout, struct session *session, struct arena *arena);

/* Has a run of the rollout left a row in the history that was read? Are these rows those of before the rollout? Is the
 * tenant being rolled back? */
bool rollout_has_trace(const struct rollout *rollout, struct session *session);
bool rollout_is_as_before(const struct rollout *rollout, struct session *session,
                          const struct rows *rows);
bool rollout_is_rolling_back(const struct rollout *rollout);

/* Is it a run of this rollout: this one, or one that it goes on with or rolls back? */
/* Would a resume of the run that is rolled back finish what that run left half way? */
bool rollout_can_resume(const struct rollout *rollout);
bool rollout_is_of_family(const struct rollout *rollout, const char *run);

/* The copy that is to be made before the first change, and the one to be put back instead of going back by plan;
 * NULL: none. */
const char *rollout_copy_to_make(struct rollout *rollout, struct session *session);
const char *rollout_copy_to_restore(const struct rollout *rollout, struct session *session);

/* Where the copy is made on which its plan is rehearsed. */
const char *rollout_copy_to_rehearse(const struct rollout *rollout, struct session *session,
                                     struct arena *arena);

/* Records what the session is about to do, before the first side effect. True: go on; false: session_job_done comes once it is
 * durable. */
bool rollout_intend(struct rollout *rollout, struct session *session, const struct intent *intent);

/* The database turned out to be this one. Returns the tenant of the run that has it already; NULL: no other has. */
const struct tenant *rollout_claim(struct rollout *rollout, struct session *session,
                                   const char *database);

/* ---- rollout_sessions.c: when -------------------------------------------------------------- */

/* What a survey says of the tenant. NULL: nothing is known. */
const struct surveyed *rollout_surveyed(const struct rollout *rollout, size_t tenant);

/* No further tenant is begun. */
bool rollout_is_ending(const struct rollout *rollout);

/* False: the run is stopping, give up; `is_urgent`: what it waits for is worth it even then. Where this machine leaves the run, the
 * tenant is given back to the others, so ask only for one that would wait. */
bool rollout_may_wait(struct rollout *rollout, const struct session *session, bool is_urgent);

/* The tenant waits before the next attempt. True: it has no place among those at work meanwhile, and asks for one with
 * rollout_want_turn; session_take_turn comes later, from rollout_fill. False: it keeps its place. */
bool rollout_park(struct rollout *rollout, struct session *session);
void rollout_want_turn(struct rollout *rollout, struct session *session, enum turn turn);

/* For jitter. */
uint64_t rollout_random(struct rollout *rollout);

/* ---- rollout_outcomes.c: how it goes ------------------------------------------------------- */

void rollout_note_connected(struct rollout *rollout, struct session *session);
/* Connecting failed, but the login was not refused. */
void rollout_note_not_refused(struct rollout *rollout, struct session *session);
/* The server does what is asked of it. */
void rollout_note_well(struct rollout *rollout, struct session *session);

/* What only the run knows of a failed attempt: fills had_company and was_reached, and tells a conflict with another
 * tenant of the run from one with a session of others (err->trouble). */
void rollout_weigh(struct rollout *rollout, struct session *session, struct err *err,
                   struct retry_history *history);
void rollout_note_retry(struct rollout *rollout, struct session *session, const struct err *err,
                        uint32_t attempt, uint64_t delay_ms);

void rollout_note_batches(struct rollout *rollout, struct session *session,
                          const struct batches_done *batches);

/* rollout_replicas.c: what is known of a replica by now. It is asked over one connection for the whole run. */
struct replica_view rollout_look_at_replica(struct rollout *rollout, const struct tenant *replica);

/* The session's end; it is freed. */
void rollout_note_finished(struct rollout *rollout, struct session *session,
                           const struct outcome *outcome);

#endif
