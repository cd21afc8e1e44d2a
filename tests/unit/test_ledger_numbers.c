/* Numbers of what repeats, where several write to one store. */
#include "unit/unit.h"

#include <sys/wait.h>

#include "ledger/stored.h"
#include "unit/ledger_fixture.h"

enum { WRITERS = 3, TRANSACTIONS = 60, LISTS = 120 };

static void put_list(struct stored_ledger *ledger, unsigned which)
{
    char first[32], second[32];
    struct value number;
    struct err err;
    snprintf(first, sizeof first, "revision%u", which);
    snprintf(second, sizeof second, "other%u", which);
    const char *items[] = {first, second};
    const struct rows list = {items, 1 + which % 2, true};
    book_must(stored_list_put(ledger, SERIES_REVISION_LISTS, &list, &number, &err), &err);
}

/* As a run does: what one transaction adds, the next of another writer has to find. */
static void write_lists(const char *path, unsigned writer, const int ready[2], const int go[2])
{
    struct err err;
    char byte = 0;
    struct ledger *base = ledger_open(path, LEDGER_WRITE, &err);
    book_must(base != NULL, &err);
    struct stored_ledger *ledger = stored_of(base);
    assert_int_equal(write(ready[1], &byte, 1), 1);
    assert_int_equal(read(go[0], &byte, 1), 1);
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        book_must(store_begin(ledger->store, &err), &err);
        stored_series_let_go(ledger);
        put_list(ledger, i * 2);
        put_list(ledger, (i * 2 + 1 + 2 * writer) % LISTS);
        book_must(store_end(ledger->store, true, &err), &err);
    }
    ledger_close(base);
}

static void several_writers_never_give_a_number_twice(void **state)
{
    (void)state;
    struct book book;
    struct stored_lists lists;
    struct err err;
    pid_t writers[WRITERS];
    int status, ready[2], go[2];
    char bytes[WRITERS] = {0};
    assert_int_equal(pipe(ready) | pipe(go), 0);
    book_open(&book);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        if (!writers[i]) {
            write_lists(book.path, i, ready, go);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(read(ready[0], bytes, 1), 1);
    assert_int_equal(write(go[1], bytes, WRITERS), WRITERS);
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
        assert_int_equal(status, 0);
    }
    /* reading them holds that the numbers have no gaps, and that no list has two */
    book_must(
        stored_lists_read(stored_of(book.ledger), SERIES_REVISION_LISTS, &book.arena, &lists, &err),
        &err);
    assert_int_equal(lists.count, LISTS + 1); /* and the empty one */
    book_close(&book);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(several_writers_never_give_a_number_twice),
};

UNIT_MAIN(tests)
