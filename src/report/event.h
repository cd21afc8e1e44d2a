/* What happened: the one stream of events that fills the report, the progress display and (with the
 * next issue) the ledger, whether live or read back.
 *
 * All pointers are borrowed for the duration of the call unless said otherwise; texts in an outcome
 * are already redacted. An event says what the databases said, never what skein hopes.
 */
#ifndef REPORT_EVENT_H
#define REPORT_EVENT_H

#include "base/err.h"
#include "chain/revision.h"

struct tenant;

enum run_state {
    RUN_RUNNING,
    RUN_SUCCEEDED,
    RUN_FAILED,
    RUN_HALTED,
    RUN_ROLLED_BACK,
    RUN_ROLLBACK_FAILED,
    RUN_INTERRUPTED,
    RUN__COUNT
};

enum tenant_state {
    TENANT_PENDING,
    TENANT_RUNNING,
    TENANT_SUCCEEDED,
    TENANT_UNCHANGED,
    TENANT_FAILED,
    TENANT_PARTIAL,
    TENANT_IN_DOUBT,
    TENANT_ROLLED_BACK,
    TENANT_ROLLBACK_FAILED,
    TENANT_SKIPPED,
    TENANT__COUNT
};

const char *run_state_name(enum run_state state);
const char *tenant_state_name(enum tenant_state state);

/* Did it go wrong for the tenant? (A skipped one never began: its error says whether it should.) */
bool tenant_state_is_bad(enum tenant_state state);

/* Exit code 4: partial, in_doubt, rollback_failed. */
bool tenant_state_needs_person(enum tenant_state state);

/* One step that was done (or, in a plan, would be done). */
struct step_done {
    const struct revision *revision;
    enum direction direction;
    uint32_t statements;
    double duration_ms;
};

/* How it ended for one tenant. */
struct outcome {
    enum tenant_state state;
    const char *const *from; /* version rows found; NULL with count 0 where nobody could look */
    size_t from_count;
    bool is_from_known;
    const char *const *to; /* version rows left behind */
    size_t to_count;
    const struct step_done *steps;
    size_t step_count;
    uint32_t attempts;
    double duration_ms;
    double started_ms;                     /* since the run began */
    const struct err *error;               /* NULL: none */
    const struct revision *error_revision; /* NULL: none */
    const char *error_statement; /* the offending line of the file, NUL-terminated; NULL: none */
};

struct run_info {
    const char *id;      /* 20261123T101500Z-5f3a9c */
    const char *command; /* upgrade, downgrade, stamp, plan, current */
    const char *target;  /* as asked for, several joined by a blank; "" where there is none */
    bool is_dry_run;
    const char *resumed_from; /* NULL: a run of its own */
    const struct chain *chain;
    const struct tenant *const *tenants; /* the selection; lives as long as the run */
    size_t tenant_count;
    int64_t started_at_ms; /* since the epoch */
};

enum event_kind {
    EVENT_RUN_STARTED,
    EVENT_TENANT_STARTED,  /* tenant */
    EVENT_TENANT_RETRIES,  /* tenant, error, delay_ms: it will be tried again */
    EVENT_TENANT_FINISHED, /* tenant, outcome */
    EVENT_RUN_DRAINS,      /* reason: nothing more is begun */
    EVENT_RUN_FINISHED,    /* state, duration_ms */
    EVENT_NOTE,            /* reason: something worth knowing; shown with -v */
};

struct event {
    enum event_kind kind;
    const struct run_info *run;
    size_t tenant; /* index into run->tenants */
    const struct outcome *outcome;
    const struct err *error;
    uint64_t delay_ms;
    const char *reason;
    enum run_state state;
    double duration_ms;
};

/* Who wants to know. Called on the loop's thread, one at a time; must not block for long. */
struct observer {
    void (*on_event)(void *ctx, const struct event *event);
    void *ctx;
};

#endif
