/* A database server that is made up: in memory, scripted, deterministic, with a clock that only moves
 * when it is told to. For the simulation of whole sessions, and itself under the conformance suite.
 *
 * A world has databases; a database has what skein needs of one: transactions, schemas, version and
 * history tables, named locks, and `effects`, which stand for what revisions do. It runs commands of
 * its own instead of SQL (fake_commands.c). Each database has its faults, and the server side of
 * a connection lives by itself: where the client has lost it or closed it in the middle of a
 * message, it goes on with that message, keeps its locks until then, and may commit late.
 *
 *     struct fake_world *world = fake_world_new();
 *     struct fake_db *db = fake_db_new(world, "acme");
 *     fake_add_fault(db, &(struct fake_fault){.at = FAKE_COMMIT, .act = FAKE_LOSE_AFTER});
 *     struct url url = fake_url(world, "acme");
 *     …a session with `fake_driver` and this URL; its WANT_TIMERs move the clock: fake_set_time…
 *     fake_effect_count(db, "x");
 *     fake_world_free(world);
 *
 * A revision's section may say, with semicolons between:
 *
 *     effect NAME      adds one; undone with its transaction
 *     once NAME        the same, but fails (23505) where it is there already
 *     sleep MS         takes that long
 *     exceeds A B      -> a row where effect A is there more often than B
 *     reaches A B      -> a row where it is there as often at least
 *     set A B, reset A B: effect A, unless it exceeds B, or reaches it: however often it is said
 *     merge A B N up   effect A, where there are fewer than N for each B and N more (`down`: than N for each B): repeated, N batches
 *     build A B        effect A; where it fails outside a transaction it leaves something that bears the name, and
 *                      must go first (fake_joins, fake_no_ddl: their probes tell of it)
 *     create table if not exists "T" 'A', drop table if exists "T" 'B': the table, and the effect
 *     with effect NAME the same effect, though it begins as a query does
 *     warn TEXT        says so, with a detail
 *     agree            -> a row, but for databases that disagree
 *     fail SQLSTATE    fails
 *     role NAME        from then on our own bookkeeping is not allowed (fake_joins), until it is set back
 *     discard, wander  what is prepared goes; unqualified names mean FAKE_SCHEMA for the transaction
 *     begin, commit, rollback: take the transaction away, as revisions may try
 *
 * No I/O, no globals, one thread. Everything lives until fake_world_free.
 */
#ifndef DRIVER_FAKE_H
#define DRIVER_FAKE_H

#include "driver/driver.h"
#include "base/url.h"

struct fake_db;
struct fake_store;
struct fake_world;

/* The shapes of drivers. All lead to the same databases, and differ in what they ask and how. */
extern const struct driver fake_driver; /* a server that is asked one thing at a time */
extern const struct driver fake_joins;  /* PostgreSQL's: joined messages, several schemas, guards */
extern const struct driver
    fake_on_worker; /* SQLite's: a file, worked on by worker threads; copies */
extern const struct driver
    fake_no_ddl; /* MySQL's: DDL commits, locks are the whole server's; chains of any ops */

struct fake_world *fake_world_new(void);
void fake_world_free(struct fake_world *world);

/* An empty database with the schema FAKE_SCHEMA. The name is copied. */
struct fake_db *fake_db_new(struct fake_world *world, const char *name);
struct fake_db *fake_db_find(const struct fake_world *world, const char *name);

#define FAKE_SCHEMA "public"
#define FAKE_REMAINS "remains" /* a table of what `build` has left, a row each */

/* What leads a driver (`fake_driver`) to a database of the world, whether there is one of that name or not. */
struct url fake_url_of(struct fake_world *world, const struct driver *driver, const char *name);
struct url fake_url(struct fake_world *world, const char *name);

/* Databases of one server share the locks of `fake_no_ddl`; all are on server 0 at first. */
void fake_set_server(struct fake_db *db, uint32_t server);

/* The schemas that unqualified names are looked for in, comma separated; FAKE_SCHEMA at first. */
void fake_set_search_path(struct fake_db *db, const char *path);

/* It is still to be made: nothing connects to it, and fake_db_find does not find it. */
void fake_set_missing(struct fake_db *db, bool is_missing);
bool fake_is_missing(const struct fake_db *db);

/* `agree` returns no row: what a revision verifies is not so here. */
void fake_set_disagreeing(struct fake_db *db, bool is_disagreeing);
bool fake_is_disagreeing(const struct fake_db *db);

/* ---- time ---------------------------------------------------------------------------------- */

uint64_t fake_time(const struct fake_world *world);

/* Moves the clock (never back); what clients have left running acts if it is due. */
void fake_set_time(struct fake_world *world, uint64_t now_ms);

/* How long every message takes at least; 1 ms unless it is set. */
void fake_set_latency(struct fake_world *world, uint64_t latency_ms);

/* ---- the script ---------------------------------------------------------------------------- */

/* What a fault can strike: each statement is one such event, in the order they are begun. */
enum fake_event {
    FAKE_CONNECT = 1,
    FAKE_LOCK = 2,
    FAKE_QUERY = 4,  /* any other statement of ours */
    FAKE_SCRIPT = 8, /* a statement of a revision */
    FAKE_COMMIT = 16,
    FAKE_GUARD = 32, /* after a revision: the server refuses nothing, but connections may be lost */
    FAKE_COPY = 64,  /* OP_SNAPSHOT, OP_RESTORE */
    FAKE_ANY = 127,
};

enum fake_act {
    FAKE_REFUSE,      /* answers with the error `code` */
    FAKE_BUSY,        /* FAKE_LOCK: another session has it */
    FAKE_LOSE_BEFORE, /* the connection is lost, and nothing was done */
    FAKE_LOSE_AFTER,  /* it was done; the answer is lost, and the server's side ends */
    FAKE_LOSE_LATE, /* the connection is lost; `delay_ms` later the server does it, and the rest of
                         the message with it, and only then ends */
    FAKE_DELAY,     /* it takes `delay_ms` longer */
};

struct fake_fault {
    unsigned at;    /* events of fake_event that count */
    uint32_t nth;   /* strikes the nth of them from now on; 0 is 1 */
    uint32_t times; /* and those that follow, so many in all; 0 is 1 */
    enum fake_act act;
    const char *code; /* an SQLSTATE */
    uint64_t delay_ms;
    uint64_t from_ms, until_ms; /* strikes only in that time; until_ms 0: at any */
    /* strikes only while another client works on the server: a transaction of its own is open
     * there, or a statement of a revision runs */
    bool is_conflict;
};

/* Several may be waiting; of those that an event strikes, the first added acts. Copied. */
void fake_add_fault(struct fake_db *db, const struct fake_fault *fault);

/* Forgets the faults that have not struck. */
void fake_clear_faults(struct fake_db *db);

void fake_set_read_only(struct fake_db *db, bool is_read_only);
void fake_set_pooled(struct fake_db *db, bool is_pooled);

/* The client's process is gone: no one listens any more to any session. */
void fake_leave_all(struct fake_world *world);

/* The same of one connection's session. */
void fake_leave(struct conn *conn);

/* A client has been silent for so long that the server ends its session, once its message is done: `fake_joins` and `fake_driver` soon,
 * `fake_no_ddl` only if `is_long`. A file has no one who would. */
void fake_fall_silent(struct conn *conn, bool is_long);

/* A stranger comes by, does this and leaves again, at once, regardless of locks and of what is read-only to others. */
void fake_do(struct fake_db *db, const char *sql);

/* A person puts back what was committed there once: this schema of it, or all (NULL). */
void fake_restore(struct fake_db *db, const struct fake_store *store, const char *schema);

/* Told when a transaction, or a statement outside one, first writes, and before a database is made. `schema`: the
 * one that unqualified names mean to the writer. `is_orphan`: no client listens to it. */
typedef void (*fake_write_fn)(void *ctx, struct fake_db *db, const char *schema, bool is_orphan);
void fake_watch_writes(struct fake_world *world, fake_write_fn on_write, void *ctx);

/* ---- what has come of it: committed state only --------------------------------------------- */

struct fake_table {
    const char *schema;
    const char *name;
    const char *const **rows; /* version tables: version_num. History: as SQL_HISTORY's columns */
    size_t row_count, row_capacity;
};

/* All that is committed (fake_store.h). It never changes: what is committed later is another. */
const struct fake_store *fake_committed(const struct fake_db *db);

/* NULL: there is none. */
const struct fake_table *fake_table(const struct fake_db *db, const char *schema, const char *name);

/* How often the effect stands. */
size_t fake_effect_count(const struct fake_db *db, const char *name);

/* Server sides that are alive, including those whose clients are gone. */
size_t fake_session_count(const struct fake_db *db);

/* Changes committed by a session that had no lock: there must never be any. */
size_t fake_unlocked_writes(const struct fake_db *db);

/* How often a copy was put over a database that it is not of, and how often the lock of one database was refused
 * for another's sake: neither may ever be. */
size_t fake_foreign_copies(const struct fake_world *world);
size_t fake_foreign_locks(const struct fake_world *world);

/* Server sides that no one listens to, and that are still at work. */
size_t fake_orphan_count(const struct fake_world *world);

/* How many events of these kinds there have been: an enumeration of faults ends here. */
size_t fake_event_count(const struct fake_db *db, unsigned at);

#endif
