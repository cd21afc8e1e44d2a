/* What the made-up database understands. `{…}` in the driver's templates become the words. */
#include "driver/fake_private.h"

#include <inttypes.h>

enum { HISTORY_WIDTH = 6 };
enum { REVISION, DIRECTION, CHECKSUM, STATEMENTS, STATE, RUN }; /* SQL_HISTORY's columns */

static const char *word(const struct fake_call *call, size_t index)
{
    return call->words[index].text;
}

static struct arena *arena_of(const struct fake_call *call)
{
    return &call->session->db->world->arena;
}

static enum fake_outcome fail_at(struct fake_call *call, size_t index, const char *code,
                                 const char *what)
{
    fake_fail(op_make_err(call->op), code, "%s: '%s'", what, word(call, index));
    op_make_err(call->op)->offset = call->words[index].offset + 1;
    return FAKE_FAILED;
}

/* ---- answers ------------------------------------------------------------------------------- */

static void set_columns(struct fake_call *call, const char *const *names, size_t count)
{
    struct op *op = call->op;
    call->touched = 0;
    if (op->kind == OP_SCRIPT)
        return;
    op->row_count = 0;
    op->column_count = count;
    op->columns = arena_calloc(op->arena, count, sizeof *op->columns);
    for (size_t i = 0; i < count; i++)
        op->columns[i] = arena_strdup(op->arena, names[i]);
}

static void add_row(struct fake_call *call, const char *const *values)
{
    struct op *op = call->op;
    size_t width = op->column_count;
    call->touched++;
    if (op->kind == OP_SCRIPT)
        return;
    const char **rows = arena_calloc(op->arena, (op->row_count + 1) * width, sizeof *rows);
    if (op->row_count)
        memcpy(rows, op->rows, op->row_count * width * sizeof *rows);
    for (size_t i = 0; i < width; i++)
        rows[op->row_count * width + i] = arena_strdup(op->arena, values[i]);
    op->rows = rows;
    op->row_count++;
}

static enum fake_outcome answer(struct fake_call *call, const char *value)
{
    set_columns(call, &(const char *){"value"}, 1);
    add_row(call, &value);
    return FAKE_DONE;
}

/* ---- reading and writing ------------------------------------------------------------------- */

static struct fake_store *readable(const struct fake_call *call)
{
    return call->session->draft ? call->session->draft : call->session->db->store;
}

/* One writer at a time: others wait for its transaction's end, at most their lock timeout. */
static enum fake_outcome make_writable(struct fake_call *call)
{
    struct fake_session *session = call->session;
    struct fake_db *db = session->db;
    uint64_t now_ms = db->world->now_ms;
    uint64_t limit_ms = call->op->lock_timeout_ms;
    if (db->is_read_only)
        return fake_fail(op_make_err(call->op), "25006", "the database is read-only");
    if (db->writer && db->writer != session) {
        if (limit_ms && now_ms - session->begun_ms >= limit_ms)
            return fake_fail(op_make_err(call->op), "55P03", "canceled by the lock timeout");
        session->wake_ms = now_ms + FAKE_TICK_MS;
        return FAKE_WAIT;
    }
    if (!session->draft) {
        session->draft = fake_store_copy(arena_of(call), db->store);
        if (db->world->on_write)
            db->world->on_write(db->world->on_write_ctx, db, session->is_lost);
    }
    db->writer = session;
    return FAKE_DONE;
}

static const char *schema_of(const struct fake_word *name)
{
    return name->schema ? name->schema : FAKE_SCHEMA;
}

static struct fake_table *find_table(const struct fake_call *call)
{
    return fake_store_table(readable(call), schema_of(&call->words[1]), word(call, 1));
}

/* The row whose first column is `value`, or row_count. */
static size_t find_row(const struct fake_table *table, const char *value)
{
    size_t row = 0;
    while (row < table->row_count && strcmp(table->rows[row][0], value) != 0)
        row++;
    return row;
}

/* ---- commands ------------------------------------------------------------------------------ */

static enum fake_outcome do_begin(struct fake_call *call)
{
    call->session->in_transaction = true;
    return FAKE_DONE;
}

static enum fake_outcome do_commit(struct fake_call *call)
{
    struct op *op = call->op;
    if (!call->session->is_doomed) {
        fake_session_commit(call->session);
        return FAKE_DONE;
    }
    fake_session_roll_back(call->session);
    if (op->must_commit && op->tx_after == TX_OUTSIDE)
        err_set(op_make_err(op), ERR_SQL, "the server answered COMMIT with ROLLBACK");
    return FAKE_DONE;
}

static enum fake_outcome do_rollback(struct fake_call *call)
{
    fake_session_roll_back(call->session);
    return FAKE_DONE;
}

static enum fake_outcome lock(struct fake_call *call, bool is_of_transaction)
{
    struct fake_db *db = call->session->db;
    const char *key = word(call, 1);
    if (call->session->is_busy)
        return answer(call, "f");
    for (size_t i = 0; i < db->lock_count; i++)
        if (strcmp(db->locks[i].key, key) == 0 && db->locks[i].owner != call->session)
            return answer(call, "f");
    *ARENA_PUSH(arena_of(call), db->locks, db->lock_count, db->lock_capacity) =
        (struct fake_lock){key, call->session, is_of_transaction};
    return answer(call, "t");
}

static enum fake_outcome do_lock(struct fake_call *call)
{
    return lock(call, false);
}

static enum fake_outcome do_lock_tx(struct fake_call *call)
{
    return lock(call, true);
}

static enum fake_outcome do_reset(struct fake_call *call)
{
    if (call->session->in_transaction)
        return fail_at(call, 0, "25001", "not inside a transaction");
    fake_session_unlock(call->session, false);
    return FAKE_DONE;
}

static enum fake_outcome do_inspect(struct fake_call *call)
{
    static const char *const columns[] = {"schema",      "version_found", "version", "history",
                                          "search_path", "backend_pid",   "watches"};
    const struct fake_store *store = readable(call);
    const char *schema = call->words[1].is_bare ? FAKE_SCHEMA : word(call, 1);
    bool exists = fake_store_has_schema(store, schema);
    const char *version = fake_store_table(store, schema, word(call, 2)) ? word(call, 2) : NULL;
    const char *const values[] = {
        exists ? schema : NULL,
        version,
        version,
        fake_store_table(store, schema, "skein_history") ? "skein_history" : NULL,
        FAKE_SCHEMA,
        NULL,
        NULL,
    };
    set_columns(call, columns, ARRAY_LEN(columns));
    add_row(call, values);
    return FAKE_DONE;
}

static enum fake_outcome do_schema(struct fake_call *call)
{
    enum fake_outcome outcome = make_writable(call);
    if (outcome == FAKE_DONE && !fake_store_has_schema(call->session->draft, word(call, 1)))
        fake_store_add_schema(arena_of(call), call->session->draft, word(call, 1));
    return outcome;
}

static enum fake_outcome do_make(struct fake_call *call)
{
    const char *schema = schema_of(&call->words[1]);
    enum fake_outcome outcome = make_writable(call);
    if (outcome != FAKE_DONE)
        return outcome;
    if (!fake_store_has_schema(call->session->draft, schema))
        return fail_at(call, 1, "3F000", "no such schema");
    if (find_table(call))
        return fail_at(call, 1, "42P07", "the table is there already");
    fake_store_add_table(arena_of(call), call->session->draft, schema, word(call, 1));
    return FAKE_DONE;
}

static enum fake_outcome do_versions(struct fake_call *call)
{
    const struct fake_table *table = find_table(call);
    if (!table)
        return fail_at(call, 1, "42P01", "no such table");
    set_columns(call, &(const char *){"version_num"}, 1);
    for (size_t i = 0; i < table->row_count; i++)
        add_row(call, table->rows[i]);
    return FAKE_DONE;
}

static enum fake_outcome do_history(struct fake_call *call)
{
    static const char *const columns[] = {"revision", "direction", "checksum", "statements",
                                          "state",    "run_id",    "id"};
    const struct fake_table *table = find_table(call);
    size_t first = 0;
    if (!table)
        return fail_at(call, 1, "42P01", "no such table");
    for (size_t i = 0; i < table->row_count; i++)
        if (strcmp(table->rows[i][DIRECTION], "stamp") == 0)
            first = i + 1;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = first; i < table->row_count; i++) {
        const char *values[HISTORY_WIDTH + 1];
        memcpy(values, table->rows[i], HISTORY_WIDTH * sizeof *values);
        values[HISTORY_WIDTH] = arena_printf(arena_of(call), "%zu", i + 1);
        add_row(call, values);
    }
    return FAKE_DONE;
}

/* A table that is to be written to; NULL: *ret says what to do. */
static struct fake_table *writable_table(struct fake_call *call, enum fake_outcome *ret)
{
    *ret = make_writable(call);
    if (*ret != FAKE_DONE)
        return NULL;
    struct fake_table *table = find_table(call);
    if (!table)
        *ret = fail_at(call, 1, "42P01", "no such table");
    return table;
}

static enum fake_outcome do_insert(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    if (find_row(table, word(call, 2)) < table->row_count)
        return fail_at(call, 2, "23505", "the row is there already");
    fake_store_add_row(arena_of(call), table, &(const char *){word(call, 2)}, 1);
    call->touched = 1;
    return FAKE_DONE;
}

static enum fake_outcome do_update(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    size_t row = find_row(table, word(call, 2));
    size_t other = find_row(table, word(call, 3));
    call->touched = row < table->row_count;
    if (!call->touched)
        return FAKE_DONE;
    if (other < table->row_count && other != row)
        return fail_at(call, 3, "23505", "the row is there already");
    fake_store_set_value(arena_of(call), table, row, 0, 1, word(call, 3));
    return FAKE_DONE;
}

static enum fake_outcome do_delete(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    size_t row = find_row(table, word(call, 2));
    call->touched = row < table->row_count;
    if (call->touched)
        fake_store_drop_row(table, row);
    return FAKE_DONE;
}

static enum fake_outcome do_record(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    const char *values[HISTORY_WIDTH];
    if (!table)
        return outcome;
    for (size_t i = 0; i < HISTORY_WIDTH; i++)
        values[i] = word(call, 2 + i);
    fake_store_add_row(arena_of(call), table, values, HISTORY_WIDTH);
    call->touched = 1;
    return FAKE_DONE;
}

static bool is_unfinished(const char *const *row, const char *revision, const char *direction)
{
    return strcmp(row[REVISION], revision) == 0 && strcmp(row[DIRECTION], direction) == 0 &&
           (strcmp(row[STATE], "running") == 0 || strcmp(row[STATE], "partial") == 0);
}

static enum fake_outcome do_mark(struct fake_call *call)
{
    static const size_t changed[] = {STATEMENTS, STATE, RUN};
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    size_t row = table->row_count;
    while (row && !is_unfinished(table->rows[row - 1], word(call, 2), word(call, 3)))
        row--;
    call->touched = row > 0;
    for (size_t i = 0; row && i < ARRAY_LEN(changed); i++)
        fake_store_set_value(arena_of(call), table, row - 1, changed[i], HISTORY_WIDTH,
                             word(call, 4 + i));
    return FAKE_DONE;
}

static enum fake_outcome do_nonce(struct fake_call *call)
{
    call->session->nonce = word(call, 1);
    return FAKE_DONE;
}

static enum fake_outcome do_guard(struct fake_call *call)
{
    const char *nonce = call->session->nonce;
    if (nonce && strcmp(nonce, word(call, 1)) == 0)
        return answer(call, "1");
    return fail_at(call, 0, "22012", "the transaction is another one");
}

static enum fake_outcome do_database(struct fake_call *call)
{
    if (fake_db_find(call->session->db->world, word(call, 1)))
        return fail_at(call, 1, "42P04", "the database is there already");
    fake_db_new(call->session->db->world, word(call, 1));
    return FAKE_DONE;
}

/* ---- what revisions and tests say ---------------------------------------------------------- */

static enum fake_outcome do_effect(struct fake_call *call)
{
    enum fake_outcome outcome = make_writable(call);
    if (outcome == FAKE_DONE) {
        fake_store_add_effect(arena_of(call), call->session->draft, word(call, 1));
        call->touched = 1;
    }
    return outcome;
}

/* An effect that may only be there once. */
static enum fake_outcome do_once(struct fake_call *call)
{
    if (fake_store_count_effect(readable(call), word(call, 1)))
        return fail_at(call, 1, "23505", "the effect is there already");
    return do_effect(call);
}

static enum fake_outcome do_count(struct fake_call *call)
{
    char count[32];
    snprintf(count, sizeof count, "%zu", fake_store_count_effect(readable(call), word(call, 1)));
    return answer(call, count);
}

static enum fake_outcome do_touch(struct fake_call *call)
{
    call->touched = strtol(word(call, 1), NULL, 10);
    return FAKE_DONE;
}

static enum fake_outcome do_sleep(struct fake_call *call)
{
    struct fake_session *session = call->session;
    uint64_t end_ms = session->begun_ms + strtoull(word(call, 1), NULL, 10);
    if (session->db->world->now_ms >= end_ms)
        return FAKE_DONE;
    session->wake_ms = end_ms;
    return FAKE_WAIT;
}

static enum fake_outcome do_fail(struct fake_call *call)
{
    return fake_fail(op_make_err(call->op), word(call, 1), "failed as it was told to");
}

/* `select 'a' null …`: one row. */
static enum fake_outcome do_select(struct fake_call *call)
{
    const char *names[FAKE_WORDS_MAX], *values[FAKE_WORDS_MAX];
    for (size_t i = 1; i < call->count; i++) {
        bool is_null = call->words[i].is_bare && strcmp(word(call, i), "null") == 0;
        if (call->words[i].is_bare && !is_null)
            return fail_at(call, i, "42703", "no such column");
        names[i - 1] = "value";
        values[i - 1] = is_null ? NULL : word(call, i);
    }
    set_columns(call, names, call->count - 1);
    add_row(call, values);
    return FAKE_DONE;
}

static enum fake_outcome do_name(struct fake_call *call)
{
    set_columns(call, &(const char *){word(call, 1)}, 1);
    add_row(call, &(const char *){"1"});
    return FAKE_DONE;
}

static enum fake_outcome do_rows(struct fake_call *call)
{
    static const char *const columns[] = {"first", "second"};
    static const char *const values[][2] = {{"a", NULL}, {"b", ""}};
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        add_row(call, values[i]);
    return FAKE_DONE;
}

static enum fake_outcome do_who(struct fake_call *call)
{
    char id[32];
    snprintf(id, sizeof id, "%" PRIu32, call->session->id);
    return answer(call, id);
}

static enum fake_outcome do_kill(struct fake_call *call)
{
    struct fake_session *victim =
        fake_session_find(call->session->db->world, (uint32_t)strtoul(word(call, 1), NULL, 10));
    if (victim && victim != call->session)
        fake_session_end(victim);
    return answer(call, victim ? "t" : "f");
}

static const struct {
    const char *name;
    size_t word_count;
    enum fake_outcome (*run)(struct fake_call *call);
} commands[] = {
    {"begin", 0, do_begin},       {"commit", 0, do_commit},   {"rollback", 0, do_rollback},
    {"lock", 1, do_lock},         {"lock_tx", 1, do_lock_tx}, {"reset", 0, do_reset},
    {"inspect", 2, do_inspect},   {"schema", 1, do_schema},   {"make", 1, do_make},
    {"versions", 1, do_versions}, {"history", 1, do_history}, {"insert", 2, do_insert},
    {"update", 3, do_update},     {"delete", 2, do_delete},   {"record", 7, do_record},
    {"mark", 6, do_mark},         {"nonce", 1, do_nonce},     {"guard", 1, do_guard},
    {"database", 1, do_database}, {"effect", 1, do_effect},   {"once", 1, do_once},
    {"count", 1, do_count},       {"touch", 1, do_touch},     {"sleep", 1, do_sleep},
    {"fail", 1, do_fail},         {"select", 1, do_select},   {"name", 1, do_name},
    {"rows", 0, do_rows},         {"who", 0, do_who},         {"kill", 1, do_kill},
};

enum fake_outcome fake_command(struct fake_call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i].name, word(call, 0)) == 0 && call->count > commands[i].word_count)
            return commands[i].run(call);
    return fail_at(call, 0, "42601", "no such command");
}
