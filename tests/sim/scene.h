/* What a case is made of: a chain, a fleet of made-up databases and the rules of its rollout, all from a
 * seed.
 *
 * Statement K of revision `rN` leaves the effect `rN+K`, on its way back `rN-K`: what was done, how
 * often and in which order can be read from the effects alone. One that repeats leaves its effect once for each batch. Sets of revisions are bits of a mask.
 */
#ifndef SIM_SCENE_H
#define SIM_SCENE_H

#include "base/arena.h"
#include "chain/chain.h"
#include "driver/fake.h"
#include "inventory/inventory.h"
#include "sim/rng.h"

struct buf;

enum { REVISIONS_MAX = 8, SERVERS_MAX = 5, TENANTS_MAX = 40, WAVES_MAX = 3 };
enum { STATEMENTS_MAX = 3 }; /* of a section */
enum { SERVER_OF_FILES = SERVERS_MAX, SERVERS__COUNT };

struct scene_revision {
    char id[8];
    uint32_t parents;
    uint32_t ancestors;                    /* itself included */
    unsigned statements[DIRECTION__COUNT]; /* 0: it has no such section */
    /* by statement, from 1: in how many batches it leaves its effect, where it repeats until it changes no row; 0: it does not */
    unsigned batches[DIRECTION__COUNT][STATEMENTS_MAX + 1];
    bool is_checkpointed[DIRECTION__COUNT];
    bool is_verified[DIRECTION__COUNT];
    bool makes_table; /* its first statement does, and the first one down drops it */
};

/* Where a tenant lives. */
struct scene_place {
    struct fake_db *db;
    const char *schema; /* that its revisions work in */
    const char *other;  /* where its version table may be instead; NULL: nowhere */
    bool is_shared;     /* the database is other tenants' too, in schemas of their own */
    size_t server;      /* SERVER_OF_FILES: none */
    /* someone has garbled its version table: after the stamps that followed, its history does not tell what it holds */
    bool was_garbled;
};

struct scene {
    struct rng rng;  /* for what happens later */
    struct rng more; /* of its own: what is drawn here leaves all else of a seed as it was */
    struct arena arena;
    struct fake_world *world;
    struct scene_revision revisions[REVISIONS_MAX];
    size_t revision_count;
    uint32_t all; /* of them */
    bool has_checkpoints;
    bool lacks_down; /* some revision */
    struct chain *chain;
    struct chain_file files[REVISIONS_MAX]; /* that it was made from */
    struct inventory inventory;
    struct forecast_rules forecast; /* the inventory's, while no person has taken the limits away */
    const struct driver *drivers[DIALECT__COUNT];
    struct scene_place places[TENANTS_MAX]; /* by tenant */
    size_t server_count;
    bool has_files, has_no_ddl; /* tenants that are such */
    bool is_crowded;            /* so many tenants share a database, */
    bool is_crowd_of_databases; /* or a server, that their version tables are read together */
    bool is_foreign;            /* another tool has brought everyone where they stand */
    bool has_extras;            /* statements that change the session, and have no effect */
};

/* Where a tenant's password comes from, if it has one. */
extern const struct password scene_by_command;

struct scene *scene_new(uint64_t seed);
void scene_free(struct scene *scene);

/* The chain with another statement on top of a revision's section; the caller's. */
struct chain *scene_edit(struct scene *scene, size_t revision, enum direction direction);

/* Those of a set that no other of it revises: what the version table holds. */
uint32_t scene_heads(const struct scene *scene, uint32_t set);

/* A set and all that it needs. */
uint32_t scene_closure(const struct scene *scene, uint32_t set);

/* Of an id; -1: no such. */
int scene_find(const struct scene *scene, const char *id);

const struct fake_store *scene_store(const struct scene *scene, size_t tenant);

/* Does the tenant hold the same in both? */
bool scene_is_same(const struct scene *scene, size_t tenant, const struct fake_store *a,
                   const struct fake_store *b);

/* A table of ours; NULL: it has none. */
const struct fake_table *scene_table(const struct scene *scene, size_t tenant,
                                     const struct fake_store *store, const char *name);

/* Statement `k`, from 1, of a section, as a person would run it alone; with its semicolon. */
void scene_add_statement(const struct scene *scene, struct buf *buf, size_t revision,
                         enum direction direction, unsigned k);

/* A person runs statements that mean the tenant's schema. */
void scene_do(struct scene *scene, size_t tenant, const char *sql);

#endif
