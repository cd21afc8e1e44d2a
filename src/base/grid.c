#include "base/grid.h"

#include <string.h>

bool grid_has_shape(const struct grid *grid, const struct grid_shape *shape)
{
    size_t columns = strlen(shape->columns);
    if (grid->column_count < columns || grid->row_count < shape->rows_least)
        return false;
    for (size_t row = 0; row < grid->row_count; row++)
        for (size_t column = 0; column < columns; column++)
            if (shape->columns[column] == '!' && !grid_value(grid, row, column))
                return false;
    return true;
}
