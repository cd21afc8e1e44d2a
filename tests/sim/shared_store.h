/* The store of a ledger that several machines share, in the place of src/ledger/store_postgres.c: a server with one database, of
 * SQLite in memory, that all processes of the loop (fake_uv.h) reach, each by sessions of its own. What is in it, and what is asked
 * of it, is the ledger's own (src/ledger/stored_*.c).
 *
 * The server can be out of reach of a process, or down; it loses the answers of commits; and it can fall back to what a standby had.
 */
#ifndef SIM_SHARED_STORE_H
#define SIM_SHARED_STORE_H

#include "base/compiler.h"
#include "sim/rng.h"

struct sqlite3;

/* What a ledger is called that is in it. */
#define SHARED_STORE "postgresql://ledger/skein"

/* Empty, and well. */
void shared_store_begin(struct rng rng);

/* Told after each commit. */
void shared_store_watch(void (*on_commit)(void *ctx), void *ctx);

/* For who looks at its rows. */
struct sqlite3 *shared_store_handle(void);

/* The process is gone, or its sessions are: the server gives their locks back. */
void shared_store_forget(unsigned process);

/* The process reaches it no more, or again; every session of all ends, and no one reaches it until it is well again. */
void shared_store_cut(unsigned process, bool is_cut);
void shared_store_go_down(bool is_down);

/* Of a hundred commits: so many are done, or are not done, without an answer. */
void shared_store_lose_answers(uint32_t percent);

/* What a standby has from now on; and it takes over: all that was committed since is gone, and all sessions end. */
void shared_store_keep(void);
void shared_store_fall_back(void);

#endif
