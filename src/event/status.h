/* How a run stands right now: counts, who is at work, waves, and what it waits for. Made from the one stream of events, so
 * that everything which shows a run while it goes on (lines, a terminal's block, JSON, metrics, a page) shows the same. Who
 * starts a run makes one (rollout_options.status); the run keeps it up to date, and tells an event to its observers after
 * that. All who show the run only read it, on the loop's thread. Pure but for memory; what became of each tenant is the
 * report's.
 *
 *     struct status *status = status_new();
 *     status_apply(status, event, now_ms);     each event of the run, in order
 *     printf("%zu of %zu\n", status->done, status->total);
 *     for (uint32_t at = status->oldest; at != STATUS_NONE; at = status->tenants[at].next)
 *         …a tenant at work, the one that began first at the head
 *     status_free(status);
 *
 * The members are to be read. Times are those that the caller gives, in ms of a clock that never goes back. Names are
 * borrowed from the run, and live as long as it does; `waits_for` is the status's own.
 */
#ifndef EVENT_STATUS_H
#define EVENT_STATUS_H

#include "event/event.h"

#define STATUS_NONE UINT32_MAX

enum { STATUS_DOINGS = 9, STATUS_FAILURES = 4, STATUS_TEXT = 240, STATUS_FILE = 256 };

/* What a tenant at work is doing. Texts are as they came from the files and the server: the code that shows them makes them safe.
 * They are cut to the room that there is. */
struct status_doing {
    uint32_t tenant;
    const char *phase;    /* the state of its life, docs/states.md */
    const char *revision; /* the one under way; NULL: none. Lives as long as the run */
    const char *file;     /* and its file */
    bool is_down;
    int line;              /* of the file, where the statement begins; 0: not known */
    size_t statement;      /* of the revision, from 1; 0: it is not known which of those in `sql` */
    size_t statements;     /* that the revision has */
    uint64_t since_ms;     /* by status.now_ms: when what is under way was sent */
    char sql[STATUS_TEXT]; /* the statement's beginning; "": none */
    char told[STATUS_TEXT]; /* what the server says of it, once it takes long; "": nothing */
    double share;           /* of it that is done, 0 to 1, as the server says; below 0: not known */
    char blockers[STATUS_TEXT];  /* who is in its way; "": no one, or not known */
    uint64_t rows;               /* changed by a statement that repeats, all runs together */
    char waits_for[STATUS_TEXT]; /* its next batch, in words; "": nothing, or nothing repeats */
};

/* Why a tenant failed. */
struct status_failure {
    uint32_t tenant;
    enum tenant_state state;
    enum err_class kind;
    char code[16];
    char text[STATUS_TEXT]; /* the first line */
    char file[STATUS_FILE]; /* "": none */
    int line;               /* 0: none */
};

/* What those who show a run ask of it while it goes on. They write it on the loop's thread, and the run looks at it about
 * ten times a second. */
struct steering {
    /* Nothing new is to be begun. A run that is stopping does not heed it. The run writes it too, where it was paused, or goes on,
     * on another machine. */
    bool is_paused;
    bool wants_doings; /* status.doings is to be filled, */
    bool wants_whole;  /* and so is what all machines of the run do together */
    uint32_t chosen;   /* with this tenant too, if it is at work; STATUS_NONE: no one */
};

/* A tenant, and its place in the list of those at work. */
struct status_tenant {
    uint32_t previous, next; /* STATUS_NONE: none */
    uint32_t since_ms;       /* of the run's start */
    uint64_t rows;           /* changed by statements that repeat, as it last said */
    bool is_running;         /* false: it never began, or has finished */
    bool is_ended;           /* it counts in its wave's `done`, */
    bool is_done, is_bad;    /* and in the run's, and among those that are bad */
    enum tenant_state state; /* PENDING and RUNNING too */
};

struct status_wave {
    const char *name;
    size_t total;
    size_t done; /* have ended here, on the way out */
    size_t bad;
    struct wave_tally whole; /* the same of all machines, where status.whole.is_known */
    double forecast_ms;      /* 0: nothing is foretold of it */
    bool is_late;            /* it takes longer than that, or than it may */
    enum run_state state;    /* RUN__COUNT: it has not begun */
};

struct status_wait {
    const char *what; /* `the gate after_wave`; NULL: it waits for nothing */
    enum wait kind;
    uint64_t since_ms;
    uint64_t most_ms; /* how long at most; 0: as long as it takes */
};

struct status {
    const struct run_info *run; /* NULL: it has not started */
    struct status_tenant *tenants;
    struct status_wave *waves;
    size_t wave_count;
    uint32_t oldest, newest; /* of those at work; STATUS_NONE: no one is */
    size_t total;
    /* On this machine; what all of them do together, where several work on the run, status_done and the like tell. */
    size_t running;
    size_t done; /* have ended on the way out, and were begun */
    size_t bad;  /* of these */
    size_t states[TENANT__COUNT];
    struct status_others {
        struct run_others told;  /* `count` 0: this machine is alone on the run */
        size_t finished, failed; /* tenants that they have ended on the way out, */
        size_t before; /* and how many of these before this machine saw the first of them */
    } others;
    struct status_whole {
        bool is_known; /* as the ledger had it a moment ago */
        size_t states[TENANT__COUNT];
    } whole;
    uint64_t retries; /* attempts that failed and were followed by another */
    uint64_t rows;    /* of all tenants */
    struct status_wait waits_for;
    struct status_failure failures[STATUS_FAILURES]; /* the newest first; a rollback's too */
    size_t failure_count;
    /* of those that have been at work for longest, and the chosen one; as of the last tick, where steering asks for it */
    struct status_doing doings[STATUS_DOINGS];
    size_t doing_count;
    uint64_t now_ms; /* of the newest event or tick */
    uint64_t started_ms;
    uint64_t waited_ms; /* all waits that are over */
    uint64_t paused_ms; /* all pauses that are over */
    uint64_t paused_since_ms;
    bool is_paused;   /* nothing new is begun until it continues */
    bool is_draining; /* nothing more is begun */
    bool is_stopping; /* since someone stopped it: the next stop cancels what is at work */
    size_t drains;    /* how often that was told: the second time, what is at work is cancelled */
    bool is_rolling_back;
    bool is_over;
    enum run_state state; /* RUN_RUNNING until it is over */
};

struct status *status_new(void);
void status_free(struct status *status);

void status_apply(struct status *status, const struct event *event, uint64_t now_ms);

/* Time has passed, though nothing happened. */
void status_tick(struct status *status, uint64_t now_ms);

/* `done` and `bad` of all machines together, as far as is known. */
size_t status_done(const struct status *status);
size_t status_bad(const struct status *status);
size_t status_in(const struct status *status, enum tenant_state state);
struct wave_tally status_of_wave(const struct status *status, size_t wave);
/* Of this machine alone; `pending` is no machine's. */
size_t status_here(const struct status *status, enum tenant_state state);
/* How many tenants they end in a ms; 0: it is not known yet. */
double status_per_ms(const struct status *status);
/* In how many ms all tenants will have ended, at the rate so far; below 0: it is not known, or not all of them will be begun. */
double status_left_ms(const struct status *status);

/* How long the run has worked: soaks, gates and pauses are no work, what they take says nothing of the tenants that are still
 * to come. */
uint64_t status_working_ms(const struct status *status);

#endif
