/* PostgreSQL's parse tree, as libpg_query gives it, and names out of it. */
#ifndef DIALECT_POSTGRES_TREE_H
#define DIALECT_POSTGRES_TREE_H

#include <jansson.h>

#include "base/compiler.h"

struct buf;

/* The statement's node and its kind (`IndexStmt`), which lives as long as the root; NULL and "" unless it is exactly
 * one statement that the parser knows. The caller gives the root back (json_decref). */
const json_t *postgres_parse(const char *statement, json_t **ret_root, const char **ret_kind);

/* A member that is a text; "" where it is none. */
const char *tree_text(const json_t *node, const char *key);
bool tree_is(const json_t *node, const char *key, const char *value);

/* Does the list `key` of options hold this one, and not switched off? */
bool tree_has_option(const json_t *node, const char *key, const char *name);

/* "schema"."name", as a literal for to_regclass and its like. */
void tree_add_name(struct buf *buf, const char *schema, const char *name);
void tree_add_relation(struct buf *buf, const json_t *relation);
/* The last two of a list of String nodes. */
void tree_add_qualified(struct buf *buf, const json_t *names);

#endif
