#include "driver/driver.h"

#include "base/arena.h"

struct err *op_make_err(const struct op *op)
{
    if (!op->answer->err)
        op->answer->err = arena_alloc(op->arena, sizeof *op->answer->err);
    return op->answer->err;
}

bool op_has_room(const struct op *op, size_t row_bytes)
{
    struct answer *answer = op->answer;
    answer->bytes_seen += row_bytes;
    if (!op->limits)
        return true;
    if (op->limits->rows_max && answer->rows.row_count >= op->limits->rows_max)
        return err_set(op_make_err(op), ERR_CONFIG, "it returns more than %zu rows",
                       op->limits->rows_max);
    if (op->limits->bytes_max && answer->bytes_seen > op->limits->bytes_max)
        return err_set(op_make_err(op), ERR_CONFIG, "it returns more than %zu MiB",
                       op->limits->bytes_max >> 20);
    return true;
}

const char *op_keep_value(const struct op *op, const char *value, const char *above)
{
    bool is_same = value && above && strcmp(value, above) == 0;
    return is_same ? above : arena_strdup(op->arena, value);
}
