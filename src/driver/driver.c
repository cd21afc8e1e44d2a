#include "driver/driver.h"

#include "base/arena.h"

struct err *op_make_err(struct op *op)
{
    if (!op->err)
        op->err = arena_alloc(op->arena, sizeof *op->err);
    return op->err;
}
