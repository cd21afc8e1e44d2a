#include "driver/sqlite_watch.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "dialect/split.h"
#include "dialect/template.h"

/* A reference that leads nowhere. */
struct broken {
    const char *table;
    const char *parent;
    const char *rowid; /* NULL: the table has none, or it is the key itself that is broken */
    /* what SQLite says of a key that refers to nothing; NULL: a row without its parent */
    const char *why;
    uint64_t hash;
};

typedef void (*broken_fn)(void *ctx, const struct broken *broken);

/* `SELECT quote("a") || … FROM "t" WHERE _rowid_ = ?`: what the row refers by. */
static int prepare_values(sqlite3 *db, const char *table, int key, sqlite3_stmt **ret_stmt)
{
    sqlite3_stmt *columns;
    struct buf buf;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT \"from\" FROM pragma_foreign_key_list(?1) "
                                "WHERE id = ?2 ORDER BY seq",
                                -1, &columns, NULL);
    if (rc != SQLITE_OK)
        return rc;
    buf_init(&buf, BUF_MAX_DEFAULT);
    buf_adds(&buf, "SELECT ''");
    sqlite3_bind_text(columns, 1, table, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(columns, 2, key);
    while ((rc = sqlite3_step(columns)) == SQLITE_ROW) {
        buf_adds(&buf, " || ',' || quote(");
        sql_add_identifier(&buf, (const char *)sqlite3_column_text(columns, 0));
        buf_adds(&buf, ")");
    }
    sqlite3_finalize(columns);
    buf_adds(&buf, " FROM main.");
    sql_add_identifier(&buf, table);
    buf_adds(&buf, " WHERE _rowid_ = ?1");
    if (rc == SQLITE_DONE)
        rc = sqlite3_prepare_v2(db, buf.data, -1, ret_stmt, NULL);
    buf_done(&buf);
    return rc;
}

/* A table without rowids tells no row: there it is how many that counts. */
static uint64_t hash_of_row(sqlite3_stmt *values, sqlite3_int64 rowid)
{
    uint64_t hash = hash_u64("", 0);
    sqlite3_bind_int64(values, 1, rowid);
    if (sqlite3_step(values) == SQLITE_ROW && sqlite3_column_text(values, 0))
        hash = hash_u64(sqlite3_column_text(values, 0), (size_t)sqlite3_column_bytes(values, 0));
    sqlite3_reset(values);
    return hash;
}

/* The rows of a check come key by key. */
static int look_at_rows(sqlite3 *db, const char *table, sqlite3_stmt *check, broken_fn fn,
                        void *ctx)
{
    sqlite3_stmt *values = NULL;
    int rc, key = -1;
    while ((rc = sqlite3_step(check)) == SQLITE_ROW) {
        struct broken broken = {.table = table,
                                .parent = (const char *)sqlite3_column_text(check, 1),
                                .rowid = (const char *)sqlite3_column_text(check, 0)};
        if (broken.rowid && sqlite3_column_int(check, 2) != key) {
            key = sqlite3_column_int(check, 2);
            sqlite3_finalize(values);
            values = NULL;
            if ((rc = prepare_values(db, table, key, &values)) != SQLITE_OK)
                break;
        }
        broken.hash =
            broken.rowid ? hash_of_row(values, sqlite3_column_int64(check, 0)) : hash_u64("", 0);
        fn(ctx, &broken);
    }
    sqlite3_finalize(values);
    return rc;
}

/* A key that refers to no key is an error of the check, which then says nothing of the table's rows. */
static int look_at_table(sqlite3 *db, const char *table, broken_fn fn, void *ctx)
{
    sqlite3_stmt *check;
    int rc = sqlite3_prepare_v2(
        db, "SELECT \"rowid\", parent, fkid FROM pragma_foreign_key_check(?1, 'main')", -1, &check,
        NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(check, 1, table, -1, SQLITE_TRANSIENT);
    rc = look_at_rows(db, table, check, fn, ctx);
    if (rc == SQLITE_ERROR) {
        struct broken broken = {.table = table, .why = sqlite3_errmsg(db)};
        broken.hash = hash_u64(broken.why, strlen(broken.why));
        fn(ctx, &broken);
        rc = SQLITE_DONE;
    }
    sqlite3_finalize(check);
    return rc;
}

static int look(sqlite3 *db, broken_fn fn, void *ctx)
{
    sqlite3_stmt *tables;
    int rc = sqlite3_prepare_v2(db, "SELECT name FROM main.sqlite_schema WHERE type = 'table'", -1,
                                &tables, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(tables)) == SQLITE_ROW) {
        rc = look_at_table(db, (const char *)sqlite3_column_text(tables, 0), fn, ctx);
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    sqlite3_finalize(tables);
    return rc;
}

/* ---- before, and after --------------------------------------------------------------------- */

static void remember(void *ctx, const struct broken *broken)
{
    struct sqlite_watch *watch = ctx;
    if (watch->count == watch->capacity) {
        watch->capacity = watch->capacity ? watch->capacity * 2 : 64;
        watch->broken = xrealloc(watch->broken, watch->capacity * sizeof *watch->broken);
    }
    watch->broken[watch->count++] = broken->hash;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* ---- what goes with a table ---------------------------------------------------------------- */

enum { PART_TYPE, PART_NAME, PART_TABLE, PART__COUNT };

static int remember_parts(struct sqlite_watch *watch, sqlite3 *db)
{
    sqlite3_stmt *parts;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT type, name, tbl_name FROM main.sqlite_schema WHERE type IN "
                                "('trigger', 'index') AND sql IS NOT NULL",
                                -1, &parts, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if (!watch->parts) {
        watch->parts = xcalloc(1, sizeof *watch->parts);
        buf_init(watch->parts, BUF_MAX_DEFAULT);
    }
    buf_clear(watch->parts);
    while ((rc = sqlite3_step(parts)) == SQLITE_ROW)
        for (int i = 0; i < PART__COUNT; i++) {
            const char *text = (const char *)sqlite3_column_text(parts, i);
            buf_add(watch->parts, text, strlen(text) + 1);
        }
    sqlite3_finalize(parts);
    return rc;
}

/* `DROP TRIGGER name`, whatever stands between the two. */
static bool drops_by_name(const char *sql, const char *type, const char *name)
{
    size_t len = strlen(sql);
    for (const char *p = sql; *p; p++) {
        if (!ascii_begins(p, "drop"))
            continue;
        size_t at = split_skip(sql, len, (size_t)(p - sql) + 4, true);
        if (!ascii_begins(sql + at, type))
            continue;
        size_t end = at + strcspn(sql + at, ";");
        for (; at < end; at++)
            if (ascii_begins(sql + at, name))
                return true;
    }
    return false;
}

int sqlite_watch_lost(const struct sqlite_watch *watch, sqlite3 *db, const char *sql,
                      sqlite_lost_fn fn, void *ctx)
{
    sqlite3_stmt *stmt;
    if (!watch->parts)
        return SQLITE_DONE;
    int rc =
        sqlite3_prepare_v2(db,
                           "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?3 "
                           "COLLATE NOCASE AND NOT EXISTS (SELECT 1 FROM main.sqlite_schema "
                           "WHERE type = ?1 AND name = ?2 COLLATE NOCASE)",
                           -1, &stmt, NULL);
    const char *end = watch->parts->data + watch->parts->len;
    for (const char *at = watch->parts->data; at < end && rc == SQLITE_OK;) {
        const char *part[PART__COUNT];
        for (int i = 0; i < PART__COUNT; i++, at += strlen(at) + 1) {
            part[i] = at;
            sqlite3_bind_text(stmt, i + 1, at, -1, SQLITE_STATIC);
        }
        bool is_lost = sqlite3_step(stmt) == SQLITE_ROW;
        if (is_lost && !drops_by_name(sql, part[PART_TYPE], part[PART_NAME]))
            fn(ctx, part[PART_TYPE], part[PART_NAME], part[PART_TABLE]);
        rc = sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_OK ? SQLITE_DONE : rc;
}

/* ---- the watch ----------------------------------------------------------------------------- */

int sqlite_watch_begin(struct sqlite_watch *watch, sqlite3 *db)
{
    watch->count = 0;
    int rc = look(db, remember, watch);
    if (rc == SQLITE_DONE)
        rc = remember_parts(watch, db);
    if (watch->count)
        qsort(watch->broken, watch->count, sizeof *watch->broken, compare);
    return rc;
}

static void tell_first(struct err *err, const struct broken *broken)
{
    if (broken->why)
        err_set(err, ERR_SQL, "the revision broke a foreign key of '%s': %s", broken->table,
                broken->why);
    else if (broken->rowid)
        err_set(err, ERR_SQL,
                "the revision broke a foreign key: row %s of '%s' has lost its parent in '%s'",
                broken->rowid, broken->table, broken->parent);
    else
        err_set(err, ERR_SQL,
                "the revision broke a foreign key: a row of '%s' has lost its parent in '%s'",
                broken->table, broken->parent);
    snprintf(err->code, sizeof err->code, "%d", SQLITE_CONSTRAINT_FOREIGNKEY);
}

/* The new ones are those that the old ones do not account for, one for one: a value may be missing twice. */
struct comparing {
    struct sqlite_watch *before;
    size_t *met; /* of the equal ones that begin here */
    size_t old_count;
    struct err *err;
    size_t new_count;
};

static void meet(void *ctx, const struct broken *broken)
{
    struct comparing *comparing = ctx;
    const struct sqlite_watch *before = comparing->before;
    size_t low = 0, high = before->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (before->broken[middle] < broken->hash)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_old = low < before->count && before->broken[low] == broken->hash;
    if (is_old)
        low += comparing->met[low]++;
    if (is_old && low < before->count && before->broken[low] == broken->hash)
        comparing->old_count++;
    else if (!comparing->new_count++)
        tell_first(comparing->err, broken);
}

int sqlite_watch_end(struct sqlite_watch *watch, sqlite3 *db, struct err *err)
{
    struct err first;
    struct comparing comparing = {.before = watch, .err = &first};
    comparing.met = xcalloc(watch->count + 1, sizeof *comparing.met);
    int rc = look(db, meet, &comparing);
    watch->old_count = comparing.old_count;
    free(comparing.met);
    if (rc != SQLITE_DONE || !comparing.new_count)
        return rc;
    *err = first;
    if (comparing.new_count > 1)
        err_add(err, ", and %zu more like it", comparing.new_count - 1);
    return rc;
}

void sqlite_watch_done(struct sqlite_watch *watch)
{
    free(watch->broken);
    if (watch->parts)
        buf_done(watch->parts);
    free(watch->parts);
    *watch = (struct sqlite_watch){0};
}
