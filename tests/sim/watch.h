/* Who watches a case: every event of a run, every record of the ledger, every first write in a database and
 * every connection, each checked at once against what the databases hold at that moment.
 *
 * What is wrong is told to on_wrong, which does not return.
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include "event/event.h"
#include "sim/memory_ledger.h"
#include "sim/scene.h"
#include "sim/truth.h"

struct fake_store;
struct report;

/* A rollout from its first run to the last that went on with it. */
struct lineage {
    const struct fake_store *start[TENANTS_MAX];
    uint32_t goal[TENANTS_MAX];      /* what stands where all went well */
    uint32_t back[TENANTS_MAX];      /* what stood before */
    uint32_t back_rows[TENANTS_MAX]; /* and what the version table said then */
    bool was_changed[TENANTS_MAX];   /* it held something else once */
    bool is_uncertain[TENANTS_MAX];  /* skein cannot know whether it has changed it */
    struct record {
        bool is_begun; /* an intent is durable */
        bool is_open;  /* by the run at hand, and no end since */
        /* the last that is durable; PENDING: none, or it is not known which */
        enum tenant_state state;
    } records[TENANTS_MAX]; /* what the ledger has of it */
};

struct watched { /* a tenant, in the run at hand */
    bool is_selected;
    bool is_left_out; /* its wave comes after those that were asked for */
    bool is_running;
    uint32_t conflicts; /* with others of the run, so far */
    uint32_t failures;  /* other attempts that failed */
    bool is_due_alone;  /* its attempt may have no company */
    bool was_begun[2];  /* on the way there, and back */
    bool was_stale;     /* it had the accepted file with another checksum as it was begun */
    bool has_ended;
    enum tenant_state left; /* what is told of it where this run does not come to it */
    bool is_recorded;       /* and the ledger says so */
    struct outcome outcome; /* its last; only what is no pointer */
};

enum { CONNS_MAX = 2 * TENANTS_MAX };

struct watch {
    struct scene *scene;
    struct memory_ledger *ledger;
    struct lineage lineage;
    void (*on_wrong)(void *ctx, const char *what);
    void (*on_trace)(void *ctx, const char *what); /* NULL: not asked for */
    void *ctx;

    /* the run at hand */
    size_t wave_limit;  /* waves that are asked for */
    uint64_t only;      /* tenants by bit that it has, or comes to; 0: all */
    bool is_from_older; /* it goes on with another run than the newest */
    bool is_dry, is_rollback_command;
    bool stops; /* at too many failures, whatever the inventory says */
    bool
        is_stamping; /* it sets version rows, as a person or another tool says, and runs no script */
    bool is_forced;  /* and does so whatever the tenants hold */
    bool is_settling; /* it only writes down what a person says, and no ledger knows of it */
    bool rehearses;   /* a plan is carried out, and nothing of it may remain */
    bool has_begun;   /* a wave */
    bool has_tripped, is_draining, is_going_back;
    uint32_t parallel, per_server; /* now */
    uint32_t allowed, failures;    /* in the wave */
    size_t wave;
    bool has_trouble[SERVERS__COUNT];    /* a tenant met an error there in this wave */
    bool has_loner[SERVERS__COUNT];      /* a tenant works there, and must be alone */
    struct watched tenants[TENANTS_MAX]; /* as in the inventory */
    enum run_state state;
    bool has_finished;
    const char *accepted; /* the revision whose file is accepted as it is; NULL: none is */
    struct {
        const struct conn *conn;
        size_t server;
    } conns[CONNS_MAX];
    size_t conn_count;
};

void watch_begin_lineage(struct watch *watch, uint32_t target, bool is_downgrade);
void watch_begin_run(struct watch *watch, bool is_rollback);

/* The run at hand sets version rows alone, or writes down what a person has found out. */
void watch_stamps(struct watch *watch, bool is_forced);
void watch_settles(struct watch *watch);

/* The ledger does not know how the run ended: it was killed, or the ledger broke. */
void watch_lose_track(struct watch *watch);

/* For rollout_run. */
struct observer watch_observer(struct watch *watch);
void watch_hook_up(struct watch *watch); /* databases and ledger */
void watch_opened(struct watch *watch, const struct conn *conn, size_t server);
void watch_closed(struct watch *watch, const struct conn *conn);

/* After a run: does its report say what the databases say, and its exit code what the report says? */
void watch_check_report(struct watch *watch, const struct report *report, int exit_code);

/* No run is at work: is every tenant whole, but for those that a person must look at? */
void watch_check_quiet(struct watch *watch);

struct truth watch_truth(struct watch *watch, size_t tenant);

#endif
