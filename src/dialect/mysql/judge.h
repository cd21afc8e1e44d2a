/* Member of struct dialect (dialect.h): without a server of its own at hand, what no server of this engine would take. */
#ifndef DIALECT_MYSQL_JUDGE_H
#define DIALECT_MYSQL_JUDGE_H

#include "dialect/dialect.h"

bool mysql_judge(void *parser, const struct judged *statement, struct judgement *ret);

#endif
