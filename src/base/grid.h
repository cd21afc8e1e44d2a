/* The rows that a query returned, as texts; NULL where SQL has NULL. The memory is that of the caller's arena. */
#ifndef BASE_GRID_H
#define BASE_GRID_H

#include <stddef.h>

struct grid {
    const char *const *values; /* row_count * column_count, row after row */
    size_t row_count, column_count;
};

static inline const char *grid_value(const struct grid *grid, size_t row, size_t column)
{
    return grid->values[row * grid->column_count + column];
}

#endif
