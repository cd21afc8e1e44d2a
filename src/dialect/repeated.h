/* What the words of a statement say of running it again and again until it changes no row (chain/repeat.h). Pure.
 *
 * A dialect's own lexer gives the tokens; what they mean is the same in all of them.
 *
 *     struct repeated repeated = {0};
 *     …of each token, in their order: repeated_take_word or repeated_take_byte…
 *     const char *why = repeated_refuse(&repeated);
 */
#ifndef DIALECT_REPEATED_H
#define DIALECT_REPEATED_H

#include "dialect/split.h"

struct repeated {
    char verb[SPLIT_WORD_SIZE]; /* what the statement itself does, after its WITH: `update` */
    bool has_where;             /* of its own, not of a part of it */
    bool has_select;            /* anywhere */
    bool has_returning;         /* of its own: it answers with rows */
    bool is_bounded;            /* LIMIT or FETCH FIRST, anywhere: a batch is a part of the rows */
    /* SKIP LOCKED: rows that others have locked are left for later. Where it stands; 0, 0: nowhere */
    size_t skip_begin, skip_end;
    /* The name of the table that it changes, with its schema, as it is written. 0, 0: none is found, or it deletes, which ends
     * by itself */
    size_t table_begin, table_end;
    int depth; /* the rest is about the place in the text: of parentheses, */
    bool is_with;
    bool was_skip;
    size_t skip_at;
    enum { TABLE_UNKNOWN, TABLE_WANTED, TABLE_NAMED, TABLE_QUALIFIED, TABLE_KNOWN } table;
};

/* A word that stands from `begin` to before `end`; and a name between quotes. */
void repeated_take_word(struct repeated *repeated, const char *sql, size_t begin, size_t end);
void repeated_take_name(struct repeated *repeated, size_t begin, size_t end);
void repeated_take_byte(struct repeated *repeated, char byte);

/* Why the statement would not end, or no one could tell that it has ended; NULL: it may be repeated. */
const char *repeated_refuse(const struct repeated *repeated);

#endif
