/* How a database is spoken to: the interface that every driver implements, and nothing above it.
 *
 * A driver never waits and knows nothing of the event loop. It starts one operation and says what must happen before
 * it is worth calling again (struct want): the descriptor readable or writable, a time passed, or a worker thread run
 * `work`. src/link/io.c is the only place that joins these wants to libuv. One operation at a time on a connection;
 * calls on one connection never overlap, but may come from different threads one after the other. Only `cancel` may
 * run beside the others.
 *
 *     struct conn *conn = driver->open(&params);
 *     struct answer answer = {0};
 *     struct op op = {.kind = OP_QUERY, .sql = "SELECT 1", .sql_len = 8, .arena = &arena, .answer = &answer};
 *     for (want = driver->start(conn, &op); want.bits; want = driver->step(conn, ready))
 *         …wait for what it wants; on WANT_WORKER call driver->work(conn) on a worker first…
 *     answer_err(&answer)->kind == ERR_NONE says it went well
 *
 * To add a driver: docs/architecture.md (row_writer.h keeps an answer's rows). It is src/driver/NAME.c with one
 * `const struct driver`, named in registry.c, has a row in tests/driver/subjects.c, and passes the conformance suite.
 * What it speaks is a dialect of its own (src/dialect).
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include "base/dialect.h"
#include "dialect/dialect.h"
#include "driver/op.h"

struct conn;
struct url;

/* A socket and a time may be wanted together: whichever comes first is told to `step`. WANT_WORKER stands alone. */
enum { WANT_NOTHING = 0, WANT_READ = 1, WANT_WRITE = 2, WANT_TIMER = 4, WANT_WORKER = 8 };

struct want {
    unsigned bits;       /* WANT_NOTHING: the operation is over */
    int fd;              /* for WANT_READ, WANT_WRITE */
    uint64_t timeout_ms; /* for WANT_TIMER */
};

enum driver_traits {
    DRIVER_IS_SERVER = 2,          /* has host, port and user: DNS, per_server, credentials */
    DRIVER_CREATES_ON_CONNECT = 4, /* `create` is the connection's own affair (SQLite) */
    DRIVER_JOINS = 32,             /* op.joined is obeyed, in chains of scripts or of queries */
    /* op.joined is obeyed, in chains of any ops: the server runs one statement after the other, and none after the
     * first that fails */
    DRIVER_JOINS_ALL = 64,
    DRIVER_SNAPSHOTS = 16, /* OP_SNAPSHOT and OP_RESTORE, outside a transaction */
    DRIVER_RESETS = 128,   /* OP_RESET is understood */
    DRIVER_ON_WORKER = 8,  /* all operations and close run on a worker; cancel_token may be called
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
    void (*add_library)(struct buf *buf); /* appends the client library's name and version */
    struct conn *(*open)(const struct conn_params *params); /* allocates; no I/O; never NULL */
    struct want (*start)(struct conn *conn, const struct op *op);
    struct want (*step)(struct conn *conn, unsigned ready);
    void (*work)(struct conn *conn); /* worker thread, once a WANT_WORKER */

    /* Stops what the server is doing for the operation under way. cancel_token is called on the
     * loop while an operation is under way and may be NULL (nothing to cancel); `cancel` may block
     * for ever, touches nothing but the token, and frees it. The operation then ends by itself. */
    void *(*cancel_token)(struct conn *conn);
    void (*cancel)(void *token);

    bool (*is_in_transaction)(const struct conn *conn);

    /* Brings a connection that was made like new to another database of its server, with the same login: `params` take
     * the place of those that it was made from. It does no I/O, and an OP_CONNECT must come next. NULL: a connection is
     * its database's. */
    void (*move)(struct conn *conn, const struct conn_params *params);
    void (*close)(struct conn *conn);
};

/* Appends a line for each client library: its name and its version. */
void drivers_add_libraries(struct buf *buf);

/* NULL: this build has no driver for the dialect. */
const struct driver *driver_find(enum dialect_id dialect);

/* Once a process, before the first connection. */
void drivers_init(void);

#endif
