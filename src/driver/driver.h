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
 * it a row in tests/driver/subjects.c and make the conformance suite pass over it.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include "base/dialect.h"
#include "base/err.h"
#include "base/notice.h"

struct arena;
struct buf;
struct conn;
struct probe;
struct statement_checks;
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
    OP_WATCH, /* before a revision that drops or renames tables: notes what is broken already (DRIVER_WATCHES) */
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
    bool
        reads_oddly; /* its default way of reading SQL is not the standard's: a message is read as a
                         whole before it runs, so what sets that must travel ahead of a revision's (with SQL_LOCK) */
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
    /* what earlier ones have set is undone first, where the server does not (SQLite) */
    bool begins_revision;
    bool must_commit; /* the statement is COMMIT: an answer that says otherwise is an error */
    bool needs_rows;  /* OP_SCRIPT: the last statement must return a row, or it fails */
    /* that its statements must change together; 0: not looked at. By the caller */
    uint64_t rows_total;
    bool needs_one_row; /* every statement must change (or return) exactly one row */
    /* OP_QUERY of someone else's: more rows, or bytes of values, than this fail it; 0: no limit */
    size_t rows_max, bytes_max;
    bool
        only_reads; /* where the database has no transaction for it, the driver refuses what would write */
    enum tx_rule tx_after;
    /* one that is run behind this one, in the same message where the driver can; needs
     * DRIVER_JOINS. OP_SCRIPTs go with their like, and SQL_GUARD ends each; the others are over
     * with the first statement that returns rows, and one must. NULL: none */
    struct op *joined;
    /* what is joined is parsed behind it, so it may not be in the same message */
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
    bool is_over;  /* of joined ones: it was answered. The first that failed has the error */
    double over_s; /* and when, on the server's clock in seconds; 0: not known */
    bool
        keeps_changes; /* the statement that failed has left changes all the same (SQLite's OR FAIL) */
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

/* What the session asks of every dialect; NULL where there is nothing to ask. The texts are
 * templates for sql_expand (sql.h). */
enum sql_id {
    SQL_LOCK,        /* OP_LOCK: one row, one boolean; NULL, and no lock, where another than session
                          {backend_pid} answers */
    SQL_LOCK_POOLED, /* the same where only a transaction can hold a lock: begins one */
    SQL_LOCK_HOLDER, /* behind one of these: a row where somebody has the lock: is it us (a boolean), and
                          who, in words */
    SQL_BLOCKERS, /* on another connection: who keeps session {backend_pid} waiting for a lock, in
                          words and as the server numbers them, a row each */
    SQL_RESET,    /* makes a used connection like new */
    SQL_INSPECT,  /* -> schema or NULL, the version table that is found first or NULL, the one of
                          this schema or NULL, its history table or NULL, search path or NULL, the
                          {backend_pid} of who answers or NULL, whether its system can watch the client
                          (neither NULL nor 0); may begin a transaction to read in */
    SQL_LOCATE,   /* where that first one is none of this schema's -> its schema, the history
                          table there or NULL */
    SQL_IDENTITY, /* (both or none) -> which database it is, whatever it is called */
    SQL_SCHEMA_CREATE, /* creates the tenant's schema */
    SQL_VERSIONS, /* -> version_num, of each the first 256 characters; of the first 10,001 rows */
    SQL_TABLES, /* -> a row where one of {rows} is there: tables' names, or "schema.name". NULL: not asked */
    SQL_HISTORY, /* -> revision, direction, checksum, statements, state, run_id, id; oldest first */
    SQL_READ_END, /* behind the last read: ends the transaction that SQL_INSPECT began */
    SQL_BEGIN,
    SQL_BEGIN_READING, /* a transaction that cannot write, for {statement_timeout}; NULL: op.only_reads does it */
    SQL_SETUP_LOCAL, /* settings of the transaction, just begun */
    SQL_SETUP_MARK, /* by which SQL_GUARD knows our transaction, alone: after what may have reset all settings */
    SQL_SETUP_AGAIN, /* the session's role, and the same settings, after what may have changed them: before
                          SQL_SETUP_LOCAL, and before SQL_GUARD after a script. NULL: nothing can */
    SQL_SETUP,          /* settings of the session, for statements outside a transaction */
    SQL_VERSION_CREATE, /* where the table is missing: inside the transaction, or before it where
                           DDL would end it (no DRIVER_DDL_IN_TRANSACTION) */
    SQL_HISTORY_CREATE,
    SQL_VERSION_INSERT,
    SQL_VERSION_UPDATE,
    SQL_VERSION_DELETE,
    SQL_HISTORY_INSERT, /* of one step */
    SQL_HISTORY_ROW,    /* of several finished steps in one statement: one of {steps}, */
    SQL_HISTORY_ROWS,   /* and the statement; NULL: one by one */
    SQL_HISTORY_MARK,   /* sets its statements, duration and state */
    SQL_GUARD,          /* behind a step: fails where the transaction is no longer the one that we
                           began, and undoes what the step did to the session's settings */
    SQL_GUARD_PREPARE,  /* once a session, where it can keep the guard at hand, */
    SQL_GUARD_PREPARED, /* and then instead of it. NULL: it cannot */
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_CREATE_DATABASE,
    SQL_SCRIPT_BEGIN, /* of an offline script, before its first transaction */
    SQL_SCRIPT_SETUP, /* the settings that decide what a statement means: first, and after a revision
                           that may have changed them */
    SQL_SCRIPT_SCHEMA,  /* instead, and instead of SQL_SCRIPT_RESTORE, where the schema is known */
    SQL_SCRIPT_WATCH,   /* what OP_WATCH and OP_CHECK do: counts what is broken, */
    SQL_SCRIPT_CHECK,   /* and an error if it is more by now */
    SQL_SCRIPT_RESTORE, /* behind a revision's SQL: undo what it did to the session's settings */
    SQL_SCRIPT_EXPECT,  /* an error unless the version table holds exactly {rows} */
    SQL_SCRIPT_PURGE,   /* empties the version table */
    SQL_SCRIPT_VERIFY,  /* an error unless {query}, which may end in a comment, returns a row */
    SQL__COUNT
};

enum driver_traits {
    DRIVER_DDL_IN_TRANSACTION = 1, /* DDL, version row and history row commit together */
    DRIVER_IS_SERVER = 2,          /* has host, port and user: DNS, per_server, credentials */
    DRIVER_CREATES_ON_CONNECT = 4, /* `create` is the connection's own affair (SQLite) */
    DRIVER_NESTS_COMMENTS = 64,    /* a block comment may hold others */
    DRIVER_JOINS = 32,             /* op.joined is obeyed */
    DRIVER_LOCKS_SERVER = 128,     /* SQL_LOCK's keys are the whole server's, not the database's */
    DRIVER_WATCHES = 256,          /* OP_WATCH and OP_CHECK */
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

/* A statement of a script: where it begins (behind comments and blanks) and ends. */
struct statement {
    size_t offset;
    size_t len;
    int line; /* from 1, within the text that was split */
    /* `len` takes in the semicolon that ends it (in a script they must not be two) */
    bool is_ended;
};

struct driver {
    const char *name;
    enum dialect_id dialect;
    unsigned traits;
    const char *const *sql; /* SQL__COUNT of them */

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

    /* Appends a literal or an identifier, quoted so that nothing can break out. */
    void (*add_literal)(struct buf *buf, const char *text);
    void (*add_identifier)(struct buf *buf, const char *name);

    /* Splits a script with the database's own lexer. Statements come from `arena`. False: err says
     * why, err->offset where. */
    bool (*split)(struct arena *arena, const char *sql, size_t len,
                  struct statement **ret_statements, size_t *ret_count, struct err *err);

    /* Says that a statement cannot do its work inside a transaction; NULL: it can, or the server says so itself. NULL as
     * a member: nothing is known. */
    const char *(*needs_no_transaction)(const char *sql, size_t len);

    /* What the catalog can tell of a statement that may or may not have run outside a transaction
     * (probe.h). NULL: nothing, ever. */
    void (*probe)(struct arena *arena, const char *statement, struct probe *ret_probe);

    /* What is asked beside a statement (probe.h). NULL: nothing, ever. */
    void (*check)(struct arena *arena, const char *statement, size_t len,
                  struct statement_checks *ret_checks);
};

/* NULL: this build has no driver for the dialect. */
const struct driver *driver_find(enum dialect_id dialect);

/* Once a process, before the first connection. */
void drivers_init(void);

#endif
