/* A question about a table whose columns earlier statements give other types: of the rows as they will be. Pure. */
#ifndef DIALECT_MYSQL_QUESTION_CHANGED_H
#define DIALECT_MYSQL_QUESTION_CHANGED_H

#include "dialect/question.h"

/* In the SQL of such a question, the rows of its own table, and those of its parent. */
#define MYSQL_OWN_ROWS "\x01"
#define MYSQL_PARENT_ROWS "\x02"

/* Does SQL say what a column of the type keeps of numbers and texts? A member of struct dialect. */
bool mysql_sees_type(const char *type);

/* Has the catalog put the rows into those of the questions, from number `first` on, that have such a place. */
void mysql_ask_changed(const struct question_request *request, struct questions *questions,
                       size_t first);

#endif
