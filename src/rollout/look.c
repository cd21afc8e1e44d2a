#include "rollout/look.h"

#include "base/arena.h"
#include "base/buf.h"
#include "import/adopt.h"

/* The columns of SQL_INSPECT. */
enum {
    PLACE_SCHEMA,
    PLACE_FOUND,
    PLACE_VERSIONS,
    PLACE_HISTORY,
    PLACE_PATH,
    PLACE_PID,
    PLACE_WATCHES,
    PLACE_FAULT
};
enum { LOCATION_SCHEMA, LOCATION_HISTORY };

const void *look_owner(enum look_op op)
{
    static const char owners[LOOK__COUNT];
    return &owners[op];
}

/* ---- what the answers say ------------------------------------------------------------------ */

/* Is it another schema's table that is found first, and not that of the one where new tables would come to? */
static bool is_elsewhere(const struct grid *place)
{
    const char *found = grid_value(place, 0, PLACE_FOUND);
    const char *there = grid_value(place, 0, PLACE_VERSIONS);
    return found && !(there && strcmp(found, there) == 0);
}

/* Through a proxy the pid of the handshake is not that of the server process that answers. A dialect that cannot tell
 * several places apart does not tell processes apart either. */
static bool is_answered_by_other(const struct look *look, const struct io_view *view,
                                 const struct grid *place)
{
    const char *pid = grid_value(place, 0, PLACE_PID);
    return look->dialect->sql[SQL_LOCATE] && pid &&
           strtoul(pid, NULL, 10) != view->info->backend_pid;
}

/* The table may have been dropped between the two queries; then it counts as absent. */
static void take_location(struct place *place, const struct io_op *location)
{
    const struct grid *rows = &location->answer.rows;
    if (!location->op.sql_len)
        return;
    place->has_version_table = rows->row_count == 1;
    if (!place->has_version_table)
        return;
    place->schema = grid_value(rows, 0, LOCATION_SCHEMA);
    place->has_history = grid_value(rows, 0, LOCATION_HISTORY) != NULL;
}

static const char *path_of(const struct look *look, struct arena *arena)
{
    struct buf path;
    buf_init(&path, BUF_MAX_DEFAULT);
    sql_add_path(&path, look->dialect, look->schema, look->search_path);
    const char *copy = arena_strndup(arena, path.data, path.len);
    buf_done(&path);
    return copy;
}

struct place look_place(const struct look *look, const struct io_view *view, struct arena *arena)
{
    const struct grid *rows = &io_view_find(view, look_owner(LOOK_PLACE))->answer.rows;
    const struct io_op *location = io_view_find(view, look_owner(LOOK_LOCATION));
    const char *schema = grid_value(rows, 0, PLACE_SCHEMA);
    const char *can_watch = grid_value(rows, 0, PLACE_WATCHES);
    struct place place = {
        .has_schema = schema != NULL,
        .has_version_table = grid_value(rows, 0, PLACE_FOUND) != NULL,
        .has_history = grid_value(rows, 0, PLACE_HISTORY) != NULL,
        .is_pooled = is_answered_by_other(look, view, rows),
        .watches_client = view->info->watches_client && can_watch && strcmp(can_watch, "0") != 0,
        .schema = look->schema ? look->schema : schema,
        .search_path = look->schema ? path_of(look, arena) : grid_value(rows, 0, PLACE_PATH),
    };
    if (location)
        take_location(&place, location);
    if (rows->column_count > PLACE_FAULT)
        place.fault = grid_value(rows, 0, PLACE_FAULT);
    return place;
}

/* ---- the questions ------------------------------------------------------------------------- */

/* Through a pooling proxy only a transaction can hold a lock: the one that does the work. Where the lock was
 * not free, that transaction is still open. */
void look_prepare_lock(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct look *look = op->input;
    bool is_pooled = view->info->is_pooled;
    struct sql_vars vars = look->vars;
    vars.backend_pid = view->info->backend_pid;
    vars.sets_parser = view->info->reads_oddly;
    vars.watches_client = view->info->watches_client;
    if (is_pooled && view->is_in_transaction)
        sql_expand(sql, look->dialect, SQL_ROLLBACK, &vars);
    sql_expand(sql, look->dialect, is_pooled ? SQL_LOCK_POOLED : SQL_LOCK, &vars);
    if (op->op.flags & OP_SAYS_HOLDER)
        sql_expand(sql, look->dialect, SQL_LOCK_HOLDER, &vars);
}

static void ask(struct io_op *op, struct buf *sql, enum sql_id id, const struct sql_vars *vars)
{
    const struct look *look = op->input;
    op->op.shape = sql_shape(id);
    sql_expand(sql, look->dialect, id, vars);
}

void look_prepare_location(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct look *look = op->input;
    if (is_elsewhere(&io_view_find(view, look_owner(LOOK_PLACE))->answer.rows))
        ask(op, sql, SQL_LOCATE, &look->vars);
}

/* Nothing is asked where the inventory's names are sure to be those of different databases. */
void look_prepare_identity(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct look *look = op->input;
    const struct grid *place = &io_view_find(view, look_owner(LOOK_PLACE))->answer.rows;
    if (look->may_meet_twins || view->info->is_pooled || is_answered_by_other(look, view, place))
        ask(op, sql, SQL_IDENTITY, &look->vars);
}

/* What the tables' names are made from, and which of them there are: it is known only now. */
static struct sql_vars vars_there(const struct io_op *op, const struct io_view *view,
                                  struct place *ret_place)
{
    const struct look *look = op->input;
    struct sql_vars vars = look->vars;
    *ret_place = look_place(look, view, op->op.arena);
    vars.schema = ret_place->schema;
    vars.search_path = ret_place->search_path;
    vars.watches_client = ret_place->watches_client;
    return vars;
}

/* A table that is missing is not asked. */
void look_prepare_versions(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct look *look = op->input;
    struct place place;
    struct sql_vars vars = vars_there(op, view, &place);
    if (place.has_version_table)
        ask(op, sql, SQL_VERSIONS, &vars);
    if (!look->adoption)
        sql_expand(sql, look->dialect, SQL_READ_END, &vars);
}

void look_prepare_history(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct look *look = op->input;
    struct place place;
    struct sql_vars vars = vars_there(op, view, &place);
    if (place.has_history)
        ask(op, sql, look->history, &vars);
}

void look_prepare_foreign(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct look *look = op->input;
    struct place place;
    struct sql_vars vars = vars_there(op, view, &place);
    static const struct grid_shape rows_of_any_width = {".", 0};
    vars.foreign_table = look->adoption->table;
    op->op.shape = &rows_of_any_width;
    sql_fill(sql, look->dialect, look->adoption->query, &vars);
    sql_expand(sql, look->dialect, SQL_READ_END, &vars);
}
