#include "rollout/actions.h"

#include "base/arena.h"
#include "base/buf.h"
#include "event/event.h"
#include "rollout/record.h"

struct rows actions_rows(const struct actions *acting, size_t end, struct arena *arena)
{
    struct rows rows = acting->versions;
    for (size_t i = acting->first; i < end; i++) {
        const struct action *action = &acting->actions[i];
        for (size_t c = 0; action->kind == ACTION_RECORD && c < action->step->change_count; c++)
            rows = rows_changed(arena, &rows, &action->step->changes[c]);
    }
    return rows;
}

static bool adds_row(const struct action *action)
{
    return action->kind == ACTION_START ||
           (action->kind == ACTION_RECORD && !action->is_checkpointed);
}

uint64_t actions_count(const struct action *actions, size_t first, size_t end)
{
    uint64_t count = 0;
    for (size_t i = first; i < end; i++)
        count += adds_row(&actions[i]);
    return count;
}

static struct sql_vars history_vars(const struct actions *acting, const struct action *action,
                                    const char *state, double duration_ms)
{
    return record_history(&acting->vars, action, acting->command, state, duration_ms);
}

/* ---- scripts ------------------------------------------------------------------------------- */

void actions_prepare_script(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct actions *acting = op->input;
    const struct action *action = op->owner;
    (void)view;
    buf_add(sql, action->piece->sql, action->piece->sql_len);
    buf_addc(sql, '\n'); /* a line of its own: the piece may end in a comment */
    if (action->script->may_change & PART_SETUP)
        sql_expand(sql, acting->dialect, SQL_SETUP_AGAIN, &acting->vars);
    if (action->script->may_change & PART_ALL)
        sql_expand(sql, acting->dialect, SQL_SETUP_MARK, &acting->vars);
    sql_expand(sql, acting->dialect, acting->guard, &acting->vars);
}

/* ---- statements outside a transaction ------------------------------------------------------ */

/* Its number is one more than the newest that was read under the lock: where the lock does not keep another run out,
 * only one of the two rows can be written. */
void actions_prepare_start(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct actions *acting = op->input;
    const struct action *action = op->owner;
    const char *row = acting->dialect->sql[SQL_HISTORY_ROW];
    struct sql_vars vars = history_vars(acting, action, "running", 0);
    struct buf rows;
    (void)view;
    if (!row) {
        sql_expand(sql, acting->dialect, SQL_HISTORY_INSERT, &vars);
        return;
    }
    vars.history_id =
        acting->history_id + 1 +
        actions_count(acting->actions, acting->first, (size_t)(action - acting->actions));
    buf_init(&rows, BUF_MAX_DEFAULT);
    sql_fill(&rows, acting->dialect, row, &vars);
    vars.steps = rows.data;
    sql_expand(sql, acting->dialect, SQL_HISTORY_ROWS, &vars);
    buf_done(&rows);
}

static enum action_kind kind_of(const struct io_op *op)
{
    const struct action *action = op->owner;
    return action->kind;
}

/* How long the statement took that the mark counts; 0: the mark only says where to go on. */
static double marked_ms(const struct io_op *op, const struct io_view *view)
{
    while (op > view->ops && op[-1].owner && kind_of(op - 1) == ACTION_VERIFY)
        op--;
    bool is_after_script = op > view->ops && op[-1].owner && kind_of(op - 1) == ACTION_SCRIPT;
    return is_after_script ? op[-1].answer.duration_ms : 0;
}

static void add_mark(const struct actions *acting, const struct action *action,
                     const struct repeat_count *count, double duration_ms, struct buf *sql)
{
    char checkpoint[CHECKPOINT_MAX + 1];
    struct sql_vars vars = history_vars(acting, action, "running", duration_ms);
    checkpoint_count(vars.checksum, count, checkpoint);
    vars.checksum = checkpoint;
    sql_expand(sql, acting->dialect, SQL_HISTORY_MARK, &vars);
    sql_expand(sql, acting->dialect, SQL_ROW_GUARD, &vars);
}

void actions_prepare_mark(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    static const struct repeat_count none = {0};
    const struct actions *acting = op->input;
    const struct action *action = op->owner;
    bool is_under_way = action->step == acting->actions[acting->begin].step;
    add_mark(acting, action, is_under_way ? &acting->count : &none, marked_ms(op, view), sql);
}

/* A name that every parser of names reads: none with a comment in it, nor U&"…". */
static const char *plain_name(const char *name)
{
    return name && !strpbrk(name, "&/-") ? name : NULL;
}

void actions_prepare_batch_end(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct actions *acting = op->input;
    const struct action *action = &acting->actions[acting->begin];
    struct sql_vars vars = acting->vars;
    vars.changed = plain_name(action->piece->repeating->table);
    vars.verb = action->piece->repeating->verb;
    if (acting->is_thorough && !io_view_find(view, action)->answer.rows_changed)
        sql_expand(sql, acting->dialect, SQL_BATCH_END, &vars);
}

void actions_prepare_batch(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct actions *acting = op->input;
    const struct action *action = op->owner;
    struct action mark = *action;
    struct repeat_count count = acting->count;
    const struct answer *batch = &io_view_find(view, action)->answer;
    count.rows += batch->rows_changed;
    count.batches += batch->rows_changed > 0;
    mark.kind = ACTION_MARK;
    if (batch->rows_changed || !acting->is_thorough) {
        mark.statements = action->piece->first_statement;
        mark.checkpoint = action->until_done;
    }
    add_mark(acting, &mark, &count, batch->duration_ms, sql);
}

void actions_prepare_renew(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct actions *acting = op->input;
    const struct action *action = op->owner;
    struct sql_vars vars = acting->vars;
    (void)view;
    vars.revision = action->step->revision->id;
    vars.checksum = action->step->revision->checksum;
    vars.from = action->renewed;
    vars.history_id = action->history_id;
    sql_expand(sql, acting->dialect, SQL_HISTORY_RENEW, &vars);
}

/* ---- steps that are done ------------------------------------------------------------------- */

/* A run of actions: all that the last of them, a record, writes. */
struct records {
    const struct actions *acting;
    const struct io_view *view;
    size_t first, end;
    struct buf *sql;
    struct buf rows;     /* filled SQL_HISTORY_ROWs */
    uint64_t history_id; /* of the row before the next */
    size_t count;        /* of rows that are written */
    /* where the durations are read: the op of the action whose turn comes, steps recorded before it, and what the
     * step under way took so far */
    const struct io_op *op;
    size_t done;
    double step_ms;
};

static size_t begin_of_records(const struct actions *acting, size_t last)
{
    size_t first = last;
    while (first > acting->first) {
        const struct action *before = &acting->actions[first - 1];
        if (before->kind == ACTION_RECORD && !before->is_deferred)
            break;
        first--;
    }
    return first;
}

static void add_changes(struct records *records)
{
    const struct actions *acting = records->acting;
    struct arena arena;
    size_t count;
    arena_init(&arena);
    struct rows before = actions_rows(acting, records->first, &arena);
    struct rows after = actions_rows(acting, records->end, &arena);
    const struct version_change *changes = rows_diff(&arena, &before, &after, &count);
    for (size_t i = 0; i < count; i++) {
        enum sql_id id;
        struct sql_vars vars = record_change(&acting->vars, &changes[i], &id);
        sql_expand(records->sql, acting->dialect, id, &vars);
        sql_expand(records->sql, acting->dialect, SQL_ROW_GUARD, &vars);
    }
    records->count += count;
    arena_done(&arena);
}

/* The history row of a finished step: added to {steps}, or as a statement of its own. */
static void add_step(struct records *records, const struct action *action, double duration_ms)
{
    const struct actions *acting = records->acting;
    const char *row = acting->dialect->sql[SQL_HISTORY_ROW];
    bool is_there = action->is_checkpointed;
    struct sql_vars vars = history_vars(acting, action, "applied", is_there ? 0 : duration_ms);
    records->count++;
    records->history_id += !is_there;
    vars.history_id = records->history_id;
    if (is_there || !row) {
        sql_expand(records->sql, acting->dialect, is_there ? SQL_HISTORY_MARK : SQL_HISTORY_INSERT,
                   &vars);
        sql_expand(records->sql, acting->dialect, SQL_ROW_GUARD, &vars);
        return;
    }
    if (records->rows.len)
        buf_adds(&records->rows, ", ");
    sql_fill(&records->rows, acting->dialect, row, &vars);
}

/* Adds the time that the action took to its step's time. For an earlier batch, the whole time of the step is known; for this
 * batch, the time of each script. */
static void add_time(struct records *records, size_t at)
{
    const struct actions *acting = records->acting;
    const struct action *action = &acting->actions[at];
    if (at < acting->begin) {
        if (action->kind == ACTION_RECORD)
            records->step_ms = acting->done[records->done++].duration_ms;
        return;
    }
    if (at == acting->begin)
        records->step_ms = acting->step_ms;
    if (action_is_deferred(action))
        return;
    while (records->op->owner != action)
        records->op++;
    if (action->kind == ACTION_SCRIPT)
        records->step_ms += records->op->answer.duration_ms;
}

static void add_steps(struct records *records)
{
    const struct actions *acting = records->acting;
    for (size_t i = acting->first; i < records->end; i++) {
        const struct action *action = &acting->actions[i];
        add_time(records, i);
        if (action->kind != ACTION_RECORD)
            continue;
        if (i >= records->first)
            add_step(records, action, records->step_ms);
        records->step_ms = 0;
    }
}

void actions_prepare_record(struct io_op *op, const struct io_view *view, struct buf *sql)
{
    const struct actions *acting = op->input;
    const struct action *action = op->owner;
    size_t last = (size_t)(action - acting->actions);
    struct records records = {.acting = acting,
                              .view = view,
                              .first = begin_of_records(acting, last),
                              .end = last + 1,
                              .sql = sql,
                              .op = view->ops};
    records.history_id =
        acting->history_id + actions_count(acting->actions, acting->first, records.first);
    buf_init(&records.rows, BUF_MAX_DEFAULT);
    /* A guard stops what follows it, and the number of a history row knows better why: another run was faster. */
    bool is_guarded = acting->dialect->sql[SQL_ROW_GUARD];
    if (!is_guarded)
        add_changes(&records);
    add_steps(&records);
    struct sql_vars vars = acting->vars;
    vars.steps = records.rows.data;
    vars.state = "applied";
    if (records.rows.len)
        sql_expand(sql, acting->dialect, SQL_HISTORY_ROWS, &vars);
    if (is_guarded)
        add_changes(&records);
    buf_done(&records.rows);
    op->rows_total = records.count;
}
