/* What a deed asks of the rows that are there, as SQL of MySQL and MariaDB. Pure. Measured against MariaDB 10.11
 * (tests/e2e/test_preflight.py). */
#ifndef DIALECT_MYSQL_QUESTION_H
#define DIALECT_MYSQL_QUESTION_H

struct question_request;
struct questions;

/* A member of struct dialect. */
void mysql_ask_rows(const struct question_request *request, struct questions *questions);

#endif
