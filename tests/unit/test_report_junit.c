#include "unit/unit.h"

#include "unit/report_hostile.h"

static char *write_junit(const struct fleet *fleet)
{
    struct report_options options = {0};
    return fleet_write(fleet, "junit", &options);
}

static void a_suite_a_wave_and_a_case_a_tenant(void **state)
{
    static const char *const names[] = {"acme", "globex", "initech", "hooli"};
    static const char golden[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites>\n"
        "  <testsuite name=\"canary\" package=\"upgrade\" id=\"0\" timestamp=\"2026-11-23T10:15:00\""
        " hostname=\"localhost\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.012\">\n"
        "    <properties>\n"
        "      <property name=\"skein\" value=\"" SKEIN_VERSION "\"/>\n"
        "      <property name=\"run\" value=\"20261123T101500Z-5f3a9c\"/>\n"
        "      <property name=\"command\" value=\"upgrade head\"/>\n"
        "      <property name=\"state\" value=\"failed\"/>\n"
        "      <property name=\"wave_state\" value=\"succeeded\"/>\n"
        "    </properties>\n"
        "    <testcase name=\"acme\" classname=\"skein.upgrade.canary\" time=\"0.012\"/>\n"
        "    <system-out></system-out>\n"
        "    <system-err></system-err>\n"
        "  </testsuite>\n"
        "  <testsuite name=\"everyone\" package=\"upgrade\" id=\"1\" timestamp=\"2026-11-23T10:15:00\""
        " hostname=\"localhost\" tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"0.006\">\n"
        "    <properties>\n"
        "      <property name=\"skein\" value=\"" SKEIN_VERSION "\"/>\n"
        "      <property name=\"run\" value=\"20261123T101500Z-5f3a9c\"/>\n"
        "      <property name=\"command\" value=\"upgrade head\"/>\n"
        "      <property name=\"state\" value=\"failed\"/>\n"
        "      <property name=\"wave_state\" value=\"failed\"/>\n"
        "    </properties>\n"
        "    <testcase name=\"globex\" classname=\"skein.upgrade.everyone\" time=\"0.003\">\n"
        "      <failure type=\"sql 23505\" message=\"failed: could not create unique index &quot;ix&quot;\">"
        "could not create unique index &quot;ix&quot;\n"
        "sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12\n"
        "  12 | CREATE UNIQUE INDEX ix ON exam (title);</failure>\n"
        "    </testcase>\n"
        "    <testcase name=\"initech\" classname=\"skein.upgrade.everyone\" time=\"0.003\">\n"
        "      <error type=\"sql 23505\" message=\"partial: could not create unique index &quot;ix&quot;\">"
        "could not create unique index &quot;ix&quot;\n"
        "sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12\n"
        "  12 | CREATE UNIQUE INDEX ix ON exam (title);</error>\n"
        "    </testcase>\n"
        "    <testcase name=\"hooli\" classname=\"skein.upgrade.everyone\" time=\"0.000\">\n"
        "      <skipped message=\"skipped\"/>\n"
        "    </testcase>\n"
        "    <system-out></system-out>\n"
        "    <system-err></system-err>\n"
        "  </testsuite>\n"
        "</testsuites>\n";
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_prepare(&fleet, names, ARRAY_LEN(names));
    fleet_splits(&fleet);
    fleet_starts(&fleet);
    fleet_begins_wave(&fleet, 0);
    fleet_moves(&fleet, 0, 1, 3);
    fleet_ends_wave(&fleet, 0, RUN_SUCCEEDED);
    fleet_begins_wave(&fleet, 1);
    fleet_fails(&fleet, 1, TENANT_FAILED, &err);
    fleet_fails(&fleet, 2, TENANT_PARTIAL, &err);
    fleet_ends(&fleet, RUN_FAILED);
    char *text = write_junit(&fleet);
    assert_string_equal(text, golden);
    free(text);
    fleet_done(&fleet);
}

/* What a run rolled back by itself is skipped; where it was asked to, that is what should be. */
static void tenants_that_were_rolled_back(void **state)
{
    static const struct {
        enum verb_id verb;
        const char *skipped;
    } cases[] = {{VERB_UPGRADE, "skipped=\"1\""}, {VERB_ROLLBACK, "skipped=\"0\""}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet fleet;
        fleet_prepare(&fleet, NULL, 1);
        fleet.request.verb = &verbs[cases[i].verb];
        fleet_starts(&fleet);
        fleet_moves(&fleet, 0, 0, 3);
        fleet_rolls_back(&fleet, 0, TENANT_ROLLED_BACK, NULL);
        fleet_ends(&fleet, RUN_ROLLED_BACK);
        char *text = write_junit(&fleet);
        assert_non_null(strstr(text, cases[i].skipped));
        free(text);
        fleet_done(&fleet);
    }
}

/* ---- well-formed, whatever comes from outside ---------------------------------------------- */

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

/* Only these references, and no character that XML 1.0 forbids or that begins markup. */
static void expect_data(const char *at, const char *end)
{
    static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    for (; at < end; at++) {
        size_t i = 0;
        assert_true(*at != '<' && *at != '>');
        assert_true(strncmp(at, "\ufffe", 3) != 0 && strncmp(at, "\uffff", 3) != 0);
        while (*at == '&' && strncmp(at, references[i], strlen(references[i])) != 0)
            assert_true(++i < ARRAY_LEN(references));
    }
}

/* A tag is `<`, a name and attributes in quotation marks. */
static const char *expect_tag(const char *at)
{
    at += 1 + strspn(at + 1, "/abcdefghijklmnopqrstuvwxyz-");
    while (*at == ' ') {
        at += 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");
        assert_memory_equal(at, "=\"", 2);
        const char *end = strchr(at + 2, '"');
        expect_data(at + 2, end);
        at = end + 1;
    }
    at += *at == '/';
    assert_int_equal(*at, '>');
    return at + 1;
}

static void nothing_from_outside_is_markup(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < HOSTILE_ROUNDS; seed++) {
        struct fleet fleet;
        (seed % 4 ? hostile_fleet : hostile_plan)(&fleet, seed);
        char *text = write_junit(&fleet);
        hostile_expect_harmless(text, false);
        for (const char *at = strchr(text, '\n') + 1; *at;) {
            const char *end = at + strcspn(at, "<");
            expect_data(at, end);
            at = *end ? expect_tag(end) : end;
        }
        bool is_plan = seed % 4 == 0;
        /* Of a plan: a case a question, and one a step, one of which was not rehearsed. */
        size_t foretold = is_plan ? PREFLIGHT__COUNT + FLEET_REVISIONS : 0;
        assert_int_equal(count_of(text, "<testcase "),
                         HOSTILE_TENANTS + HOSTILE_FINDINGS + foretold);
        assert_int_equal(count_of(text, "<testsuite "), is_plan ? 5 : 3);
        assert_int_equal(count_of(text, "<failure "), is_plan ? 5 : 2);
        assert_int_equal(count_of(text, "<error "), 3);
        assert_int_equal(count_of(text, "<skipped "), is_plan ? 7 : 4);
        free(text);
        fleet_done(&fleet);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_suite_a_wave_and_a_case_a_tenant),
    cmocka_unit_test(tenants_that_were_rolled_back),
    cmocka_unit_test(nothing_from_outside_is_markup),
};

UNIT_MAIN(tests)
