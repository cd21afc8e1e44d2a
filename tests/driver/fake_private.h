/* The inside of the made-up server, shared by the server itself (fake.c), its side of connections
 * (fake_session.c), its commands (fake_commands.c) and the driver (fake_driver.c). Nobody else includes
 * this. */
#ifndef DRIVER_FAKE_PRIVATE_H
#define DRIVER_FAKE_PRIVATE_H

#include "base/arena.h"
#include "driver/fake.h"
#include "driver/fake_store.h"
#include "driver/fake_words.h"

enum { FAKE_TICK_MS = 20 }; /* how often whoever waits looks again */

struct fake_session;

struct fake_world {
    char shown[8]; /* first: what fake_url carries may be printed as a text */
    struct arena arena;
    uint64_t now_ms;
    uint64_t latency_ms;
    struct fake_db **dbs;
    size_t db_count, db_capacity;
    uint32_t last_session;
    fake_write_fn on_write; /* NULL: nobody is told */
    void *on_write_ctx;
};

struct fake_lock {
    const char *key;
    struct fake_session *owner;
    bool is_of_transaction;
};

struct pending_fault {
    struct fake_fault fault;
    uint32_t events_to_come; /* before it strikes */
    uint32_t strikes_left;
};

struct fake_db {
    struct fake_world *world;
    const char *name;
    bool is_read_only, is_pooled;
    struct fake_store *store;    /* what is committed */
    struct fake_session *writer; /* who has a draft: one at a time */
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
    uint32_t id;
    bool is_ended;
    bool is_lost;      /* the client gets no answer any more */
    bool is_cancelled; /* somebody asked to stop the message under way */
    bool in_transaction, is_doomed;
    struct fake_store *draft; /* NULL: nothing written */
    const char *nonce;        /* of the transaction */

    /* The message under way; `op` is the client's, or `scratch` once nobody listens. */
    bool is_running;
    struct op *op;
    struct op scratch;
    size_t at, end; /* the statement under way */
    bool is_begun;
    bool is_busy; /* faults that struck it */
    bool loses_after;
    const char *refusal;
    uint64_t begun_ms, wake_ms;
};

enum fake_outcome { FAKE_DONE, FAKE_WAIT, FAKE_FAILED };

/* A statement that is run. */
struct fake_call {
    struct fake_session *session;
    struct op *op;
    const struct fake_word *words; /* [0] is the command */
    size_t count;
    long touched; /* rows; -1: it is none of those that have a number */
};

/* fake_commands.c: runs the statement (again, where it waited). */
enum fake_outcome fake_command(struct fake_call *call);

/* fake_session.c */
struct fake_session *fake_session_new(struct fake_db *db);
void fake_session_start(struct fake_session *session, struct op *op);
void fake_session_run(struct fake_session *session);
void fake_session_end(struct fake_session *session);
struct fake_session *fake_session_find(const struct fake_world *world, uint32_t id);
/* Nobody listens any more: it ends now, or once its message is done. */
void fake_session_leave(struct fake_session *session);
void fake_session_unlock(struct fake_session *session, bool of_transaction_only);
void fake_session_commit(struct fake_session *session);
void fake_session_roll_back(struct fake_session *session);

/* fake.c: the fault that an event of this kind meets, or NULL. */
const struct fake_fault *fake_strike(struct fake_db *db, enum fake_event event);

/* An error of this SQLSTATE. Returns FAKE_FAILED. */
enum fake_outcome fake_fail(struct err *err, const char *code, const char *format, ...)
    PRINTF_LIKE(3, 4);
void fake_lose(struct err *err);

#endif
