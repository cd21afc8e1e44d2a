#include "driver/row_writer.h"

#include "base/arena.h"

void row_writer_begin(struct row_writer *writer, const struct op *op, size_t width)
{
    *writer = (struct row_writer){
        .names = arena_calloc(op->arena, width, sizeof *writer->names),
        .next = arena_calloc(op->arena, width, sizeof *writer->next),
    };
    op->answer->columns = writer->names;
    op->answer->rows = (struct grid){.column_count = width};
}

void row_writer_reserve(struct row_writer *writer, const struct op *op, size_t rows)
{
    size_t width = op->answer->rows.column_count;
    writer->values = arena_calloc(op->arena, rows, width * sizeof *writer->values);
    writer->capacity = rows;
}

static bool has_room(const struct op *op, const char *const *row)
{
    struct answer *answer = op->answer;
    for (size_t c = 0; c < answer->rows.column_count; c++)
        answer->bytes_seen += sizeof *row + (row[c] ? strlen(row[c]) : 0) + 1;
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

/* What says the same as the value above it is that: a history of thousands of rows names few runs and states. */
static const char *keep_value(const struct op *op, const char *value, const char *above)
{
    bool is_same = value && above && strcmp(value, above) == 0;
    return is_same ? above : arena_strdup(op->arena, value);
}

bool row_writer_add(struct row_writer *writer, const struct op *op)
{
    struct grid *rows = &op->answer->rows;
    size_t width = rows->column_count;
    if (!has_room(op, writer->next))
        return false;
    writer->values = arena_grow(op->arena, writer->values, rows->row_count, &writer->capacity,
                                width * sizeof *writer->values);
    const char **row = writer->values + rows->row_count * width;
    for (size_t c = 0; c < width; c++)
        row[c] = keep_value(op, writer->next[c], rows->row_count ? *(row + c - width) : NULL);
    rows->values = writer->values;
    rows->row_count++;
    return true;
}
