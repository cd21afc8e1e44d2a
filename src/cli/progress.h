/* The live progress of a run, on stderr: an observer of its events.
 *
 * Cheap enough for ten thousand tenants in a third of a second: an event costs a few comparisons; texts are made only
 * when something is due to be shown. Owns nothing of the run, and counts nothing: how the run stands, and what time it
 * is, the status says, which the run keeps up to date before it tells an event.
 *
 *     struct progress *progress = progress_new(PROGRESS_AUTO, stderr, status);
 *     struct observer observer = progress_observer(progress);
 *     … rollout_run with &observer, and progress_tick about ten times a second …
 *     progress_free(progress);
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "event/status.h"

enum progress_mode {
    PROGRESS_AUTO,  /* tty where `err` is a terminal that can move its cursor, else plain */
    PROGRESS_TTY,   /* a block of lines (live.h) that is redrawn, at most ten times a second */
    PROGRESS_PLAIN, /* a line now and then, and one a failure or retry */
    PROGRESS_JSON,  /* one JSON object a line, one an event */
    PROGRESS_NONE,
    PROGRESS__COUNT
};

/* By the word of `--progress`. */
bool progress_mode_find(const char *name, enum progress_mode *ret_mode) MUST_CHECK;

struct progress;

/* Says on stderr where the run can be watched, before it begins; as an event, where `mode` is the word for that. */
void progress_tell_listening(const char *mode, const char *url);

/* Borrows `err`, which is stderr but in tests, and the status of the run. */
struct progress *progress_new(enum progress_mode mode, FILE *err, const struct status *status);
void progress_free(struct progress *progress);

void progress_set_color(struct progress *progress, bool has_color);

/* Quiet: failures only. Verbose: every tenant, and notes. */
void progress_set_detail(struct progress *progress, bool is_quiet, bool is_verbose);

/* What people see as the command's name, borrowed, where it is not the run's verb. */
void progress_set_command(struct progress *progress, const char *command);

/* The terminal, for tests to stand in. Without it, that of `err`. */
struct progress_host {
    void (*size)(void *ctx, size_t *ret_columns, size_t *ret_rows); /* asked at each draw */
    void *ctx;
};

/* Who watches may steer the run: on a terminal, by keys (live.h). The caller owns it, and gives it to the run. */
void progress_set_steering(struct progress *progress, struct steering *steering);

/* Before the first event. `host` is copied. */
void progress_set_host(struct progress *progress, const struct progress_host *host);

/* Where its texts go instead of `err`, which is still asked for what kind of terminal it is. The caller owns
 * it. NULL: the texts are written to `err`, and telling an event waits until its text is written. */
struct outlet;
void progress_set_outlet(struct progress *progress, struct outlet *outlet);

/* Writes whole lines of others to stderr while the progress is shown. */
void progress_pass(struct progress *progress, const char *text, size_t len);

/* No event comes any more: says what is left to be said. */
void progress_finish(struct progress *progress);

/* To be told every event of the run; lives as long as the progress. */
struct observer progress_observer(struct progress *progress);

/* Shows what is due though nothing happened; takes a `struct progress *` as a loop's callback. */
void progress_tick(void *progress);

#endif
