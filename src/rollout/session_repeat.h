/* What the batches of a statement that repeats (session_repeat.c) and what stands between two of them (session_ease.c) share. */
#ifndef ROLLOUT_SESSION_REPEAT_H
#define ROLLOUT_SESSION_REPEAT_H

#include "chain/repeat.h"
#include "rollout/session_private.h"

/* Of a clock that no one sets; never 0. */
uint64_t session_repeat_now_ms(void);

/* What comes next, and the statement that it repeats. */
const struct action *session_repeat_action(const struct session *session);
const struct repeating *session_repeat_statement(const struct session *session);

/* The section's options, and the tenant's for what it does not say; made anew. */
const struct repeat *session_repeat_make_options(struct session *session);

/* Notes the error at the file's line, for what is wrong with the statement as a whole: on to the way out. */
enum session_state session_repeat_fail(struct session *session, struct err *err);

/* Between two batches all is committed and marked: the step goes on from there. The second one notes that the run was stopped. */
enum session_state session_repeat_end_between(struct session *session);
enum session_state session_repeat_stop_between(struct session *session);
bool session_repeat_is_stopped(const struct session *session);

/* How far it is, to the run, now and then. `waits_for`: what the next batch waits for; "": nothing. */
void session_repeat_tell(struct session *session, const char *waits_for);

/* The op of the batch that has this owner; NULL: there is none. */
const struct io_op *session_repeat_op_of(const struct session *session, const void *owner);

#endif
