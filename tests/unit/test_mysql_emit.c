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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_what_mysql_understands),
};

UNIT_MAIN(tests)
