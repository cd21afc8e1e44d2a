#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/mysql/catalog_table.h"
#include "dialect/mysql/catalog_text.h"
#include "schema/catalog.h"

static const char *const objects[] = {"s", "t"};
static const struct database_names names = {"db", objects, 2};

/* All objects, a line each: kind, name, an asterisk where the name is automatic, properties. */
static const char *read_table(struct arena *arena, const char *text)
{
    struct catalog catalog;
    struct buf buf;
    catalog_init(&catalog, arena, DIALECT_MYSQL);
    buf_init(&buf, BUF_MAX_DEFAULT);
    mysql_read_table(&catalog, "t", text, &names);
    for (size_t i = 0; i < catalog.object_count; i++) {
        const struct object *object = catalog.objects[i];
        buf_addf(&buf, "%s %s%s", object_kind_name(object->kind), object->name,
                 object->has_automatic_name ? "*" : "");
        for (size_t p = 0; p < object->property_count; p++)
            buf_addf(&buf, "|%s=%s", object->properties[p].name, object->properties[p].value);
        buf_addc(&buf, '\n');
    }
    return buf_into(&buf, arena);
}

static void check(const char *text, const char *expected)
{
    struct arena arena;
    arena_init(&arena);
    assert_string_equal(read_table(&arena, text), expected);
    arena_done(&arena);
}

static void reads_a_table_of_mariadb(void **state)
{
    (void)state;
    check(
        "CREATE TABLE `t` (\n"
        "  `id` int(11) NOT NULL AUTO_INCREMENT,\n"
        "  `a` varchar(20) NOT NULL DEFAULT 'it''s, NULL\\n)' COMMENT 'a ''b''',\n"
        "  `b` int(11) DEFAULT nextval(`db`.`s`),\n"
        "  `c` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL CHECK (json_valid(`c`)),\n"
        "  `g` int(11) GENERATED ALWAYS AS (`b` * 2) STORED,\n"
        "  `z` blob /*M!100301 COMPRESSED*/ DEFAULT NULL,\n"
        "  PRIMARY KEY (`id`),\n"
        "  UNIQUE KEY `a_2` (`a`),\n"
        "  KEY `k` (`b` DESC,`a`(5)) USING BTREE,\n"
        "  KEY `f` (`b`),\n"
        "  CONSTRAINT `f` FOREIGN KEY (`b`) REFERENCES `p` (`id`) ON DELETE SET NULL ON UPDATE NO ACTION,\n"
        "  CONSTRAINT `CONSTRAINT_1` CHECK (`b` < 10)\n"
        ") ENGINE=InnoDB AUTO_INCREMENT=10 DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci "
        "ROW_FORMAT=DYNAMIC COMMENT='x AUTO_INCREMENT=5' WITH SYSTEM VERSIONING\n"
        " PARTITION BY RANGE (`b`)\n"
        "(PARTITION `p0` VALUES LESS THAN (10) ENGINE = InnoDB,\n"
        " PARTITION `p1` VALUES LESS THAN MAXVALUE ENGINE = InnoDB)",
        "table t|character set=latin1|collation=latin1_swedish_ci|comment=x AUTO_INCREMENT=5|engine=InnoDB|"
        "options=ROW_FORMAT=DYNAMIC|partition by=PARTITION BY RANGE (`b`)|system versioning=yes\n"
        "partition p0|definition=VALUES LESS THAN (10) ENGINE = InnoDB\n"
        "partition p1|definition=VALUES LESS THAN MAXVALUE ENGINE = InnoDB\n"
        "column id|auto increment=yes|not null=yes|position=1|type=int(11)\n"
        "column a|character set=latin1|collation=latin1_swedish_ci|comment=a ''b''|"
        "default='it''s, NULL\\n)'|not null=yes|position=2|type=varchar(20)\n"
        "column b|default=nextval({database}.`s`)|position=3|type=int(11)\n"
        "column c|character set=utf8mb4|check=(json_valid(`c`))|collation=utf8mb4_bin|position=4|type=longtext\n"
        "column g|generated=(`b` * 2)|position=5|stored=yes|type=int(11)\n"
        "column z|compressed=yes|position=6|type=blob\n"
        "primary key PRIMARY|columns=(`id`)\n"
        "unique constraint a_2*|columns=(`a`)\n"
        "index k|columns=(`b` DESC,`a`(5))\n"
        "foreign key f|columns=(`b`)|on delete=SET NULL|references=`p` (`id`)\n"
        "check CONSTRAINT_1*|expression=(`b` < 10)\n");
}

/* As its documentation shows it: no MySQL was at hand. */
static void reads_a_table_of_mysql_8(void **state)
{
    (void)state;
    check("CREATE TABLE `t` (\n"
          "  `id` int unsigned NOT NULL,\n"
          "  `d` date DEFAULT (curdate()) /*!80023 INVISIBLE */,\n"
          "  `g` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL,\n"
          "  KEY `k` ((lower(`x`))) /*!80000 INVISIBLE */,\n"
          "  CONSTRAINT `t_chk_1` CHECK ((`id` > 0)) /*!80016 NOT ENFORCED */\n"
          ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci\n"
          "/*!50100 PARTITION BY HASH (`id`)\n"
          "PARTITIONS 4 */",
          "table t|character set=utf8mb4|collation=utf8mb4_0900_ai_ci|engine=InnoDB|"
          "partition by=PARTITION BY HASH (`id`)\nPARTITIONS 4\n"
          "column id|not null=yes|position=1|type=int unsigned\n"
          "column d|default=(curdate())|invisible=yes|position=2|type=date\n"
          "column g|generated=((`id` + 1))|position=3|type=int|virtual=yes\n"
          "index k|columns=((lower(`x`)))|ignored=yes\n"
          "check t_chk_1*|expression=((`id` > 0)) NOT ENFORCED\n");
}

static void loses_no_word(void **state)
{
    (void)state;
    check(
        "CREATE TABLE `t` (\n  `a` int(11) NOT NULL WIBBLE (1, 2),\n  WOBBLE `b` (`a`)\n) ENGINE=x Y=z",
        "table t|engine=x|line 'WOBBLE `b` (`a`)'=yes|options=Y=z\n"
        "column a|more=WIBBLE (1, 2)|not null=yes|position=1|type=int(11)\n");
    check("CREATE THING `t` AS x", "table t|definition=CREATE THING `t` AS x\n");
    check("", "table t|definition=\n");
    check("CREATE TABLE `t", "table t|definition=CREATE TABLE `t\n");
    check("CREATE TABLE `t` (", "table t\n");
    check("CREATE TABLE `t` (\n  `a", "table t\ncolumn a|position=1\n");
    check("CREATE TABLE `t` (\n  `a` enum('x", "table t\ncolumn a|position=1|type=enum('x\n");
}

static void takes_the_name_of_the_database_out(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expression, *body, *view;
    } cases[] = {
        {"select 1", "select 1", "select 1", "select 1"},
        {"`db`.`t`", "{database}.`t`", "{database}.`t`", "{database}.`t`"},
        {"db.t", "{database}.t", "{database}.t", "{database}.t"},
        {"\"db\".t", "{database}.t", "{database}.t", "{database}.t"},
        {"'db.t'", "'db.t'", "'{database}.t'", "'db.t'"},
        {"`db`.`u`", "`db`.`u`", "`db`.`u`", "`db`.`u`"},
        {"`db`.`u`.`a`", "{database}.`u`.`a`", "{database}.`u`.`a`", "`u`.`a`"},
        {"db.t.a = '`db`.`t`.`a`' from db.t", "{database}.t.a = '`db`.`t`.`a`' from {database}.t",
         "{database}.t.a = '{database}.`t`.`a`' from {database}.t",
         "t.a = '`db`.`t`.`a`' from {database}.t"},
        {"`x`.`db`.`t` xdb.t dbx.t db", "`x`.`db`.`t` xdb.t dbx.t db",
         "`x`.`db`.`t` xdb.t dbx.t db", "`x`.`db`.`t` xdb.t dbx.t db"},
        {"it's db.t", "it's db.t", "it's {database}.t", "it's db.t"},
        {"`db", "`db", "`db", "`db"},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(mysql_plain(&arena, cases[i].text, &names, MYSQL_TEXT_EXPRESSION),
                            cases[i].expression);
        assert_string_equal(mysql_plain(&arena, cases[i].text, &names, MYSQL_TEXT_BODY),
                            cases[i].body);
        assert_string_equal(mysql_plain(&arena, cases[i].text, &names, MYSQL_TEXT_VIEW),
                            cases[i].view);
    }
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_a_table_of_mariadb),
    cmocka_unit_test(reads_a_table_of_mysql_8),
    cmocka_unit_test(loses_no_word),
    cmocka_unit_test(takes_the_name_of_the_database_out),
};

UNIT_MAIN(tests)
