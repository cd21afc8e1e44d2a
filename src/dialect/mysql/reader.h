/* The words of one statement, in their order: what reads a statement to tell something of it shares this. */
#ifndef DIALECT_MYSQL_READER_H
#define DIALECT_MYSQL_READER_H

#include "dialect/mysql/lex.h"

struct arena;

struct mysql_reader {
    struct arena *arena; /* of names */
    struct mysql_lexer lexer;
    struct mysql_token token; /* the next one, executable comments' marks left out */
    bool is_over;             /* there is none */
};

struct mysql_name {
    const char *schema; /* NULL: the session's database */
    const char *name;
};

struct mysql_reader mysql_read(struct arena *arena, const char *sql, size_t len);
void mysql_skip(struct mysql_reader *reader);

/* Is the next token this word (in upper case), or this sign? */
bool mysql_is(const struct mysql_reader *reader, const char *word);
bool mysql_is_sign(const struct mysql_reader *reader, char sign);

/* The same, and steps over it if it is. */
bool mysql_accept(struct mysql_reader *reader, const char *word);
bool mysql_accept_sign(struct mysql_reader *reader, char sign);

/* Steps over a name, or one with that of its database before it. False: there is none. */
bool mysql_take_name(struct mysql_reader *reader, const char **ret_name);
bool mysql_take_qualified(struct mysql_reader *reader, struct mysql_name *ret_name);

#endif
