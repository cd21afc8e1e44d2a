#include "driver/driver.h"

#include "base/arena.h"

struct err *op_make_err(struct op *op)
{
    if (!op->err)
        op->err = arena_alloc(op->arena, sizeof *op->err);
    return op->err;
}

bool op_has_room(struct op *op, size_t row_bytes)
{
    op->bytes_seen += row_bytes;
    if (op->rows_max && op->row_count >= op->rows_max)
        return err_set(op_make_err(op), ERR_CONFIG, "it returns more than %zu rows", op->rows_max);
    if (op->bytes_max && op->bytes_seen > op->bytes_max)
        return err_set(op_make_err(op), ERR_CONFIG, "it returns more than %zu MiB",
                       op->bytes_max >> 20);
    return true;
}
