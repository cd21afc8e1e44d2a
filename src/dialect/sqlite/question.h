/* What a deed asks of the rows that are there, as SQLite's SQL. Pure. */
#ifndef DIALECT_SQLITE_QUESTION_H
#define DIALECT_SQLITE_QUESTION_H

struct question_request;
struct questions;

/* A member of struct dialect. */
void sqlite_ask_rows(const struct question_request *request, struct questions *questions);

/* INSERT … SELECT into a table that the pending statements have made: a table that is built anew (question_rebuild.c). */
void sqlite_ask_rebuild(const struct question_request *request, struct questions *questions);

/* An INSERT or an UPDATE of a table that is there (question_written.c). */
void sqlite_ask_written(const struct question_request *request, struct questions *questions);

#endif
