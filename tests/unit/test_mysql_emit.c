#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/catalog_table.h"
#include "dialect/mysql/catalog_text.h"
#include "dialect/mysql/emit.h"
#include "schema/emit.h"

/* What no server at hand can be asked: the texts for MySQL. Those for MariaDB are run by tests/catalog/test_mysql_emit.py. */

static void make_catalog(struct catalog *catalog, struct arena *arena, const char *const texts[2])
{
    static const struct database_names names = {.database = ""};
    struct object *object;
    catalog_init(catalog, arena, DIALECT_MYSQL);
    catalog->group = "mysql 8.0";
    mysql_read_table(catalog, "t", texts[0], &names);
    object = catalog_add(catalog, OBJECT_FUNCTION, NULL, "f");
    object_set(object, ASPECT_SHAPE, "definition", texts[1]);
    object = catalog_add(catalog, OBJECT_TRIGGER, "t", "g");
    object_set(object, ASPECT_SHAPE, "timing", "BEFORE INSERT");
    object_set(object, ASPECT_SHAPE, "definition", texts[1]);
}

static void writes_what_mysql_understands(void **state)
{
    static const char *const before[] = {"CREATE TABLE `t` (\n"
                                         "  `id` int NOT NULL,\n"
                                         "  `a` int DEFAULT NULL,\n"
                                         "  KEY `i` (`a`),\n"
                                         "  CONSTRAINT `c` CHECK ((`a` > 0))\n"
                                         ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
                                         "one"};
    static const char *const after[] = {"CREATE TABLE `t` (\n"
                                        "  `id` int NOT NULL,\n"
                                        "  `a` int DEFAULT NULL,\n"
                                        "  `b` json DEFAULT NULL,\n"
                                        "  KEY `i` (`a`) /*!80000 INVISIBLE */\n"
                                        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
                                        "two"};
    struct arena arena;
    struct catalog from, to;
    struct catalog_rules rules;
    struct buf sql, later;
    (void)state;
    arena_init(&arena);
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_init(&later, BUF_MAX_DEFAULT);
    catalog_rules_init(&rules, &arena);
    make_catalog(&from, &arena, before);
    make_catalog(&to, &arena, after);
    struct emission emission = {
        .arena = &arena, .from = &from, .to = &to, .rules = &rules, .sql = &sql, .later = &later};
    mysql_emitter.change(&emission);
    assert_string_equal(sql.data, "DROP TRIGGER `g`;\n"
                                  "ALTER TABLE `t`\n"
                                  "    ADD COLUMN `b` json,\n"
                                  "    DROP INDEX `i`,\n"
                                  "    DROP CHECK `c`,\n"
                                  "    ADD KEY `i` (`a`) INVISIBLE;\n"
                                  "DROP FUNCTION `f`;\n"
                                  "CREATE FUNCTION `f` two;\n"
                                  "CREATE TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW two;\n");
    buf_done(&sql);
    buf_done(&later);
    arena_done(&arena);
}

static void begin_catalog(struct catalog *catalog, struct arena *arena)
{
    catalog_init(catalog, arena, DIALECT_MYSQL);
    catalog->group = "mariadb 10.11";
}

/* From one catalog to another, as text. */
static const char *emitted(struct arena *arena, const struct catalog *from,
                           const struct catalog *to)
{
    struct catalog_rules rules;
    struct buf sql, later;
    buf_init(&sql, BUF_MAX_DEFAULT);
    buf_init(&later, BUF_MAX_DEFAULT);
    catalog_rules_init(&rules, arena);
    struct emission emission = {
        .arena = arena, .from = from, .to = to, .rules = &rules, .sql = &sql, .later = &later};
    mysql_emitter.change(&emission);
    buf_done(&later);
    return buf_into(&sql, arena);
}

/* Their distance is too large for a number. */
static void limits_of_sequences_are_far_apart(void **state)
{
    struct arena arena;
    struct catalog from, to;
    (void)state;
    arena_init(&arena);
    begin_catalog(&from, &arena);
    begin_catalog(&to, &arena);
    object_set(catalog_add(&from, OBJECT_SEQUENCE, NULL, "s"), ASPECT_SHAPE, "definition",
               "start with 1 minvalue -9223372036854775807 maxvalue -5 increment by 1");
    object_set(catalog_add(&to, OBJECT_SEQUENCE, NULL, "s"), ASPECT_SHAPE, "definition",
               "start with 1 minvalue 7 maxvalue 9223372036854775806 increment by 1");
    assert_string_equal(
        emitted(&arena, &from, &to),
        "ALTER SEQUENCE `s` maxvalue 9223372036854775806;\n"
        "SELECT SETVAL(`s`, 7, 0);\n"
        "ALTER SEQUENCE `s` start with 1 minvalue 7 maxvalue 9223372036854775806 increment by 1;\n");
    arena_done(&arena);
}

static void add_trigger(struct catalog *catalog, const char *name, const char *position)
{
    struct object *object = catalog_add(catalog, OBJECT_TRIGGER, "t", name);
    object_set(object, ASPECT_SHAPE, "timing", "BEFORE INSERT");
    object_set(object, ASPECT_SHAPE, "definition", "SET @a = 1");
    object_set(object, ASPECT_ORDER, "position", position);
}

/* However great its number is, it takes no longer. */
static void triggers_are_made_in_the_order_of_their_positions(void **state)
{
    static const char table[] = "CREATE TABLE `t` (\n  `id` int NOT NULL\n)";
    static const struct database_names names = {.database = ""};
    struct arena arena;
    struct catalog from, to;
    (void)state;
    arena_init(&arena);
    begin_catalog(&from, &arena);
    begin_catalog(&to, &arena);
    mysql_read_table(&from, "t", table, &names);
    mysql_read_table(&to, "t", table, &names);
    add_trigger(&to, "z", "18446744073709551615");
    add_trigger(&to, "y", "2");
    add_trigger(&to, "x", "1");
    const char *text = emitted(&arena, &from, &to);
    const char *x = strstr(text, "TRIGGER `x`"), *y = strstr(text, "TRIGGER `y`");
    const char *z = strstr(text, "TRIGGER `z`");
    assert_true(x && y && z && x < y && y < z);
    assert_non_null(strstr(text, "FOLLOWS `x`"));
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(limits_of_sequences_are_far_apart),
    cmocka_unit_test(triggers_are_made_in_the_order_of_their_positions),
    cmocka_unit_test(writes_what_mysql_understands),
};

UNIT_MAIN(tests)
