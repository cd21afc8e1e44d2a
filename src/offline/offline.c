#include "offline/offline.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "dialect/script.h"
#include "rollout/record.h"
#include "rollout/work.h"

/* Marks the step of --purge: it deletes all version rows and writes one row of the history, as online. */
static const struct step purge;

struct writing {
    struct buf *out;
    const struct offline_script *script;
    struct sql_vars vars;
    const struct step *step; /* that the last line was of */
    bool is_in_transaction;
    bool has_begun; /* the first transaction, which makes the tables */
};

/* ---- statements ---------------------------------------------------------------------------- */

static void add_sql(struct writing *writing, enum sql_id id, const struct sql_vars *vars)
{
    const struct dialect *dialect = writing->script->dialect;
    if (!dialect->sql[id])
        return;
    sql_fill(writing->out, dialect, dialect->sql[id], vars);
    buf_adds(writing->out, ";\n\n");
}

static void restore(struct writing *writing)
{
    add_sql(writing, writing->script->schema ? SQL_SCRIPT_SCHEMA : SQL_SCRIPT_RESTORE,
            &writing->vars);
}

/* What a revision has set ends with it. */
static void set_up_again(struct writing *writing, const struct script *script)
{
    if (script && script->may_change & (PART_SETUP | PART_PARSER))
        add_sql(writing, SQL_SCRIPT_SETUP, &writing->vars);
}

/* A delimiter that the text does not hold. */
static const char *find_delimiter(const char *sql)
{
    static const char *const delimiters[] = {"$$", "//", "$skein$", "$skein_end_of_statement$"};
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(delimiters) && strstr(sql, delimiters[i]))
        i++;
    return delimiters[i];
}

/* Neither a comment nor a missing semicolon at the end of a section may swallow what follows. */
static void add_statements(struct writing *writing, const struct piece *piece)
{
    const struct statement *last = &piece->statements[piece->statement_count - 1];
    size_t end = last->offset + last->len, first = strcspn(piece->sql, ";") + 1;
    bool is_program = writing->script->dialect->traits & DIALECT_HAS_DELIMITER && first < end;
    const char *delimiter = is_program ? find_delimiter(piece->sql) : NULL;
    if (delimiter)
        buf_addf(writing->out, "DELIMITER %s\n", delimiter);
    buf_add(writing->out, piece->sql, end);
    if (delimiter)
        buf_addf(writing->out, "\n%s\nDELIMITER ;", delimiter);
    else if (!last->is_ended)
        buf_adds(writing->out, end < piece->sql_len && piece->sql[end] == ';' ? ";" : "\n;");
    buf_adds(writing->out, "\n\n");
}

static void add_piece(struct writing *writing, const struct action *action)
{
    const struct piece *piece = action->piece;
    add_statements(writing, piece);
    bool is_last = piece == &action->script->pieces[action->script->piece_count - 1];
    if (!piece->is_transactional && !is_last && !piece[1].is_transactional)
        return; /* as online: a setting made outside a transaction holds for the next pieces */
    restore(writing);
    set_up_again(writing, action->script);
}

/* ---- transactions -------------------------------------------------------------------------- */

static void add_expectation(struct writing *writing)
{
    const struct plan *plan = writing->script->plan;
    buf_adds(writing->out, "-- Fails unless the tenant stands at ");
    for (size_t i = 0; i < plan->from.count; i++)
        buf_addf(writing->out, "%s%s", i ? ", " : "", plan->from.ids[i]);
    buf_adds(writing->out, plan->from.count ? "\n\n" : "base\n\n");
    add_sql(writing, SQL_SCRIPT_EXPECT, &writing->vars);
    if (writing->script->command == PLAN_STAMP)
        return;
    buf_adds(
        writing->out,
        "-- Fails if a revision was left half way: skein upgrade or skein resolve goes on\n\n");
    add_sql(writing, SQL_SCRIPT_FINISHED, &writing->vars);
}

/* The tables, and that the tenant stands where the script starts. */
static void add_beginning(struct writing *writing)
{
    writing->has_begun = true;
    if (writing->script->schema && writing->script->creates_schema)
        add_sql(writing, SQL_SCHEMA_CREATE, &writing->vars);
    add_sql(writing, SQL_VERSION_CREATE, &writing->vars);
    add_sql(writing, SQL_HISTORY_CREATE, &writing->vars);
    if (!writing->script->purges)
        add_expectation(writing);
}

static void set_transaction(struct writing *writing, bool is_in_transaction)
{
    if (writing->is_in_transaction == is_in_transaction)
        return;
    bool makes_inside = writing->script->dialect->traits & DIALECT_DDL_IN_TRANSACTION;
    writing->is_in_transaction = is_in_transaction;
    if (!writing->has_begun && !makes_inside)
        add_beginning(writing);
    add_sql(writing, is_in_transaction ? SQL_BEGIN : SQL_COMMIT, &writing->vars);
    if (!writing->has_begun)
        add_beginning(writing);
}

/* ---- steps --------------------------------------------------------------------------------- */

static void add_stamp_line(struct buf *out, const struct step *step)
{
    bool has_from = false;
    buf_adds(out, "-- Running stamp_revision ");
    for (size_t i = 0; i < step->change_count; i++)
        if (step->changes[i].kind != VERSION_INSERT) {
            buf_addf(out, "%s%s", has_from ? ", " : "", step->changes[i].from);
            has_from = true;
        }
    buf_addf(out, " -> %s\n\n", step->revision ? step->revision->id : "");
}

/* `-- Running upgrade ae10 -> 27c6`, as Alembic says it. */
static void add_line(struct writing *writing, const struct step *step)
{
    const struct revision *revision = step->revision;
    struct buf *out = writing->out;
    if (step == writing->step || step == &purge)
        return;
    writing->step = step;
    if (writing->script->command == PLAN_STAMP) {
        add_stamp_line(out, step);
    } else if (step->direction == DIRECTION_UP) {
        buf_adds(out, "-- Running upgrade ");
        buf_add_list(out, revision->down_ids, revision->down_count);
        buf_addf(out, " -> %s\n\n", revision->id);
    } else {
        buf_addf(out, "-- Running downgrade %s -> ", revision->id);
        buf_add_list(out, revision->down_ids, revision->down_count);
        buf_adds(out, "\n\n");
    }
}

static void add_history(struct writing *writing, const struct action *action, enum sql_id id,
                        const char *state)
{
    struct sql_vars vars =
        record_history(&writing->vars, action, writing->script->command, state, 0);
    add_sql(writing, id, &vars);
}

static void add_record(struct writing *writing, const struct action *action)
{
    if (action->step == &purge)
        add_sql(writing, SQL_SCRIPT_PURGE, &writing->vars);
    for (size_t i = 0; i < action->step->change_count; i++) {
        enum sql_id id;
        struct sql_vars vars = record_change(&writing->vars, &action->step->changes[i], &id);
        add_sql(writing, id, &vars);
    }
    add_history(writing, action, action->is_checkpointed ? SQL_HISTORY_MARK : SQL_HISTORY_INSERT,
                "applied");
}

static void add_verify(struct writing *writing, const struct author_query *verify)
{
    struct sql_vars vars = writing->vars;
    vars.query = verify->sql;
    add_sql(writing, SQL_SCRIPT_VERIFY, &vars);
}

static void add_action(struct writing *writing, const struct action *action)
{
    set_transaction(writing, action->is_in_transaction);
    add_line(writing, action->step);
    switch (action->kind) {
    case ACTION_SCRIPT: add_piece(writing, action); break;
    case ACTION_VERIFY: add_verify(writing, action->verify); break;
    case ACTION_WATCH: add_sql(writing, SQL_SCRIPT_WATCH, &writing->vars); break;
    case ACTION_CHECK: add_sql(writing, SQL_SCRIPT_CHECK, &writing->vars); break;
    case ACTION_START: add_history(writing, action, SQL_HISTORY_INSERT, "running"); break;
    case ACTION_REPEAT: break; /* refused before */
    case ACTION_BEFORE:
    case ACTION_SEEN:
    case ACTION_SETTLE: break; /* of a rehearsal */
    case ACTION_RENEW: break;  /* a script has no tenant's history */
    case ACTION_MARK: add_history(writing, action, SQL_HISTORY_MARK, "running"); break;
    case ACTION_RECORD: add_record(writing, action); break;
    }
    if (action->ends_unit)
        set_transaction(writing, false);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static struct sql_vars vars_of(const struct offline_script *script)
{
    return (struct sql_vars){
        .schema = script->schema,
        .version_table = script->version_table,
        .run_id = script->run_id,
        .may_exist = true,
        .settings = script->settings ? script->settings->session : NULL,
        .setting_count = script->settings ? script->settings->session_count : 0,
        .rows = script->plan->from.ids,
        .row_count = script->plan->from.count,
    };
}

static void write_actions(struct writing *writing, const struct work *work)
{
    static const struct action purging = {
        .kind = ACTION_RECORD, .step = &purge, .is_in_transaction = true};
    const struct offline_script *script = writing->script;
    if (!work->count && !script->purges) {
        buf_adds(writing->out, "-- Nothing to do.\n");
        return;
    }
    add_sql(writing, SQL_SCRIPT_SETUP, &writing->vars);
    add_sql(writing, script->schema ? SQL_SCRIPT_SCHEMA : SQL_SCRIPT_BEGIN, &writing->vars);
    if (script->purges)
        add_action(writing, &purging);
    for (size_t i = 0; i < work->count; i++)
        add_action(writing, &work->actions[i]);
    set_transaction(writing, false);
}

static const char *path_of(struct arena *arena, const struct offline_script *script)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sql_add_path(&buf, script->dialect, script->schema,
                 script->settings ? script->settings->search_path : NULL);
    const char *path = arena_strndup(arena, buf.data, buf.len);
    buf_done(&buf);
    return path;
}

/* SQL that a client runs has no loop that commits, in none of the dialects alike. */
static bool check_no_repeat(const struct work *work, struct err *err)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct action *action = &work->actions[i];
        if (action->kind == ACTION_REPEAT)
            return err_at(
                err, ERR_CONFIG, action->step->revision->path, action->piece->line,
                "a script cannot repeat a statement until it changes no row: let skein run "
                "revision '%s', and write scripts for those before and after it",
                action->step->revision->id);
    }
    return true;
}

bool offline_write(struct arena *arena, struct buf *out, const struct offline_script *script,
                   struct err *err)
{
    struct writing writing = {.out = out, .script = script, .vars = vars_of(script)};
    if (script->schema)
        writing.vars.path = path_of(arena, script);
    struct work_request request = {
        .plan = script->plan,
        .scripts = script->command == PLAN_STAMP ? NULL : script->scripts,
        .dialect = script->dialect,
        .mode = script->mode,
    };
    struct work work;
    enum unfinished_fault fault;
    if (!work_build(arena, &request, &work, &fault, err) || !check_no_repeat(&work, err))
        return false;
    write_actions(&writing, &work);
    return true;
}
