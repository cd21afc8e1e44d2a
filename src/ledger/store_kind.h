/* What a kind of store is: one const struct of functions, each as store.h says of the function that is called like it. A
 * kind's own struct begins with its `struct store`.
 *
 * To add one: write store_NAME.c with its `const struct store_kind`, declare it here, and name it in the table of
 * store.c.
 */
#ifndef LEDGER_STORE_KIND_H
#define LEDGER_STORE_KIND_H

#include "ledger/store.h"

struct buf;

/* A word of the SQL, and what it is in this store. Ends with {NULL, NULL}. */
struct store_word {
    const char *word, *sql;
};

struct store_kind {
    const struct store_word *words;
    struct store *(*open)(const char *where, enum ledger_access access, struct err *err);
    bool (*settle)(struct store *store, enum ledger_access access, struct err *err);
    void (*close)(struct store *store);
    bool (*identify)(struct store *store, int64_t *ret_version, struct err *err);
    bool (*set_version)(struct store *store, int version, struct err *err);
    bool (*set_apart)(struct store *store, struct err *err);

    bool (*lock)(struct store *store, const struct ledger_holder *holder,
                 struct ledger_holder *ret_other, struct err *err);
    void (*unlock)(struct store *store);
    bool (*is_held)(struct store *store);
    bool (*share)(struct store *store, struct err *err); /* NULL: it cannot be shared */
    bool (*join)(struct store *store, struct err *err);
    bool (*may_come_back)(const struct store *store, const struct err *death); /* NULL: never */

    bool (*begin)(struct store *store, struct err *err);
    bool (*commit)(struct store *store, struct err *err);
    bool (*hold_numbers)(struct store *store, struct err *err);
    bool (*look)(struct store *store, struct err *err);
    void (*roll_back)(
        struct store *store); /* a transaction of either kind; nothing where there is none */
    void (*give_up)(struct store *store); /* a write failed: nothing is trusted any more */
    bool (*check_place)(struct store *store, struct err *err);
    bool (*inspect)(struct store *store, struct err *err);

    bool (*run)(struct store *store, struct err *err, const char *sql, const struct value *values,
                size_t count);
    bool (*exec)(struct store *store, struct err *err, const char *sql);
    void (*query)(struct cursor *cursor, const char *sql, const struct value *values, size_t count);
    bool (*next)(struct cursor *cursor);
    bool (*end)(struct cursor *cursor, struct err *err);
    int64_t (*int_at)(const struct cursor *cursor, int column);
    double (*real_at)(const struct cursor *cursor, int column);
    bool (*is_null_at)(const struct cursor *cursor, int column);
    const char *(*text_at)(const struct cursor *cursor, int column);
};

struct store {
    const struct store_kind *kind;
    const char *name; /* for people: a path, or a URL without its password */
    bool is_dead;     /* a write failed: `death` */
    struct err death;
};

/* The SQL with the words of the kind. */
void store_add_sql(struct buf *buf, const struct store_kind *kind, const char *sql);

extern const struct store_kind store_sqlite, store_postgres;

#endif
