#include "unit/unit.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/dialect.h"
#include "schema/emit.h"

/* What another session drops while the catalog is read: the server names it, and does not tell its text. */

struct told {
    enum object_kind kind;
    const char *owner, *name;
    const char *properties[12]; /* names and values in turn; the emitter needs each of them */
};

static const struct told of_postgres[] = {
    {OBJECT_DOMAIN, NULL, "d", {"type", "integer"}},
    {OBJECT_RANGE, NULL, "r", {"range", "subtype integer"}},
    {OBJECT_SEQUENCE,
     NULL,
     "s",
     {"type", "bigint", "start", "1", "increment", "1", "minimum", "1", "maximum", "9", "cache",
      "1"}},
    {OBJECT_FOREIGN_TABLE, NULL, "ft", {"server", "far"}},
    {OBJECT_VIEW, NULL, "v", {"definition", "SELECT 1"}},
    {OBJECT_MATERIALIZED_VIEW, NULL, "mv", {"definition", "SELECT 1"}},
    {OBJECT_COLUMN, "t", "a", {"type", "integer", "position", "1"}},
    {OBJECT_PRIMARY_KEY, "t", "pk", {"definition", "PRIMARY KEY (a)"}},
    {OBJECT_UNIQUE, "t", "u", {"definition", "UNIQUE (a)"}},
    {OBJECT_FOREIGN_KEY, "t", "fk", {"definition", "FOREIGN KEY (a) REFERENCES t(a)"}},
    {OBJECT_CHECK, "t", "c", {"definition", "CHECK (a > 0)"}},
    {OBJECT_EXCLUSION, "t", "x", {"definition", "EXCLUDE USING btree (a WITH =)"}},
    {OBJECT_INDEX, "t", "i", {"definition", "btree (a)"}},
    {OBJECT_STATISTICS, "t", "st", {"definition", "ON a, a FROM t"}},
    {OBJECT_TRIGGER, "t", "tr", {"definition", "BEFORE INSERT ON t EXECUTE FUNCTION f()"}},
    {OBJECT_RULE, "t", "ru", {"definition", "AS ON INSERT TO t DO NOTHING"}},
    {OBJECT_POLICY, "t", "p", {"command", "all", "roles", "public"}},
    {OBJECT_FUNCTION, NULL, "f()", {"definition", "\n LANGUAGE sql\nAS $$SELECT 1$$"}},
    {OBJECT_PROCEDURE, NULL, "g()", {"definition", "\n LANGUAGE sql\nAS $$SELECT 1$$"}},
    {OBJECT_AGGREGATE, NULL, "h(integer)", {"definition", "transition f(), state integer"}},
};

static const struct told of_mysql[] = {
    {OBJECT_SEQUENCE, NULL, "s", {"definition", "start with 1 ENGINE=InnoDB"}},
    {OBJECT_VIEW, NULL, "v", {"definition", "AS select 1"}},
    {OBJECT_COLUMN, "t", "a", {"type", "int", "position", "1"}},
    {OBJECT_PRIMARY_KEY, "t", "PRIMARY", {"columns", "(`a`)"}},
    {OBJECT_INDEX, "t", "i", {"columns", "(`a`)"}},
    {OBJECT_FOREIGN_KEY, "t", "fk", {"columns", "(`a`)", "references", "`t` (`a`)"}},
    {OBJECT_CHECK, "t", "c", {"expression", "(`a` > 0)"}},
    {OBJECT_TRIGGER, "t", "tr", {"timing", "BEFORE INSERT", "definition", "SET @a = 1"}},
    {OBJECT_FUNCTION, NULL, "f", {"definition", "() RETURNS int RETURN 1"}},
    {OBJECT_EVENT,
     NULL,
     "e",
     {"on completion", "PRESERVE", "status", "ENABLED", "definition", "SET @a = 1"}},
};

/* A table, and the object without one of its properties. */
static void fill(struct catalog *catalog, const struct told *told, size_t missing)
{
    struct object *object;
    catalog_add(catalog, OBJECT_TABLE, NULL, "t");
    object = catalog_add(catalog, told->kind, told->owner, told->name);
    if (told->kind == OBJECT_EVENT)
        object_set(object, ASPECT_SHAPE, "every", "EVERY 1 DAY");
    for (size_t i = 0; i < 12 && told->properties[i]; i += 2)
        object_set(object, ASPECT_SHAPE, told->properties[i],
                   i == missing ? NULL : told->properties[i + 1]);
}

struct outcome {
    size_t refusals, written;
    char text[512];
};

static struct outcome emit(const struct dialect *dialect, const struct told *told, size_t missing,
                           bool is_up)
{
    struct arena arena;
    struct catalog empty, full;
    struct catalog_rules rules;
    struct outcome outcome = {0};
    arena_init(&arena);
    catalog_rules_init(&rules, &arena);
    catalog_init(&empty, &arena, dialect->id);
    catalog_init(&full, &arena, dialect->id);
    empty.group = full.group = "mariadb 10.11";
    catalog_add(&empty, OBJECT_TABLE, NULL, "t");
    fill(&full, told, missing);
    struct emission emission = {.arena = &arena,
                                .from = is_up ? &empty : &full,
                                .to = is_up ? &full : &empty,
                                .rules = &rules,
                                .allows_all = true};
    const char *text = emission_text(dialect->emitter, &emission);
    outcome.refusals = emission.refusal_count;
    for (const char *line = text; line && *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        outcome.written += strncmp(line, "--", 2) != 0;
    snprintf(outcome.text, sizeof outcome.text, "%s", text);
    arena_done(&arena);
    return outcome;
}

static void check_all(enum dialect_id id, const struct told *told, size_t count)
{
    const struct dialect *dialect = dialect_of(id);
    for (size_t i = 0; i < count; i++)
        for (int is_up = 0; is_up < 2; is_up++) {
            struct outcome outcome = emit(dialect, &told[i], SIZE_MAX, is_up);
            assert_int_equal(outcome.refusals, 0);
            assert_true(outcome.written > 0);
            for (size_t p = 0; p < 12 && told[i].properties[p]; p += 2) {
                outcome = emit(dialect, &told[i], p, is_up);
                assert_int_equal(outcome.refusals, 1);
                assert_int_equal(outcome.written, 0);
                assert_non_null(strstr(outcome.text, told[i].properties[p]));
            }
        }
}

static void what_postgresql_does_not_tell_is_refused(void **state)
{
    (void)state;
    check_all(DIALECT_POSTGRESQL, of_postgres, sizeof of_postgres / sizeof *of_postgres);
}

static void what_mariadb_does_not_tell_is_refused(void **state)
{
    (void)state;
    check_all(DIALECT_MYSQL, of_mysql, sizeof of_mysql / sizeof *of_mysql);
}

static void a_refusal_says_what_lacks_and_what_to_do(void **state)
{
    static const struct told trigger = {OBJECT_TRIGGER, "t", "tr", {"definition", ""}};
    struct outcome outcome = emit(dialect_of(DIALECT_POSTGRESQL), &trigger, 0, true);
    (void)state;
    assert_string_equal(outcome.text,
                        "-- not written: trigger t.tr, since the server did not tell its "
                        "'definition': another session may have dropped it meanwhile, so try "
                        "again\n");
}

static const char *emit_twice(enum dialect_id id, const char *name, struct arena *arena)
{
    struct catalog once, twice;
    struct catalog_rules rules;
    struct catalog *const catalogs[] = {&once, &twice};
    catalog_rules_init(&rules, arena);
    for (size_t i = 0; i < ARRAY_LEN(catalogs); i++) {
        catalog_init(catalogs[i], arena, id);
        catalogs[i]->group = "mariadb 10.11";
        catalogs[i]->folds_names = id == DIALECT_SQLITE;
        catalog_add(catalogs[i], OBJECT_TABLE, NULL, "t")->sql = "CREATE TABLE t (a int)";
        const char *const names[] = {"a", name};
        for (size_t k = 0; k <= i; k++) {
            struct object *column = catalog_add(catalogs[i], OBJECT_COLUMN, "t", names[k]);
            object_set(column, ASPECT_SHAPE, "type", "int");
            object_set_number(column, ASPECT_ORDER, "position", k + 1);
        }
    }
    struct emission emission = {.arena = arena, .from = &once, .to = &twice, .rules = &rules};
    return emission_text(dialect_of(id)->emitter, &emission);
}

static void two_columns_of_one_name_are_refused(void **state)
{
    static const enum dialect_id ids[] = {DIALECT_SQLITE, DIALECT_POSTGRESQL, DIALECT_MYSQL};
    static const char refused[] = "-- not written: column t.a, since the catalog has two of that "
                                  "name: read it again, and where it stays so, the database or "
                                  "what stands before it is at fault\n";
    struct arena arena;
    (void)state;
    arena_init(&arena);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        assert_string_equal(emit_twice(ids[i], "a", &arena), refused);
        assert_null(strstr(emit_twice(ids[i], "b", &arena), "not written"));
    }
    assert_non_null(strstr(emit_twice(DIALECT_SQLITE, "A", &arena), "column t.A, since"));
    assert_null(strstr(emit_twice(DIALECT_POSTGRESQL, "A", &arena), "not written"));
    arena_done(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_postgresql_does_not_tell_is_refused),
    cmocka_unit_test(what_mariadb_does_not_tell_is_refused),
    cmocka_unit_test(a_refusal_says_what_lacks_and_what_to_do),
    cmocka_unit_test(two_columns_of_one_name_are_refused),
};

UNIT_MAIN(tests)
