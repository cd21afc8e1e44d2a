/* What SQLite's own parser says of a statement (dialect.h: judge). */
#ifndef DIALECT_SQLITE_JUDGE_H
#define DIALECT_SQLITE_JUDGE_H

#include "dialect/dialect.h"

void *sqlite_open_parser(void);
void sqlite_close_parser(void *parser);
bool sqlite_judge(void *parser, const struct judged *statement, struct judgement *ret);

#endif
