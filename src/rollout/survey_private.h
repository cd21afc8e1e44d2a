/* What the files of a survey share: survey.c is the whole, survey_piece.c what is asked of a piece of the tenants and what is
 * answered, survey_catalogs.c the reading of catalogs, survey_databases.c that of databases of one server. */
#ifndef ROLLOUT_SURVEY_PRIVATE_H
#define ROLLOUT_SURVEY_PRIVATE_H

#include "rollout/survey.h"

#include "base/arena.h"
#include "base/map.h"
#include "dialect/template.h"
#include "link/io.h"
#include "schema/reader.h"

/* A piece is a transaction of its own: it holds a lock for each table and index until it ends, and the server has room for
 * some thousands of these in all. */
enum { TENANTS_A_PIECE = 100 };

/* The tenants of one database, with one login; or of one server, a database each. */
struct database {
    struct survey *survey;
    uint32_t *tenants;
    size_t count, capacity;
    struct link *link; /* NULL: none */
    struct io_op *ops;
    size_t op_count;
    bool is_in_transaction; /* once all that was asked has run */
    const char *identity;
    struct notices notices; /* of connecting */
    /* where catalogs are read, or databases: the piece in hand, and the size of the next */
    struct arena arena;
    struct reading *reading;
    struct holding *holdings; /* survey_databases.c */
    size_t holding_count, object_count;
    unsigned round;
    size_t first, count_asked, count_next;
    struct place *places; /* of databases: those of the piece; survey_databases.c */
};

struct survey {
    struct links *links;
    struct survey_options options;
    struct arena arena; /* of the wave at hand */
    struct surveyed *known;
    /* Sets of tables' names, each once: most tenants have the same. */
    struct map set_numbers;
    struct map **sets;
    size_t set_count, set_capacity;
    struct database *databases;
    size_t count, capacity;
    size_t next;      /* that is asked */
    size_t under_way; /* connections, */
    size_t most;      /* and how many there may be */
    bool is_cancelled;
    void (*on_done)(void *ctx);
    void *ctx;
};

/* ---- survey.c --------------------------------------------------------------------------------- */

/* The connection is left to others, or closed; the survey goes on with the next one. */
void survey_leave(struct database *database, bool is_well);

/* ---- survey_piece.c --------------------------------------------------------------------------- */

const struct tenant *survey_tenant(const struct survey *survey, uint32_t tenant);
const struct dialect *survey_dialect(const struct database *database);
bool survey_is_of_databases(const struct tenant *tenant);
/* What the database is asked for: of the schema or the database. NULL: it has no name. */
const char *survey_name(const struct tenant *tenant);

struct io_op *survey_add_op(struct database *database, const char *sql, struct arena *arena);
/* What every statement about so many tenants may name; from `arena`. */
struct sql_vars survey_vars(const struct database *database, size_t first, size_t count,
                            struct arena *arena);
/* Of so many tenants; a transaction of its own, which is still to be ended. */
struct io_op *survey_add_piece(struct database *database, size_t first, size_t count);
/* Which database it is, after the end of a transaction, where one is open. */
struct io_op *survey_add_identity(struct database *database);
void survey_take_piece(struct database *database, size_t first, const struct grid *rows);

/* ---- survey_tables.c -------------------------------------------------------------------------- */

/* The names of the catalog's tables and views; they live as long as the wave. */
const struct map *survey_take_tables(struct survey *survey, const struct catalog *catalog);
void survey_free_tables(struct survey *survey);

/* ---- survey_databases.c, survey_holdings.c ---------------------------------------------------- */

/* The question what the version and history tables of the piece say; NULL: none may be read. And what was answered: all that was known
 * of these tenants is known anew. */
struct io_op *survey_add_rows(struct database *database);
void survey_take_rows_of_places(struct database *database, const struct grid *rows);

/* What the known tenants of the piece hold; survey_go_on follows. */
void survey_ask_holdings(struct database *database);
/* Goes on with the next piece, or with a part of this one where it was not well. */
void survey_go_on(struct database *database, bool is_well);

/* ---- survey_catalogs.c, survey_databases.c ---------------------------------------------------- */

/* From the first tenant on; survey_leave follows. */
void survey_ask_catalogs(struct database *database);
void survey_ask_databases(struct database *database);

#endif
