/* A ledger in a folder of its own, and a fleet (report_fixture.h) whose events go into it.
 *
 *     struct book book;
 *     book_open(&book);                          a new ledger, locked
 *     book_fleet(&book, &fleet, "run-1", 3);     a run of three tenants, not started yet
 *     fleet_starts(&fleet); …                    each event is written at once
 *     book_close(&book);
 */
#ifndef LEDGER_FIXTURE_H
#define LEDGER_FIXTURE_H

#include <ftw.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "unit/report_fixture.h"

struct book {
    char dir[64];
    char path[256]; /* or the URL of a server's database, which SKEIN_TEST_LEDGER names */
    struct ledger *ledger;
    struct arena arena;
};

static inline void book_must(bool is_fine, const struct err *err)
{
    if (!is_fine)
        fail_msg("%s", err->text);
}

/* A database of a server, with nothing of an earlier book in it. */
static inline void book_use_server(struct book *book, const char *url)
{
    PGconn *conn = PQconnectdb(url);
    PGresult *result = PQexec(conn, "SET client_min_messages = error;"
                                    "DROP SCHEMA IF EXISTS skein_ledger CASCADE");
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s", PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    snprintf(book->path, sizeof book->path, "%s", url);
}

static inline void book_make_folder(struct book *book)
{
    *book = (struct book){0};
    arena_init(&book->arena);
    snprintf(book->dir, sizeof book->dir, "/tmp/skein-ledger-XXXXXX");
    assert_non_null(mkdtemp(book->dir));
    snprintf(book->path, sizeof book->path, "%s/in/ledger.db", book->dir);
    const char *url = getenv("SKEIN_TEST_LEDGER");
    if (url)
        book_use_server(book, url);
}

static inline struct ledger_holder book_holder(const char *run)
{
    struct ledger_holder holder = {.host = "here", .pid = getpid(), .since_ms = 1795428900000};
    snprintf(holder.run, sizeof holder.run, "%s", run);
    return holder;
}

/* Opens and locks once more, as the next skein would. */
static inline void book_reopen(struct book *book)
{
    struct ledger_holder holder = book_holder("run"), other;
    struct err err;
    ledger_close(book->ledger);
    book->ledger = ledger_open(book->path, LEDGER_WRITE, &err);
    book_must(book->ledger != NULL, &err);
    book_must(ledger_lock(book->ledger, &holder, &other, &err), &err);
}

static inline void book_open(struct book *book)
{
    book_make_folder(book);
    book_reopen(book);
}

static inline int book_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void book_close(struct book *book)
{
    ledger_close(book->ledger);
    arena_done(&book->arena);
    nftw(book->dir, book_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* All columns of all tables as they stand, a line each; the ledger must be closed. */
static inline char *book_columns(const struct book *book)
{
    sqlite3 *db;
    sqlite3_stmt *query;
    assert_int_equal(sqlite3_open(book->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db,
                           "SELECT group_concat(line, char(10)) FROM (SELECT t.name || ' ' || "
                           "c.cid || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' "
                           "|| coalesce(c.dflt_value, '') || ' ' || c.pk AS line FROM "
                           "pragma_table_list AS t, pragma_table_xinfo(t.name) AS c WHERE "
                           "t.schema = 'main' ORDER BY t.name, c.cid)",
                           -1, &query, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    char *columns = strdup((const char *)sqlite3_column_text(query, 0));
    sqlite3_finalize(query);
    sqlite3_close(db);
    return columns;
}

static inline size_t book_count_lines(const char *text)
{
    size_t count = 1;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* The tables of version 1, as released, had so many columns, the view's and SQLite's own among them. */
enum { BOOK_OLD_COLUMNS = 105 };

/* The tables of version 1, as released; the ledger must be closed. */
static inline void book_make_old(const struct book *book)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(book->path, &db), SQLITE_OK);
    sqlite3_exec(
        db,
        "ALTER TABLE runs DROP COLUMN inventory; ALTER TABLE runs DROP COLUMN purges;"
        "ALTER TABLE runs DROP COLUMN forces;"
        "ALTER TABLE run_tenants DROP COLUMN reached;"
        "DROP TABLE notices; DROP TABLE tenant_notices;"
        "ALTER TABLE run_tenants DROP COLUMN notices;"
        "ALTER TABLE run_tenants DROP COLUMN warnings;"
        "ALTER TABLE errors DROP COLUMN detail; ALTER TABLE errors DROP COLUMN hint;"
        "ALTER TABLE errors DROP COLUMN context;"
        "ALTER TABLE errors DROP COLUMN schema_name;"
        "ALTER TABLE errors DROP COLUMN table_name;"
        "ALTER TABLE errors DROP COLUMN column_name;"
        "ALTER TABLE errors DROP COLUMN datatype_name;"
        "ALTER TABLE runs DROP COLUMN halt;"
        "ALTER TABLE runs DROP COLUMN halt_wave;"
        "ALTER TABLE runs DROP COLUMN halt_gate;"
        "ALTER TABLE runs DROP COLUMN halt_status;"
        "ALTER TABLE runs DROP COLUMN halt_output;"
        "ALTER TABLE runs DROP COLUMN halt_signal;"
        "ALTER TABLE runs DROP COLUMN halt_failed;"
        "ALTER TABLE runs DROP COLUMN halt_tolerated;"
        "ALTER TABLE runs DROP COLUMN made_by;"
        "ALTER TABLE runs DROP COLUMN fleet_size;"
        "ALTER TABLE runs DROP COLUMN selects;"
        "ALTER TABLE runs DROP COLUMN tenants;"
        "ALTER TABLE runs DROP COLUMN settings;"
        "ALTER TABLE runs DROP COLUMN narrowed;"
        "ALTER TABLE errors DROP COLUMN quotes_values; DROP TABLE chain_files;"
        "ALTER TABLE run_tenants DROP COLUMN dialect; DROP TABLE revision_sections;"
        "ALTER TABLE run_tenants DROP COLUMN is_elsewhere; ALTER TABLE run_tenants DROP COLUMN twin;"
        "ALTER TABLE run_tenants DROP COLUMN is_gone;"
        "ALTER TABLE waves DROP COLUMN max_failures;"
        "ALTER TABLE waves DROP COLUMN soak_ms;"
        "DROP TABLE courses; DROP TABLE course_waves; DROP TABLE machines;"
        "DROP TABLE claim_queues; DROP TABLE claims; DROP TABLE moments; DROP TABLE findings;"
        "ALTER TABLE runs DROP COLUMN halt_took_ms;"
        "ALTER TABLE runs DROP COLUMN halt_forecast_ms;"
        "ALTER TABLE runs DROP COLUMN halt_limit_ms;"
        "ALTER TABLE waves DROP COLUMN forecast_ms;"
        "ALTER TABLE waves DROP COLUMN forecast_tenants;"
        "ALTER TABLE waves DROP COLUMN forecast_from;"
        "ALTER TABLE waves DROP COLUMN forecast_run;"
        "DROP TABLE setting_lists; DROP TABLE expectations; ALTER TABLE runs DROP COLUMN rules;"
        "ALTER TABLE fleet_tenants DROP COLUMN settings;"
        "ALTER TABLE fleet_tenants DROP COLUMN password;"
        "ALTER TABLE waves DROP COLUMN is_late;"
        "ALTER TABLE steps DROP COLUMN batches;"
        "ALTER TABLE steps DROP COLUMN rows_changed;"
        "ALTER TABLE revisions DROP COLUMN checksum;"
        "ALTER TABLE revisions DROP COLUMN stands_for;"
        "ALTER TABLE errors DROP COLUMN constraint_name; PRAGMA user_version = 1",
        NULL, NULL, &why);
    assert_null(why);
    sqlite3_close(db);
    char *columns = book_columns(book);
    assert_int_equal(book_count_lines(columns), BOOK_OLD_COLUMNS);
    free(columns);
}

static inline void book_write(void *ctx, const struct event *event)
{
    struct book *book = ctx;
    struct err err;
    book_must(ledger_write(book->ledger, event, 1, &err), &err);
}

static inline void book_fleet(struct book *book, struct fleet *fleet, const char *id, size_t count)
{
    fleet_prepare(fleet, NULL, count);
    fleet->run.id = id;
    fleet->run.fixed_target = "83241ca0f125";
    fleet->observer = (struct observer){book_write, book};
}

static inline struct ledger_run book_find(struct book *book, const char *id)
{
    struct ledger_run run;
    struct err err;
    book_must(ledger_find(book->ledger, id, &book->arena, &run, &err), &err);
    return run;
}

static inline struct ledger_fleet book_standings(struct book *book, const char *id)
{
    struct ledger_fleet fleet;
    struct err err;
    book_must(ledger_read_fleet(book->ledger, id, &book->arena, &fleet, &err), &err);
    return fleet;
}

#endif
