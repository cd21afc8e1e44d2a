#include "driver/driver.h"

#include "base/arena.h"

struct err *op_make_err(const struct op *op)
{
    if (!op->answer->err)
        op->answer->err = arena_alloc(op->arena, sizeof *op->answer->err);
    return op->answer->err;
}
