/* Whether the plan's statements will succeed on the rows that are there: the questions of src/preflight, one after the other, in a
 * transaction that cannot write, with the tenant's own timeouts. Whether there is a row that does not fit is asked first; how many
 * there are is counted up to a limit. */
#include "rollout/session_private.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "dialect/weigh.h"
#include "inventory/inventory.h"
#include "rollout/preflights.h"

enum { COUNTED_MOST = 1000, ANSWER_MS = 30000, VALUE_MOST = 60 };

/* What is asked next of the question under way. */
enum stage {
    STAGE_FAMILY, /* does its table inherit what earlier statements change? */
    STAGE_REACH,  /* do earlier changes of other tables reach its rows? */
    STAGE_LOOKUP, /* what the catalog makes of it */
    STAGE_TRIAL,
    STAGE_EXISTS,
    STAGE_DOUBT, /* none does not fit: is there one of which that is not known? */
    STAGE_COUNT,
    STAGE_KEY,
    STAGE_EXAMPLES,
    STAGE_OVER
};

struct session_preflight {
    const struct preflight *questions;
    size_t at;
    enum stage stage;
    const char *rows, *sample; /* of the question, or as the catalog made them */
    const char *doubt;
    bool is_begun; /* the transaction is, and has not failed */
    bool is_ended;
};

static bool has_questions(struct session *session)
{
    const struct preflight *questions =
        preflights_get(session->env->preflights, session->dialect, &session->work.todo);
    return questions->count > 0;
}

bool session_asks_rows(struct session *session)
{
    return session->env->request->asks_rows && !session->conn.is_missing && session->env->target &&
           session->env->target->command != PLAN_STAMP && session->work.todo.count &&
           has_questions(session);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static const char *words_of(struct session *session, const struct question *question)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    question_add_words(&buf, question);
    return buf_into(&buf, &session->arena);
}

/* Until it is answered, a question counts as not asked: what ends early must not pass for good. */
static void begin(struct session *session)
{
    struct session_preflight *state = arena_alloc(&session->arena, sizeof *state);
    *state = (struct session_preflight){
        .questions =
            preflights_get(session->env->preflights, session->dialect, &session->work.todo)};
    const struct preflight *questions = state->questions;
    struct preflight_answer *answers =
        arena_calloc(&session->arena, questions->count + 1, sizeof *answers);
    for (size_t i = 0; i < questions->count; i++) {
        const struct preflight_item *item = &questions->items[i];
        const struct preflight_statement *statement = &questions->statements[item->statement];
        answers[i] = (struct preflight_answer){
            .revision = statement->revision,
            .line = statement->line,
            .source = statement->source,
            .kind = question_kind_name(item->question.kind),
            .table = item->question.table,
            .what = words_of(session, &item->question),
            .state =
                item->blocked && !item->question.reason ? PREFLIGHT_UNKNOWN : PREFLIGHT_UNASKED,
            .reason = item->question.reason ? item->question.reason
                      : item->blocked       ? item->blocked
                                            : "it was not answered",
        };
    }
    session->preflight = state;
    session->result.preflight = answers;
    session->result.preflight_count = questions->count;
}

enum session_state session_after_weigh(struct session *session)
{
    if (session_asks_rows(session))
        return SESSION_PREFLIGHT;
    return session_needs_copy(session) ? session_go_to_copy(session) : SESSION_RELEASE;
}

static const struct preflight_item *item_of(const struct session *session)
{
    return &session->preflight->questions->items[session->preflight->at];
}

static struct preflight_answer *answer_of(const struct session *session)
{
    return &session->result.preflight[session->preflight->at];
}

static void settle(struct session *session, enum preflight_state state, const char *reason)
{
    struct preflight_answer *answer = answer_of(session);
    answer->state = state;
    answer->reason = reason;
    session->preflight->stage = STAGE_OVER;
}

/* ---- the way through the questions --------------------------------------------------------------- */

static enum stage first_stage(const struct preflight_item *item)
{
    return item->question.lookup ? STAGE_LOOKUP : item->question.trial ? STAGE_TRIAL : STAGE_EXISTS;
}

static enum stage stage_after_family(const struct preflight_item *item)
{
    return item->change_count ? STAGE_REACH : first_stage(item);
}

/* To the next one that is to be asked, if any. */
static void go_to_next(struct session *session, size_t from)
{
    struct session_preflight *state = session->preflight;
    const struct preflight *questions = state->questions;
    state->at = from;
    while (state->at < questions->count &&
           (questions->items[state->at].blocked || questions->items[state->at].question.reason))
        state->at++;
    if (state->at == questions->count)
        return;
    const struct preflight_item *item = item_of(session);
    state->stage = item->relative_count ? STAGE_FAMILY : stage_after_family(item);
    state->rows = item->question.rows;
    state->sample = item->question.sample;
    state->doubt = NULL;
}

static const char *sql_of_reach(struct session *session)
{
    const struct preflight_item *item = item_of(session);
    const char **tables = arena_calloc(&session->arena, item->change_count, sizeof *tables);
    for (size_t i = 0; i < item->change_count; i++)
        tables[i] = item->changes[i].table;
    struct measure_request request = {session->tenant->schema, tables, item->change_count};
    return session->dialect->reach(&session->arena, &request);
}

static const char *sql_of_family(struct session *session)
{
    const struct preflight_item *item = item_of(session);
    const char **tables = arena_calloc(&session->arena, item->relative_count + 1, sizeof *tables);
    tables[0] = item->table;
    for (size_t i = 0; i < item->relative_count; i++)
        tables[i + 1] = item->relatives[i].table;
    struct measure_request request = {session->tenant->schema, tables, item->relative_count + 1};
    return session->dialect->inherits(&session->arena, &request);
}

static const char *sql_of_key(struct session *session)
{
    struct measure_request request = {session->tenant->schema, &item_of(session)->table, 1};
    return session->dialect->find_key(&session->arena, &request);
}

static const char *sql_of(struct session *session)
{
    const struct session_preflight *state = session->preflight;
    struct arena *arena = &session->arena;
    switch (state->stage) {
    case STAGE_FAMILY: return sql_of_family(session);
    case STAGE_REACH: return sql_of_reach(session);
    case STAGE_LOOKUP: return item_of(session)->question.lookup;
    case STAGE_TRIAL: return item_of(session)->question.trial;
    case STAGE_EXISTS: return arena_printf(arena, "SELECT 1 FROM %s LIMIT 1", state->rows);
    case STAGE_DOUBT: return arena_printf(arena, "SELECT 1 FROM %s LIMIT 1", state->doubt);
    case STAGE_COUNT:
        return arena_printf(arena,
                            "SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) AS skein_counted",
                            state->rows, COUNTED_MOST + 1);
    case STAGE_KEY: return sql_of_key(session);
    default:
        return arena_printf(arena, "SELECT %s FROM %s LIMIT %u", state->sample, state->rows,
                            session->env->request->examples);
    }
}

static void add_begin(struct session *session)
{
    static const enum sql_id ids[] = {SQL_BEGIN_ASKING, SQL_SETUP_LOCAL, SQL_SETUP_ASKING};
    session->look.vars.nonce = session->env->run_id;
    struct io_op *op = session_add_query(session, ids, ARRAY_LEN(ids));
    op->op.tx_after = TX_INSIDE;
}

static void add_question(struct session *session)
{
    uint64_t timeout_ms = session->tenant->settings->statement_timeout_ms;
    struct io_op *op = session_add_op(session, OP_QUERY);
    op->op.sql = sql_of(session);
    op->op.sql_len = strlen(op->op.sql);
    op->op.flags = OP_ONLY_READS;
    op->timeout_ms = session_budget(session, timeout_ms ? timeout_ms + ANSWER_MS : 0);
    op->owner = session->preflight;
}

static enum asked ask_preflight(struct session *session)
{
    if (!session->preflight) {
        begin(session);
        go_to_next(session, 0);
    }
    struct session_preflight *state = session->preflight;
    bool is_over = state->at == state->questions->count;
    if (io_is_in_transaction(session->conn.io) && (is_over || !state->is_begun))
        session_add_one(session, SQL_ROLLBACK);
    state->is_ended = is_over;
    if (is_over)
        return ASKED_OPS;
    if (!state->is_begun)
        add_begin(session);
    state->is_begun = true;
    add_question(session);
    return ASKED_OPS;
}

/* ---- what is answered ---------------------------------------------------------------------------- */

static const char *copied(struct session *session, const char *text)
{
    return text ? arena_strdup(&session->arena, text) : NULL;
}

/* Where the statement stands that changes the table. */
static const char *place_of_change(struct session *session, const struct preflight_change *changes,
                                   size_t count, const char *table)
{
    const char *place = "an earlier statement";
    for (size_t i = 0; i < count; i++)
        if (ascii_is_same(changes[i].table, table))
            place = preflight_place(
                &session->arena, &session->preflight->questions->statements[changes[i].statement]);
    return place;
}

/* A change of columns before it, of a table that others inherit from. */
static void take_family(struct session *session, const struct grid *rows)
{
    const struct preflight_item *item = item_of(session);
    const char *table = rows->row_count ? grid_value(rows, 0, 0) : NULL;
    session->preflight->stage = stage_after_family(item);
    if (table)
        settle(session, PREFLIGHT_UNKNOWN,
               arena_printf(
                   &session->arena, "%s changes columns of %s, and inheritance may carry that on",
                   place_of_change(session, item->relatives, item->relative_count, table), table));
}

/* A change of rows before it, of a table whose changes reach others. */
static void take_reach(struct session *session, const struct grid *rows)
{
    const struct preflight_item *item = item_of(session);
    if (!rows->row_count) {
        session->preflight->stage = first_stage(item);
        return;
    }
    const char *table = grid_value(rows, 0, 0);
    const char *place = place_of_change(session, item->changes, item->change_count, table);
    settle(session, PREFLIGHT_UNKNOWN,
           arena_printf(&session->arena, "%s changes rows of %s, and %s may carry that on", place,
                        table, grid_value(rows, 0, 1)));
}

/* No row does not fit. */
static void settle_fitting(struct session *session)
{
    if (session->preflight->doubt)
        session->preflight->stage = STAGE_DOUBT;
    else
        settle(session, PREFLIGHT_FITS, NULL);
}

static void take_lookup(struct session *session, const struct grid *rows)
{
    struct session_preflight *state = session->preflight;
    if (!rows->row_count) {
        settle(session, PREFLIGHT_UNASKED, "there is nothing of that name yet");
        return;
    }
    state->rows = copied(session, grid_value(rows, 0, 0));
    state->sample = copied(session, grid_value(rows, 0, 1));
    state->doubt =
        item_of(session)->question.doubt ? copied(session, grid_value(rows, 0, 3)) : NULL;
    if (grid_value(rows, 0, 2))
        settle(session, PREFLIGHT_UNASKED, copied(session, grid_value(rows, 0, 2)));
    else if (!state->rows && item_of(session)->question.trial)
        state->stage = STAGE_TRIAL;
    else if (!state->rows)
        settle_fitting(session);
    else
        state->stage = STAGE_EXISTS;
}

static void take_exists(struct session *session, const struct grid *rows)
{
    if (!rows->row_count) {
        settle_fitting(session);
        return;
    }
    settle(session, PREFLIGHT_FAILS, NULL);
    session->preflight->stage = STAGE_COUNT;
}

static void take_doubt(struct session *session, const struct grid *rows)
{
    if (rows->row_count)
        settle(session, PREFLIGHT_UNKNOWN, item_of(session)->question.doubt);
    else
        settle(session, PREFLIGHT_FITS, NULL);
}

static enum stage stage_of_examples(const struct session *session)
{
    return !session->env->request->examples ? STAGE_OVER
           : session->preflight->sample     ? STAGE_EXAMPLES
                                            : STAGE_KEY;
}

static void take_count(struct session *session, const struct grid *rows)
{
    struct preflight_answer *answer = answer_of(session);
    uint64_t count = grid_value(rows, 0, 0) ? strtoull(grid_value(rows, 0, 0), NULL, 10) : 0;
    answer->is_more = count > COUNTED_MOST;
    answer->count = answer->is_more ? COUNTED_MOST : count;
    session->preflight->stage = stage_of_examples(session);
}

static void take_key(struct session *session, const struct grid *rows)
{
    const char *key = rows->row_count ? grid_value(rows, 0, 0) : NULL;
    session->preflight->sample = copied(session, key);
    session->preflight->stage = key ? STAGE_EXAMPLES : STAGE_OVER;
}

/* As many bytes of whole characters as there is room for. */
static size_t cut(const char *value)
{
    size_t len = strlen(value);
    if (len <= VALUE_MOST)
        return len;
    for (len = VALUE_MOST; len && ((unsigned char)value[len] & 0xC0) == 0x80;)
        len--;
    return len;
}

/* `acme, 5`: the values of one row; long ones are cut. */
static const char *example_of(struct session *session, const struct grid *rows, size_t row)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < rows->column_count; i++) {
        const char *value = grid_value(rows, row, i);
        size_t len = value ? cut(value) : 0;
        buf_adds(&buf, i ? ", " : "");
        if (!value)
            buf_adds(&buf, "NULL");
        else
            buf_addf(&buf, "%.*s%s", (int)len, value, value[len] ? "…" : "");
    }
    return buf_into(&buf, &session->arena);
}

static void take_examples(struct session *session, const struct grid *rows)
{
    struct preflight_answer *answer = answer_of(session);
    const char **examples = arena_calloc(&session->arena, rows->row_count + 1, sizeof *examples);
    for (size_t i = 0; i < rows->row_count; i++)
        examples[i] = example_of(session, rows, i);
    answer->examples = examples;
    answer->example_count = rows->row_count;
    session->preflight->stage = STAGE_OVER;
}

static void take(struct session *session, const struct grid *rows)
{
    switch (session->preflight->stage) {
    case STAGE_FAMILY: take_family(session, rows); break;
    case STAGE_REACH: take_reach(session, rows); break;
    case STAGE_LOOKUP: take_lookup(session, rows); break;
    case STAGE_TRIAL: settle(session, PREFLIGHT_FITS, NULL); break;
    case STAGE_EXISTS: take_exists(session, rows); break;
    case STAGE_DOUBT: take_doubt(session, rows); break;
    case STAGE_COUNT: take_count(session, rows); break;
    case STAGE_KEY: take_key(session, rows); break;
    default: take_examples(session, rows); break;
    }
}

static enum session_state go_on(struct session *session)
{
    if (session->preflight->stage == STAGE_OVER)
        go_to_next(session, session->preflight->at + 1);
    return SESSION_PREFLIGHT;
}

static enum session_state answer_preflight(struct session *session)
{
    if (session->preflight->is_ended) {
        session->preflight = NULL;
        return SESSION_RELEASE;
    }
    take(session, &session->batch.ops[session->batch.count - 1].answer.rows);
    return go_on(session);
}

/* A question that the server refuses is not answered, and the next one is asked all the same. An error that a value is to blame
 * for is an answer: the statement would meet the same value. Its text may quote it. */
static void take_error(struct session *session, const struct err *err)
{
    struct session_preflight *state = session->preflight;
    const struct dialect *dialect = session->dialect;
    bool is_of_values = dialect->is_of_values && dialect->is_of_values(err);
    bool was_answered = state->stage >= STAGE_COUNT;
    bool reads_catalog = state->stage <= STAGE_LOOKUP;
    if (was_answered)
        state->stage = state->stage == STAGE_COUNT ? stage_of_examples(session) : STAGE_OVER;
    else if (is_of_values && !reads_catalog)
        settle(session, PREFLIGHT_FAILS,
               arena_printf(&session->arena, "a value is refused (%s)", err->code));
    else
        settle(session, PREFLIGHT_UNASKED,
               arena_printf(&session->arena, "it could not be asked: %s", err->text));
}

static enum session_state error_preflight(struct session *session, const struct io_op *op)
{
    const struct err *err = io_op_err(op);
    if (io_is_broken(session->conn.io) || session->is_cancelled ||
        op->owner != session->preflight || !session->preflight) {
        session->preflight = NULL;
        return session_fail(session, err);
    }
    take_error(session, err);
    session->preflight->is_begun = false;
    return go_on(session);
}

const struct state_row row_preflight = {
    .name = "preflight",
    .does =
        "asks whether the statements of the plan will succeed on the rows that are there, where the run asks for it",
    .ask = ask_preflight,
    .answer = answer_preflight,
    .on_error = error_preflight,
    .next = SESSION_RELEASE,
    .exits = TO(PREFLIGHT) | TO(RELEASE) | TO_WAY_OUT,
    .error_exits = TO(PREFLIGHT) | TO_WAY_OUT,
    .is_cancellable = true,
};
