/* Of an INSERT, an UPDATE or a DELETE: whether what it writes fits its table. Pure. */
#ifndef DIALECT_MYSQL_QUESTION_WRITTEN_H
#define DIALECT_MYSQL_QUESTION_WRITTEN_H

struct question_request;
struct written;
struct questions;

void mysql_ask_written(const struct question_request *request, struct questions *questions);

/* Of a DELETE (question_deleted.c). */
void mysql_ask_deleted(const struct question_request *request, const struct written *written,
                       struct questions *questions);

#endif
