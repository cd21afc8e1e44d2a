/* The rows that a query returned, as texts; NULL where SQL has NULL. The memory is that of the caller's arena. */
#ifndef BASE_GRID_H
#define BASE_GRID_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct grid {
    const char *const *values; /* row_count * column_count, row after row */
    size_t row_count, column_count;
};

/* What the answer to a question of ours is like, so that who reads it need not ask. A proxy, a network that spoils
 * bytes, or a hostile server may answer anything: such an answer is refused before anyone reads it. */
struct grid_shape {
    const char *
        columns; /* a letter for each, in their order: '!' it is never NULL, '.' it may be. More may follow */
    size_t rows_least; /* how many rows there are at least */
};

bool grid_has_shape(const struct grid *grid, const struct grid_shape *shape);

/* The row and the column are there: grid_has_shape has told so, or the caller has looked. */
static inline const char *grid_value(const struct grid *grid, size_t row, size_t column)
{
    assert(row < grid->row_count && column < grid->column_count);
    return grid->values[row * grid->column_count + column];
}

#endif
