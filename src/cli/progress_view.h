/* What the views of the progress share: private to progress*.c. */
#ifndef CLI_PROGRESS_VIEW_H
#define CLI_PROGRESS_VIEW_H

#include "base/buf.h"
#include "cli/live.h"
#include "cli/progress.h"
#include "event/status.h"

struct progress_causes;

/* One way to show it. Counts are up to date when a view is called. */
struct progress_view {
    void (*on_event)(struct progress *progress, const struct event *event);
    void (*on_tick)(struct progress *progress); /* NULL: nothing to do */
    /* Appends to `out`: so many lines were not read and dropped. */
    void (*add_dropped)(struct progress *progress, size_t lines);
    void (*on_pass)(
        struct progress *progress); /* something else will be written; NULL: nothing to do */
    void (*on_end)(struct progress *progress); /* nothing more comes; NULL: nothing to do */
};

extern const struct progress_view progress_view_tty;
extern const struct progress_view progress_view_plain;
extern const struct progress_view progress_view_json;

struct progress {
    const struct progress_view *view; /* NULL: show nothing */
    FILE *err;
    struct outlet *outlet; /* NULL: texts go to `err` */
    bool has_color;
    bool is_quiet;
    bool is_verbose;
    struct progress_host host;
    const struct status *status;
    const char *command; /* whose progress it is; NULL: of the verb's name */
    struct buf title;    /* `upgrade head`, safe to show */
    bool is_over;        /* the run is, and that was told */
    uint64_t shown_ms;   /* when the block, or the last line about the whole, was written */
    size_t shown_done;   /* what that line said */
    struct run_others shown_others; /* what the last JSON line of the machines said */
    struct progress_causes *causes; /* what was told of equal failures (progress_causes.c) */
    struct buf out;                 /* written at once, so that nothing flickers */
    size_t block_lines;             /* on the screen; 0: none */
    size_t block_widths[LIVE_LINES];
    struct steering *steering; /* NULL: no one steers */
    struct live_choice choice;
    bool has_keys;
};

/* Did it go wrong for the tenant? */
bool progress_is_bad(const struct outcome *outcome);

/* Appends the line that an event is worth in words, without a newline: a failure, a retry, with -v
 * everything. False, and nothing added, where it is worth none. */
bool progress_add_words(struct progress *progress, const struct event *event);

/* Is the event one of many failures or retries of one cause, of which enough were told? Then it is counted. */
bool progress_holds_back(struct progress *progress, const struct event *event);

/* Appends the next line, without a newline, about failures and retries that were held back since the last such
 * line; false: there is none. The same failures are told again only as they grow in number. */
bool progress_add_held_back(struct progress *progress);

/* The causes of the failures that were told, for progress_holds_back. */
struct progress_causes *progress_causes_new(void);
void progress_causes_free(struct progress_causes *causes);

/* `skein: 12 lines were not read in time and are left out here`, for people. */
void progress_add_dropped(struct progress *progress, size_t lines);

/* Has the reader fallen back? Then nothing is worth telling that the next tick tells too. */
bool progress_is_behind(const struct progress *progress);

/* Writes what `out` holds, and empties it. */
void progress_flush(struct progress *progress);

#endif
