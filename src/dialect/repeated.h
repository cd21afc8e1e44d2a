/* What the words of a statement say of running it again and again until it changes no row (chain/repeat.h). Pure.
 *
 * A dialect's own lexer gives the tokens; what they mean is the same in all of them.
 *
 *     struct repeated repeated;
 *     repeated_read(dialect, sql, len, &repeated);
 *     const char *why = repeated_refuse(&repeated);
 */
#ifndef DIALECT_REPEATED_H
#define DIALECT_REPEATED_H

#include "dialect/split.h"

enum { REPEATED_PLACES = 8 };

/* Names in the text, without their schemas; more than there is room for are counted and not kept. */
struct repeated_names {
    struct repeated_place {
        size_t begin, end;
    } items[REPEATED_PLACES];
    size_t count;
};

struct repeated {
    char verb[SPLIT_WORD_SIZE]; /* what the statement itself does, after its WITH: `update` */
    bool has_where; /* of its own, not of a part of it; or the condition of a join before its SET */
    bool has_select;    /* anywhere */
    bool has_returning; /* of its own: it answers with rows */
    bool is_bounded;    /* LIMIT or FETCH FIRST, anywhere: a batch is a part of the rows */
    /* SKIP LOCKED: rows that others have locked are left for later. Where it stands; 0, 0: nowhere */
    size_t skip_begin, skip_end;
    /* The name of the table that it changes, with its schema, as it is written. 0, 0: none is found */
    size_t table_begin, table_end;
    size_t set_begin, set_end;     /* what an UPDATE sets. 0, 0: nothing is found */
    struct repeated_names targets; /* and the columns that it sets */
    struct repeated_names sources; /* what stands after FROM and JOIN, anywhere */
    struct repeated_names parts;   /* the names that WITH gives */
    bool changes_within;           /* its WITH changes rows */
    bool passes_over;              /* IGNORE, DO NOTHING: rows that are there already */
    int depth;                     /* the rest is about the place in the text: of parentheses, */
    bool is_with;
    bool was_skip;
    size_t skip_at;
    enum { TABLE_UNKNOWN, TABLE_WANTED, TABLE_NAMED, TABLE_QUALIFIED, TABLE_KNOWN } table;
    enum { SET_NONE, SET_TARGET, SET_VALUE, SET_OVER } set;
    struct repeated_names *wanted; /* where the next name belongs; NULL: nowhere */
    struct repeated_names *newest; /* where the last one was put, while a '.' may follow */
    bool was_dot, was_for;
};

void repeated_read(const struct dialect *dialect, const char *sql, size_t len,
                   struct repeated *ret_repeated);

/* Would each batch find the same rows, as far as the text tells? An UPDATE whose columns stand nowhere but where they are set; an INSERT
 * that does not look at the table that it fills. Not where it reads what is no table that it changes: that may be a view. */
bool repeated_finds_same_rows(const struct repeated *repeated, const char *sql, size_t len);

/* Why the statement would not end, or no one could tell that it has ended; NULL: it may be repeated. */
const char *repeated_refuse(const struct repeated *repeated);

#endif
