#include "ledger/store_postgres_wire.h"

#include <assert.h>

#include "base/utf8.h"

enum { VALUES_MAX = 24, SENT_MAX = 256 };

/* ---- errors -------------------------------------------------------------------------------- */

/* What a person can do about it, by SQLSTATE. */
static const char *remedy(const char *code)
{
    static const struct {
        const char *code, *text;
    } remedies[] = {
        {"42P05",
         ": a pooler that gives one session to several clients is between: name the server itself"},
        {"26000",
         ": a pooler that gives one session to several clients is between: name the server itself"},
        {"42501",
         ": the login has to own the schema 'skein_ledger', or to make it by CREATE on the database"},
        {"42P01", ": someone has dropped a table of the ledger"},
        {"25006", ": it is a standby, or read-only: name the server that takes writes "
                  "('target_session_attrs=read-write' finds it among several)"},
    };
    for (size_t i = 0; code && i < ARRAY_LEN(remedies); i++)
        if (strcmp(code, remedies[i].code) == 0)
            return remedies[i].text;
    return "";
}

bool pgstore_fail(const struct postgres_store *store, const PGresult *result, struct err *err)
{
    const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (!said)
        said = PQerrorMessage(store->conn);
    bool lacks_password = !result && PQconnectionNeedsPassword(store->conn);
    err_set(err, ERR_LEDGER, "ledger '%s': %.*s%s", store->base.name, (int)strcspn(said, "\n"),
            said,
            lacks_password ? ": say it by ~/.pgpass, PGPASSFILE or PGPASSWORD" : remedy(code));
    snprintf(err->code, sizeof err->code, "%s", code ? code : "");
    return false;
}

bool pgstore_is_well(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

bool pgstore_is_done(const struct postgres_store *store, PGresult *result, struct err *err)
{
    bool is_fine = pgstore_is_well(result);
    if (!is_fine)
        pgstore_fail(store, result, err);
    PQclear(result);
    return is_fine;
}

/* ---- statements that are sent together ------------------------------------------------------- */

/* The answer of the statement that was sent first and is not read yet; each ends with a NULL. NULL: the connection is lost. */
static PGresult *read_answer(struct postgres_store *store)
{
    PGresult *result = PQgetResult(store->conn);
    PGresult *more = result ? PQgetResult(store->conn) : NULL;
    PQclear(more);
    store->sent--;
    return result;
}

PGresult *pgstore_read_answers(struct postgres_store *store)
{
    PGresult *kept = NULL;
    bool is_fine = PQpipelineSync(store->conn) == 1;
    while (store->sent && PQstatus(store->conn) == CONNECTION_OK) {
        PGresult *result = read_answer(store);
        if (is_fine)
            PQclear(kept);
        else
            PQclear(result);
        kept = is_fine ? result : kept;
        is_fine = is_fine && pgstore_is_well(result);
    }
    if (PQstatus(store->conn) == CONNECTION_OK)
        PQclear(PQgetResult(store->conn)); /* the mark */
    store->sent = 0;
    return kept ? kept : PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
}

static bool settle_sent(struct postgres_store *store, struct err *err)
{
    return !store->sent || pgstore_is_done(store, pgstore_read_answers(store), err);
}

/* Before what cannot be sent so. */
bool pgstore_stop_gathering(struct postgres_store *store, struct err *err)
{
    if (!store->is_gathering)
        return true;
    bool is_fine = settle_sent(store, err);
    store->is_gathering = false;
    return (PQexitPipelineMode(store->conn) == 1 && is_fine) ||
           (is_fine ? pgstore_fail(store, NULL, err) : false);
}

bool pgstore_start_gathering(struct postgres_store *store, struct err *err)
{
    store->is_gathering = PQenterPipelineMode(store->conn) == 1;
    return store->is_gathering || pgstore_fail(store, NULL, err);
}

bool pgstore_send(struct postgres_store *store, const char *sql, struct err *err)
{
    if (PQsendQueryParams(store->conn, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return pgstore_fail(store, NULL, err);
    store->sent++;
    return true;
}

/* ---- statements ---------------------------------------------------------------------------- */

/* `?` and `?1` become `$1`. */
static void add_numbered(struct buf *buf, const char *sql)
{
    unsigned count = 0;
    for (; *sql; sql++)
        if (*sql != '?')
            buf_addc(buf, *sql);
        else if (sql[1] >= '0' && sql[1] <= '9')
            buf_addc(buf, '$');
        else
            buf_addf(buf, "$%u", ++count);
}

/* Among statements that are sent, this one is too. */
static PGresult *send_prepare(struct postgres_store *store, const struct kept *kept)
{
    if (PQsendPrepare(store->conn, kept->name, store->text.data, 0, NULL) != 1)
        return PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
    store->sent++;
    return PQmakeEmptyPGresult(store->conn, PGRES_COMMAND_OK);
}

/* NULL: it is prepared, as *ret_kept. Else what the server says against it. */
static PGresult *prepare(struct postgres_store *store, const char *sql,
                         const struct kept **ret_kept)
{
    for (size_t i = 0; i < store->kept_count; i++)
        if (store->kept[i].sql == sql) {
            *ret_kept = &store->kept[i];
            return NULL;
        }
    assert(store->kept_count < POSTGRES_STATEMENTS_MAX);
    struct kept *kept = &store->kept[store->kept_count];
    kept->sql = sql;
    snprintf(kept->name, sizeof kept->name, "s%zu", store->kept_count);
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    store_add_sql(&text, &store_postgres, sql);
    buf_clear(&store->text);
    add_numbered(&store->text, text.data);
    buf_done(&text);
    PGresult *result = store->is_gathering
                           ? send_prepare(store, kept)
                           : PQprepare(store->conn, kept->name, store->text.data, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return result ? result : PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
    PQclear(result);
    store->kept_count++;
    *ret_kept = kept;
    return NULL;
}

/* Each with its NUL. What is no UTF-8, as a path may be, the server would refuse. */
static void add_value(struct buf *buf, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL: return;
    case VALUE_INT: buf_addf(buf, "%lld", (long long)value->integer); break;
    case VALUE_REAL: buf_addf(buf, "%.17g", value->real); break;
    case VALUE_TEXT: utf8_add_valid(buf, value->text, strlen(value->text)); break;
    }
    buf_addc(buf, '\0');
}

/* While statements are gathered: only sends it, and returns NULL, unless it is refused here. */
static PGresult *execute(struct postgres_store *store, const char *sql, const struct value *values,
                         size_t count)
{
    const char *texts[VALUES_MAX];
    size_t starts[VALUES_MAX];
    const struct kept *kept = NULL;
    PGresult *refused = prepare(store, sql, &kept);
    if (refused)
        return refused;
    assert(count <= VALUES_MAX);
    buf_clear(&store->text);
    for (size_t i = 0; i < count; i++) {
        starts[i] = store->text.len;
        add_value(&store->text, &values[i]);
    }
    for (size_t i = 0; i < count; i++)
        texts[i] = values[i].type == VALUE_NULL ? NULL : store->text.data + starts[i];
    if (!store->is_gathering)
        return PQexecPrepared(store->conn, kept->name, (int)count, texts, NULL, NULL, 0);
    if (PQsendQueryPrepared(store->conn, kept->name, (int)count, texts, NULL, NULL, 0) != 1)
        return PQmakeEmptyPGresult(store->conn, PGRES_FATAL_ERROR);
    store->sent++;
    return NULL;
}

bool pgstore_run(struct store *base, struct err *err, const char *sql, const struct value *values,
                 size_t count)
{
    struct postgres_store *store = pgstore_of(base);
    PGresult *result = execute(store, sql, values, count);
    if (result || !store->is_gathering)
        return pgstore_is_done(store, result, err);
    return store->sent < SENT_MAX || settle_sent(store, err);
}

bool pgstore_exec(struct store *base, struct err *err, const char *sql)
{
    struct postgres_store *store = pgstore_of(base);
    bool was_gathering = store->is_gathering;
    return pgstore_stop_gathering(store, err) &&
           pgstore_is_done(store, PQexec(store->conn, sql), err) &&
           (!was_gathering || pgstore_start_gathering(store, err));
}

/* ---- answers: the whole of one is here at once, and `at` of a cursor is the row to come --------- */

void pgstore_query(struct cursor *cursor, const char *sql, const struct value *values, size_t count)
{
    struct postgres_store *store = pgstore_of(cursor->store);
    cursor->answer = execute(store, sql, values, count);
    if (!cursor->answer && store->is_gathering)
        cursor->answer = pgstore_read_answers(store);
}

bool pgstore_next(struct cursor *cursor)
{
    return PQresultStatus(cursor->answer) == PGRES_TUPLES_OK &&
           cursor->at++ < PQntuples(cursor->answer);
}

bool pgstore_end(struct cursor *cursor, struct err *err)
{
    PGresult *result = cursor->answer;
    cursor->answer = NULL;
    return pgstore_is_done(pgstore_of(cursor->store), result, err);
}

bool pgstore_is_null_at(const struct cursor *cursor, int column)
{
    return PQgetisnull(cursor->answer, (int)cursor->at - 1, column);
}

const char *pgstore_text_at(const struct cursor *cursor, int column)
{
    return PQgetvalue(cursor->answer, (int)cursor->at - 1, column);
}

/* Truth is `t` or `f`. */
int64_t pgstore_int_at(const struct cursor *cursor, int column)
{
    const char *text = pgstore_text_at(cursor, column);
    return *text == 't' ? 1 : strtoll(text, NULL, 10);
}

double pgstore_real_at(const struct cursor *cursor, int column)
{
    return strtod(pgstore_text_at(cursor, column), NULL);
}
