/* What every run begins with: the inventory, its chain, and the tenants that were meant.
 *
 * Reads and checks, never prints: all faults go to the list. Free a fleet whether it opened or not.
 */
#ifndef LIBRARY_FLEET_H
#define LIBRARY_FLEET_H

#include "base/arena.h"
#include "chain/chain.h"
#include "dialect/script.h"
#include "event/event.h"
#include "inventory/inventory.h"
#include "inventory/told.h"

struct ledger_holder;

/* What becomes of a run whose ledger another run holds: it waits, and says for whom. */
struct patience {
    uint64_t wait_ms;                                                  /* 0: it does not wait */
    void (*on_waiting)(void *ctx, const struct ledger_holder *holder); /* NULL: no one is told */
    bool (*is_over)(void *ctx); /* asked now and then; true: it waits no more; NULL: never */
    void *ctx;
};

struct fleet {
    struct arena arena;
    struct inventory *inventory;
    struct inventory *own; /* NULL, or: `inventory` is what a run tells, and this is the file's */
    struct told_grants grants;
    struct chain *chain;           /* NULL: not asked for */
    struct scripts *scripts;       /* NULL: not asked for */
    const struct tenant **tenants; /* the selection, in the inventory's order */
    size_t tenant_count;
    struct texts selects, names, settings; /* as they were asked for; copies */
    struct texts narrowed;                 /* what else narrowed the selection (struct origin) */
    struct patience patience;
    int64_t
        waits_from_ms; /* of clock_steady_ms: from when the waiting counts; first from the opening */
};

enum {
    FLEET_TENANTS = 1,
    FLEET_CHAIN = 2,
    FLEET_SCRIPTS = 4,
    FLEET_INVENTORY = 8, /* the inventory alone; with any other it is read anyway */
    /* the names of the chain's folder and of the version table; with FLEET_CHAIN and FLEET_TENANTS they are known anyway */
    FLEET_CHAIN_DIR = 16,
    FLEET_VERSION_TABLE = 32,
    FLEET_LOGINS =
        64, /* passwords and variables of all that are selected: they will be connected to */
    FLEET_SCRATCH = 256,  /* a scratch database will be connected to */
    FLEET_DIALECTS = 128, /* what a script for those that are selected takes: no password */
    /* of a run that goes on with another: which tenants it connects to, that one says */
    FLEET_AGAIN = FLEET_TENANTS | FLEET_CHAIN | FLEET_SCRIPTS,
    FLEET_OFFLINE = FLEET_AGAIN | FLEET_DIALECTS,
    FLEET_VISIT = FLEET_AGAIN | FLEET_LOGINS, /* what a run over tenants takes */
};

struct fleet_request {
    const char *inventory; /* path of the inventory */
    bool
        may_lack_file; /* where the path is a folder without an inventory, that is one that says nothing */
    const char *const *selects; /* selectors, all of which must hold */
    size_t select_count;
    const char *ledger;     /* path or URL; NULL: the inventory's */
    const char *wave;       /* NULL, or: only waves up to and including this one */
    bool keeps_later_waves; /* they are selected too, and only looked at for `refuses_empty` */
    bool refuses_empty;     /* a selection of no one is a fault, and a label that no tenant has */
    bool
        narrows; /* it says which tenants of an earlier run are meant: --allow-empty is no way out */
    const char *const *names; /* only these tenants; none: all */
    size_t name_count;
    const char *state;         /* NULL, or: only tenants in these states (states.h) */
    struct told_grants grants; /* for runs that tell of tenants */
    struct texts settings; /* options that the environment set, for the record (struct origin) */
    uint32_t parallel;     /* sizes the worker pool; 0: as the inventory says */
    unsigned needs;        /* FLEET_…: what is read; 0: nothing */
    struct patience patience;
};

/* False: `faults` say why. What is not read stays NULL. */
bool fleet_open(struct fleet *fleet, const struct fleet_request *request,
                struct faults *faults) MUST_CHECK;
void fleet_done(struct fleet *fleet);

/* Adds to `narrowed`. The text lives in the fleet's arena. */
void fleet_note_narrowed(struct fleet *fleet, const char *text);

/* Whether these tenants can be connected to, as far as the environment and files of passwords say (lack.h). */
bool fleet_check_logins(const struct fleet *fleet, struct faults *faults) MUST_CHECK;

/* False: there is no inventory's file, and one that says nothing takes its place. */
bool fleet_has_file(const struct fleet *fleet);

/* Does the inventory name no tenant, and nothing that finds some? */
bool fleet_has_no_list(const struct fleet *fleet);

/* Uses `told` instead of the inventory, and owns it; NULL: the file's once more. */
void fleet_use_told(struct fleet *fleet, struct inventory *told);

/* How the fleet's chain is searched: results live as long as the fleet. */
struct lookup fleet_lookup(struct fleet *fleet, struct err *err);

/* Where the ledger is. NULL: the environment does not say it; the error names the variable. */
const char *fleet_ledger(const struct fleet *fleet, struct err *err);

/* False, with what to do, where the chain has no revision: for commands that are about to plan with it. */
bool fleet_has_revisions(const struct fleet *fleet, struct err *err) MUST_CHECK;

/* The first wave whose selector takes the tenant; NULL: none. */
const struct wave *fleet_wave(const struct fleet *fleet, const struct tenant *tenant);

#endif
