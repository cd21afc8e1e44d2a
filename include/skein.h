/* skein as a library: bring a fleet of tenant databases to a revision from a program of your own.
 *
 *     struct skein_observer observer = {.on_event = show, .on_fault = complain};
 *     struct skein *skein = skein_open(&(struct skein_options){.inventory = "skein.yaml"}, &observer);
 *     struct skein_report *report =
 *         skein ? skein_run(skein, &(struct skein_request){.command = SKEIN_UPGRADE}) : NULL;
 *     int exit_code = skein_exit_code(skein);
 *     skein_report_free(report);
 *     skein_close(skein);
 *
 * The library never prints and never exits (but for memory that runs out, which aborts: a run can always be
 * repeated). What it would say goes to the observer, what came of it into the report. In the structs that a
 * caller fills a zero means the default, so name the members that you set; later versions add members at the
 * end. Every pointer in an event or error is borrowed for the call.
 *
 * A skein belongs to one thread at a time; two may not run in one process at once, since they share
 * the worker pool that the first skein_open sizes (UV_THREADPOOL_SIZE, unless it is set).
 *
 * Build with: cc app.c $(pkg-config --cflags --libs skein)
 */
#ifndef SKEIN_H
#define SKEIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the program's exit codes mean, and skein_exit_code returns. */
enum skein_exit {
    SKEIN_EXIT_OK = 0,            /* all that was asked for is done */
    SKEIN_EXIT_FAILED = 1,        /* a tenant failed, or the run was halted */
    SKEIN_EXIT_FAULT = 2,         /* options, inventory or chain at fault: no tenant was touched */
    SKEIN_EXIT_ROLLED_BACK = 3,   /* a tenant failed, and every tenant stands where it stood */
    SKEIN_EXIT_NEEDS_PERSON = 4,  /* a tenant is partial or in doubt, or a rollback is stuck */
    SKEIN_EXIT_LEDGER_HELD = 5,   /* another run holds this ledger */
    SKEIN_EXIT_LEDGER_LOST = 6,   /* the ledger cannot be written */
    SKEIN_EXIT_INTERRUPTED = 130, /* stopped by SIGINT */
    SKEIN_EXIT_TERMINATED = 143,  /* stopped by SIGTERM, or by skein_stop */
};

enum skein_command { SKEIN_CURRENT, SKEIN_PLAN, SKEIN_UPGRADE, SKEIN_DOWNGRADE, SKEIN_STAMP };

enum skein_on_failure { SKEIN_AS_INVENTORY, SKEIN_STOP, SKEIN_CONTINUE, SKEIN_ROLLBACK };

/* When tenants are held to what the chain makes (docs/drift.md): SKEIN_VERIFY_AS_INVENTORY as `rollout: {verify_schema: …}` says. */
enum skein_verify {
    SKEIN_VERIFY_AS_INVENTORY,
    SKEIN_VERIFY_NONE,
    SKEIN_VERIFY_BEFORE,
    SKEIN_VERIFY_AFTER,
    SKEIN_VERIFY_BOTH
};

/* How it stands with a tenant: the words of the JSON report. */
enum skein_state {
    SKEIN_TENANT_PENDING,
    SKEIN_TENANT_RUNNING,
    SKEIN_TENANT_SUCCEEDED,
    SKEIN_TENANT_UNCHANGED, /* it stood at the target already */
    SKEIN_TENANT_FAILED,    /* it stands where it stood */
    SKEIN_TENANT_PARTIAL,   /* stopped between two statements outside a transaction */
    SKEIN_TENANT_IN_DOUBT,  /* no one could be asked how its last commit ended */
    SKEIN_TENANT_ROLLED_BACK,
    SKEIN_TENANT_ROLLBACK_FAILED,
    SKEIN_TENANT_SKIPPED, /* never begun */
};

/* ---- what the library tells ---------------------------------------------------------------- */

struct skein_error {
    const char *class_name; /* "config", "connect", "sql", …: the classes of the JSON report */
    const char *code;       /* SQLSTATE, or SQLite's extended code by number; "": none */
    const char *text;       /* without passwords; may hold any other character */
    const char *file;       /* "": none */
    int line;               /* 0: none */
    const char *revision;   /* id; NULL: none */
    const char *statement;  /* the offending line of the file; NULL: none */
    /* What the database said beside the message; NULL: nothing. The first three may hold values of rows. */
    const char *detail;
    const char *hint;
    const char *context;
    const char *schema;
    const char *table;
    const char *column;
    const char *datatype;
    const char *constraint;
};

enum skein_event_kind {
    SKEIN_RUN_STARTED,
    SKEIN_TENANT_STARTED,
    SKEIN_TENANT_RETRIES,  /* error, delay_ms: it will be tried again */
    SKEIN_TENANT_FINISHED, /* state and what follows it; once more where it is rolled back */
    SKEIN_RUN_DRAINS,      /* reason: nothing more is begun */
    SKEIN_NOTE,            /* reason: something worth knowing */
    SKEIN_RUN_FINISHED,    /* duration_ms */
};

struct skein_event {
    enum skein_event_kind kind; /* pass over kinds that you do not know */
    const char *run_id;         /* 20261123T101500Z-5f3a9c; "" before there is one */
    size_t tenant_count;        /* of the run */
    const char *tenant;         /* its name; NULL where the event is the run's */
    enum skein_state state;
    const char *const *from; /* rows of the version table before; NULL: not known */
    size_t from_count;
    const char *const *to; /* and after; NULL: not known, or in doubt */
    size_t to_count;
    size_t step_count; /* revisions applied or rolled back (in a plan: that would be) */
    uint32_t attempts;
    double duration_ms;
    const struct skein_error *error; /* NULL: none */
    uint64_t delay_ms;
    const char *reason;
    /* SKEIN_TENANT_FINISHED: how many notices and warnings the database gave (the report has the first few), and
     * whether something is committed that a synchronous standby may not have */
    uint64_t notice_count;
    uint64_t warning_count;
    bool is_unreplicated;
};

/* Called on the thread that runs, one at a time; should not take long. Any may be NULL. */
struct skein_observer {
    void *ctx;
    void (*on_event)(void *ctx, const struct skein_event *event);
    void (*on_fault)(void *ctx, const struct skein_error *fault); /* why there is a NULL */
};

/* ---- a fleet ------------------------------------------------------------------------------- */

struct skein;

struct skein_options {
    const char *inventory;      /* a file, or its folder; default: skein.yaml (or skein.yml) here */
    const char *select;         /* a selector: "tier=canary,region in (eu,us)"; default: all */
    const char *const *tenants; /* only these names; NULL-terminated */
    uint32_t parallel;          /* tenants at once; default: as the inventory says */
    uint32_t per_server;
    bool
        refuses_empty; /* a selection of no one is a fault, and a label in `select` that no tenant has */
    const char *ledger; /* a path or a URL; default: as the inventory says */
    uint64_t
        wait_ms; /* how long skein_run waits for a ledger that another run holds; 0: not at all */
};

/* Reads inventory and chain, asks the inventory's sources, and selects; touches no tenant. NULL: the
 * observer has been told every fault. The observer is copied. */
struct skein *skein_open(const struct skein_options *options,
                         const struct skein_observer *observer);
void skein_close(struct skein *skein);

/* The selection, in the inventory's order. */
size_t skein_tenant_count(const struct skein *skein);
const char *skein_tenant_name(const struct skein *skein, size_t index);

/* ---- a run --------------------------------------------------------------------------------- */

struct skein_report;

struct skein_request {
    enum skein_command command;
    const char *const *targets; /* "head", "+1", ids, …; NULL-terminated; default: head */
    enum skein_on_failure on_failure;
    const char *wave;         /* a run that changes something stops after this one */
    const char *max_failures; /* "5" or "2%"; default: as the inventory says */
    bool handles_signals;     /* SIGINT, SIGTERM and SIGHUP stop the run; default: they are yours */
    bool forces; /* SKEIN_STAMP: also where none of the tables is there that the chain makes */
    /* Shows what the run would do: no tenant is locked or changed, and no run is in the ledger. */
    bool is_dry_run;
    /* SKEIN_PLAN, SKEIN_UPGRADE and SKEIN_DOWNGRADE; a fault of others. */
    enum skein_verify verify_schema;
};

/* Visits the selection and blocks until that is over. NULL: a fault, and no tenant was touched (a target that
 * means nothing here, a rollback that lacks down sections, a ledger that another run holds). */
struct skein_report *skein_run(struct skein *skein, const struct skein_request *request);

/* Asks the run to stop, and every later one of this skein. Once: what is in flight finishes, nothing
 * more is begun. Twice: what is in flight is cancelled and rolled back. From an observer, a signal
 * handler or any thread. */
void skein_stop(struct skein *skein);

/* ---- what came of it ----------------------------------------------------------------------- */

/* What the program would end with after the last skein_run, also after one that gave NULL. Right after
 * skein_open: SKEIN_EXIT_OK. For NULL: SKEIN_EXIT_FAULT. */
int skein_exit_code(const struct skein *skein);

size_t skein_report_total(const struct skein_report *report, enum skein_state state);

/* `format`: "text", "json", "csv", "junit", "markdown", "html". False: there is no such format, or it could not be written to `out`
 * (errno says why). */
bool skein_report_write(const struct skein_report *report, const char *format, FILE *out);

/* To be freed before its skein is closed. */
void skein_report_free(struct skein_report *report);

/* "succeeded", "in_doubt", … */
const char *skein_state_name(enum skein_state state);

/* "0.1.0" */
const char *skein_version(void);

#ifdef __cplusplus
}
#endif

#endif
