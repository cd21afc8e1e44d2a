/* Statement templates of a dialect's table, and how they are filled.
 *
 * `{name}` stands for a member of struct sql_vars; the member's kind decides how it is quoted, so
 * no value reaches the SQL unquoted. A template that names something unknown is a bug and aborts.
 */
#ifndef DIALECT_TEMPLATE_H
#define DIALECT_TEMPLATE_H

#include "dialect/dialect.h"

struct sql_place;

struct sql_vars {
    /* identifiers */
    const char *schema;        /* {schema}, and before the tables' names; NULL: unqualified */
    const char *version_table; /* {version} qualified, {version_pkc} its constraint's name */
    const char *database;      /* {database} */
    const char *foreign_table; /* {foreign}, qualified: another tool's */
    /* literals */
    const char *asked_schema; /* {asked_schema}: the literal, or the session's own where NULL */
    const char *run_id;       /* {run} */
    const char *
        owner; /* {owner}: the run whose row SQL_HISTORY_MARK is to find, or ours; NULL: anyone's */
    const char *revision;    /* {revision} */
    const char *direction;   /* {direction} */
    const char *checksum;    /* {checksum} */
    const char *state;       /* {state} */
    const char *from, *to;   /* {from}, {to}: version rows */
    const char *nonce;       /* {nonce} */
    const char *search_path; /* {search_path} */
    const char *changed;     /* {changed}: the name of a table, as a revision writes it; NULL */
    const char *verb;        /* {verb}: what the revision does to it: `update` */
    /* {own_local}, {own_session}: the inventory's `settings` */
    const struct session_setting *settings;
    size_t setting_count;
    /* SQL */
    const char *path;       /* {path}: the schemas of a search path, as a list */
    const char *query;      /* {query} */
    const char *definition; /* {definition}: an expression; NULL: the word NULL */
    const char *steps;      /* {steps}: SQL_HISTORY_ROWs, filled, comma separated */
    /* numbers */
    uint64_t backend_pid;          /* {backend_pid} */
    uint64_t lock_key;             /* {key}, as a signed 64-bit number */
    uint64_t statements;           /* {statements} */
    uint64_t lock_timeout_ms;      /* {lock_timeout} */
    uint64_t statement_timeout_ms; /* {statement_timeout} */
    uint64_t
        idle_timeout_ms; /* {idle_timeout}: of a transaction in which nothing is asked; 0: none */
    double duration_ms;  /* {duration} */
    uint64_t history_id; /* {history_id}: the row's, one more than the newest */
    bool watches_client; /* {client_check_local}, {client_check_session}, {peer_check} */
    bool sets_parser;    /* {parser_local}, {parser_session}: see conn_info */
    bool may_exist;      /* {if_not_exists}: what is created may be there already */
    const char *const *rows; /* {rows}, a list of literals, and {row_count} of them */
    uint64_t row_count;
    const char *row;     /* {row}: one of them, */
    uint64_t row_number; /* {row_number}: from 1 */
    const struct sql_place *places;
    uint64_t place_count;
};

/* A database of a server, for {places}: its name, and its number. */
struct sql_place {
    const char *database;
    uint64_t number;
    bool has_history;
};

/* Appends the dialect's template `id`, filled, and "; " where something stands before it. Nothing
 * where the dialect has no such statement. */
void sql_expand(struct buf *buf, const struct dialect *dialect, enum sql_id id,
                const struct sql_vars *vars);

/* What the rows of its answer are like, as enum sql_id says; NULL: it has none, or the driver reads them. */
const struct grid_shape *sql_shape(enum sql_id id);

/* The same as sql_expand for a template at hand. */
void sql_fill(struct buf *buf, const struct dialect *dialect, const char *text,
              const struct sql_vars *vars);

/* The tenant's schema and what comes after it (`rest`, NULL-terminated; NULL: nothing), as a list of identifiers. */
void sql_add_path(struct buf *buf, const struct dialect *dialect, const char *schema,
                  const char *const *rest);

/* For dialects to use: 'text' with quotes doubled, and "name" with quotes doubled, as standard SQL has them; text between
 * quotes of the dialect's own, doubled; 'text' with quotes and backslashes doubled. */
void sql_add_literal(struct buf *buf, const char *text);
void sql_add_identifier(struct buf *buf, const char *name);
void sql_add_quoted(struct buf *buf, const char *text, char quote);
void sql_add_escaped_literal(struct buf *buf, const char *text);

/* The history table of each tenant. */
#define HISTORY_TABLE "skein_history"

/* What SQL_HISTORY asks for, the same in every dialect. */
#define HISTORY_SELECT                                                                             \
    "SELECT revision, direction, checksum, statements, state, run_id, id FROM {history} ORDER BY id"

#endif
