/* How a catalog is read: what a dialect's reader says, as pure functions. Who runs the queries is src/rollout/session_catalog.c.
 *
 * A reader asks in rounds. All queries of a round travel together (in one message, where the driver can), so a reader that
 * must know names before it can ask for definitions takes two rounds. What it needs of the first in the second it keeps in
 * `reading->state`.
 *
 *     reading->round = 0, … up to reader->rounds:
 *         reader->ask(reading)              adds queries with reading_ask
 *         reader->take(reading, answers)    one answer for each query of the round, in their order
 *
 * No transaction is begun for it, since a query of several statements is one by itself where the database knows such (the
 * statements of PostgreSQL's simple protocol); or it is asked within one that is open. So what a query sets must hold for the
 * transaction only (SET LOCAL), or be harmless to who uses the connection afterwards.
 */
#ifndef SCHEMA_READER_H
#define SCHEMA_READER_H

#include "base/err.h"
#include "base/grid.h"
#include "base/hash.h"
#include "schema/catalog.h"

/* Which schema goes into which catalog. A reader whose dialect has schemas may be asked for many at once, of one database: the
 * catalog of one that does not exist stays empty then (where it is the only one, that is an error). */
struct reading_part {
    const char *schema; /* NULL: the database's own, current_schema() */
    struct catalog *catalog;
};

struct reading {
    struct arena *arena; /* for all that outlives the call; it lives as long as the catalogs */
    struct reading_part *parts;
    size_t part_count; /* 1 where the dialect has no schemas */
    uint32_t
        server_version; /* 150010: PostgreSQL 15.10; 101119: MariaDB 10.11.19; 3040001: SQLite 3.40.1 */
    /* What is skein's own, or Alembic's, and no part of the schema. */
    const char *version_table;
    const char *history_table;
    /* Statements are to be made of it: needs, and properties as they are written (catalog.h), are read where the reader
     * can. */
    bool is_for_emitter;
    unsigned round; /* from 0 */
    void *state;    /* the reader's own, in the arena; NULL at first */
    /* of this round: see reading_ask */
    const char **queries;
    const struct grid_shape **shapes; /* of their answers */
    size_t query_count, query_capacity, shape_capacity;
};

struct catalog_reader {
    unsigned rounds;
    void (*ask)(struct reading *reading);
    /* Values live as long as the reading's arena: no copies are needed. ERR_INTERNAL: the answer is not what was asked for. */
    bool (*take)(struct reading *reading, const struct grid *answers, size_t count,
                 struct err *err);
};

/* Adds a query to this round; in the reading's arena. `shape` is what its rows are like: who runs the query refuses others.
 * It must return exactly one result with rows (which may be none, but not
 * a command without columns): `SET LOCAL jit = off; SELECT …` is one query. */
void reading_ask(struct reading *reading, const char *sql, const struct grid_shape *shape);

/* Is it one of the tables that are no part of the schema? */
bool reading_leaves_out(const struct reading *reading, const char *table);

/* What a database has answered. Most tenants of a fleet answer the same, so the catalog is made only where someone wants it:
 * equal digests mean equal catalogs. */
struct catalog_answers {
    const struct catalog_reader *reader;
    struct reading *reading;
    const struct grid *last; /* of the last round: not taken yet */
    size_t last_count;
    bool is_made;
    char digest[HASH_HEX_SIZE]; /* of all rounds, with the engine and its version */
};

void catalog_answers_init(struct catalog_answers *answers, const struct catalog_reader *reader,
                          struct reading *reading);

/* The answers of a round, which the reading counts. True: that was the last. False: the next round is to be asked, or, with
 * err->kind set, they are not what they should be. */
bool catalog_answers_add(struct catalog_answers *answers, const struct grid *round, size_t count,
                         struct err *err);

/* The catalog of the reading's first part. NULL: err says why. */
const struct catalog *catalog_answers_make(struct catalog_answers *answers, struct err *err);

#endif
