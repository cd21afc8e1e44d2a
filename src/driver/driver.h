/* How a database is spoken to: the interface that every driver implements, and nothing above it.
 *
 * A driver never waits and knows nothing of the event loop. It starts one operation and says what
 * must happen before it is worth calling again (struct want): the descriptor readable or writable,
 * a time passed, or a worker thread run `work`. src/rollout/io.c is the only place that joins these
 * wants to libuv. One operation at a time on a connection; calls on one connection never overlap,
 * but may come from different threads one after the other. Only `cancel` may run beside the others.
 *
 *     struct conn *conn = driver->open(&params);
 *     struct op op = {.kind = OP_CONNECT, .timeout_ms = 10000};
 *     for (want = driver->start(conn, &op); want.bits; want = driver->step(conn, ready))
 *         …wait for what it wants; on WANT_WORKER call driver->work(conn) on a worker first…
 *     op_err(&op)->kind == ERR_NONE says it went well
 *
 * To add a driver: write src/driver/NAME.c with one `const struct driver`, name it in registry.c, give
 * it a row in tests/driver/subjects.c and make the conformance suite pass over it. What it speaks is a
 * dialect of its own (src/dialect).
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include "base/dialect.h"
#include "base/err.h"
#include "base/notice.h"
#include "dialect/dialect.h"

struct arena;
struct conn;
struct url;

/* A socket and a time may be wanted together: whichever comes first is told to `step`. WANT_WORKER stands alone. */
enum { WANT_NOTHING = 0, WANT_READ = 1, WANT_WRITE = 2, WANT_TIMER = 4, WANT_WORKER = 8 };

struct want {
    unsigned bits;       /* WANT_NOTHING: the operation is over */
    int fd;              /* for WANT_READ, WANT_WRITE */
    uint64_t timeout_ms; /* for WANT_TIMER */
};

enum op_kind {
    OP_CONNECT, /* sql is not used; fills op->info */
    OP_LOCK,  /* take the tenant's lock if it is free, never wait: op->is_locked. `sql` asks for it
                   where the lock is the server's; a driver may have its own way (SQLite: flock) */
    OP_QUERY, /* our own statements; rows of the last one that has any are kept. Empty: skipped */
    OP_SCRIPT, /* a revision's statements, or ours that begin the transaction before them; rows are not
                   kept */
    OP_SNAPSHOT, /* copies the database to the file that `sql` names, in the place of an older copy */
    OP_RESTORE, /* and puts it back from there (both: DRIVER_SNAPSHOTS) */
    OP_WATCH, /* before a revision that drops or renames tables: notes what is broken already (DIALECT_WATCHES) */
    OP_CHECK, /* after it: fails where more is broken. Without an OP_WATCH all that is counts. `sql` is the revision's:
                 what it drops by name is not missed */
    OP__COUNT
};

/* What connecting has told. */
struct conn_info {
    bool is_pooled;    /* a transaction-pooling proxy: no session state may be relied on. Where the
                          handshake does not tell, SQL_LOCK or SQL_INSPECT do */
    bool is_read_only; /* a standby, set so, or a file without write permission */
    bool is_standby;
    bool is_created; /* OP_CONNECT made the database */
    /* the server can notice by itself that its client died, if its system can */
    bool watches_client;
    /* its default way of reading SQL is not the standard's: a message is read as a whole before it
     * runs, so what sets that must travel ahead of a revision's (with SQL_LOCK) */
    bool reads_oddly;
    const char *password;    /* that the client library found by itself; the conn's; NULL: none */
    uint32_t backend_pid;    /* by which the server calls the session ({backend_pid}); 0: none */
    uint32_t server_version; /* 150010 for PostgreSQL 15.10; 3040001 for SQLite */
};

/* Must the connection be inside a transaction once the operation is over? */
enum tx_rule { TX_ANY, TX_INSIDE, TX_OUTSIDE };

/* One operation. The caller fills the first part before start, the driver the second; memory of the
 * result comes from `arena`. The op must stay in place until it is over. */
struct op {
    enum op_kind kind;
    const char *sql; /* NUL-terminated; may hold several statements, none with parameters */
    size_t sql_len;
    /* the first script of a revision: where the server does not do it (SQLite), the driver first resets
     * the session settings (PRAGMAs) that the revision before left */
    bool begins_revision;
    bool must_commit; /* the statement is COMMIT: an answer that says otherwise is an error */
    bool needs_rows;  /* OP_SCRIPT: the last statement must return a row, or it fails */
    /* the sum of rows that its statements must change; 0: unchecked. io.c checks it, not the driver */
    uint64_t rows_total;
    bool needs_one_row; /* every statement must change (or return) exactly one row */
    /* OP_QUERY of someone else's: more rows, or bytes of values, than this fail it; 0: no limit */
    size_t rows_max, bytes_max;
    /* where the database has no transaction for it, the driver refuses what would write */
    bool only_reads;
    enum tx_rule tx_after;
    /* The next op to send in the same message, where the driver has DRIVER_JOINS. A chain is either
     * all OP_SCRIPT (each ends with the row of SQL_GUARD) or all others (each must return exactly
     * one result with rows, which ends it). NULL: none. */
    struct op *joined;
    /* this script may change how SQL is parsed, so nothing may follow it in the same message */
    bool sets_up_parser;
    /* for the whole operation; 0: none. Obeyed by the caller, not the driver */
    uint64_t timeout_ms;
    uint64_t lock_timeout_ms;      /* these two are obeyed by the driver where the server cannot */
    uint64_t statement_timeout_ms; /* (SQLite); 0: none */
    bool wants_holder;             /* OP_LOCK: say who has it (op->holder); costs a little */
    /* Where what the database says beside its answers is counted; NULL: nowhere. Of our own statements only that
     * a commit is not replicated: with `hears_all` all of it (of OP_CONNECT: all warnings). */
    struct notices *notices;
    bool hears_all;
    const struct revision *revision; /* whose statements these are, for the notices; NULL: none */
    struct arena *arena;
    void (*prepare)(struct op *op); /* NULL, or: called just before start, on any thread, to make
                                       `sql` from what earlier operations took (duration_ms) */
    void *prepare_ctx;

    /* From the arena where there is one; NULL or ERR_NONE: it went well. Read it through op_err, fill it through
     * op_make_err; err->offset counts in `sql` from 1. */
    struct err *err;
    /* OP_CONNECT: all is well but that there is no such database; OP_RESTORE: no such copy */
    bool is_missing;
    bool is_locked;
    /* OP_LOCK: nothing was locked, for it is a proxy that answers (see conn_info) */
    bool is_pooled;
    const char *holder; /* who has the lock instead, in words; NULL: not known */
    struct conn_info info;
    const char **rows; /* row_count * column_count values; NULL is SQL's NULL */
    size_t row_count;
    size_t column_count;
    size_t bytes_seen;      /* of values, where bytes_max is given */
    const char **columns;   /* names */
    uint64_t rows_changed;  /* by its statements together */
    size_t rows_seen;       /* OP_SCRIPT: that its statements have returned; none is kept */
    size_t statements_done; /* that have finished; of a failed one it tells which failed */
    /* set on each op of a joined chain when its answer has arrived; the first op that failed has
     * the error */
    bool is_over;
    double over_s; /* when that was, on the server's clock in seconds; 0: not known */
    /* the statement that failed has left changes all the same (SQLite's OR FAIL) */
    bool keeps_changes;
    bool is_tx_broken;  /* tx_after does not hold: the statements ended or began a transaction */
    double duration_ms; /* filled by the caller of the driver */
};

/* How it went: never NULL, ERR_NONE where all is well. */
static inline const struct err *op_err(const struct op *op)
{
    return op->err ? op->err : &err_none;
}

/* The op's error, to be filled or added to: an op takes the room for one only where it has one. */
struct err *op_make_err(struct op *op);

/* Is there room for one more row of so many bytes? False: the op's error says so. */
bool op_has_room(struct op *op, size_t row_bytes);

/* The value at a row and column, or NULL. */
static inline const char *op_value(const struct op *op, size_t row, size_t column)
{
    return op->rows[row * op->column_count + column];
}

enum driver_traits {
    DRIVER_IS_SERVER = 2,          /* has host, port and user: DNS, per_server, credentials */
    DRIVER_CREATES_ON_CONNECT = 4, /* `create` is the connection's own affair (SQLite) */
    DRIVER_JOINS = 32,             /* op.joined is obeyed */
    DRIVER_SNAPSHOTS = 16,         /* OP_SNAPSHOT and OP_RESTORE, outside a transaction */
    DRIVER_ON_WORKER = 8, /* all operations and close run on a worker; cancel_token may be called
                             meanwhile, returns NULL and does the cancelling itself */
};

/* What a connection is made from. Borrowed until close. */
struct conn_params {
    const struct url *url;
    const char *password;  /* NULL: the client library's own ways (.pgpass) */
    const char *addresses; /* resolved, comma separated; NULL: not resolved or no server */
    const char *database;  /* instead of the URL's; NULL: the URL's */
    bool may_create;
    bool is_read_only; /* the caller will only look */
};

struct driver {
    const struct dialect *dialect; /* its templates, its lexer, what its catalog can tell */
    unsigned traits;

    void (*init)(void); /* once a process, before the first open; NULL: nothing to do */
    struct conn *(*open)(const struct conn_params *params); /* allocates; no I/O; never NULL */
    struct want (*start)(struct conn *conn, struct op *op);
    struct want (*step)(struct conn *conn, unsigned ready);
    void (*work)(struct conn *conn); /* worker thread, once a WANT_WORKER */

    /* Stops what the server is doing for the operation under way. cancel_token is called on the
     * loop while an operation is under way and may be NULL (nothing to cancel); `cancel` may block
     * for ever, touches nothing but the token, and frees it. The operation then ends by itself. */
    void *(*cancel_token)(struct conn *conn);
    void (*cancel)(void *token);

    bool (*is_in_transaction)(const struct conn *conn);
    void (*close)(struct conn *conn);
};

/* NULL: this build has no driver for the dialect. */
const struct driver *driver_find(enum dialect_id dialect);

/* Once a process, before the first connection. */
void drivers_init(void);

#endif
