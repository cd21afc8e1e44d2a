#include "unit/unit.h"

#include "base/buf.h"
#include "dialect/template.h"

static void add_shouted(struct buf *buf, const char *text)
{
    buf_addf(buf, "<%s>", text);
}

static const char *const marking_sql[SQL__COUNT] = {
    [SQL_BEGIN] = "BEGIN",
    [SQL_VERSIONS] = "SELECT FROM {version}",
    [SQL_COMMIT] = "COMMIT",
    [SQL_PART_CURRENT_SCHEMA] = "here()",
    [SQL_PART_CLIENT_CHECK_LOCAL] = "watch for {run}; ",
    [SQL_PART_CLIENT_CHECK_SESSION] = "watch; ",
    [SQL_PART_PEER_CHECK] = "look after; ",
    [SQL_PART_PARSER_LOCAL] = "read; ",
};

/* Quotes as no dialect does, so that what was quoted can be seen. */
static const struct dialect marking = {
    .add_literal = sql_add_literal,
    .add_identifier = add_shouted,
    .sql = marking_sql,
};

static const struct sql_vars vars = {
    .schema = "globex",
    .version_table = "vt",
    .database = "db",
    .asked_schema = "asked",
    .run_id = "it's",
    .revision = "{to}",
    .direction = "up",
    .checksum = "sum",
    .state = "running",
    .from = "f",
    .to = "t",
    .nonce = "n",
    .search_path = "\"a\", b",
    .lock_key = 0xffffffffffffffff,
    .statements = 3,
    .lock_timeout_ms = 5000,
    .statement_timeout_ms = 0,
    .duration_ms = 1.23456,
};

static void expect(const char *template, const struct sql_vars *with, const char *wanted)
{
    struct buf buf;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sql_fill(&buf, &marking, template, with);
    assert_string_equal(buf.data, wanted);
    buf_done(&buf);
}

static void fills_every_variable(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"SELECT 1", "SELECT 1"},
        {"{schema}.{database}", "<globex>.<db>"},
        {"{version} {version_pkc}", "<globex>.<vt> <vt_pkc>"},
        {"{version_name}", "'vt'"},
        {"{history}", "<globex>.<skein_history>"},
        {"{version_lookup}", "'<asked>.<vt>'"},
        {"{asked_schema}", "'asked'"},
        {"{run},{revision}", "'it''s','{to}'"}, /* a value is no template */
        {"{direction}{checksum}{state}", "'up''sum''running'"},
        {"{from}->{to}", "'f'->'t'"},
        {"{nonce} {search_path}", "'n' '\"a\", b'"},
        {"{statements} {lock_timeout} {statement_timeout}", "3 5000 0"},
        {"{duration}", "1.235"},
        {"{key}", "-1"}, /* advisory locks are signed */
        {"{client_check_local}{client_check_session}{peer_check}.", "."},
        {"open { is no variable", "open { is no variable"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect(cases[i][0], &vars, cases[i][1]);
}

static void leaves_out_what_is_not_known(void **state)
{
    struct sql_vars bare = {.version_table = "vt", .watches_client = true};
    (void)state;
    expect("{version} {history}", &bare, "<vt> <skein_history>");
    expect("{version_lookup}", &bare, "'<vt>'");
    expect("{asked_schema}", &bare, "here()");
    expect("{from} {search_path}", &bare, "NULL NULL");
    expect("{client_check_local}", &bare, "watch for NULL; ");
    expect("{client_check_session}", &bare, "watch; ");
    expect("{peer_check}", &bare, "look after; ");
}

static void puts_statements_into_one_message(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, BUF_MAX_DEFAULT);
    sql_expand(&buf, &marking, SQL_LOCK, &vars); /* the driver has none: nothing */
    assert_string_equal(buf.data, "");
    sql_expand(&buf, &marking, SQL_BEGIN, &vars);
    sql_expand(&buf, &marking, SQL_SETUP, &vars);
    sql_expand(&buf, &marking, SQL_VERSIONS, &vars);
    sql_expand(&buf, &marking, SQL_COMMIT, &vars);
    assert_string_equal(buf.data, "BEGIN; SELECT FROM <globex>.<vt>; COMMIT");
    buf_done(&buf);
}

static void quotes_as_the_standard_says(void **state)
{
    static const char *const cases[][3] = {
        {"", "''", "\"\""},
        {"plain", "'plain'", "\"plain\""},
        {"it's", "'it''s'", "\"it's\""},
        {"''", "''''''", "\"''\""},
        {"a\"b", "'a\"b'", "\"a\"\"b\""},
        {"back\\slash", "'back\\slash'", "\"back\\slash\""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        sql_add_literal(&buf, cases[i][0]);
        assert_string_equal(buf.data, cases[i][1]);
        buf_clear(&buf);
        sql_add_identifier(&buf, cases[i][0]);
        assert_string_equal(buf.data, cases[i][2]);
        buf_done(&buf);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fills_every_variable),
    cmocka_unit_test(leaves_out_what_is_not_known),
    cmocka_unit_test(puts_statements_into_one_message),
    cmocka_unit_test(quotes_as_the_standard_says),
};

UNIT_MAIN(tests)
