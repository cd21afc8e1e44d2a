/* What the made-up database understands. `{…}` in the driver's templates become the words. */
#include "driver/fake_private.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/notice.h"

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
    const struct op *op = call->op;
    if (op->kind == OP_SCRIPT)
        return;
    const char **columns = arena_calloc(op->arena, count, sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = arena_strdup(op->arena, names[i]);
    op->answer->columns = columns;
    op->answer->rows = (struct grid){.column_count = count};
}

static void add_row(struct fake_call *call, const char *const *values)
{
    const struct op *op = call->op;
    struct grid *rows = &op->answer->rows;
    size_t width = rows->column_count, before = rows->row_count * width;
    op->answer->rows_seen++;
    if (op->kind == OP_SCRIPT)
        return;
    const char **all = arena_calloc(op->arena, before + width, sizeof *all);
    if (before)
        memcpy(all, rows->values, before * sizeof *all);
    for (size_t i = 0; i < width; i++)
        all[before + i] = arena_strdup(op->arena, values[i]);
    rows->values = all;
    rows->row_count++;
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

static const struct fake_claim *find_claim(const struct fake_db *db, const char *schema)
{
    for (size_t i = 0; i < db->claim_count; i++)
        if (strcmp(db->claims[i].schema, schema) == 0)
            return &db->claims[i];
    return NULL;
}

/* The schema that the statement writes to: that of the name it begins with, or the current one. */
static const char *target_of(const struct fake_call *call)
{
    const char *schema = call->count > 1 ? call->words[1].schema : NULL;
    const char *target = schema ? schema : fake_session_target(call->session);
    return target ? target : "";
}

static enum fake_outcome wait_for_writer(struct fake_call *call)
{
    struct fake_session *session = call->session;
    const struct op_limits *limits = call->op->limits;
    uint64_t now_ms = session->db->world->now_ms, limit_ms = limits ? limits->lock_timeout_ms : 0;
    if (limit_ms && now_ms - session->begun_ms >= limit_ms)
        return fake_fail(op_make_err(call->op), "55P03", "canceled by the lock timeout");
    session->wake_ms = now_ms + FAKE_TICK_MS;
    return FAKE_WAIT;
}

/* Others than the schema's writer wait for its transaction's end, at most their lock timeout. */
static enum fake_outcome make_writable(struct fake_call *call)
{
    struct fake_session *session = call->session;
    struct fake_db *db = session->db;
    const char *schema = target_of(call);
    const struct fake_claim *claim = find_claim(db, schema);
    if (session->role && session->shape == FAKE_JOINS && call->op->kind != OP_SCRIPT)
        return fake_fail(op_make_err(call->op), "42501", "role '%s' may not do that",
                         session->role);
    if (db->is_read_only)
        return fake_fail(op_make_err(call->op), "25006", "the database is read-only");
    bool is_read_only_op = session->shape == FAKE_ON_WORKER && call->op->flags & OP_ONLY_READS;
    if (session->only_reads || is_read_only_op)
        return fake_fail(op_make_err(call->op), "25006", "the transaction is read-only");
    session->waits_for = claim && claim->owner != session ? claim->owner : NULL;
    if (session->waits_for)
        return wait_for_writer(call);
    if (!session->draft) {
        session->base = db->store;
        session->draft = fake_store_copy(arena_of(call), db->store);
        fake_tell_write(db, schema, session->is_lost);
    }
    if (!claim)
        *ARENA_PUSH(arena_of(call), db->claims, db->claim_count, db->claim_capacity) =
            (struct fake_claim){schema, session};
    return FAKE_DONE;
}

/* The schema that the table's name, the first word after the command, means; it may not exist. */
static const char *schema_of(const struct fake_call *call)
{
    const char *current;
    if (call->words[1].schema)
        return call->words[1].schema;
    current = fake_session_schema(call->session);
    return current ? current : "";
}

static struct fake_table *find_table(const struct fake_call *call)
{
    const char *found =
        call->words[1].schema ? NULL : fake_session_find_table(call->session, word(call, 1));
    return fake_store_table(readable(call), found ? found : schema_of(call), word(call, 1));
}

/* DDL ends the transaction that it comes in, where the database cannot take it back. */
static enum fake_outcome make_writable_for_ddl(struct fake_call *call)
{
    if (call->session->shape == FAKE_NO_DDL && call->session->in_transaction)
        fake_session_commit(call->session);
    return make_writable(call);
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

static enum fake_outcome do_begin_reading(struct fake_call *call)
{
    call->session->only_reads = true;
    return do_begin(call);
}

static enum fake_outcome do_commit(struct fake_call *call)
{
    const struct op *op = call->op;
    if (!call->session->is_doomed) {
        fake_session_commit(call->session);
        return FAKE_DONE;
    }
    fake_session_roll_back(call->session);
    if (op->flags & OP_MUST_COMMIT && op->tx_after == TX_OUTSIDE)
        err_set(op_make_err(op), ERR_SQL, "the server answered COMMIT with ROLLBACK");
    return FAKE_DONE;
}

static enum fake_outcome do_rollback(struct fake_call *call)
{
    fake_session_roll_back(call->session);
    return FAKE_DONE;
}

/* Does the one bar the other? Locks of a server are those of all its databases. */
static bool bars(const struct fake_lock *held, const struct fake_db *db,
                 const struct fake_lock *wanted)
{
    bool is_near = held->owner->db == db || (held->is_of_server && wanted->is_of_server);
    return is_near && held->owner != wanted->owner && strcmp(held->key, wanted->key) == 0;
}

static const struct fake_lock *find_barring(const struct fake_db *db, const struct fake_lock *lock)
{
    const struct fake_world *world = db->world;
    for (size_t i = 0; i < world->db_count; i++)
        for (size_t k = 0; k < world->dbs[i]->lock_count; k++)
            if (world->dbs[i]->server == db->server && bars(&world->dbs[i]->locks[k], db, lock))
                return &world->dbs[i]->locks[k];
    return NULL;
}

enum fake_outcome fake_take_lock(struct fake_session *session, struct fake_lock lock)
{
    struct fake_db *db = session->db;
    lock.owner = session;
    const struct fake_lock *held = find_barring(db, &lock);
    if (held)
        db->world->foreign_locks += held->owner->db != db;
    if (held || session->is_busy)
        return FAKE_FAILED;
    *ARENA_PUSH(&db->world->arena, db->locks, db->lock_count, db->lock_capacity) = lock;
    return FAKE_DONE;
}

/* NULL where another process is meant than this one. */
static enum fake_outcome take_lock(struct fake_call *call, const struct fake_lock *lock)
{
    bool is_meant = call->count < 3 || strtoul(word(call, 2), NULL, 10) == call->session->id;
    if (!is_meant)
        return answer(call, NULL);
    return answer(call, fake_take_lock(call->session, *lock) == FAKE_DONE ? "t" : "f");
}

static enum fake_outcome do_lock(struct fake_call *call)
{
    return take_lock(call, &(struct fake_lock){.key = word(call, 1)});
}

static enum fake_outcome do_lock_tx(struct fake_call *call)
{
    return take_lock(call, &(struct fake_lock){.key = word(call, 1), .is_of_transaction = true});
}

static enum fake_outcome do_lock_server(struct fake_call *call)
{
    return take_lock(call, &(struct fake_lock){.key = word(call, 1), .is_of_server = true});
}

/* Who has the lock: is it us, and who. */
static enum fake_outcome do_holder(struct fake_call *call)
{
    static const char *const columns[] = {"is_us", "who"};
    const struct fake_db *db = call->session->db;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < db->lock_count; i++) {
        const struct fake_session *owner = db->locks[i].owner;
        if (strcmp(db->locks[i].key, word(call, 1)) != 0)
            continue;
        const char *who = arena_printf(arena_of(call), "session %" PRIu32, owner->id);
        add_row(call, (const char *const[]){owner == call->session ? "t" : "f", who});
        break;
    }
    return FAKE_DONE;
}

/* The server is crowded, and its replicas are late, for a moment now and then. */
static enum fake_outcome do_pressure(struct fake_call *call)
{
    static const char *const columns[] = {"position", "replayed", "lag",
                                          "blind",    "waiting",  "active"};
    /* no rhythm, which the one who asks could fall into */
    uint32_t moment = (uint32_t)(call->session->db->world->now_ms / 40) * UINT32_C(2654435761);
    bool is_crowded = moment >> 29 == 1, is_late = moment >> 29 == 3;
    set_columns(call, columns, ARRAY_LEN(columns));
    add_row(call, (const char *const[]){"100", is_late ? "50" : "100", is_late ? "9000" : NULL, "0",
                                        is_crowded ? "9" : "0", "0"});
    return FAKE_DONE;
}

/* Whose transactions may keep this session from writing: in words, and the session's number. */
static enum fake_outcome do_blockers(struct fake_call *call)
{
    static const char *const columns[] = {"who", "number"};
    const struct fake_db *db = call->session->db;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < db->claim_count; i++) {
        uint32_t id = db->claims[i].owner->id;
        const char *number = arena_printf(arena_of(call), "%" PRIu32, id);
        const char *who = arena_printf(arena_of(call), "session %s", number);
        if (id != strtoul(word(call, 1), NULL, 10))
            add_row(call, (const char *const[]){who, number});
    }
    return FAKE_DONE;
}

/* What a session is doing, as a server tells someone who watches. */
static enum fake_outcome do_progress(struct fake_call *call)
{
    static const char *const columns[] = {"words", "share"};
    const struct fake_session *session =
        fake_session_find(call->session->db->world, (uint32_t)strtoul(word(call, 1), NULL, 10));
    set_columns(call, columns, ARRAY_LEN(columns));
    if (session && !session->is_ended)
        add_row(call, (const char *const[]){
                          arena_printf(arena_of(call), "works in %s", session->db->name), "0.5"});
    return FAKE_DONE;
}

static enum fake_outcome do_forget(struct fake_call *call)
{
    struct fake_session *session = call->session;
    if (session->in_transaction)
        return fail_at(call, 0, "25001", "not inside a transaction");
    fake_session_unlock(session, false);
    session->path = session->role = session->prepared_nonce = NULL;
    return FAKE_DONE;
}

/* As it is written where unqualified names lead elsewhere. */
static const char *table_name(struct fake_call *call, const char *schema, const char *table)
{
    const char *current = fake_session_schema(call->session);
    bool is_current = current && schema && strcmp(current, schema) == 0;
    return !schema || is_current ? table : arena_printf(arena_of(call), "%s.%s", schema, table);
}

static const char *if_there(const struct fake_call *call, const char *schema, const char *table)
{
    return schema && fake_store_table(readable(call), schema, table) ? table : NULL;
}

static enum fake_outcome do_inspect(struct fake_call *call)
{
    static const char *const columns[] = {"schema",      "version_found", "version", "history",
                                          "search_path", "backend_pid",   "watches"};
    struct fake_session *session = call->session;
    bool is_asked = !call->words[1].is_bare;
    const char *table = word(call, 2), *path = session->path;
    const char *schema = is_asked ? word(call, 1) : fake_session_schema(session);
    const char *found = is_asked ? schema : fake_session_find_table(session, table);
    if (is_asked && !fake_store_has_schema(readable(call), schema))
        schema = NULL;
    bool tells_pid = session->shape == FAKE_JOINS;
    const char *const values[] = {
        schema,
        is_asked || !found ? if_there(call, schema, table) : table_name(call, found, table),
        if_there(call, schema, table),
        if_there(call, schema, "skein_history"),
        path ? path : session->db->search_path,
        tells_pid ? arena_printf(arena_of(call), "%" PRIu32, session->id) : NULL,
        tells_pid ? "1" : NULL,
    };
    set_columns(call, columns, ARRAY_LEN(columns));
    add_row(call, values);
    return FAKE_DONE;
}

static enum fake_outcome do_locate(struct fake_call *call)
{
    static const char *const columns[] = {"schema", "history"};
    const char *found = fake_session_find_table(call->session, word(call, 2));
    set_columns(call, columns, ARRAY_LEN(columns));
    if (found)
        add_row(call, (const char *const[]){found, if_there(call, found, "skein_history")});
    return FAKE_DONE;
}

static enum fake_outcome do_identity(struct fake_call *call)
{
    return answer(call, call->session->db->name);
}

static enum fake_outcome do_schema(struct fake_call *call)
{
    enum fake_outcome outcome = make_writable_for_ddl(call);
    if (outcome == FAKE_DONE && !fake_store_has_schema(call->session->draft, word(call, 1)))
        fake_store_add_schema(arena_of(call), call->session->draft, word(call, 1));
    return outcome;
}

static enum fake_outcome do_make(struct fake_call *call)
{
    enum fake_outcome outcome = make_writable_for_ddl(call);
    const char *schema = schema_of(call);
    if (outcome != FAKE_DONE)
        return outcome;
    if (!fake_store_has_schema(call->session->draft, schema))
        return fail_at(call, 1, "3F000", "no such schema");
    if (find_table(call))
        return fail_at(call, 1, "42P07", "the table is there already");
    fake_store_add_table(arena_of(call), call->session->draft, schema, word(call, 1));
    return FAKE_DONE;
}

static enum fake_outcome do_effect(struct fake_call *call);

/* `create table if not exists "NAME" 'EFFECT'` and `drop table if exists "NAME" 'EFFECT'`: the effect in any case. */
static enum fake_outcome do_table(struct fake_call *call)
{
    bool is_drop = strcmp(word(call, 0), "drop") == 0;
    size_t name = is_drop ? 4 : 5;
    enum fake_outcome outcome = make_writable_for_ddl(call);
    if (outcome != FAKE_DONE)
        return outcome;
    if (call->count != name + 2)
        return fail_at(call, 0, "42601", "no such command");
    struct fake_call alone = *call;
    alone.words += name - 1; /* the table's name is the first after the command, as elsewhere */
    alone.count = 2;
    if (is_drop && find_table(&alone))
        fake_store_drop_table(call->session->draft, find_table(&alone));
    else if (!is_drop && !find_table(&alone))
        fake_store_add_table(arena_of(call), call->session->draft, schema_of(&alone),
                             word(call, name));
    alone.words++;
    outcome = do_effect(&alone);
    call->touched = alone.touched;
    return outcome;
}

/* A row where one of the tables is there: `tables 'a' , 'schema.b'`. */
static enum fake_outcome do_tables(struct fake_call *call)
{
    const struct fake_store *store = readable(call);
    bool is_there = false;
    for (size_t i = 1; i < call->count; i++) {
        const char *dot = strchr(word(call, i), '.');
        const char *schema =
            dot ? arena_strndup(arena_of(call), word(call, i), (size_t)(dot - word(call, i)))
                : fake_session_find_table(call->session, word(call, i));
        bool is_name = !call->words[i].is_bare && schema;
        is_there =
            is_there || (is_name && fake_store_table(store, schema, dot ? dot + 1 : word(call, i)));
    }
    set_columns(call, &(const char *){"value"}, 1);
    if (is_there)
        add_row(call, &(const char *){"1"});
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

/* The last rows, at most so many. */
static enum fake_outcome tell_history(struct fake_call *call, size_t most)
{
    static const char *const columns[] = {"revision", "direction", "checksum", "statements",
                                          "state",    "run_id",    "id"};
    const struct fake_table *table = find_table(call);
    if (!table)
        return fail_at(call, 1, "42P01", "no such table");
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = table->row_count > most ? table->row_count - most : 0; i < table->row_count;
         i++) {
        const char *values[HISTORY_WIDTH + 1];
        memcpy(values, table->rows[i], HISTORY_WIDTH * sizeof *values);
        values[HISTORY_WIDTH] = arena_printf(arena_of(call), "%zu", i + 1);
        add_row(call, values);
    }
    return FAKE_DONE;
}

static enum fake_outcome do_history(struct fake_call *call)
{
    return tell_history(call, SIZE_MAX);
}

static enum fake_outcome do_newest(struct fake_call *call)
{
    return tell_history(call, 1);
}

/* ---- surveys ------------------------------------------------------------------------------- */

static void add_column(struct buf *buf, const char *text)
{
    buf_adds(buf, text ? ",\"" : ",");
    for (; text && *text; text++)
        buf_adds(buf, *text == '"'   ? "\"\""
                      : *text == '<' ? "&lt;"
                      : *text == '&' ? "&amp;"
                                     : (char[]){*text, '\0'});
    buf_adds(buf, text ? "\"" : "");
}

/* As PostgreSQL's survey says the rows of a schema: of the version table, and the last of the history. */
static const char *survey_rows(struct fake_call *call, const char *schema, size_t most)
{
    const struct fake_table *versions = fake_store_table(readable(call), schema, word(call, 1));
    const struct fake_table *history = fake_store_table(readable(call), schema, "skein_history");
    size_t count = history ? history->row_count : 0;
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < versions->row_count; i++) {
        buf_adds(&buf, "<x>(0");
        add_column(&buf, versions->rows[i][0]);
        buf_adds(&buf, ")</x>");
    }
    for (size_t i = count > most ? count - most : 0; i < count; i++) {
        buf_adds(&buf, "<x>(1");
        for (size_t column = 0; column < HISTORY_WIDTH; column++)
            add_column(&buf, history->rows[i][column]);
        add_column(&buf, arena_printf(arena_of(call), "%zu", i + 1));
        buf_adds(&buf, ")</x>");
    }
    const char *rows = arena_strndup(arena_of(call), buf.len ? buf.data : "", buf.len);
    buf_done(&buf);
    return rows;
}

/* Of the schemas that have a version table: `survey 'TABLE' 'a' , 'b'`. */
static enum fake_outcome survey(struct fake_call *call, size_t most)
{
    static const char *const columns[] = {"number", "pid", "has_history", "rows"};
    size_t number = 0;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 2; i < call->count; i++) {
        if (call->words[i].is_bare)
            continue;
        number++;
        if (!fake_store_table(readable(call), word(call, i), word(call, 1)))
            continue;
        bool has_history = fake_store_table(readable(call), word(call, i), "skein_history");
        add_row(call, (const char *const[]){
                          arena_printf(arena_of(call), "%zu", number),
                          arena_printf(arena_of(call), "%" PRIu32, call->session->id),
                          has_history ? "t" : "f", survey_rows(call, word(call, i), most)});
    }
    return FAKE_DONE;
}

static enum fake_outcome do_survey(struct fake_call *call)
{
    return survey(call, SIZE_MAX);
}

static enum fake_outcome do_survey_newest(struct fake_call *call)
{
    return survey(call, 1);
}

/* Of databases of a server, whose names are those of their schemas (DIALECT_SURVEYS_DATABASES). */

static enum fake_outcome do_server_identity(struct fake_call *call)
{
    static const char *const columns[] = {"knows_case", "identity"};
    set_columns(call, columns, ARRAY_LEN(columns));
    add_row(call, (const char *const[]){"1", "fake"});
    return FAKE_DONE;
}

/* NULL: there is no such table. */
static const struct fake_table *table_in(const struct fake_call *call, const char *database,
                                         const char *name)
{
    const struct fake_db *db = fake_db_find(call->session->db->world, database);
    return db ? fake_store_table(db->store, database, name) : NULL;
}

/* `survey_places 'TABLE' 'a' , 'b'`: a row for each of the two tables that is there. */
static enum fake_outcome do_survey_places(struct fake_call *call)
{
    static const char *const columns[] = {"number",   "pid",    "is_history",
                                          "is_usual", "schema", "name"};
    const char *const names[] = {word(call, 1), "skein_history"};
    size_t number = 0;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 2; i < call->count; i++) {
        number += !call->words[i].is_bare;
        for (size_t table = 0; table < 2 && !call->words[i].is_bare; table++)
            if (table_in(call, word(call, i), names[table]))
                add_row(call,
                        (const char *const[]){arena_printf(arena_of(call), "%zu", number), "0",
                                              table ? "t" : "f", "1", word(call, i), names[table]});
    }
    return FAKE_DONE;
}

/* A row of the version table, or of the history. */
static void tell_surveyed_row(struct fake_call *call, const char *number, const char *const *row,
                              size_t history_id)
{
    enum { VERSION = 3, HISTORY };
    const char *values[HISTORY + HISTORY_WIDTH + 1] = {number, "0", history_id ? "t" : "f"};
    if (history_id) {
        memcpy(values + HISTORY, row, HISTORY_WIDTH * sizeof *values);
        values[HISTORY + HISTORY_WIDTH] = arena_printf(arena_of(call), "%zu", history_id);
    } else {
        values[VERSION] = row[0];
    }
    add_row(call, values);
}

/* `survey_databases 1 "a"."versions" UNION ALL 1 "a"."skein_history" …`. A database that may not be read fails all of it. */
static enum fake_outcome survey_databases(struct fake_call *call, size_t most)
{
    static const char *const columns[] = {"number",   "pid",       "is_history", "version",
                                          "revision", "direction", "checksum",   "statements",
                                          "state",    "run_id",    "id"};
    struct fake_world *world = call->session->db->world;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 2; i < call->count; i++) {
        const struct fake_word *name = &call->words[i];
        if (!name->schema)
            continue;
        struct fake_db *db = fake_db_find(world, name->schema);
        const struct fake_table *table = table_in(call, name->schema, name->text);
        const struct fake_fault *fault = db ? fake_strike(db, FAKE_QUERY, NULL) : NULL;
        if (!table || (fault && fault->act == FAKE_REFUSE))
            return fail_at(call, i, fault ? fault->code : "42P01", "it cannot be read");
        bool is_history = strcmp(name->text, "skein_history") == 0;
        size_t first = is_history && table->row_count > most ? table->row_count - most : 0;
        for (size_t row = first; row < table->row_count; row++)
            tell_surveyed_row(call, word(call, i - 1), table->rows[row], is_history ? row + 1 : 0);
    }
    return FAKE_DONE;
}

static enum fake_outcome do_survey_databases(struct fake_call *call)
{
    return survey_databases(call, SIZE_MAX);
}

static enum fake_outcome do_survey_databases_newest(struct fake_call *call)
{
    return survey_databases(call, 1);
}

static enum fake_outcome do_use(struct fake_call *call)
{
    struct fake_db *db = fake_db_find(call->session->db->world, word(call, 1));
    if (!db)
        return fail_at(call, 1, "3D000", "no such database");
    fake_session_use(call->session, db);
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
    static const size_t changed[] = {CHECKSUM, STATEMENTS, STATE, RUN};
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    size_t row = table->row_count;
    while (row && !is_unfinished(table->rows[row - 1], word(call, 2), word(call, 3)))
        row--;
    call->touched = row > 0;
    for (size_t i = 0; row && i < ARRAY_LEN(changed); i++)
        if (changed[i] != RUN || *word(call, 4 + i)) /* a person leaves whose row it is */
            fake_store_set_value(arena_of(call), table, row - 1, changed[i], HISTORY_WIDTH,
                                 word(call, 4 + i));
    return FAKE_DONE;
}

/* `renew "history" ID 'REVISION' 'NEW' 'OLD'`: rows are numbered from 1. */
static enum fake_outcome do_renew(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    size_t row = strtoul(word(call, 2), NULL, 10) - 1;
    call->touched = row < table->row_count &&
                    strcmp(table->rows[row][REVISION], word(call, 3)) == 0 &&
                    strcmp(table->rows[row][CHECKSUM], word(call, 5)) == 0;
    if (call->touched)
        fake_store_set_value(arena_of(call), table, row, CHECKSUM, HISTORY_WIDTH, word(call, 4));
    return FAKE_DONE;
}

/* All rows are another run's. */
static enum fake_outcome do_disown(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    for (size_t row = 0; table && row < table->row_count; row++)
        fake_store_set_value(arena_of(call), table, row, RUN, HISTORY_WIDTH, word(call, 2));
    return outcome;
}

/* `ID STATEMENTS 'REVISION' 'DIRECTION' 'CHECKSUM'`, several with commas between, after the run and the state. */
static enum fake_outcome do_records(struct fake_call *call)
{
    enum { FIRST = 4, WIDTH = 6 };
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    if (!table)
        return outcome;
    call->touched = 0;
    for (size_t at = FIRST; at < call->count; at += WIDTH) {
        const char *const values[HISTORY_WIDTH] = {word(call, at + 2), word(call, at + 3),
                                                   word(call, at + 4), word(call, at + 1),
                                                   word(call, 3),      word(call, 2)};
        if (strtoul(word(call, at), NULL, 10) != table->row_count + 1)
            return fail_at(call, at, "23505", "the row's number is not the next");
        fake_store_add_row(arena_of(call), table, values, HISTORY_WIDTH);
        call->touched++;
    }
    return FAKE_DONE;
}

/* ---- the session's settings ---------------------------------------------------------------- */

static enum fake_outcome do_nonce(struct fake_call *call)
{
    call->session->nonce = word(call, 1);
    return FAKE_DONE;
}

/* NULL where it says `NULL`. */
static const char *literal(const struct fake_call *call, size_t index)
{
    return call->words[index].is_bare ? NULL : word(call, index);
}

static enum fake_outcome do_local_path(struct fake_call *call)
{
    call->session->local_path = literal(call, 1);
    return FAKE_DONE;
}

static enum fake_outcome do_setup(struct fake_call *call)
{
    call->session->path = literal(call, 1);
    return FAKE_DONE;
}

static enum fake_outcome do_role(struct fake_call *call)
{
    call->session->role = word(call, 1);
    return FAKE_DONE;
}

static enum fake_outcome do_reset_role(struct fake_call *call)
{
    call->session->role = NULL;
    return FAKE_DONE;
}

static enum fake_outcome do_wander(struct fake_call *call)
{
    call->session->local_path = FAKE_SCHEMA;
    return FAKE_DONE;
}

static enum fake_outcome do_where(struct fake_call *call)
{
    return answer(call, fake_session_schema(call->session));
}

static enum fake_outcome guard(struct fake_call *call, const char *nonce, const char *path)
{
    const char *ours = call->session->nonce;
    if (!ours || !nonce || strcmp(ours, nonce) != 0)
        return fail_at(call, 0, "22012", "the transaction is another one");
    if (path)
        call->session->local_path = path;
    return answer(call, "1");
}

static enum fake_outcome do_guard(struct fake_call *call)
{
    return guard(call, word(call, 1), call->count > 2 ? literal(call, 2) : NULL);
}

static enum fake_outcome do_prepare_guard(struct fake_call *call)
{
    if (call->session->prepared_nonce)
        return fail_at(call, 0, "42P05", "it is prepared already");
    call->session->prepared_nonce = word(call, 1);
    call->session->prepared_path = literal(call, 2);
    return FAKE_DONE;
}

static enum fake_outcome do_run_guard(struct fake_call *call)
{
    if (!call->session->prepared_nonce)
        return fail_at(call, 0, "26000", "nothing is prepared");
    return guard(call, call->session->prepared_nonce, call->session->prepared_path);
}

static enum fake_outcome do_discard(struct fake_call *call)
{
    call->session->prepared_nonce = NULL;
    return FAKE_DONE;
}

static enum fake_outcome do_database(struct fake_call *call)
{
    struct fake_world *world = call->session->db->world;
    if (fake_db_find(world, word(call, 1)))
        return fail_at(call, 1, "42P04", "the database is there already");
    for (size_t i = 0; i < world->db_count; i++)
        if (strcmp(world->dbs[i]->name, word(call, 1)) == 0) {
            fake_tell_write(world->dbs[i], FAKE_SCHEMA, call->session->is_lost);
            world->dbs[i]->is_missing = false;
            return FAKE_DONE;
        }
    fake_db_new(world, word(call, 1));
    return FAKE_DONE;
}

/* ---- rehearsals ---------------------------------------------------------------------------- */

/* Tables are numbered as the store has them. */
static enum fake_outcome do_relations(struct fake_call *call)
{
    static const char *const columns[] = {"number", "schema", "name", "is_sequence", "file"};
    const struct fake_store *store = call->session->db->store;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < store->table_count; i++) {
        const char *number = arena_printf(arena_of(call), "%zu", i + 1);
        add_row(call, (const char *const[]){number, store->tables[i].schema, store->tables[i].name,
                                            "f", number});
    }
    return FAKE_DONE;
}

/* Those of the schemas that the session writes to. */
static enum fake_outcome do_locked_relations(struct fake_call *call)
{
    static const char *const columns[] = {"number", "mode", "weight", "file", "bytes", "waiting"};
    const struct fake_db *db = call->session->db;
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < db->store->table_count; i++) {
        const struct fake_claim *claim = find_claim(db, db->store->tables[i].schema);
        const char *number = arena_printf(arena_of(call), "%zu", i + 1);
        if (claim && claim->owner == call->session)
            add_row(call,
                    (const char *const[]){number, "ACCESS EXCLUSIVE", "3", number, "8192", "0"});
    }
    return FAKE_DONE;
}

/* How many wait for what the session writes to. */
static enum fake_outcome do_waiting(struct fake_call *call)
{
    const struct fake_db *db = call->session->db;
    size_t count = 0;
    for (size_t i = 0; i < db->claim_count; i++)
        for (const struct fake_session *at = db->sessions; at; at = at->next)
            count += db->claims[i].owner->id == strtoul(word(call, 1), NULL, 10) &&
                     at != db->claims[i].owner && at->is_running &&
                     at->waits_for == db->claims[i].owner;
    return answer(call, arena_printf(arena_of(call), "%zu", count));
}

/* Nothing is checked at the end. */
static enum fake_outcome do_settle(struct fake_call *call)
{
    (void)call;
    return FAKE_DONE;
}

/* ---- what revisions and tests say ---------------------------------------------------------- */

static enum fake_outcome do_effect(struct fake_call *call)
{
    enum fake_outcome outcome = make_writable(call);
    const char *schema = fake_session_schema(call->session);
    if (outcome == FAKE_DONE) {
        fake_store_add_effect(arena_of(call), call->session->draft, schema ? schema : "",
                              word(call, 1));
        call->touched = 1;
    }
    return outcome;
}

static size_t count_effect(const struct fake_call *call, size_t index)
{
    return fake_store_count_effect(readable(call), fake_session_schema(call->session),
                                   word(call, index));
}

static enum fake_outcome answer_if(struct fake_call *call, bool is_so)
{
    set_columns(call, &(const char *){"value"}, 1);
    if (is_so)
        add_row(call, &(const char *){"1"});
    return FAKE_DONE;
}

/* A row where the one effect is there more often than the other; or as often at least. */
static enum fake_outcome do_exceeds(struct fake_call *call)
{
    return answer_if(call, count_effect(call, 1) > count_effect(call, 2));
}

static enum fake_outcome do_reaches(struct fake_call *call)
{
    return answer_if(call, count_effect(call, 1) >= count_effect(call, 2));
}

/* The effect, unless it is there already: as often as it is said, it is there once. */
static enum fake_outcome do_set(struct fake_call *call)
{
    return count_effect(call, 1) > count_effect(call, 2) ? FAKE_DONE : do_effect(call);
}

static enum fake_outcome do_unset(struct fake_call *call)
{
    return count_effect(call, 1) >= count_effect(call, 2) ? FAKE_DONE : do_effect(call);
}

/* The next of `3` effects that there are to be for each time that the other was there: once more on the way up. */
static enum fake_outcome do_merge(struct fake_call *call)
{
    size_t rounds = count_effect(call, 2) + (strcmp(word(call, 4), "up") == 0);
    size_t wanted = rounds * strtoul(word(call, 3), NULL, 10);
    return count_effect(call, 1) >= wanted ? FAKE_DONE : do_effect(call);
}

/* ---- what a statement may leave that fails ------------------------------------------------- */

static struct fake_table *remains_of(const struct fake_call *call)
{
    const char *schema = fake_session_schema(call->session);
    return fake_store_table(readable(call), schema ? schema : "", FAKE_REMAINS);
}

static bool has_remains(const struct fake_call *call)
{
    const struct fake_table *table = remains_of(call);
    return table && find_row(table, word(call, 1)) < table->row_count;
}

/* An effect that is made in two goes, as an index is that is built while others work. */
static enum fake_outcome do_build(struct fake_call *call)
{
    if (has_remains(call))
        return fake_fail(op_make_err(call->op), "42P07", "what was left of it bears the name");
    return do_effect(call);
}

bool fake_leaves_remains(const struct fake_call *call)
{
    enum fake_shape shape = call->session->shape;
    return strcmp(word(call, 0), "build") == 0 && !call->session->in_transaction &&
           (shape == FAKE_JOINS || shape == FAKE_NO_DDL);
}

enum fake_outcome fake_leave_remains(struct fake_call *call)
{
    enum fake_outcome outcome = has_remains(call) ? FAKE_FAILED : make_writable(call);
    if (outcome != FAKE_DONE)
        return outcome;
    const char *schema = fake_session_schema(call->session);
    if (!remains_of(call))
        fake_store_add_table(arena_of(call), call->session->draft, schema, FAKE_REMAINS);
    fake_store_add_row(arena_of(call), remains_of(call), &(const char *){word(call, 1)}, 1);
    return FAKE_DONE;
}

static enum fake_outcome do_unbuild(struct fake_call *call)
{
    enum fake_outcome outcome = make_writable(call);
    if (outcome != FAKE_DONE || !has_remains(call))
        return outcome;
    fake_store_drop_row(remains_of(call), find_row(remains_of(call), word(call, 1)));
    return FAKE_DONE;
}

/* The catalog's answer of `build A B`. */
static enum fake_outcome do_probe(struct fake_call *call)
{
    if (has_remains(call))
        return answer(call, arena_printf(arena_of(call), "repair unbuild '%s'", word(call, 1)));
    return answer(call, count_effect(call, 1) > count_effect(call, 2) ? "done" : "undone");
}

static enum fake_outcome do_agree(struct fake_call *call)
{
    return answer_if(call, !call->session->db->is_disagreeing);
}

/* `SELECT first, second FROM "schema"."table"`: as many columns of each row, whatever they are called. */
static enum fake_outcome do_foreign(struct fake_call *call)
{
    enum { FIRST = 1, AFTER = 2 /* FROM and the table */ };
    const struct fake_word *name = &call->words[call->count - 1];
    const struct fake_table *table =
        fake_store_table(readable(call), name->schema ? name->schema : FAKE_SCHEMA, name->text);
    size_t width = call->count - FIRST - AFTER;
    const char *columns[FAKE_WORDS_MAX];
    if (!table)
        return fail_at(call, call->count - 1, "42P01", "no such table");
    for (size_t i = 0; i < width; i++)
        columns[i] = arena_strndup(arena_of(call), word(call, FIRST + i),
                                   strcspn(word(call, FIRST + i), ","));
    set_columns(call, columns, width);
    for (size_t i = 0; i < table->row_count; i++)
        add_row(call, table->rows[i]);
    return FAKE_DONE;
}

/* `put "table" 'first' 'second' …`: a row of as many columns. */
static enum fake_outcome do_put(struct fake_call *call)
{
    enum fake_outcome outcome;
    struct fake_table *table = writable_table(call, &outcome);
    const char *values[FAKE_WORDS_MAX];
    for (size_t i = 2; table && i < call->count; i++)
        values[i - 2] = word(call, i);
    if (table)
        fake_store_add_row(arena_of(call), table, values, call->count - 2);
    return outcome;
}

/* A client that is gone hears nothing. */
static enum fake_outcome do_warn(struct fake_call *call)
{
    const struct op *op = call->op;
    const struct said said = {.part = {[SAID_DETAIL] = "a value of a row"}};
    const struct notice notice = {.level = NOTICE_WARNING,
                                  .code = "01000",
                                  .text = word(call, 1),
                                  .said = &said,
                                  .revision = op->revision};
    if (op->notices && op->flags & OP_HEARS_ALL && !call->session->is_lost)
        notices_add(op->notices, op->arena, &notice);
    return FAKE_DONE;
}

/* `weigh N`: a row for each of so many statements; of every other one there is no table yet. */
static enum fake_outcome do_weigh(struct fake_call *call)
{
    static const char *const columns[] = {"number",    "table", "bytes",
                                          "algorithm", "lock",  "reason"};
    size_t count = strtoul(word(call, 1), NULL, 10);
    set_columns(call, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count; i++) {
        const char *const values[] = {"1", "built", i % 2 ? NULL : "4096", "inplace", "none", NULL};
        add_row(call, values);
    }
    return FAKE_DONE;
}

/* `with effect 'A'`: begins as a query does, and writes. */
static enum fake_outcome do_with(struct fake_call *call)
{
    struct fake_call effect = *call;
    effect.words++;
    effect.count--;
    return do_effect(&effect);
}

/* An effect that may only be there once. */
static enum fake_outcome do_once(struct fake_call *call)
{
    if (count_effect(call, 1))
        return fake_fail(op_make_err(call->op), "23505", "the effect is there already");
    return do_effect(call);
}

static enum fake_outcome do_count(struct fake_call *call)
{
    char count[32];
    snprintf(count, sizeof count, "%zu", count_effect(call, 1));
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
    {"begin", 0, do_begin},
    {"begin_reading", 0, do_begin_reading},
    {"commit", 0, do_commit},
    {"rollback", 0, do_rollback},
    {"lock", 1, do_lock},
    {"lock_tx", 1, do_lock_tx},
    {"lock_server", 1, do_lock_server},
    {"holder", 1, do_holder},
    {"blockers", 1, do_blockers},
    {"progress", 1, do_progress},
    {"pressure", 0, do_pressure},
    {"forget", 0, do_forget},
    {"inspect", 2, do_inspect},
    {"locate", 2, do_locate},
    {"identity", 0, do_identity},
    {"schema", 1, do_schema},
    {"make", 1, do_make},
    {"create", 6, do_table},
    {"drop", 5, do_table},
    {"tables", 1, do_tables},
    {"versions", 1, do_versions},
    {"history", 1, do_history},
    {"newest", 1, do_newest},
    {"survey", 2, do_survey},
    {"survey_newest", 2, do_survey_newest},
    {"server_identity", 0, do_server_identity},
    {"survey_places", 2, do_survey_places},
    {"survey_databases", 2, do_survey_databases},
    {"survey_databases_newest", 2, do_survey_databases_newest},
    {"use", 1, do_use},
    {"insert", 2, do_insert},
    {"update", 3, do_update},
    {"delete", 2, do_delete},
    {"record", 7, do_record},
    {"records", 3, do_records},
    {"mark", 7, do_mark},
    {"renew", 5, do_renew},
    {"disown", 2, do_disown},
    {"nonce", 1, do_nonce},
    {"local_path", 1, do_local_path},
    {"setup", 1, do_setup},
    {"guard", 1, do_guard},
    {"prepare_guard", 2, do_prepare_guard},
    {"run_guard", 0, do_run_guard},
    {"relations", 0, do_relations},
    {"locked_relations", 0, do_locked_relations},
    {"waiting", 1, do_waiting},
    {"settle", 0, do_settle},
    {"reset_role", 0, do_reset_role},
    {"database", 1, do_database},
    {"SELECT", 3, do_foreign},
    {"put", 2, do_put},
    {"warn", 1, do_warn},
    {"weigh", 1, do_weigh},
    {"with", 2, do_with},
    {"effect", 1, do_effect},
    {"once", 1, do_once},
    {"count", 1, do_count},
    {"exceeds", 2, do_exceeds},
    {"reaches", 2, do_reaches},
    {"set", 2, do_set},
    {"reset", 2, do_unset},
    {"merge", 4, do_merge},
    {"build", 2, do_build},
    {"unbuild", 1, do_unbuild},
    {"probe", 2, do_probe},
    {"agree", 0, do_agree},
    {"touch", 1, do_touch},
    {"sleep", 1, do_sleep},
    {"fail", 1, do_fail},
    {"role", 1, do_role},
    {"discard", 0, do_discard},
    {"wander", 0, do_wander},
    {"where", 0, do_where},
    {"select", 1, do_select},
    {"name", 1, do_name},
    {"rows", 0, do_rows},
    {"who", 0, do_who},
    {"kill", 1, do_kill},
};

/* Of what begins with such a word; COUNT: there is none. */
static size_t find_command(const struct fake_word *name)
{
    size_t i = 0;
    while (i < ARRAY_LEN(commands) && strcmp(commands[i].name, name->text) != 0)
        i++;
    return i;
}

bool fake_is_command(const struct fake_word *word)
{
    return find_command(word) < ARRAY_LEN(commands);
}

enum fake_outcome fake_command(struct fake_call *call)
{
    size_t i = find_command(&call->words[0]);
    if (i < ARRAY_LEN(commands) && call->count > commands[i].word_count)
        return commands[i].run(call);
    return fail_at(call, 0, "42601", "no such command");
}
