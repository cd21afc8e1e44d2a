/* One operation on a connection: what is asked (struct op) and what came of it (struct answer).
 *
 * The caller makes both and keeps them in place until the operation is over; the driver reads the one and fills the
 * other. What an answer points to comes from the op's arena.
 */
#ifndef DRIVER_OP_H
#define DRIVER_OP_H

#include "base/err.h"
#include "base/grid.h"
#include "base/notice.h"

struct arena;
struct dialect;

enum op_kind {
    OP_CONNECT, /* no `sql`; answers `info`. On a connection that was moved (driver.move) too */
    OP_RESET, /* no `sql`: makes a used connection like new, where SQL_RESET does not (DRIVER_RESETS) */
    /* Takes the tenant's lock if it is free, never waits; answers `is_locked`. `sql` asks for the lock where it is the
     * server's; a driver may have a way of its own (SQLite: flock). */
    OP_LOCK,
    OP_QUERY,    /* statements of ours; the rows of the last one that has any are kept */
    OP_SCRIPT,   /* a revision's, or ours that travel with them; rows are counted, none is kept */
    OP_SNAPSHOT, /* copies the database to the file that `sql` names, in the place of an older copy */
    OP_RESTORE, /* and puts it back from there (both: DRIVER_SNAPSHOTS) */
    /* Before a revision that drops or renames tables: notes what is broken already (DIALECT_WATCHES). */
    OP_WATCH,
    /* After it: fails where more is broken; without an OP_WATCH all that is counts. `sql` is the revision's: what it
     * drops by name is not missed. */
    OP_CHECK,
    OP__COUNT
};

/* Must the connection be inside a transaction once the operation is over? Else the answer is `is_tx_broken`. */
enum tx_rule { TX_ANY, TX_INSIDE, TX_OUTSIDE };

enum op_flags {
    /* The first script of a revision: where the server does not do it (SQLite), the driver first takes back the
     * session settings that the revision before has left. */
    OP_BEGINS_REVISION = 1,
    /* The statement is COMMIT: an answer that says otherwise is an error. */
    OP_MUST_COMMIT = 2,
    /* Where the database has no read-only transaction, the driver refuses what would write. */
    OP_ONLY_READS = 4,
    /* OP_LOCK: answer `holder`, which costs a little. */
    OP_SAYS_HOLDER = 8,
    /* All notices are wanted (of OP_CONNECT: warnings). Without it: only that a commit is not replicated. */
    OP_HEARS_ALL = 16,
};

/* What the driver sees to itself; 0: no limit. */
struct op_limits {
    uint64_t lock_timeout_ms, statement_timeout_ms; /* where the server cannot (SQLite) */
    size_t rows_max, bytes_max; /* OP_QUERY: more rows, or bytes of values, fail it */
};

/* What is asked. The driver only reads it; it stays in place until the operation is over. */
struct op {
    enum op_kind kind;
    enum tx_rule tx_after;
    unsigned flags;  /* of op_flags */
    const char *sql; /* NUL-terminated; may hold several statements, none with parameters */
    size_t sql_len;
    const struct op_limits *limits; /* NULL: none */
    const struct grid_shape
        *shape; /* OP_QUERY: what the rows are like, or it fails; NULL: anything */
    const struct revision *revision; /* whose statements these are, for the notices; NULL: none */
    struct notices *notices;         /* where they are counted; NULL: nowhere */
    struct arena *arena;             /* for what the answer points to */
    struct answer *answer;           /* to be filled: zeroed by the caller */
    /* The operation to send in the same message. NULL: none. The first that fails has the error; each has an answer of
     * its own. With DRIVER_JOINS a chain is either all OP_SCRIPT (each ends with the row of SQL_GUARD) or all others
     * (each returns exactly one result with rows, which ends it). With DRIVER_JOINS_ALL it is any ops of ours, and a
     * script may be the last of its message. */
    const struct op *joined;
};

/* What connecting has told. */
struct conn_info {
    /* A transaction-pooling proxy: no session state may be relied on. Where the handshake does not tell, SQL_LOCK or
     * SQL_INSPECT do. */
    bool is_pooled;
    bool is_read_only; /* a standby, set so, or a file without write permission */
    bool is_standby;
    bool is_created; /* connecting made the database */
    /* A tenant that comes after could not rely on the connection: it may have another way to its database, or what a
     * new session begins with is not known to come back. */
    bool is_single_use;
    bool watches_client; /* the server can notice that its client died, if its system can */
    /* One of several nodes that all take writes (Galera): SQL_LOCK keeps out only those who come to the same node, so
     * that another run may be at work all the same. */
    bool is_node;
    /* Its default way of reading SQL is not the standard's: a message is read as a whole before it runs, so what sets
     * that must travel ahead of a revision's (with SQL_LOCK). */
    bool reads_oddly;
    const char *password; /* that the client library found by itself; the conn's; NULL: none */
    uint32_t backend_pid; /* by which the server calls the session ({backend_pid}); 0: none */
    /* What the server speaks, where it is a variant of what the URL says; NULL: no variant */
    const struct dialect *variant;
    uint32_t server_version; /* 150010 for PostgreSQL 15.10; 3040001 for SQLite */
};

/* What came of it. */
struct answer {
    /* NULL or ERR_NONE: it went well. Filled through op_make_err; err->offset counts in `sql`, from 1. */
    struct err *err;
    struct grid rows;           /* OP_QUERY, OP_LOCK */
    const char *const *columns; /* their names */
    size_t rows_seen;           /* that the statements have returned, kept or not */
    size_t bytes_seen;          /* of values kept (row_writer.h) */
    uint64_t rows_changed;      /* by the statements together */
    /* of these, those of UPDATEs that the server found, and left as they were; 0: none, or it does not say */
    uint64_t rows_same;
    size_t statements_done;       /* that have finished; of a failed one it tells which failed */
    double duration_ms;           /* the caller's; of a joined op the driver's, if it knows */
    const struct conn_info *info; /* OP_CONNECT */
    const char *holder;           /* OP_LOCK: who has it instead, in words; NULL: not known */
    bool is_locked;               /* OP_LOCK */
    bool is_pooled; /* OP_LOCK: nothing was locked, for it is a proxy that answers (conn_info) */
    bool
        is_missing; /* OP_CONNECT: only the database is missing; OP_RESTORE: there is no such copy */
    bool is_over;   /* of a chain: this op's answer has arrived in full */
    bool keeps_changes; /* the statement that failed left changes all the same (SQLite's OR FAIL) */
    bool is_tx_broken;  /* tx_after does not hold: the statements ended or began a transaction */
};

/* `statements_done` as who shows a run reads it, while a worker has the operation. */
static inline void op_set_statements(struct answer *answer, size_t count)
{
    __atomic_store_n(&answer->statements_done, count, __ATOMIC_RELAXED);
}

static inline size_t op_statements(const struct answer *answer)
{
    return __atomic_load_n(&answer->statements_done, __ATOMIC_RELAXED);
}

/* How it went: never NULL, ERR_NONE where all is well. */
static inline const struct err *answer_err(const struct answer *answer)
{
    return answer->err ? answer->err : &err_none;
}

static inline const struct err *op_err(const struct op *op)
{
    return answer_err(op->answer);
}

/* Fails it where its rows are of another shape than that, or there is no answer with rows at all: it is no answer to what was
 * asked, and nothing that comes on this connection can be relied on. */
void op_check_shape(const struct op *op, const struct grid_shape *shape);

/* The error of the op's answer, to be filled or added to: it takes room only where there is one. */
struct err *op_make_err(const struct op *op);

#endif
