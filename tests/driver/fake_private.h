/* The inside of the made-up server, shared by the server itself (fake.c), its side of connections
 * (fake_session.c), its commands (fake_commands.c) and the driver (fake_driver.c). No other file includes this. */
#ifndef DRIVER_FAKE_PRIVATE_H
#define DRIVER_FAKE_PRIVATE_H

#include "base/arena.h"
#include "driver/fake.h"
#include "driver/fake_store.h"
#include "driver/fake_words.h"

enum { FAKE_TICK_MS = 20 }; /* how often a session that waits looks again */

struct fake_session;

enum fake_shape { FAKE_PLAIN, FAKE_JOINS, FAKE_ON_WORKER, FAKE_NO_DDL };

/* What OP_SNAPSHOT wrote to a path. */
struct fake_copy {
    const char *path;
    const struct fake_db *db; /* that it is of */
    struct fake_store *store;
};

struct fake_world {
    char shown[8]; /* first: what fake_url carries may be printed as a text */
    struct arena arena;
    uint64_t now_ms;
    uint64_t latency_ms;
    struct fake_db **dbs;
    size_t db_count, db_capacity;
    uint32_t last_session;
    struct fake_copy *copies;
    size_t copy_count, copy_capacity;
    size_t foreign_copies, foreign_locks;
    fake_write_fn on_write; /* NULL: no one is told */
    void *on_write_ctx;
};

struct fake_lock {
    const char *key;
    struct fake_session *owner;
    bool is_of_transaction;
    bool is_of_server; /* it bars the whole server's others with this key */
};

/* One writer at a time in each schema. */
struct fake_claim {
    const char *schema;
    struct fake_session *owner;
};

struct pending_fault {
    struct fake_fault fault;
    uint32_t events_to_come; /* before it strikes */
    uint32_t strikes_left;
};

struct fake_db {
    struct fake_world *world;
    const char *name;
    uint32_t server;
    const char *search_path;
    bool is_missing;
    bool is_read_only, is_pooled, is_disagreeing;
    struct fake_store *store;  /* what is committed */
    struct fake_claim *claims; /* of those who have a draft */
    size_t claim_count, claim_capacity;
    struct fake_session *sessions;
    struct fake_lock *locks;
    size_t lock_count, lock_capacity;
    struct pending_fault *faults;
    size_t fault_count, fault_capacity;
    size_t events[8]; /* by bit of fake_event */
    size_t unlocked_writes;
};

/* The server's side of a connection. */
struct fake_session {
    struct fake_db *db;
    struct fake_session *next;
    enum fake_shape shape;
    uint32_t id;
    bool is_ended;
    bool is_lost;      /* the client gets no answer any more */
    bool is_cancelled; /* a client asked to stop the message under way */
    bool in_transaction, is_doomed;
    bool only_reads;                            /* the transaction */
    struct fake_store *draft;                   /* NULL: nothing written */
    const struct fake_store *base;              /* that it was made from */
    const char *nonce;                          /* of the transaction */
    const char *path;                           /* a search path of its own; NULL: the database's */
    const char *local_path;                     /* the same for the transaction */
    const char *role;                           /* NULL: its login's */
    const char *prepared_nonce, *prepared_path; /* of the prepared guard; NULL: there is none */

    /* The message under way: `op`, and those joined to it up to `last`. They are the client's, or copies once no
     * client listens. */
    bool is_running;
    bool is_kept; /* they are copies */
    const struct op *first, *op, *last;
    size_t at, end; /* the statement under way */
    bool is_begun;
    const struct fake_session *waits_for; /* a writer, while it waits; it may be gone */
    bool is_busy;                         /* faults that struck it */
    bool loses_after;
    const char *refusal;
    uint64_t begun_ms, wake_ms;
    uint64_t op_begun_ms; /* when the one before it ended */
};

enum fake_outcome { FAKE_DONE, FAKE_WAIT, FAKE_FAILED };

/* A statement that is run. */
struct fake_call {
    struct fake_session *session;
    const struct op *op;
    const struct fake_word *words; /* [0] is the command */
    size_t count;
    long touched; /* rows; -1: it is none of those that have a number */
};

/* fake_commands.c: is there such a command? And runs the statement (again, where it waited). */
bool fake_is_command(const struct fake_word *word);
enum fake_outcome fake_command(struct fake_call *call);
/* Does the statement leave something where it fails? And leaves it. */
bool fake_leaves_remains(const struct fake_call *call);
enum fake_outcome fake_leave_remains(struct fake_call *call);
enum fake_outcome fake_take_lock(struct fake_session *session, struct fake_lock lock);

/* fake.c: a session is about to write to it. */
void fake_tell_write(struct fake_db *db, const char *schema, bool is_orphan);

/* fake_session.c */
struct fake_session *fake_session_new(struct fake_db *db, enum fake_shape shape);
const char *fake_session_schema(const struct fake_session *session); /* the current one, or NULL */
/* The same, and where none of the path exists the one that it names first. */
const char *fake_session_target(const struct fake_session *session);
/* Of the session's search path: the first schema with that table, or NULL. */
const char *fake_session_find_table(const struct fake_session *session, const char *table);
void fake_session_start(struct fake_session *session, const struct op *op);
void fake_session_run(struct fake_session *session);
void fake_session_end(struct fake_session *session);
struct fake_session *fake_session_find(const struct fake_world *world, uint32_t id);
/* What follows is asked of another database of the server. */
void fake_session_use(struct fake_session *session, struct fake_db *db);
/* No one listens any more: it ends now, or once its message is done. */
void fake_session_leave(struct fake_session *session);
void fake_session_unlock(struct fake_session *session, bool of_transaction_only);
void fake_session_commit(struct fake_session *session);
void fake_session_roll_back(struct fake_session *session);

/* fake.c: the fault that an event of this kind meets, or NULL. `session`: whose statement it is, or NULL. */
const struct fake_fault *fake_strike(struct fake_db *db, enum fake_event event,
                                     const struct fake_session *session);

/* An error of this SQLSTATE. Returns FAKE_FAILED. */
enum fake_outcome fake_fail(struct err *err, const char *code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void fake_lose(struct err *err);

#endif
