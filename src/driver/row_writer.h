/* The rows of an answer, as a driver hears them: the columns first, then row by row. All is copied to the op's arena.
 *
 *     row_writer_begin(&rows, op, width);     then fill rows.names[0 … width)
 *     rows.next[0] = …                        borrowed texts, NULL for SQL's NULL
 *     if (!row_writer_add(&rows, op)) …       more than op->limits allows: the op's error says so
 */
#ifndef DRIVER_ROW_WRITER_H
#define DRIVER_ROW_WRITER_H

#include "driver/op.h"

struct row_writer {
    const char **names;
    const char **next;
    const char **values; /* of all rows so far */
    size_t capacity;
};

/* Forgets the rows of a statement before. */
void row_writer_begin(struct row_writer *writer, const struct op *op, size_t width);

/* Room for so many rows, which are known to come. */
void row_writer_reserve(struct row_writer *writer, const struct op *op, size_t rows);

bool row_writer_add(struct row_writer *writer, const struct op *op) MUST_CHECK;

#endif
