/* What an INSERT, an UPDATE or a DELETE of a plain form does to rows, as parts of its text. Pure.
 *
 * A plain INSERT is `INSERT INTO table [(columns)] query`, a plain UPDATE `UPDATE table [alias] SET column = value, … [WHERE condition]`,
 * a plain DELETE `DELETE FROM table [alias] [WHERE condition]`, all with RETURNING or without. All others have a way of their own with what does not fit, or change what no question can say.
 *
 *     struct written written;
 *     written_read(arena, &(struct written_text){sql, tokens, count, true}, &written);
 *     if (!written.reason) …
 */
#ifndef DIALECT_WRITTEN_H
#define DIALECT_WRITTEN_H

#include "base/compiler.h"

struct arena;
struct buf;
struct questions;
struct question_request;

/* A word, a name, a text, or one sign: what stands between is blank or a comment. */
struct written_token {
    size_t begin, end;
};

/* A statement, as its dialect's reader of tokens has it. */
struct written_text {
    const char *sql;
    const struct written_token *tokens;
    size_t count;
    bool folds; /* a name without quotes is one in lower case */
};

struct written_column {
    const char *name;  /* as the catalog has it */
    const char *value; /* of an UPDATE: an expression of the row as it was; of an INSERT: NULL */
};

struct written {
    const char *reason; /* why no question can be made of it; NULL: one can */
    bool is_update, is_delete;
    bool passes_all;        /* what does not fit is left out, or made to fit: nothing can fail */
    bool passes_duplicates; /* a row is left out whose key is there */
    struct written_column *columns; /* none, of an INSERT: it names none */
    size_t count;
    size_t
        width; /* of an INSERT that names no columns: how many values a row has; 0: as many as the table has columns */
    const char *query;     /* of an INSERT */
    const char *target;    /* of an UPDATE or DELETE: its table, with its alias */
    const char *condition; /* of these; NULL: all rows */
};

/* Texts are the arena's. */
void written_read(struct arena *arena, const struct written_text *text, struct written *ret);

/* The names of its columns as literals of the dialect, with commas between them. */
void written_add_names(struct buf *buf, const struct written *written,
                       void (*add_literal)(struct buf *buf, const char *text));

/* ` WHEN EXISTS (query 'a', 'b')) THEN 'reason'` for a CASE, of the names of tables that earlier statements do something to; nothing where there
 * are none. The query ends with `IN (`. */
void written_add_touched(struct buf *buf, const struct question_request *request,
                         const char *query);

/* Says, of each kind of question that it could be, that nothing is asked. */
void written_add_reason(struct questions *questions, const struct question_request *request,
                        const char *reason);

#endif
