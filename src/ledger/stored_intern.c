/* What repeats a million times is written once, and known by a number: lists of revisions and of labels,
 * revisions, and a run's errors. Their keys are their texts, each with its NUL, one after the other. */
#include "ledger/stored.h"

#include "chain/chain.h"

static void key_add(struct buf *key, const char *text)
{
    buf_add(key, text, strlen(text) + 1);
}

/* True where the bytes of `key` are new. */
static bool put_key(struct intern *intern, const struct buf *key, uint32_t *ret_number)
{
    size_t before = intern->count;
    *ret_number = intern_put(intern, key->data, key->len);
    return intern->count > before;
}

/* ---- lists --------------------------------------------------------------------------------- */

static const struct {
    const char *load;
    const char *insert;
} lists_sql[LIST_KIND__COUNT] = {
    [LIST_REVISIONS] = {"SELECT list, item FROM revision_lists ORDER BY list, n",
                        "INSERT INTO revision_lists(list, n, item) VALUES(?, ?, ?)"},
    [LIST_LABELS] = {"SELECT list, item FROM label_lists ORDER BY list, n",
                     "INSERT INTO label_lists(list, n, item) VALUES(?, ?, ?)"},
};

/* One list's items are in `key`: it must be the next in number. */
static bool keep_loaded(struct intern *known, const struct buf *key, int64_t list)
{
    uint32_t number;
    return put_key(known, key, &number) && number == list;
}

static bool load_rows(struct stored_ledger *ledger, struct intern *known, struct cursor *cursor)
{
    struct buf *key = &ledger->key;
    int64_t list = 0; /* the empty one, which has no rows */
    buf_clear(key);
    while (cursor_next(cursor)) {
        if (cursor_int(cursor, 0) != list) {
            if (!keep_loaded(known, key, list))
                return false;
            list = cursor_int(cursor, 0);
            buf_clear(key);
        }
        key_add(key, cursor_text(cursor, 1));
    }
    return keep_loaded(known, key, list);
}

static bool load_lists(struct stored_ledger *ledger, enum list_kind kind, struct err *err)
{
    struct lists *lists = &ledger->lists[kind];
    struct cursor cursor;
    if (lists->is_loaded)
        return true;
    store_query_plain(ledger->store, &cursor, lists_sql[kind].load);
    bool makes_sense = load_rows(ledger, &lists->known, &cursor);
    if (!cursor_end(&cursor, err))
        return false;
    lists->is_loaded = makes_sense;
    return makes_sense || store_fail_damaged(ledger->store, err);
}

static bool insert_list(struct stored_ledger *ledger, enum list_kind kind, uint32_t number,
                        const char *const *items, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!store_run(ledger->store, err, lists_sql[kind].insert, value_int(number),
                       value_int((int64_t)i), value_text(items[i])))
            return false;
    return true;
}

bool stored_list_put(struct stored_ledger *ledger, enum list_kind kind, const char *const *items,
                     size_t count, struct value *ret_number, struct err *err)
{
    if (!load_lists(ledger, kind, err))
        return false;
    uint32_t number;
    buf_clear(&ledger->key);
    for (size_t i = 0; i < count; i++)
        key_add(&ledger->key, items[i]);
    bool is_new = put_key(&ledger->lists[kind].known, &ledger->key, &number);
    *ret_number = value_int(number);
    return !is_new || insert_list(ledger, kind, number, items, count, err);
}

/* The texts of a key, as a list. */
static struct rows split_key(const char *key, size_t len, struct arena *arena)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += key[i] == '\0';
    const char **items = arena_calloc(arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = arena_strdup(arena, key);
        key += strlen(key) + 1;
    }
    return (struct rows){items, count, true};
}

/* Afresh each time: another process may have written since. */
bool stored_lists_read(struct stored_ledger *ledger, enum list_kind kind, struct arena *arena,
                       struct stored_lists *ret_lists, struct err *err)
{
    struct cursor cursor;
    struct intern known;
    intern_init(&known, arena);
    store_query_plain(ledger->store, &cursor, lists_sql[kind].load);
    bool makes_sense = load_rows(ledger, &known, &cursor);
    if (!cursor_end(&cursor, err))
        return false;
    if (!makes_sense)
        return store_fail_damaged(ledger->store, err);
    struct rows *items = arena_calloc(arena, known.count, sizeof *items);
    for (uint32_t i = 0; i < known.count; i++) {
        size_t len;
        const char *key = intern_at(&known, i, &len);
        items[i] = split_key(key, len, arena);
    }
    *ret_lists = (struct stored_lists){items, known.count};
    return true;
}

bool stored_rows_at(const struct cursor *row, int column, const struct stored_lists *lists,
                    struct rows *ret_rows)
{
    int64_t number = cursor_int(row, column);
    if (cursor_is_null(row, column)) {
        *ret_rows = (struct rows){0};
        return true;
    }
    if (number < 0 || (uint64_t)number >= lists->count)
        return false;
    *ret_rows = lists->items[number];
    return true;
}

/* ---- revisions ----------------------------------------------------------------------------- */

static void set_revision_key(struct buf *key, const char *id, const char *message, const char *path)
{
    buf_clear(key);
    key_add(key, id);
    key_add(key, message);
    key_add(key, path);
}

static bool load_revisions(struct stored_ledger *ledger, struct err *err)
{
    struct writing *writing = &ledger->writing;
    struct cursor cursor;
    bool makes_sense = true;
    uint32_t number;
    store_query_plain(ledger->store, &cursor,
                      "SELECT id, revision, message, path FROM revisions ORDER BY id");
    while (makes_sense && cursor_next(&cursor)) {
        set_revision_key(&ledger->key, cursor_text(&cursor, 1), cursor_text(&cursor, 2),
                         cursor_text(&cursor, 3));
        makes_sense =
            put_key(&writing->revisions, &ledger->key, &number) && number == cursor_int(&cursor, 0);
    }
    writing->has_revisions = true;
    if (!makes_sense)
        store_fail_damaged(ledger->store, err);
    return cursor_end(&cursor, err) && makes_sense;
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

static bool put_revision(struct stored_ledger *ledger, const struct revision *revision,
                         uint32_t *ret_number, struct err *err)
{
    const char *message = text_or_empty(revision->message);
    const char *path = text_or_empty(revision->path);
    if (!ledger->writing.has_revisions && !load_revisions(ledger, err))
        return false;
    set_revision_key(&ledger->key, revision->id, message, path);
    return !put_key(&ledger->writing.revisions, &ledger->key, ret_number) ||
           store_run(ledger->store, err,
                     "INSERT INTO revisions(id, revision, message, path) VALUES(?, ?, ?, ?)",
                     value_int(*ret_number), value_text(revision->id), value_text(message),
                     value_text(path));
}

bool stored_revision_put(struct stored_ledger *ledger, const struct chain *chain,
                         const struct revision *revision, struct value *ret_number, struct err *err)
{
    uint32_t *known = NULL;
    uint32_t number;
    *ret_number = value_null();
    if (!revision)
        return true;
    if (chain && revision->index < chain->count && chain->revisions[revision->index] == revision)
        known = &ledger->writing.revision_numbers[revision->index];
    if (known && *known) {
        *ret_number = value_int(*known - 1);
        return true;
    }
    if (!put_revision(ledger, revision, &number, err))
        return false;
    if (known)
        *known = number + 1;
    *ret_number = value_int(number);
    return true;
}

/* In the order of enum said_part. */
#define SAID_VALUES(said)                                                                          \
    value_text(said_part((said), SAID_DETAIL)), value_text(said_part((said), SAID_HINT)),          \
        value_text(said_part((said), SAID_CONTEXT)), value_text(said_part((said), SAID_SCHEMA)),   \
        value_text(said_part((said), SAID_TABLE)), value_text(said_part((said), SAID_COLUMN)),     \
        value_text(said_part((said), SAID_DATATYPE)),                                              \
        value_text(said_part((said), SAID_CONSTRAINT))
_Static_assert(SAID__COUNT == 8, "the ledger has a column for each part");

/* ---- errors -------------------------------------------------------------------------------- */

/* Equal but for the statement is equal: it is the place, line and revision, that tells. Tenants whose databases
 * say other things beside the same text have errors of their own: a report groups them. */
static void set_error_key(struct buf *key, const struct err *err, int64_t revision)
{
    buf_clear(key);
    buf_addf(key, "%d %d %lld ", (int)err->kind, err->line, (long long)revision);
    key_add(key, err->code);
    key_add(key, err->text);
    key_add(key, err->file);
    for (enum said_part part = 0; part < SAID__COUNT; part++)
        key_add(key, text_or_empty(said_part(err->said, part)));
}

bool stored_error_put(struct stored_ledger *ledger, const struct chain *chain,
                      const struct outcome *outcome, struct value *ret_number, struct err *err)
{
    const struct err *error = outcome->error;
    struct value revision;
    uint32_t number;
    *ret_number = value_null();
    if (!error)
        return true;
    if (!stored_revision_put(ledger, chain, outcome->error_revision, &revision, err))
        return false;
    set_error_key(&ledger->key, error, revision.type == VALUE_INT ? revision.integer : -1);
    bool is_new = put_key(&ledger->writing.errors, &ledger->key, &number);
    *ret_number = value_int(number);
    return !is_new ||
           store_run(
               ledger->store, err,
               "INSERT INTO errors(run, n, class, code, text, file, line, revision, statement,"
               " detail, hint, context, schema_name, table_name, column_name, datatype_name,"
               " constraint_name, quotes_values)"
               " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               value_int(ledger->writing.run), value_int(number), value_int(error->kind),
               value_text(error->code), value_text(error->text), value_text(error->file),
               value_int(error->line), revision, value_text(outcome->error_statement),
               SAID_VALUES(error->said), value_int(error->quotes_values));
}
