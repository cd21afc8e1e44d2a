/* What the dialects' splitters share: the way to a statement's first word, and its line. */
#ifndef DIALECT_SPLIT_H
#define DIALECT_SPLIT_H

#include "dialect/dialect.h"

/* The first byte from `at` on that is neither blank nor comment nor a lone semicolon; `len` where
 * there is none. PostgreSQL's block comments nest. */
size_t split_skip(const char *sql, size_t len, size_t at, bool comments_nest);

/* The offset after the block comment that begins at `at`; `len` where it does not end. */
size_t split_skip_block_comment(const char *sql, size_t len, size_t at, bool nests);

/* The next word of letters from `at` on, in lower case and cut to what there is room for; the place after it. */
enum { SPLIT_WORD_SIZE = 16 };
size_t split_word(const char *sql, size_t len, size_t at, char ret_word[SPLIT_WORD_SIZE]);

/* ERR_CHAIN at this offset of the text. Returns false. */
bool split_refuse(struct err *err, size_t offset, const char *why);

/* A growing list of statements that counts lines as it goes; offsets must ascend. */
struct split_list {
    struct arena *arena;
    const char *sql;
    struct statement *items;
    size_t count, capacity;
    size_t counted; /* newlines before this offset are in `line` */
    int line;
};

void split_add(struct split_list *list, size_t offset, size_t len);

#endif
