/* What PostgreSQL's parser says of a statement (dialect.h: judge). */
#ifndef DIALECT_POSTGRES_JUDGE_H
#define DIALECT_POSTGRES_JUDGE_H

#include "dialect/dialect.h"

bool postgres_judge(const char *sql, size_t len, bool is_transactional, struct judgement *ret);

#endif
