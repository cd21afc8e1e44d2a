#include "unit/unit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "chain/write.h"

static struct section section(enum direction direction, const char *dialect, bool is_transactional,
                              const char *sql)
{
    struct section made = {.direction = direction,
                           .is_general = !dialect,
                           .is_transactional = is_transactional,
                           .sql = sql,
                           .sql_len = strlen(sql)};
    if (dialect && !dialect_find(dialect, strlen(dialect), &made.dialect))
        fail();
    return made;
}

static void expect_list(const char *const *items, size_t count, const char *first,
                        const char *second)
{
    assert_int_equal(count, 2);
    assert_string_equal(items[0], first);
    assert_string_equal(items[1], second);
}

static void writes_what_the_parser_reads(void **state)
{
    const char *const down[] = {"1975ea83b712", "27c6a30d7c24"}, *const labels[] = {"billing",
                                                                                    "b2"};
    const char *const depends[] = {"aaaa", "bbbb"};
    const struct section sections[] = {
        section(DIRECTION_UP, NULL, true, "CREATE TABLE a (id);\n\n"),
        section(DIRECTION_UP, "postgresql", false, "CREATE INDEX CONCURRENTLY i ON a (id);"),
        section(DIRECTION_DOWN, NULL, true, ""),
    };
    struct revision given = {.id = "83241ca0f125",
                             .message = "Added table: exam",
                             .create_date = "2026-11-23",
                             .down_ids = down,
                             .down_count = 2,
                             .labels = labels,
                             .label_count = 2,
                             .depend_ids = depends,
                             .depend_count = 2,
                             .sections = sections,
                             .section_count = 3};
    struct arena arena;
    struct faults faults;
    struct buf text;
    (void)state;
    arena_init(&arena);
    faults_init(&faults);
    buf_init(&text, BUF_MAX_DEFAULT);
    revision_write(&text, &given);
    struct revision *read = revision_parse(&arena, "f.sql", text.data, text.len, &faults);
    assert_non_null(read);
    assert_string_equal(read->id, given.id);
    assert_string_equal(read->message, given.message);
    assert_string_equal(read->create_date, given.create_date);
    expect_list(read->down_ids, read->down_count, down[0], down[1]);
    expect_list(read->labels, read->label_count, labels[0], labels[1]);
    expect_list(read->depend_ids, read->depend_count, depends[0], depends[1]);
    assert_int_equal(read->section_count, 3);
    assert_string_equal(read->sections[0].sql, "CREATE TABLE a (id);\n\n");
    assert_true(read->sections[0].is_general && read->sections[0].is_transactional);
    assert_string_equal(read->sections[1].sql, "CREATE INDEX CONCURRENTLY i ON a (id);\n\n");
    assert_false(read->sections[1].is_general || read->sections[1].is_transactional);
    assert_int_equal(read->sections[1].dialect, DIALECT_POSTGRESQL);
    assert_int_equal(read->sections[2].direction, DIRECTION_DOWN);
    assert_string_equal(read->sections[2].sql, "");
    buf_done(&text);
    faults_done(&faults);
    arena_done(&arena);
}

static void names_files_as_alembic_does(void **state)
{
    static const struct {
        const char *message, *name;
    } cases[] = {
        {"Added table", "abc_added_table.sql"},
        {"", "abc.sql"},
        {"../../etc/passwd\n", "abc_etc_passwd.sql"},
        {"  -- ! ", "abc.sql"},
        {"exactly forty bytes of words are in here!",
         "abc_exactly_forty_bytes_of_words_are_in_here.sql"},
        {"a message that is cut between two of these words",
         "abc_a_message_that_is_cut_between_two_of.sql"},
        {"OneWordThatIsLongerThanFortyBytesAllByItself",
         "abc_onewordthatislongerthanfortybytesallbyit.sql"},
        {"Üb\u00e9r \u2014 Größe, \u65e5\u672c", "abc_üb\u00e9r_größe_\u65e5\u672c.sql"},
        {"bad \xff\xc3 bytes", "abc_bad_bytes.sql"},
    };
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(revision_file_name(&arena, "abc", cases[i].message), cases[i].name);
    arena_done(&arena);
}

/* ---- the folder ---------------------------------------------------------------------------- */

static size_t count_entries(const char *dir)
{
    size_t count = 0;
    DIR *listing = opendir(dir);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

static void puts_all_or_none_and_replaces_nothing(void **state)
{
    const struct chain_file files[] = {{"a.sql", "a", 1}, {"b.sql", "b", 1}, {"c.sql", "c", 1}};
    char root[] = "/tmp/skein-write-XXXXXX";
    struct arena arena;
    struct err err;
    (void)state;
    arena_init(&arena);
    assert_non_null(mkdtemp(root));
    const char *dir = arena_printf(&arena, "%s/versions", root);
    assert_true(chain_put(dir, &files[1], 1, &err));
    assert_int_equal(count_entries(dir), 1);
    assert_false(chain_put(dir, files, 3, &err));
    assert_int_equal(err.kind, ERR_CHAIN);
    assert_non_null(strstr(err.file, "versions/b.sql"));
    assert_int_equal(count_entries(dir), 1);
    assert_int_equal(unlink(arena_printf(&arena, "%s/b.sql", dir)), 0);
    assert_true(chain_put(dir, files, 3, &err));
    assert_int_equal(count_entries(dir), 3);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        assert_int_equal(unlink(arena_printf(&arena, "%s/%s", dir, files[i].name)), 0);
    assert_int_equal(rmdir(dir) | rmdir(root), 0);
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_what_the_parser_reads),
    cmocka_unit_test(names_files_as_alembic_does),
    cmocka_unit_test(puts_all_or_none_and_replaces_nothing),
};

UNIT_MAIN(tests)
