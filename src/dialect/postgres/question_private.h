/* What the files that make PostgreSQL's questions share. */
#ifndef DIALECT_POSTGRES_QUESTION_PRIVATE_H
#define DIALECT_POSTGRES_QUESTION_PRIVATE_H

#include "dialect/question.h"

struct buf;

/* `pg_catalog.to_regclass('"schema"."table"')` */
void postgres_add_regclass(struct buf *buf, const char *schema, const char *table);

/* A lookup before a trial: is the type a domain that no trial is like? `has_default`: its default would count. NULL: the type is one
 * that the server has. */
const char *postgres_look_up_domain(struct arena *arena, const char *definition, bool has_default);

/* What the table has that a column of another type must keep: NOT NULL, rules, foreign keys. `value`: what the column becomes. */
void postgres_ask_kept(const struct question_request *request, struct questions *questions,
                       const char *value);

void postgres_ask_attach(const struct question_request *request, struct questions *questions);
/* Of a new partition: the rows of the default partition that would be its own. */
void postgres_ask_default(const struct question_request *request, struct questions *questions);
void postgres_ask_domain(const struct question_request *request, struct questions *questions);
/* Of an INSERT or an UPDATE. */
void postgres_ask_written(const struct question_request *request, struct questions *questions);
void postgres_ask_type(const struct question_request *request, struct questions *questions);

#endif
