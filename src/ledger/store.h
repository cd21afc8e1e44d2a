/* Where a ledger's rows are: a database that understands the SQL of stored_*.c. Values by type, statements kept
 * prepared, errors as ERR_LEDGER with the store's name, one lock, and transactions.
 *
 * The SQL is what SQLite and PostgreSQL have in common: values are `?`, or `?1` where one is there several times; in `ON
 * CONFLICT … DO UPDATE` columns of the row that is there are named with their table; truth is of columns that are {bool},
 * TRUE and FALSE; and a value whose type nothing else tells has a CAST.
 *
 *     store_run(store, err, "DELETE FROM runs WHERE seq = ?", value_int(7));
 *
 *     struct cursor cursor;
 *     store_query(store, &cursor, "SELECT id FROM runs WHERE seq = ?", value_int(7));
 *     while (cursor_next(&cursor))
 *         puts(cursor_text(&cursor, 0));
 *     return cursor_end(&cursor, err);
 *
 * The SQL must be a string literal: a kept statement is known by its address. Texts given are
 * borrowed for the call, those of a cursor until its next step. Every call blocks; one thread at a time uses a store.
 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include "ledger/ledger.h"

struct store;

/* What opening needs beside the tables (stored_schema.h makes those) is done in two steps: store_open connects and
 * refuses what cannot be a ledger, without a change to it; store_settle comes once the tables are there. `where` and
 * `access` as in ledger_open. */
struct store *store_open(const char *where, enum ledger_access access, struct err *err) MUST_CHECK;
bool store_settle(struct store *store, enum ledger_access access, struct err *err) MUST_CHECK;
void store_close(struct store *store); /* gives the lock back; NULL: nothing */

/* The version of the tables in it, 0 where there are none yet. What is of something else is refused. Inside a transaction, for
 * another skein may be making them. */
bool store_identify(struct store *store, int64_t *ret_version, struct err *err) MUST_CHECK;
/* Says that the tables are of that version now. */
bool store_set_version(struct store *store, int version, struct err *err) MUST_CHECK;
/* Before the tables are changed: a store that may only be read goes on as a copy that no one else sees. */
bool store_set_apart(struct store *store, struct err *err) MUST_CHECK;

/* As ledger_lock says; the runs that the dead left are the caller's. */
bool store_lock(struct store *store, const struct ledger_holder *holder,
                struct ledger_holder *ret_other, struct err *err) MUST_CHECK;
void store_unlock(struct store *store);
/* Does someone else hold it, alone or with others? */
bool store_is_held(struct store *store);

/* May several machines write one run? Where they may not, the two that follow are never called. */
bool store_can_share(const struct store *store);
/* Lets others join who holds the lock alone: it holds it with them from then on, without a gap. */
bool store_share(struct store *store, struct err *err) MUST_CHECK;
/* Takes the lock with those who share it. LEDGER_HELD: someone has it alone. */
bool store_join(struct store *store, struct err *err) MUST_CHECK;
/* After a failed write: was it the connection, the server's end, or a conflict with another session, so that a new store of
 * the same place may well take what this one could not? */
bool store_may_come_back(const struct store *store);

/* One transaction that writes: begin it, and end it well or not (`is_fine`); durable where store_end returns true. What
 * failed once is over: the store takes no more transactions, and says the same error each time. */
bool store_begin(struct store *store, struct err *err) MUST_CHECK;
bool store_end(struct store *store, bool is_fine, struct err *err) MUST_CHECK;

/* Within such a transaction: until it ends no one else gives out the next of a series of numbers. What others gave out is there to
 * be read from then on. */
bool store_hold_numbers(struct store *store, struct err *err) MUST_CHECK;

/* One moment of the store for several questions. */
bool store_look(struct store *store, struct err *err) MUST_CHECK;
void store_look_away(struct store *store);

/* After a transaction: is what was written where the next reader will look? False ends the store, as a failure does. */
bool store_check_place(struct store *store, struct err *err) MUST_CHECK;

/* After a run died, perhaps with its machine: is the whole what it should be? */
bool store_inspect(struct store *store, struct err *err) MUST_CHECK;

/* ---- values -------------------------------------------------------------------------------- */

enum value_type { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT };

struct value {
    enum value_type type;
    int64_t integer;
    union {
        double real;
        const char *text;
    };
};

static inline struct value value_null(void)
{
    return (struct value){.type = VALUE_NULL};
}

static inline struct value value_int(int64_t integer)
{
    return (struct value){.type = VALUE_INT, .integer = integer};
}

static inline struct value value_real(double real)
{
    return (struct value){.type = VALUE_REAL, .real = real};
}

/* NULL is NULL. */
static inline struct value value_text(const char *text)
{
    return (struct value){.type = text ? VALUE_TEXT : VALUE_NULL, .text = text};
}

#define STORE_VALUES(...)                                                                          \
    (const struct value[]){__VA_ARGS__},                                                           \
        sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)

/* ---- statements ---------------------------------------------------------------------------- */

/* One statement without an answer, kept prepared. */
bool store_run_values(struct store *store, struct err *err, const char *sql,
                      const struct value *values, size_t count) MUST_CHECK;
#define store_run(store, err, sql, ...)                                                            \
    store_run_values((store), (err), (sql), STORE_VALUES(__VA_ARGS__))
#define store_run_plain(store, err, sql) store_run_values((store), (err), (sql), NULL, 0)

/* Any number of statements without values, not kept. Words in braces, here and in all other SQL, are what they are in that store, for
 * SQL has no common ones: the types {int}, {real}, {bool}, {key} (a primary key that the store gives out), the value {no};
 * {joined}, the texts of `item` with commas between them; {any_of} and {end} around a query, for
 * IN, each of whose rows is to be looked up by an index; the ends of a table's definition: {keyed} where its rows are found by
 * their primary key, {rows} of any other; {now_ms}, the store's own clock; and the ends of a SELECT: {locking}, its rows are
 * locked until the transaction ends, and {skipping}, those that another has locked are left out as well. */
bool store_exec(struct store *store, struct err *err, const char *sql) MUST_CHECK;

struct cursor {
    struct store *store;
    void *answer; /* of the kind of store; NULL: none */
    int64_t at;   /* how far it is, in the kind's terms */
};

/* Begins a query; an error shows in cursor_end. Until cursor_end, which must be called, the rows are read with
 * cursor_next. One query may be read while another is. */
void store_query_values(struct store *store, struct cursor *cursor, const char *sql,
                        const struct value *values, size_t count);
#define store_query(store, cursor, sql, ...)                                                       \
    store_query_values((store), (cursor), (sql), STORE_VALUES(__VA_ARGS__))
#define store_query_plain(store, cursor, sql) store_query_values((store), (cursor), (sql), NULL, 0)

/* To the next row; false at the end, and after an error, which cursor_end tells. */
bool cursor_next(struct cursor *cursor);
bool cursor_end(struct cursor *cursor, struct err *err) MUST_CHECK;

/* The current row's value of a column, from 0. A text lives until the next call of cursor_next; cursor_copy copies it. */
int64_t cursor_int(const struct cursor *cursor, int column);
double cursor_real(const struct cursor *cursor, int column);
bool cursor_is_null(const struct cursor *cursor, int column);
const char *cursor_text(const struct cursor *cursor, int column);                /* NULL is "" */
char *cursor_copy(const struct cursor *cursor, int column, struct arena *arena); /* NULL is NULL */

/* One integer: the first column of the first row; -1 where there is no row or it is NULL. An INSERT … RETURNING may be asked. */
bool store_get_values(struct store *store, struct err *err, int64_t *ret, const char *sql,
                      const struct value *values, size_t count) MUST_CHECK;
#define store_get(store, err, ret, sql, ...)                                                       \
    store_get_values((store), (err), (ret), (sql), STORE_VALUES(__VA_ARGS__))
#define store_get_plain(store, err, ret, sql)                                                      \
    store_get_values((store), (err), (ret), (sql), NULL, 0)

/* ---- errors -------------------------------------------------------------------------------- */

/* What people call it: a path, or a URL without its password. */
const char *store_name(const struct store *store);

/* `ledger 'NAME': WORDS`; returns false. */
bool store_fail(const struct store *store, const char *words, struct err *err);

/* Rows make no sense: what is stored was changed by someone else. Returns false. */
bool store_fail_damaged(const struct store *store, struct err *err);

#endif
