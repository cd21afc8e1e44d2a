#include "dialect/replica.h"

#include "base/ascii.h"

const char *replica_value(const struct grid *rows, const char *const *columns, size_t row,
                          const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; i < rows->column_count; i++)
            if (ascii_is_same(columns[i], *names))
                return grid_value(rows, row, i);
    return NULL;
}
