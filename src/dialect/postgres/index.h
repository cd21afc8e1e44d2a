/* Is an index there that a CREATE INDEX makes, and did one that failed leave a part of it? */
#ifndef DIALECT_POSTGRES_INDEX_H
#define DIALECT_POSTGRES_INDEX_H

#include <jansson.h>

struct buf;

/* Indexes that are INVALID, and whose build is not under way; `i` is pg_index's row. */
#define POSTGRES_IS_LEFT                                                                           \
    "NOT i.indisvalid AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p "  \
    "WHERE p.index_relid = i.indexrelid AND p.pid <> pg_catalog.pg_backend_pid())"

/* Adds the queries (probe.h). `node` is the IndexStmt that `statement` parses to. */
void postgres_probe_index(struct buf *sql, const char *statement, const json_t *node);

/* Adds the query of struct statement_checks, of an index that has a name. */
void postgres_check_index(struct buf *sql, const json_t *node);

#endif
