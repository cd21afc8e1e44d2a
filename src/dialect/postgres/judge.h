/* What PostgreSQL's parser says of a statement (dialect.h: judge). */
#ifndef DIALECT_POSTGRES_JUDGE_H
#define DIALECT_POSTGRES_JUDGE_H

#include "dialect/dialect.h"

bool postgres_judge(void *parser, const struct judged *statement, struct judgement *ret);

#endif
