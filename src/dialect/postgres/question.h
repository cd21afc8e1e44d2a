/* What a deed asks of the rows that are there, as PostgreSQL's SQL. Pure. */
#ifndef DIALECT_POSTGRES_QUESTION_H
#define DIALECT_POSTGRES_QUESTION_H

#include "base/compiler.h"

struct err;
struct question_request;
struct questions;

/* Members of struct dialect. */
void postgres_ask_rows(const struct question_request *request, struct questions *questions);
bool postgres_is_of_values(const struct err *err);

#endif
