/* SQLite in one line a statement, for the ledger: values by type, statements kept prepared, errors
 * as ERR_LEDGER with the file's name.
 *
 *     db_run(db, err, "DELETE FROM runs WHERE seq = ?", db_int(7));
 *
 *     struct db_cursor cursor;
 *     db_query(db, &cursor, "SELECT id FROM runs WHERE seq = ?", db_int(7));
 *     while (db_next(&cursor))
 *         puts(db_text_at(&cursor, 0));
 *     return db_end(&cursor, err);
 *
 * The SQL must be a string literal: a kept statement is known by its address. Texts given are
 * borrowed for the call, those of a cursor until its next step.
 */
#ifndef LEDGER_DB_H
#define LEDGER_DB_H

#include <sqlite3.h>

#include "base/err.h"

struct arena;

enum { DB_STATEMENTS_MAX = 64 };

struct db {
    sqlite3 *handle;
    const char *path;
    struct db_kept {
        const char *sql;
        sqlite3_stmt *stmt;
    } kept[DB_STATEMENTS_MAX];
    size_t kept_count;
};

enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT };

struct db_value {
    enum db_type type;
    int64_t integer;
    union {
        double real;
        const char *text;
    };
};

static inline struct db_value db_null(void)
{
    return (struct db_value){.type = DB_NULL};
}

static inline struct db_value db_int(int64_t integer)
{
    return (struct db_value){.type = DB_INT, .integer = integer};
}

static inline struct db_value db_real(double real)
{
    return (struct db_value){.type = DB_REAL, .real = real};
}

/* NULL is NULL. */
static inline struct db_value db_text(const char *text)
{
    return (struct db_value){.type = text ? DB_TEXT : DB_NULL, .text = text};
}

#define DB_VALUES(...)                                                                             \
    (const struct db_value[]){__VA_ARGS__},                                                        \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* One statement without an answer, kept prepared. */
bool db_run_values(struct db *db, struct err *err, const char *sql, const struct db_value *values,
                   size_t count) MUST_CHECK;
#define db_run(db, err, sql, ...) db_run_values((db), (err), (sql), DB_VALUES(__VA_ARGS__))
#define db_run_plain(db, err, sql) db_run_values((db), (err), (sql), NULL, 0)

/* Any number of statements without values, not kept. */
bool db_exec(struct db *db, struct err *err, const char *sql) MUST_CHECK;

/* Ends a transaction that only read or came to nothing: what could fail here has failed before. */
void db_rollback(struct db *db);

struct db_cursor {
    struct db *db;
    sqlite3_stmt *stmt; /* NULL: could not be prepared */
    int rc;
};

/* Begins a query; an error shows in db_end. Until db_end, which must be called, the rows are read with db_next. */
void db_query_values(struct db *db, struct db_cursor *cursor, const char *sql,
                     const struct db_value *values, size_t count);
#define db_query(db, cursor, sql, ...)                                                             \
    db_query_values((db), (cursor), (sql), DB_VALUES(__VA_ARGS__))
#define db_query_plain(db, cursor, sql) db_query_values((db), (cursor), (sql), NULL, 0)

/* To the next row; false at the end, and after an error, which db_end tells. */
bool db_next(struct db_cursor *cursor);
bool db_end(struct db_cursor *cursor, struct err *err) MUST_CHECK;

/* The current row's value of a column, from 0. A text lives until the next call of db_next; db_copy_at copies it. */
int64_t db_int_at(const struct db_cursor *cursor, int column);
double db_real_at(const struct db_cursor *cursor, int column);
bool db_is_null_at(const struct db_cursor *cursor, int column);
const char *db_text_at(const struct db_cursor *cursor, int column); /* NULL is "" */
char *db_copy_at(const struct db_cursor *cursor, int column,
                 struct arena *arena); /* NULL is NULL */

/* One integer: the first column of the first row; -1 where there is no row or it is NULL. */
bool db_get_values(struct db *db, struct err *err, int64_t *ret, const char *sql,
                   const struct db_value *values, size_t count) MUST_CHECK;
#define db_get(db, err, ret, sql, ...)                                                             \
    db_get_values((db), (err), (ret), (sql), DB_VALUES(__VA_ARGS__))
#define db_get_plain(db, err, ret, sql) db_get_values((db), (err), (ret), (sql), NULL, 0)

/* Fills *err with what SQLite says; returns false. */
bool db_fail(const struct db *db, int rc, struct err *err);

/* Rows make no sense: the file was changed by someone else. Returns false. */
bool db_fail_damaged(const struct db *db, struct err *err);

/* Finalizes what is kept, closes. */
void db_close(struct db *db);

#endif
