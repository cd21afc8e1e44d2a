/* Whether the values of a column become those of another type, as a question. Pure. */
#ifndef DIALECT_MYSQL_QUESTION_TYPE_H
#define DIALECT_MYSQL_QUESTION_TYPE_H

struct question_request;
struct questions;

/* The deed's column is called as it is before the statement. */
void mysql_ask_type(const struct question_request *request, struct questions *questions);

#endif
