/* A throw-away database, where the chain is replayed to learn what its revisions make.
 *
 * Of an engine whose databases are files it is one in a folder of its own among the system's temporary files; else a database on
 * the server that the inventory names. What a run that was killed has left goes when the next one is made.
 *
 *     struct scratch scratch;
 *     if (scratch_open(&scratch, &fleet, &kind, &err) &&
 *         scratch_upgrade(&scratch, &rows, &arena, &catalog, &err)) … catalog …
 *     scratch_close(&scratch);
 */
#ifndef LIBRARY_SCRATCH_H
#define LIBRARY_SCRATCH_H

#include "chain/chain.h"
#include "library/fleet.h"
#include "schema/catalog.h"

/* Which database a scratch stands for. */
struct scratch_kind {
    enum dialect_id dialect;
    bool has_schema; /* the tenants are schemas of a database: the chain runs in such a one */
};

struct scratch {
    struct arena arena;
    struct scratch_kind kind;
    struct fleet fleet; /* of the one tenant; its chain and scripts are borrowed */
    struct chain chain; /* the fleet's, without its checkpoints */
    const struct tenant *tenant;
    const char *folder;   /* NULL: it is not made */
    int lock;             /* a descriptor: as long as it is held the folder is in use; -1: none */
    const char *database; /* on a server; NULL: it is not made there */
    bool has_schema;      /* of a kind that has one: it is there */
    struct scratch_watch *watch; /* NULL: it is not open */
    int signal;                  /* that stopped it; 0: none */
};

/* ERR_CONFIG: the inventory says no server for it. ERR_CANCELLED: a signal came, which `signal` tells. The fleet, with its chain and scripts, is borrowed. */
bool scratch_open(struct scratch *scratch, struct fleet *fleet, const struct scratch_kind *kind,
                  struct err *err) MUST_CHECK;

/* Its sessions are set to what those of a tenant are that is set so, instead of the first tenant of the engine. */
void scratch_set_like(struct scratch *scratch, const struct settings *like);

/* Replays the chain from where the scratch stands up to these revisions, and reads what is there; a copy, in the arena.
 * ERR_…: a revision cannot be replayed, which err names. */
bool scratch_upgrade(struct scratch *scratch, const struct rows *rows, struct arena *arena,
                     struct catalog **ret_catalog, struct err *err) MUST_CHECK;

/* What the sessions of a scratch database are set to, beside what a scratch needs: the settings of the first tenant of that engine.
 * NULL: the inventory has no tenant of it. */
const struct settings *scratch_settings(const struct inventory *inventory, enum dialect_id dialect);

/* Goes to these targets, as `upgrade` or `downgrade` would (none: stays), and reads what is there; a copy, in the arena. The chain
 * is that of the fleet that the scratch was opened with. */
struct scratch_move {
    enum verb_id verb;
    const char *const *targets;
    size_t target_count;
};
bool scratch_go(struct scratch *scratch, const struct scratch_move *move, struct arena *arena,
                struct catalog **ret_catalog, struct err *err) MUST_CHECK;

/* Goes where the request says, through the whole of a chain of the fleet's (its checkpoints too), and has the run observed.
 * ERR_…: it could not be begun, or was stopped; what fails in the database is for the observer. */
bool scratch_visit(struct scratch *scratch, const struct fleet *fleet,
                   const struct request *request, const struct observer *observer,
                   struct err *err) MUST_CHECK;

/* Has the version table say that it stands at these revisions of the fleet's chain, whatever it holds. */
bool scratch_stamp(struct scratch *scratch, const struct fleet *fleet, const struct rows *rows,
                   struct err *err) MUST_CHECK;

/* Drops it; of one that did not open, too. A signal that came while no run was at work in it, and that `signal` does not tell, is
 * raised again after that. */
void scratch_close(struct scratch *scratch);

#endif
