/* Statements of the store in PostgreSQL, and their answers. Private to store_postgres*.c. */
#ifndef LEDGER_STORE_POSTGRES_WIRE_H
#define LEDGER_STORE_POSTGRES_WIRE_H

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/buf.h"
#include "ledger/store_kind.h"

enum { POSTGRES_STATEMENTS_MAX = 128 };

struct postgres_store {
    struct store base;
    struct arena arena; /* everything here */
    PGconn *conn;
    bool is_locked; /* alone, */
    bool is_shared; /* or with others */
    /* In a transaction that writes: what has no answer is sent, and goes to the server with the next question or the commit. */
    bool is_gathering;
    size_t sent;     /* statements whose answers are not read yet */
    struct buf text; /* scratch: the values of one statement */
    struct kept {
        const char *sql;
        char name[16];
    } kept[POSTGRES_STATEMENTS_MAX];
    size_t kept_count;
};

static inline struct postgres_store *pgstore_of(struct store *store)
{
    return (struct postgres_store *)store;
}

/* False, with the first line of what the server or the library says. */
bool pgstore_fail(const struct postgres_store *store, const PGresult *result, struct err *err);

bool pgstore_is_well(const PGresult *result);

/* Takes the answer. */
bool pgstore_is_done(const struct postgres_store *store, PGresult *result, struct err *err);

/* Between the two, a statement that pgstore_run runs is only sent, and whether it went well is known with the next question. */
bool pgstore_start_gathering(struct postgres_store *store, struct err *err);
bool pgstore_stop_gathering(struct postgres_store *store, struct err *err);

/* Among those that are gathered, one that is not kept. */
bool pgstore_send(struct postgres_store *store, const char *sql, struct err *err);

/* Reads all answers, up to the mark after them. Returns that of the last statement, or of the first that failed: those that come after it
 * were not run. Never NULL; the caller clears it. */
PGresult *pgstore_read_answers(struct postgres_store *store);

/* As struct store_kind has them. The whole of an answer is here at once, and `at` of a cursor is the row to come. */
bool pgstore_run(struct store *base, struct err *err, const char *sql, const struct value *values,
                 size_t count);
bool pgstore_exec(struct store *base, struct err *err, const char *sql);
void pgstore_query(struct cursor *cursor, const char *sql, const struct value *values,
                   size_t count);
bool pgstore_next(struct cursor *cursor);
bool pgstore_end(struct cursor *cursor, struct err *err);
bool pgstore_is_null_at(const struct cursor *cursor, int column);
const char *pgstore_text_at(const struct cursor *cursor, int column); /* NULL is "" */
int64_t pgstore_int_at(const struct cursor *cursor, int column);
double pgstore_real_at(const struct cursor *cursor, int column);

#endif
