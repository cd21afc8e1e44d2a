#include "unit/unit.h"

#include "base/arena.h"
#include "base/map.h"
#include "dialect/postgres/catalog_text.h"

static void splits_arrays(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count; /* SIZE_MAX: it is none */
        const char *elements[4];
    } cases[] = {
        {"{}", 0, {0}},
        {"{a}", 1, {"a"}},
        {"{a,b c,d}", 3, {"a", "b c", "d"}},
        {"{NULL,\"NULL\",null}", 3, {NULL, "NULL", "null"}},
        {"{\"\",x}", 2, {"", "x"}},
        {"{\"a\\\"b\",\"c\\\\\",\"{,}\"}", 3, {"a\"b", "c\\", "{,}"}},
        {"", SIZE_MAX, {0}},
        {"{", SIZE_MAX, {0}},
        {"{a", SIZE_MAX, {0}},
        {"{\"a", SIZE_MAX, {0}},
        {"{\"a\\", SIZE_MAX, {0}},
        {"{a}b", SIZE_MAX, {0}},
        {"a", SIZE_MAX, {0}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        const char *const *elements;
        size_t count;
        arena_init(&arena);
        bool is_array = postgres_split_array(&arena, cases[i].text, &elements, &count);
        assert_int_equal(is_array, cases[i].count != SIZE_MAX);
        if (is_array)
            assert_int_equal(count, cases[i].count);
        for (size_t e = 0; is_array && e < count; e++) {
            if (!cases[i].elements[e])
                assert_null(elements[e]);
            else
                assert_string_equal(elements[e], cases[i].elements[e]);
        }
        arena_done(&arena);
    }
}

struct text_case {
    const char *schema, *text, *expected;
};

/* The schema has a table "t", a function lower and a type "Mood". */
static void check(const struct text_case *cases, size_t count,
                  const char *(*plain)(struct arena *, const char *, const struct schema_names *))
{
    struct arena arena;
    struct map objects;
    arena_init(&arena);
    map_init(&objects);
    map_put(&objects, "t", 0);
    map_put(&objects, "lower", 0);
    map_put(&objects, "Mood", 0);
    for (size_t i = 0; i < count; i++) {
        const struct schema_names names = {cases[i].schema, &objects};
        assert_string_equal(plain(&arena, cases[i].text, &names), cases[i].expected);
    }
    map_done(&objects);
    arena_done(&arena);
}

static void writes_expressions_in_one_way(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"s", "a > 1", "a > 1"},
        {"s", "'x'::text", "'x'"},
        {"s", "'x'::character varying::text", "'x'"},
        {"s", "ARRAY['a'::character varying, 'b'::bpchar]::text[]", "ARRAY['a', 'b']"},
        {"s", "'x'::character varying(3)", "'x'::character varying(3)"},
        {"s", "'x'::text_pattern", "'x'::text_pattern"},
        {"s", "a::text", "a::text"},
        {"s", "'it''s x::text s.t'::text", "'it''s x::text s.t'"},
        {"s", "\"a::text\" = 'y'", "\"a::text\" = 'y'"},
        {"s", "'open", "'open"},
        {"s", "\"open::", "\"open::"},
        {"s", "s.lower(a)", "{schema}.lower(a)"},
        {"s", "'x'::s.\"Mood\"", "'x'::{schema}.\"Mood\""},
        {"s", "s.mood = xs.t", "s.mood = xs.t"},
        {"a\"b", "\"a\"\"b\".t", "{schema}.t"},
        {"S", "\"S\".t, s.t", "{schema}.t, s.t"},
        {"t", "t.id = t.t", "t.id = {schema}.t"},
        {"é", "\"é\".t", "{schema}.t"},
    };
    check(cases, ARRAY_LEN(cases), postgres_plain_expression);
}

static void finds_the_schema_in_routines(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"s", "()\n SET search_path TO 's', 'public'\nAS $$ INSERT INTO S.T $$",
         "()\n SET search_path TO '{schema}', 'public'\nAS $$ INSERT INTO {schema}.T $$"},
        {"s", "()\nAS $$ EXECUTE 'DELETE FROM s.t'; it's s.t $$",
         "()\nAS $$ EXECUTE 'DELETE FROM {schema}.t'; it's {schema}.t $$"},
        {"s", "()\nAS $$\n SET search_path TO 's'\n$$", "()\nAS $$\n SET search_path TO 's'\n$$"},
        {"s", "x.s.t ss.t s.u 'x'::text", "x.s.t ss.t s.u 'x'::text"},
        {"it's", "()\n SET search_path TO 'it''s'\nAS $$ \"it's\".t $$",
         "()\n SET search_path TO '{schema}'\nAS $$ {schema}.t $$"},
    };
    check(cases, ARRAY_LEN(cases), postgres_plain_routine);
}

static void finds_what_comes_after_names(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"CREATE INDEX i ON t USING btree (a)", "btree (a)"},
        {"CREATE UNIQUE INDEX \"a USING b\" ON ONLY s.\"t \"\"\" USING hash (a)", "hash (a)"},
        {"CREATE TRIGGER g BEFORE INSERT ON t", "BEFORE INSERT ON t"},
        {"CREATE CONSTRAINT TRIGGER \"a b\" AFTER INSERT ON t", "AFTER INSERT ON t"},
        {"CREATE RULE r AS\n ON DELETE", "AS\n ON DELETE"},
        {"CREATE STATISTICS s.x ON a, b FROM t", "ON a, b FROM t"},
        {"CREATE OR REPLACE FUNCTION s.\"f(\"(a integer)", "(a integer)"},
        {"CREATE OR REPLACE PROCEDURE s.p()", "()"},
        {"UNIQUE (a)", "UNIQUE (a)"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(postgres_after_names(cases[i][0]), cases[i][1]);
}

static void knows_automatic_names(void **state)
{
    (void)state;
    static const char *const yes[] = {"t_pkey",  "t_a_key1", "t_a_fkey",   "t_check",
                                      "t_a_idx", "t_excl",   "t_a_b_idx12"};
    static const char *const no[] = {"_key", "key", "once", "t_keys", "uq_t_a", "t_seq"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(postgres_is_automatic_name(yes[i]));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(postgres_is_automatic_name(no[i]));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_arrays),
    cmocka_unit_test(writes_expressions_in_one_way),
    cmocka_unit_test(finds_the_schema_in_routines),
    cmocka_unit_test(finds_what_comes_after_names),
    cmocka_unit_test(knows_automatic_names),
};

UNIT_MAIN(tests)
