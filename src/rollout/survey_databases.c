/* One piece after the other. One that fails is asked in halves, down to the tenant that cannot be read so: it looks for itself,
 * and costs the others nothing. */
#include "rollout/survey_private.h"

static void on_databases(void *ctx)
{
    struct database *database = ctx;
    struct io *io = link_io(database->link);
    const struct io_op *op = &database->ops[0];
    size_t asked = database->count_asked;
    bool is_well = io_op_err(op)->kind == ERR_NONE;
    if (database->survey->is_cancelled || io_is_broken(io)) {
        survey_leave(database, false);
        return;
    }
    if (is_well)
        survey_take_piece(database, database->first, &op->answer.rows);
    if (is_well || asked == 1)
        database->first += asked;
    database->count_next = is_well ? 2 * asked : (asked + 1) / 2;
    if (database->count_next > TENANTS_A_PIECE)
        database->count_next = TENANTS_A_PIECE;
    survey_ask_databases(database);
}

void survey_ask_databases(struct database *database)
{
    size_t left = database->count - database->first;
    if (!left) {
        survey_leave(database, true);
        return;
    }
    database->count_asked = left < database->count_next ? left : database->count_next;
    database->ops = arena_calloc(&database->survey->arena, 1, sizeof *database->ops);
    database->op_count = 0;
    (void)survey_add_piece(database, database->first, database->count_asked);
    io_run(link_io(database->link), database->ops, database->op_count, on_databases, database);
}
