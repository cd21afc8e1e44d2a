#include "unit/unit.h"

#include "base/arena.h"
#include "dialect/digest.h"
#include "rollout/checkpoint.h"

static struct digest of(const char *sql)
{
    return digest_statement(sql, strlen(sql), true);
}

static void blanks_and_comments_do_not_count(void **state)
{
    static const char *const same[][2] = {
        {"INSERT INTO t (a) VALUES (1)", "INSERT  INTO\n t(a)  VALUES(1) ;"},
        {"SELECT 1", "/* a /* nested */ one */ SELECT -- why\n 1"},
        {"SELECT 1 -- at the end", "SELECT 1"},
        {"SELECT a.b FROM c", "SELECT a . b FROM c;\n"},
        {"SELECT $1, $$ a  b $$", "SELECT $1,$$ a  b $$"},
        {"SELECT E'it\\'s -- x'", "SELECT  E'it\\'s -- x'"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct digest a = of(same[i][0]), b = of(same[i][1]);
        if (!digest_is_same(&a, &b))
            fail_msg("%s | %s", same[i][0], same[i][1]);
    }
}

static void all_else_counts(void **state)
{
    static const char *const other[][2] = {
        {"SELECT 1", "SELECT 2"},
        {"SELECT 'a b'", "SELECT 'a  b'"},
        {"SELECT '-- a'", "SELECT '-- b'"},
        {"SELECT 'it''s  x'", "SELECT 'it''s x'"},
        {"SELECT \"a b\"", "SELECT \"a  b\""},
        {"SELECT $x$ a  b $x$", "SELECT $x$ a b $x$"},
        {"SELECT E'it\\'s  x'", "SELECT E'it\\'s x'"},
        {"SELECT ab", "SELECT a b"},
        {"SELECT 1", "select 1"},
        {"SELECT 1", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        struct digest a = of(other[i][0]), b = of(other[i][1]);
        if (digest_is_same(&a, &b))
            fail_msg("%s | %s", other[i][0], other[i][1]);
    }
}

static void the_order_of_statements_counts(void **state)
{
    const struct digest none = {0}, a = of("SELECT 1"), b = of("SELECT 2");
    struct digest first = digest_add(&none, &a), second = digest_add(&none, &b);
    struct digest ab = digest_add(&first, &b), ba = digest_add(&second, &a);
    (void)state;
    assert_false(digest_is_same(&ab, &ba));
    assert_false(digest_is_same(&first, &ab));
    assert_string_equal(none.hex, "");
}

static void a_checkpoint_is_read_as_it_was_written(void **state)
{
    struct arena arena;
    struct place_digest place = {.next = of("SELECT 1")};
    (void)state;
    arena_init(&arena);
    for (int is_clean = 0; is_clean < 2; is_clean++) {
        const char *text = checkpoint_text(&arena, &place, is_clean);
        struct checkpoint read = checkpoint_read(text);
        assert_true(strlen(text) <= 64); /* the column's width */
        assert_false(read.is_of_file);
        assert_int_equal(read.is_clean, is_clean);
        assert_true(digest_is_same(&read.place.done, &place.done));
        assert_true(digest_is_same(&read.place.next, &place.next));
        place.done = place.next;
    }
    assert_true(checkpoint_read("").is_of_file);
    char counted[CHECKPOINT_MAX + 1];
    checkpoint_count("begun:0123:", &(struct repeat_count){0}, counted);
    assert_string_equal(counted, "begun:0123:");
    checkpoint_count("begun:0123:", &(struct repeat_count){12, 9000}, counted);
    assert_string_equal(counted, "begun:0123::12:9000");
    assert_true(checkpoint_read(counted).count.batches == 12 &&
                checkpoint_read(counted).count.rows == 9000);
    assert_true(checkpoint_read("clean:0123:").count.rows == 0);
    checkpoint_count("begun:0123456789012345678901234567:0123456789012345678901234567",
                     &(struct repeat_count){12, 9000}, counted); /* no room */
    assert_true(checkpoint_read(counted).count.rows == 0);
    assert_true(checkpoint_read("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
                    .is_of_file);
    assert_string_equal(checkpoint_read("begun").place.done.hex, "");
    assert_int_equal(
        strlen(checkpoint_read("begun:0123456789012345678901234567890123456789").place.done.hex),
        DIGEST_SIZE - 1);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blanks_and_comments_do_not_count),
    cmocka_unit_test(all_else_counts),
    cmocka_unit_test(the_order_of_statements_counts),
    cmocka_unit_test(a_checkpoint_is_read_as_it_was_written),
};

UNIT_MAIN(tests)
