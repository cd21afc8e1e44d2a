#include "ledger/store.h"

#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/failpoint.h"
#include "base/hash.h"
#include "ledger/store_kind.h"

/* ---- opening ------------------------------------------------------------------------------- */

/* By the beginning of `where`; the last one takes what is left. */
static const struct {
    const char *prefix;
    const struct store_kind *kind;
} kinds[] = {
    {"postgresql://", &store_postgres},
    {"postgres://", &store_postgres},
    {"", &store_sqlite},
};

struct store *store_open(const char *where, enum ledger_access access, struct err *err)
{
    size_t i = 0;
    while (strncmp(where, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
        i++;
    if (access == LEDGER_JOIN && !kinds[i].kind->share) {
        err_set(err, ERR_CONFIG,
                "the ledger is a file of this machine: several work on one run where the ledger is "
                "a database of a server that all of them reach");
        return NULL;
    }
    return kinds[i].kind->open(where, access, err);
}

bool store_settle(struct store *store, enum ledger_access access, struct err *err)
{
    return store->kind->settle(store, access, err);
}

void store_close(struct store *store)
{
    if (store)
        store->kind->close(store);
}

bool store_identify(struct store *store, int64_t *ret_version, struct err *err)
{
    return store->kind->identify(store, ret_version, err);
}

bool store_set_version(struct store *store, int version, struct err *err)
{
    return store->kind->set_version(store, version, err);
}

bool store_set_apart(struct store *store, struct err *err)
{
    return store->kind->set_apart(store, err);
}

/* ---- the lock ------------------------------------------------------------------------------ */

bool store_lock(struct store *store, const struct ledger_holder *holder,
                struct ledger_holder *ret_other, struct err *err)
{
    return store->kind->lock(store, holder, ret_other, err);
}

void store_unlock(struct store *store)
{
    store->kind->unlock(store);
}

bool store_is_held(struct store *store)
{
    return store->kind->is_held(store);
}

bool store_can_share(const struct store *store)
{
    return store->kind->share;
}

bool store_share(struct store *store, struct err *err)
{
    return store->kind->share(store, err);
}

bool store_join(struct store *store, struct err *err)
{
    return store->kind->join(store, err);
}

bool store_may_come_back(const struct store *store)
{
    return store->kind->may_come_back && store->kind->may_come_back(store, &store->death);
}

/* ---- transactions -------------------------------------------------------------------------- */

#ifdef SKEIN_FAILPOINTS
/* Every statement of a ledger that machines share is a failpoint: the beginning of its text, and a bit of its digest. */
static void pass(const struct store *store, const char *sql)
{
    enum { WORDS = 28 };
    char name[48], digest[HASH_HEX_SIZE];
    if (!store_can_share(store))
        return;
    hash_hex(sql, strlen(sql), digest);
    snprintf(name, sizeof name, "sql_%.*s_%.6s", WORDS, sql, digest);
    for (char *at = name; *at; at++)
        if (strchr(" =:,?", *at))
            *at = '_';
    (void)failpoint(name);
}
#else
static void pass(const struct store *store, const char *sql)
{
    (void)store;
    (void)sql;
}
#endif

static bool die(struct store *store, const struct err *err)
{
    store->kind->give_up(store);
    store->is_dead = true;
    store->death = *err;
    return false;
}

bool store_begin(struct store *store, struct err *err)
{
    if (store->is_dead) {
        *err = store->death;
        return false;
    }
    pass(store, "BEGIN");
    return store->kind->begin(store, err) || die(store, err);
}

bool store_end(struct store *store, bool is_fine, struct err *err)
{
    pass(store, is_fine ? "COMMIT" : "ROLLBACK");
    if (is_fine && store->kind->commit(store, err))
        return true;
    store->kind->roll_back(store);
    return die(store, err);
}

bool store_hold_numbers(struct store *store, struct err *err)
{
    return store->kind->hold_numbers(store, err);
}

bool store_look(struct store *store, struct err *err)
{
    return store->kind->look(store, err);
}

void store_look_away(struct store *store)
{
    store->kind->roll_back(store);
}

bool store_check_place(struct store *store, struct err *err)
{
    return store->kind->check_place(store, err) || die(store, err);
}

bool store_inspect(struct store *store, struct err *err)
{
    return store->kind->inspect(store, err);
}

/* ---- statements ---------------------------------------------------------------------------- */

bool store_run_values(struct store *store, struct err *err, const char *sql,
                      const struct value *values, size_t count)
{
    pass(store, sql);
    return store->kind->run(store, err, sql, values, count);
}

/* The word that stands at `sql`, which begins with a brace. */
static const struct store_word *word_at(const struct store_kind *kind, const char *sql)
{
    const struct store_word *word = kind->words;
    while (word->word && strncmp(sql, word->word, strlen(word->word)) != 0)
        word++;
    assert(word->word);
    return word;
}

void store_add_sql(struct buf *buf, const struct store_kind *kind, const char *sql)
{
    while (*sql) {
        size_t plain = strcspn(sql, "{");
        buf_add(buf, sql, plain);
        sql += plain;
        if (!*sql)
            break;
        const struct store_word *word = word_at(kind, sql);
        buf_adds(buf, word->sql);
        sql += strlen(word->word);
    }
}

bool store_exec(struct store *store, struct err *err, const char *sql)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    store_add_sql(&text, store->kind, sql);
    bool is_fine = store->kind->exec(store, err, text.data);
    buf_done(&text);
    return is_fine;
}

void store_query_values(struct store *store, struct cursor *cursor, const char *sql,
                        const struct value *values, size_t count)
{
    *cursor = (struct cursor){.store = store};
    pass(store, sql);
    store->kind->query(cursor, sql, values, count);
}

bool cursor_next(struct cursor *cursor)
{
    return cursor->store->kind->next(cursor);
}

bool cursor_end(struct cursor *cursor, struct err *err)
{
    return cursor->store->kind->end(cursor, err);
}

int64_t cursor_int(const struct cursor *cursor, int column)
{
    return cursor->store->kind->int_at(cursor, column);
}

double cursor_real(const struct cursor *cursor, int column)
{
    return cursor->store->kind->real_at(cursor, column);
}

bool cursor_is_null(const struct cursor *cursor, int column)
{
    return cursor->store->kind->is_null_at(cursor, column);
}

const char *cursor_text(const struct cursor *cursor, int column)
{
    const char *text = cursor->store->kind->text_at(cursor, column);
    return text ? text : "";
}

char *cursor_copy(const struct cursor *cursor, int column, struct arena *arena)
{
    return cursor_is_null(cursor, column) ? NULL : arena_strdup(arena, cursor_text(cursor, column));
}

bool store_get_values(struct store *store, struct err *err, int64_t *ret, const char *sql,
                      const struct value *values, size_t count)
{
    struct cursor cursor;
    store_query_values(store, &cursor, sql, values, count);
    bool has_value = cursor_next(&cursor) && !cursor_is_null(&cursor, 0);
    int64_t value = has_value ? cursor_int(&cursor, 0) : -1;
    if (!cursor_end(&cursor, err))
        return false;
    *ret = value;
    return true;
}

/* ---- errors -------------------------------------------------------------------------------- */

const char *store_name(const struct store *store)
{
    return store->name;
}

bool store_fail(const struct store *store, const char *words, struct err *err)
{
    return err_set(err, ERR_LEDGER, "ledger '%s': %s", store->name, words);
}

bool store_fail_damaged(const struct store *store, struct err *err)
{
    return store_fail(store, "it is damaged (rows that make no sense)", err);
}
