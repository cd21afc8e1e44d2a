/* What the files that make PostgreSQL's questions share. */
#ifndef DIALECT_POSTGRES_QUESTION_PRIVATE_H
#define DIALECT_POSTGRES_QUESTION_PRIVATE_H

#include "dialect/question.h"

struct buf;

/* `pg_catalog.to_regclass('"schema"."table"')` */
void postgres_add_regclass(struct buf *buf, const char *schema, const char *table);

void postgres_ask_attach(const struct question_request *request, struct questions *questions);
void postgres_ask_type(const struct question_request *request, struct questions *questions);

#endif
