/* What repeats a million times is written once, and known by a number: lists of revisions and of labels,
 * revisions, and a run's errors and notices. Each is a series of numbers without gaps. Others may add to it between two
 * transactions; within one, what it has is read when something is asked for that is not known, and no one else adds.
 * Keys are texts, each with its NUL, one after the other. */
#include "ledger/stored.h"

#include <assert.h>

#include "chain/chain.h"

static void key_add(struct buf *key, const char *text)
{
    buf_add(key, text, strlen(text) + 1);
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

static int64_t int_or(const struct cursor *row, int column, int64_t other)
{
    return cursor_is_null(row, column) ? other : cursor_int(row, column);
}

/* ---- series -------------------------------------------------------------------------------- */

static void add_item(struct buf *key, const struct cursor *row)
{
    key_add(key, cursor_text(row, 1));
}

static void add_revision(struct buf *key, const struct cursor *row)
{
    for (int column = 1; column <= 4; column++)
        key_add(key, cursor_text(row, column));
    buf_addf(key, "%lld", (long long)int_or(row, 5, -1));
}

static void set_revision_key(struct buf *key, const struct revision *revision,
                             const struct value *stands_for)
{
    buf_clear(key);
    key_add(key, revision->id);
    key_add(key, text_or_empty(revision->message));
    key_add(key, text_or_empty(revision->path));
    key_add(key, revision->is_checkpoint ? revision->checksum : "");
    buf_addf(key, "%lld", stands_for->type == VALUE_INT ? (long long)stands_for->integer : -1);
}

/* Equal but for the statement is equal: it is the place, line and revision, that tells. Tenants whose databases
 * say other things beside the same text have errors of their own: a report groups them. */
static void add_error(struct buf *key, const struct cursor *row)
{
    buf_addf(key, "%lld %lld %lld ", (long long)cursor_int(row, 1), (long long)cursor_int(row, 2),
             (long long)int_or(row, 3, -1));
    for (int column = 4; column < 7 + (int)SAID__COUNT; column++)
        key_add(key, cursor_text(row, column));
}

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

static void add_notice(struct buf *key, const struct cursor *row)
{
    buf_addf(key, "%lld %lld %lld ", (long long)cursor_int(row, 1), (long long)cursor_int(row, 2),
             (long long)int_or(row, 3, -1));
    key_add(key, cursor_text(row, 4));
    key_add(key, cursor_text(row, 5));
}

void stored_notice_key(struct buf *key, const struct notice *notice, int64_t revision)
{
    buf_clear(key);
    buf_addf(key, "%d %d %lld ", (int)notice->level, (int)notice->is_unreplicated,
             (long long)revision);
    key_add(key, notice->code);
    key_add(key, notice->text);
}

/* `newer` asks for all from number ?1 on, of run ?2 where the series is a run's own; the number is column 0, and rows with
 * the same one are one entry. */
static const struct {
    const char *newer;
    void (*add_row)(struct buf *key, const struct cursor *row);
    bool is_of_run;
    bool has_empty;     /* number 0 is what has no rows */
    const char *insert; /* of lists: an item, by the list's number and its place */
} kinds[SERIES__COUNT] = {
    [SERIES_REVISION_LISTS] = {"SELECT list, item FROM revision_lists WHERE list >= ?"
                               " ORDER BY list, n",
                               add_item, false, true,
                               "INSERT INTO revision_lists(list, n, item) VALUES(?, ?, ?)"},
    [SERIES_LABEL_LISTS] = {"SELECT list, item FROM label_lists WHERE list >= ? ORDER BY list, n",
                            add_item, false, true,
                            "INSERT INTO label_lists(list, n, item) VALUES(?, ?, ?)"},
    [SERIES_SETTING_LISTS] = {"SELECT list, item FROM setting_lists WHERE list >= ?"
                              " ORDER BY list, n",
                              add_item, false, true,
                              "INSERT INTO setting_lists(list, n, item) VALUES(?, ?, ?)"},
    [SERIES_REVISIONS] = {"SELECT id, revision, message, path, checksum, stands_for"
                          " FROM revisions WHERE id >= ? ORDER BY id",
                          add_revision, false, false, NULL},
    [SERIES_ERRORS] = {"SELECT n, class, line, revision, code, text, file, detail, hint, context,"
                       " schema_name, table_name, column_name, datatype_name, constraint_name"
                       " FROM errors WHERE n >= ?1 AND run = ?2 ORDER BY n",
                       add_error, true, false, NULL},
    [SERIES_NOTICES] = {"SELECT n, level, is_unreplicated, revision, code, text FROM notices"
                        " WHERE n >= ?1 AND run = ?2 ORDER BY n",
                        add_notice, true, false, NULL},
};

/* An entry must be the next in number. */
static bool keep_entry(struct intern *known, const struct buf *key, int64_t number)
{
    return intern_find(known, key->data, key->len) == INTERN_NONE &&
           intern_put(known, key->data, key->len) == number;
}

static bool keep_rows(struct intern *known, enum series series, struct cursor *cursor)
{
    enum { NONE = -1 };
    struct buf key;
    int64_t number = NONE;
    bool makes_sense = true;
    buf_init(&key, BUF_MAX_DEFAULT);
    while (makes_sense && cursor_next(cursor)) {
        if (cursor_int(cursor, 0) != number) {
            makes_sense = number == NONE || keep_entry(known, &key, number);
            number = cursor_int(cursor, 0);
            buf_clear(&key);
        }
        kinds[series].add_row(&key, cursor);
    }
    makes_sense = makes_sense && (number == NONE || keep_entry(known, &key, number));
    buf_done(&key);
    return makes_sense;
}

static bool read_newer(struct stored_ledger *ledger, enum series series, struct intern *known,
                       struct err *err)
{
    struct cursor cursor;
    if (kinds[series].has_empty && !known->count)
        (void)intern_put(known, "", 0);
    const struct value values[] = {value_int((int64_t)known->count),
                                   value_int(ledger->writing.run)};
    store_query_values(ledger->store, &cursor, kinds[series].newer, values,
                       kinds[series].is_of_run ? 2 : 1);
    bool makes_sense = keep_rows(known, series, &cursor);
    return cursor_end(&cursor, err) && (makes_sense || store_fail_damaged(ledger->store, err));
}

void stored_series_let_go(struct stored_ledger *ledger)
{
    ledger->holds_numbers = false;
    for (enum series series = 0; series < SERIES__COUNT; series++)
        ledger->series[series].is_current = false;
}

bool stored_series_hold(struct stored_ledger *ledger, struct err *err)
{
    if (!ledger->holds_numbers)
        ledger->holds_numbers = store_hold_numbers(ledger->store, err);
    return ledger->holds_numbers;
}

bool stored_series_find(struct stored_ledger *ledger, enum series which, uint32_t *ret_number,
                        struct err *err)
{
    struct series_known *series = &ledger->series[which];
    const struct buf *key = &ledger->key;
    *ret_number = intern_find(&series->known, key->data, key->len);
    if (*ret_number != INTERN_NONE || series->is_current)
        return true;
    if (!stored_series_hold(ledger, err) || !read_newer(ledger, which, &series->known, err))
        return false;
    series->is_current = true;
    *ret_number = intern_find(&series->known, key->data, key->len);
    return true;
}

uint32_t stored_series_add(struct stored_ledger *ledger, enum series which)
{
    struct series_known *series = &ledger->series[which];
    assert(ledger->holds_numbers && series->is_current);
    return intern_put(&series->known, ledger->key.data, ledger->key.len);
}

/* What `key` says by its number; *ret_is_new: it has to be written. */
static bool put_key(struct stored_ledger *ledger, enum series which, uint32_t *ret_number,
                    bool *ret_is_new, struct err *err)
{
    if (!stored_series_find(ledger, which, ret_number, err))
        return false;
    *ret_is_new = *ret_number == INTERN_NONE;
    if (*ret_is_new)
        *ret_number = stored_series_add(ledger, which);
    return true;
}

/* ---- lists --------------------------------------------------------------------------------- */

static bool insert_list(struct stored_ledger *ledger, enum series which, uint32_t number,
                        const struct rows *list, struct err *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (!store_run(ledger->store, err, kinds[which].insert, value_int(number),
                       value_int((int64_t)i), value_text(list->ids[i])))
            return false;
    return true;
}

bool stored_list_put(struct stored_ledger *ledger, enum series which, const struct rows *list,
                     struct value *ret_number, struct err *err)
{
    uint32_t number;
    bool is_new;
    buf_clear(&ledger->key);
    for (size_t i = 0; i < list->count; i++)
        key_add(&ledger->key, list->ids[i]);
    if (!put_key(ledger, which, &number, &is_new, err))
        return false;
    *ret_number = value_int(number);
    return !is_new || insert_list(ledger, which, number, list, err);
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
bool stored_lists_read(struct stored_ledger *ledger, enum series which, struct arena *arena,
                       struct stored_lists *ret_lists, struct err *err)
{
    struct intern known;
    intern_init(&known, arena);
    if (!read_newer(ledger, which, &known, err))
        return false;
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

static bool put_revision(struct stored_ledger *ledger, const struct revision *revision,
                         uint32_t *ret_number, struct err *err)
{
    struct rows spared = {revision->stands_for, revision->stands_for_count, true};
    struct value stands_for = value_null();
    bool is_new;
    if (revision->is_checkpoint &&
        !stored_list_put(ledger, SERIES_REVISION_LISTS, &spared, &stands_for, err))
        return false;
    set_revision_key(&ledger->key, revision, &stands_for);
    if (!put_key(ledger, SERIES_REVISIONS, ret_number, &is_new, err))
        return false;
    return !is_new ||
           store_run(ledger->store, err,
                     "INSERT INTO revisions(id, revision, message, path, checksum, stands_for)"
                     " VALUES(?, ?, ?, ?, ?, ?)",
                     value_int(*ret_number), value_text(revision->id),
                     value_text(text_or_empty(revision->message)),
                     value_text(text_or_empty(revision->path)),
                     revision->is_checkpoint ? value_text(revision->checksum) : value_null(),
                     stands_for);
}

/* Where the number of a file of the chain is kept; NULL: the chain does not have the file. */
static uint32_t *known_number(struct stored_ledger *ledger, const struct chain *chain,
                              const struct revision *revision)
{
    size_t number = chain ? chain_file_number(chain, revision) : 0;
    bool is_there =
        chain && number < chain_file_count(chain) && chain_file_at(chain, number) == revision;
    return is_there ? &ledger->writing.revision_numbers[number] : NULL;
}

bool stored_revision_put(struct stored_ledger *ledger, const struct chain *chain,
                         const struct revision *revision, struct value *ret_number, struct err *err)
{
    uint32_t number;
    *ret_number = value_null();
    if (!revision)
        return true;
    uint32_t *known = known_number(ledger, chain, revision);
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

bool stored_error_put(struct stored_ledger *ledger, const struct chain *chain,
                      const struct outcome *outcome, struct value *ret_number, struct err *err)
{
    const struct err *error = outcome->error;
    struct value revision;
    uint32_t number;
    bool is_new;
    *ret_number = value_null();
    if (!error)
        return true;
    if (!stored_revision_put(ledger, chain, outcome->error_revision, &revision, err))
        return false;
    set_error_key(&ledger->key, error, revision.type == VALUE_INT ? revision.integer : -1);
    if (!put_key(ledger, SERIES_ERRORS, &number, &is_new, err))
        return false;
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
