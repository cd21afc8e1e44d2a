#include "driver/driver.h"

#include "base/arena.h"

struct err *op_make_err(const struct op *op)
{
    if (!op->answer->err)
        op->answer->err = arena_alloc(op->arena, sizeof *op->answer->err);
    return op->answer->err;
}

void op_check_shape(const struct op *op, const struct grid_shape *shape)
{
    if (op_err(op)->kind != ERR_NONE || grid_has_shape(&op->answer->rows, shape))
        return;
    struct err *err = op_make_err(op);
    err_set(err, ERR_CONNECT,
            "what came is no answer to what was asked: the network, or a proxy, has changed it");
    err->is_connection_lost = true;
    err->is_transient = true;
}
