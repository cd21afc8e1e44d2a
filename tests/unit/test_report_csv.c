#include "unit/unit.h"

#include "unit/report_hostile.h"

enum { COLUMNS = 34 };

static char *write_csv(const struct fleet *fleet)
{
    struct report_options options = {0};
    return fleet_write(fleet, "csv", &options);
}

static void a_row_has_the_documented_columns(void **state)
{
    static const char *const names[] = {"acme", "globex", "initech"};
    static const char golden[] =
        "run,tenant,dialect,url,labels,wave,state,would,from,to,half_done,steps,attempts,started_at,"
        "duration_ms,error_class,error_code,error_message,error_revision,error_file,error_line,"
        "lint_errors,lint_warnings,lint_notes,lint_allowed,preflight_failure,preflight_fails,"
        "preflight_unsure,rehearsed,longest_lock_ms,written_bytes,not_rehearsed,schema,fingerprint\r\n"
        "20261123T101500Z-5f3a9c,acme,postgresql,postgresql://app@db1/shop,tier=canary,canary,succeeded,,"
        "1975ea83b712,83241ca0f125,,2,1,2026-11-23T10:15:00.123Z,12.3,,,,,,,,,,,,,,,,,,,\r\n"
        "20261123T101500Z-5f3a9c,globex,postgresql,postgresql://app@db1/shop,tier=canary,everyone,failed,,"
        "1975ea83b712,1975ea83b712,,0,2,2026-11-23T10:15:00.123Z,3.0,sql,23505,"
        "\"could not create unique index \"\"ix\"\"\",83241ca0f125,"
        "versions/83241ca0f125_added_table.sql,12,,,,,,,,,,,,,\r\n"
        "20261123T101500Z-5f3a9c,initech,postgresql,postgresql://app@db1/shop,tier=canary,everyone,skipped,,"
        ",,,0,0,,0.0,,,,,,,,,,,,,,,,,,,\r\n";
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_prepare(&fleet, names, ARRAY_LEN(names));
    fleet_splits(&fleet);
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_fails(&fleet, 1, TENANT_FAILED, &err);
    fleet_ends(&fleet, RUN_HALTED);
    char *text = write_csv(&fleet);
    assert_string_equal(text, golden);
    free(text);
    fleet_done(&fleet);
}

static void a_plan_says_what_would_be(void **state)
{
    (void)state;
    struct fleet fleet;
    fleet_prepare(&fleet, NULL, 2);
    fleet.request.is_dry_run = true;
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_moves(&fleet, 1, 3, 3);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *text = write_csv(&fleet);
    assert_non_null(strstr(text, ",all,succeeded,change,1975ea83b712,"));
    assert_non_null(strstr(text, ",all,unchanged,stay,83241ca0f125,"));
    free(text);
    fleet_done(&fleet);
}

/* ---- as spreadsheets read it --------------------------------------------------------------- */

/* Excel drops blanks before a formula in some ways of opening a file. */
static bool is_formula(const char *text)
{
    static const char *const signs[] = {"=",  "+",      "-",      "@",      "\t",
                                        "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
    static const char *const blanks[] = {" ", "\"", "\u3000", "\u00a0"};
    for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
        if (strncmp(text, blanks[i], strlen(blanks[i])) == 0)
            return is_formula(text + strlen(blanks[i]));
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    return false;
}

/* The record at `at`, as RFC 4180 has it: every field is handed to `on_field`. Past its end, or NULL: it is none. */
static const char *read_record(const char *at, char separator, size_t *ret_fields,
                               void (*on_field)(const char *field))
{
    struct buf field;
    buf_init(&field, BUF_MAX_DEFAULT);
    for (*ret_fields = 0; at;) {
        buf_clear(&field);
        if (*at == '"') {
            for (at++; *at && (*at != '"' || at[1] == '"'); at++) {
                at += *at == '"';
                buf_addc(&field, *at);
            }
            at = *at == '"' ? at + 1 : NULL;
        }
        while (at && *at && *at != separator && *at != '\r')
            buf_addc(&field, *at++);
        on_field(field.data);
        ++*ret_fields;
        if (!at || *at != separator)
            break;
        at++;
    }
    buf_done(&field);
    return at && at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

static void expect_no_formula(const char *field)
{
    if (is_formula(field))
        fail_msg("a formula: %s", field);
}

static void nothing_from_outside_is_a_formula_or_a_field_of_its_own(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < HOSTILE_ROUNDS; seed++) {
        struct fleet fleet;
        size_t records = 0, fields;
        (seed % 4 ? hostile_fleet : hostile_plan)(&fleet, seed);
        char *text = write_csv(&fleet);
        hostile_expect_harmless(text, true);
        for (const char *at = text; *at; records++) {
            const char *end = read_record(at, ',', &fields, expect_no_formula);
            assert_int_equal(fields, COLUMNS);
            assert_non_null(end);
            read_record(at, ';', &fields, expect_no_formula);
            assert_ptr_equal(strchr(at, '\n') + 1, end);
            at = end;
        }
        assert_int_equal(records, 1 + HOSTILE_TENANTS);
        free(text);
        fleet_done(&fleet);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_row_has_the_documented_columns),
    cmocka_unit_test(a_plan_says_what_would_be),
    cmocka_unit_test(nothing_from_outside_is_a_formula_or_a_field_of_its_own),
};

UNIT_MAIN(tests)
