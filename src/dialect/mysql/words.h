/* What the words of a statement say of it, before it has run. */
#ifndef DIALECT_MYSQL_WORDS_H
#define DIALECT_MYSQL_WORDS_H

#include "dialect/probe.h"
#include "dialect/words.h"

/* Why a statement may not stand in a revision; NULL: it may. */
const char *mysql_refuses(const char *sql, size_t len);

/* Is it a SET, also one in an executable comment, as dumps have them? */
bool mysql_sets_session(const char *sql, size_t len);

void mysql_read_words(const char *sql, size_t len, sql_word_fn *take, void *ctx);

/* Does it leave a transaction as it is? False also where it cannot be told which table it changes. */
bool mysql_keeps_transaction(const char *sql, size_t len);

/* Beside such a statement: is its table one whose changes can be taken back? */
void mysql_check(struct arena *arena, const char *statement, size_t len,
                 struct statement_checks *ret_checks);

#endif
