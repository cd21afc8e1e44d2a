/* Option files; and of statements, which ones a plan asks the server about. */
#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"
#include "dialect/mysql/option_file.h"
#include "dialect/mysql/weigh.h"
#include "unit/unit.h"

static bool take(struct arena *arena, const char *text, const char *url_text, struct url *ret_url,
                 struct option_notes *notes, struct err *err)
{
    *notes = (struct option_notes){0};
    assert_true(url_parse(arena, url_text, ret_url, err));
    return mysql_take_options(arena, text, ret_url, notes, err);
}

static void values_are_read_as_the_client_does(void **state)
{
    static const struct {
        const char *line, *user;
    } rows[] = {
        {"user=a", "a"},
        {" user = a b \t", "a b"},
        {"user='a # b'", "a # b"},
        {"user=a # b", "a"},
        {"user=\"a\\\"", "a\\"},
        {"user=a\\sb\\\\c\\x", "a b\\c\\x"},
        {"user=a\r", "a"},
        {"loose-user=a", "a"},
        {"USER=a", NULL},
        {"# user=a", NULL},
        {"; user=a", NULL},
        {"username=a", NULL},
        {"user=a\nuser=b", "b"},
        {"[mysql]\nuser=a", NULL},
        {"[mysql]\nuser=a\n[skein]\nuser=b", "b"},
        {"[ours]\nuser=c", "c"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct url url;
        struct option_notes notes;
        struct err err;
        char text[128];
        arena_init(&arena);
        snprintf(text, sizeof text, "[client]\n%s\n", rows[i].line);
        assert_true(take(&arena, text, "mysql:///d?default_group=ours", &url, &notes, &err));
        if (!url.user != !rows[i].user || (url.user && strcmp(url.user, rows[i].user) != 0))
            fail_msg("%s: %s", rows[i].line, url.user ? url.user : "nothing");
        arena_done(&arena);
    }
}

static void the_url_has_the_last_word(void **state)
{
    static const char text[] = "[client]\nuser=a\npassword=p\nhost=h\nport=1\ndatabase=x\n"
                               "ssl_ca=/f\nssl-mode=DISABLED\nskip-ssl\ninit-command=DROP\n";
    struct arena arena;
    struct url url;
    struct option_notes notes;
    struct err err;
    (void)state;
    arena_init(&arena);
    assert_true(
        take(&arena, text, "mysql://u:q@g/d?ssl_mode=REQUIRED&default_file=f", &url, &notes, &err));
    assert_string_equal(url.user, "u");
    assert_string_equal(url.password, "q");
    assert_string_equal(url.host, "g");
    assert_int_equal(url.port, 0); /* a host of its own has a port of its own */
    assert_string_equal(url.database, "d");
    assert_string_equal(url_param(&url, "ssl_mode"), "REQUIRED");
    assert_string_equal(url_param(&url, "ssl_ca"), "/f");
    assert_int_equal(notes.count, 2);
    assert_true(take(&arena, text, "mysql:///?default_file=f", &url, &notes, &err));
    assert_string_equal(url.host, "h");
    assert_int_equal(url.port, 1);
    assert_string_equal(url.database, "x");
    assert_string_equal(mysql_option_file(&url), "f");
    arena_done(&arena);
}

static void faults_name_their_line_and_no_value(void **state)
{
    static const char *const rows[] = {"\nport=s3cret", "\n!includedir /s3cret", "\n[s3cret",
                                       "\nuser=", "\nport=70000"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        struct url url;
        struct option_notes notes;
        struct err err;
        char text[128];
        arena_init(&arena);
        snprintf(text, sizeof text, "[client]%s\n", rows[i]);
        assert_false(take(&arena, text, "mysql:///d", &url, &notes, &err));
        assert_non_null(strstr(err.text, "line 2: "));
        assert_null(strstr(err.text, "s3cret"));
        arena_done(&arena);
    }
}

static void changes_of_one_table_have_weight(void **state)
{
    static const struct {
        const char *sql;
        bool has_weight;
    } rows[] = {
        {"ALTER TABLE t ADD c INT", true},
        {"ALTER TABLE d.`t` ADD c INT DEFAULT (1 + (2)), DROP COLUMN e", true},
        {"ALTER ONLINE TABLE IF EXISTS t WAIT 5 MODIFY a BIGINT, ALGORITHM=COPY", true},
        {"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (a) ON DELETE CASCADE", true},
        {"ALTER TABLE t RENAME COLUMN a TO b", true},
        {"CREATE UNIQUE INDEX i ON t (a)", true},
        {"DROP INDEX i ON t", true},
        {"ALTER TABLE t RENAME TO u", false},
        {"ALTER TABLE t ADD c INT, RENAME u", false},
        {"ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", false},
        {"ALTER TABLE t CONVERT PARTITION p TO TABLE u", false},
        {"ALTER TABLE t ADD c INT; DROP TABLE t", false},
        {"ALTER TABLE t /*!50000 ADD c INT */", false},
        {"ALTER VIEW v AS SELECT 1", false},
        {"CREATE TABLE t (a INT)", false},
        {"DROP TABLE t", false},
        {"INSERT INTO t VALUES (1)", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena;
        arena_init(&arena);
        if (mysql_has_weight(&arena, rows[i].sql) != rows[i].has_weight)
            fail_msg("%s", rows[i].sql);
        arena_done(&arena);
    }
}

static void no_table_of_the_tenant_is_changed(void **state)
{
    static const char *const statements[] = {
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES d.u (a), ADD b INT -- 'why'",
        "CREATE INDEX `i``x` ON `t` (a)"};
    struct weigh_request request = {
        .statements = statements, .count = 2, .database = "place", .prefix = "twin_"};
    struct arena arena;
    (void)state;
    arena_init(&arena);
    const char *sql = mysql_weigh(&arena, &request);
    assert_non_null(strstr(sql, "CREATE TABLE `place`.`twin_0` LIKE `t`"));
    assert_non_null(strstr(sql, "CREATE TABLE `place`.`twin_1` LIKE `d`.`u`"));
    assert_non_null(strstr(sql, "ALTER TABLE `place`.`twin_0` ADD FOREIGN KEY (a) REFERENCES "
                                "`place`.`twin_1` (a), ADD b INT -- ''why''"));
    assert_non_null(strstr(sql, "CREATE INDEX `i``x` ON `place`.`twin_0` (a)"));
    assert_null(strstr(sql, "ALTER TABLE t"));
    request.database = NULL;
    sql = mysql_weigh(&arena, &request);
    assert_null(strstr(sql, "CREATE"));
    assert_null(strstr(sql, "ALTER"));
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(values_are_read_as_the_client_does),
    cmocka_unit_test(the_url_has_the_last_word),
    cmocka_unit_test(faults_name_their_line_and_no_value),
    cmocka_unit_test(changes_of_one_table_have_weight),
    cmocka_unit_test(no_table_of_the_tenant_is_changed),
};

UNIT_MAIN(tests)
