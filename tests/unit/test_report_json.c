#include "unit/unit.h"

#include <jansson.h>

#include "unit/report_hostile.h"

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    return root;
}

static char *write_json(const struct fleet *fleet)
{
    struct report_options options = {0};
    return fleet_write(fleet, "json", &options);
}

static void a_report_has_exactly_the_documented_keys(void **state)
{
    static const char *const names[] = {"acme", "globex"};
    static const char golden[] =
        "{\n"
        "  \"skein\": \"" SKEIN_VERSION "\",\n"
        "  \"format\": 1,\n"
        "  \"run\": {\n"
        "    \"id\": \"20261123T101500Z-5f3a9c\",\n"
        "    \"command\": \"upgrade\",\n"
        "    \"target\": \"head\",\n"
        "    \"dry_run\": false,\n"
        "    \"state\": \"failed\",\n"
        "    \"started_at\": \"2026-11-23T10:15:00.123Z\",\n"
        "    \"finished_at\": \"2026-11-23T10:15:01.357Z\",\n"
        "    \"duration_ms\": 1234.6,\n"
        "    \"resumed_from\": null,\n"
        "    \"halted_by\": null,\n"
        "    \"by\": null,\n"
        "    \"selected\": {\"of\": null, \"select\": [], \"tenant\": [], \"narrowed\": []},\n"
        "    \"settings\": []\n"
        "  },\n"
        "  \"chain\": {\n"
        "    \"revisions\": 3,\n"
        "    \"heads\": [\"83241ca0f125\"],\n"
        "    \"digest\": \"sha256:5f3a9c\"\n"
        "  },\n"
        "  \"totals\": {\n"
        "    \"tenants\": 2,\n"
        "    \"succeeded\": 1,\n"
        "    \"unchanged\": 0,\n"
        "    \"failed\": 1,\n"
        "    \"partial\": 0,\n"
        "    \"in_doubt\": 0,\n"
        "    \"rolled_back\": 0,\n"
        "    \"rollback_failed\": 0,\n"
        "    \"skipped\": 0,\n"
        "    \"pending\": 0,\n"
        "    \"running\": 0\n"
        "  },\n"
        "  \"waves\": [\n"
        "    {\"name\": \"all\", \"state\": \"failed\", \"tenants\": 2, \"failed\": 1}\n"
        "  ],\n"
        "  \"errors\": [\n"
        "    {\n"
        "      \"class\": \"sql\",\n"
        "      \"code\": \"23505\",\n"
        "      \"message\": \"could not create unique index \\\"ix\\\"\",\n"
        "      \"detail\": null,\n"
        "      \"hint\": null,\n"
        "      \"context\": null,\n"
        "      \"revision\": \"83241ca0f125\",\n"
        "      \"file\": \"versions/83241ca0f125_added_table.sql\",\n"
        "      \"line\": 12,\n"
        "      \"pattern\": \"could not create unique index \\\"ix\\\"\",\n"
        "      \"example\": null,\n"
        "      \"tenants\": [\n"
        "        \"globex\"\n"
        "      ]\n"
        "    }\n"
        "  ],\n"
        "  \"notices\": [],\n"
        "  \"tenants\": [\n"
        "    {\n"
        "      \"name\": \"acme\",\n"
        "      \"dialect\": \"postgresql\",\n"
        "      \"url\": \"postgresql://app@db1/shop\",\n"
        "      \"labels\": {\"tier\": \"canary\"},\n"
        "      \"wave\": \"all\",\n"
        "      \"state\": \"succeeded\",\n"
        "      \"from\": [\"27c6a30d7c24\"],\n"
        "      \"to\": [\"83241ca0f125\"],\n"
        "      \"steps\": [\n"
        "        {\"revision\": \"83241ca0f125\", \"direction\": \"up\", \"statements\": 3, "
        "\"duration_ms\": 5.7}\n"
        "      ],\n"
        "      \"attempts\": 1,\n"
        "      \"duration_ms\": 12.3,\n"
        "      \"error\": null,\n"
        "      \"notices\": {\"count\": 0, \"warnings\": 0}\n"
        "    },\n"
        "    {\n"
        "      \"name\": \"globex\",\n"
        "      \"dialect\": \"postgresql\",\n"
        "      \"url\": \"postgresql://app@db1/shop\",\n"
        "      \"labels\": {\"tier\": \"canary\"},\n"
        "      \"wave\": \"all\",\n"
        "      \"state\": \"failed\",\n"
        "      \"from\": [\"1975ea83b712\"],\n"
        "      \"to\": [\"1975ea83b712\"],\n"
        "      \"steps\": [],\n"
        "      \"attempts\": 2,\n"
        "      \"duration_ms\": 3.0,\n"
        "      \"error\": {\n"
        "        \"class\": \"sql\",\n"
        "        \"code\": \"23505\",\n"
        "        \"message\": \"could not create unique index \\\"ix\\\"\",\n"
        "        \"detail\": null,\n"
        "        \"hint\": null,\n"
        "        \"context\": null,\n"
        "        \"revision\": \"83241ca0f125\",\n"
        "        \"file\": \"versions/83241ca0f125_added_table.sql\",\n"
        "        \"line\": 12,\n"
        "        \"statement\": \"CREATE UNIQUE INDEX ix ON exam (title);\"\n"
        "      },\n"
        "      \"notices\": {\"count\": 0, \"warnings\": 0}\n"
        "    }\n"
        "  ]\n"
        "}\n";
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_init(&fleet, names, 2);
    fleet_moves(&fleet, 0, 2, 3);
    fleet_fails(&fleet, 1, TENANT_FAILED, &err);
    fleet_ends(&fleet, RUN_FAILED);
    char *text = write_json(&fleet);
    assert_string_equal(text, golden);
    free(text);
    fleet_done(&fleet);
}

/* What a name or a message may hold, and what a reader of the JSON gets of it. */
static void hostile_texts_stay_texts(void **state)
{
    static const struct {
        const char *name;
        const char *read;
    } cases[] = {
        {"a\"; DROP TABLE x; --", "a\"; DROP TABLE x; --"},
        {"\033]52;c;aGk=\a", "\033]52;c;aGk=\a"},
        {"bad\xff\xc3", "bad\ufffd\ufffd"},
        {"\xc0\xaf\xed\xa0\x80", "\ufffd\ufffd\ufffd\ufffd\ufffd"},
        {"c1\xc2\x9b[31m", "c1\xc2\x9b[31m"},
        {"rtl\u202egpj.exe", "rtl\u202egpj.exe"},
        {"tag\U000e0041\x7f", "tag\U000e0041\x7f"},
        {"caf\u00e9 \u4e2d\u6587", "caf\u00e9 \u4e2d\u6587"},
        {"</script>\\\n\r\t", "</script>\\\n\r\t"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet fleet;
        struct err err;
        fleet_init(&fleet, &cases[i].name, 1);
        err_set(&err, ERR_SQL, "%s", cases[i].name);
        fleet_fails(&fleet, 0, TENANT_FAILED, &err);
        fleet_ends(&fleet, RUN_FAILED);
        char *text = write_json(&fleet);
        json_t *root = parse(text);
        json_t *tenant = json_array_get(json_object_get(root, "tenants"), 0);
        json_t *error = json_object_get(tenant, "error");
        assert_string_equal(json_string_value(json_object_get(tenant, "name")), cases[i].read);
        assert_string_equal(json_string_value(json_object_get(error, "message")), cases[i].read);
        json_decref(root);
        free(text);
        fleet_done(&fleet);
    }
}

static void terminals_see_no_controls(void **state)
{
    static const char *const names[] = {"\033[31m\x7f\xc2\x9b\u202e\ufeff\U000e0041"};
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, names, 1);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *text = write_json(&fleet);
    assert_non_null(strstr(text, "\"\\u001B[31m\\u007F\\u009B\\u202E\\uFEFF\\uDB40\\uDC41\""));
    for (const char *p = text; *p; p++)
        assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    free(text);
    fleet_done(&fleet);
}

static void what_nobody_knows_is_null(void **state)
{
    static const char *const unknown[] = {"from", "to", "error"};
    (void)state;
    struct fleet fleet;
    fleet_prepare(&fleet, NULL, 1);
    fleet.run.target = "";
    fleet.run.chain = NULL;
    fleet_starts(&fleet);
    fleet_ends(&fleet, RUN_INTERRUPTED);
    char *text = write_json(&fleet);
    json_t *root = parse(text);
    json_t *tenant = json_array_get(json_object_get(root, "tenants"), 0);
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        assert_true(json_is_null(json_object_get(tenant, unknown[i])));
    assert_true(json_is_null(json_object_get(json_object_get(root, "run"), "target")));
    assert_true(json_is_null(json_object_get(root, "chain")));
    assert_string_equal(json_string_value(json_object_get(tenant, "state")), "skipped");
    json_decref(root);
    free(text);
    fleet_done(&fleet);
}

static void every_wave_is_told_in_order(void **state)
{
    (void)state;
    struct fleet fleet;
    fleet_prepare(&fleet, NULL, 3);
    fleet_splits(&fleet);
    fleet_starts(&fleet);
    fleet_begins_wave(&fleet, 0);
    fleet_moves(&fleet, 0, 0, 3);
    fleet_ends_wave(&fleet, 0, RUN_SUCCEEDED);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *text = write_json(&fleet);
    assert_non_null(strstr(text,
                           "  \"waves\": [\n"
                           "    {\"name\": \"canary\", \"state\": \"succeeded\", \"tenants\": 1, "
                           "\"failed\": 0},\n"
                           "    {\"name\": \"everyone\", \"state\": \"skipped\", \"tenants\": 2, "
                           "\"failed\": 0}\n"
                           "  ],\n"));
    json_t *root = parse(text);
    json_t *tenants = json_object_get(root, "tenants");
    assert_string_equal(json_string_value(json_object_get(json_array_get(tenants, 0), "wave")),
                        "canary");
    assert_string_equal(json_string_value(json_object_get(json_array_get(tenants, 2), "wave")),
                        "everyone");
    json_decref(root);
    free(text);
    fleet_done(&fleet);
}

/* Who was in the way is the tenant's own: the cause is one. */
static void one_cause_whoever_was_in_the_way(void **state)
{
    static const char *const messages[] = {"canceled; blocked by process 1 (a)",
                                           "canceled; blocked by process 22 (b)", "canceled"};
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, NULL, ARRAY_LEN(messages));
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct err err;
        err_set(&err, ERR_LOCK, "%s", messages[i]);
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    }
    fleet_ends(&fleet, RUN_FAILED);
    char *text = fleet_write(&fleet, "json", &(struct report_options){0});
    json_t *root = parse(text);
    json_t *errors = json_object_get(root, "errors");
    assert_int_equal(json_array_size(errors), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(errors, 0), "message")),
                        "canceled");
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        json_t *tenant = json_array_get(json_object_get(root, "tenants"), i);
        json_t *message = json_object_get(json_object_get(tenant, "error"), "message");
        assert_string_equal(json_string_value(message), messages[i]);
    }
    json_decref(root);
    free(text);
    text = fleet_write(&fleet, "text", &(struct report_options){0});
    assert_non_null(strstr(text, "3 tenants: canceled\n"));
    assert_non_null(strstr(text, "t0 was blocked by process 1 (a)"));
    free(text);
    fleet_done(&fleet);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = {0};
    struct report_options options = {0};
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    fleet_init(&fleet, NULL, 1000);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    assert_false(report_format_find("json")->write(fleet.report, &options, full, &err));
    assert_non_null(strstr(err.text, "cannot write the report"));
    fclose(full);
    fleet_done(&fleet);
}

/* ---- what databases say ---------------------------------------------------------------------- */

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void what_is_said_beside_the_text_is_each_tenants_own(void **state)
{
    static const char *const details[] = {"Key (x)=(1).", "Key (x)=(2).", NULL};
    (void)state;
    struct fleet fleet;
    fleet_init(&fleet, NULL, ARRAY_LEN(details));
    for (size_t i = ARRAY_LEN(details);
         i-- > 0;) { /* whichever tenant fails first, the selection's order counts */
        struct err err = fleet_error();
        struct said said = fleet_said(details[i]);
        err.said = details[i] ? &said : NULL;
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    }
    fleet_ends(&fleet, RUN_FAILED);
    char *text = write_json(&fleet);
    json_t *root = parse(text), *errors = json_object_get(root, "errors");
    assert_int_equal(json_array_size(errors), 1);
    const json_t *error = json_array_get(errors, 0);
    assert_string_equal(text_at(error, "detail"), "Key (x)=(1).");
    assert_string_equal(text_at(error, "hint"), "Look at\nboth rows.");
    assert_true(json_is_null(json_object_get(error, "context")));
    assert_string_equal(text_at(error, "schema"), "public");
    assert_string_equal(text_at(error, "table"), "exam");
    assert_string_equal(text_at(error, "constraint"), "ix");
    assert_null(json_object_get(error, "column"));
    assert_null(json_object_get(error, "datatype"));
    for (size_t i = 0; i < ARRAY_LEN(details); i++) {
        const json_t *own =
            json_object_get(json_array_get(json_object_get(root, "tenants"), i), "error");
        assert_string_equal(text_at(own, "detail"), details[i] ? details[i] : "");
        assert_int_equal(json_object_get(own, "table") != NULL, details[i] != NULL);
    }
    json_decref(root);
    free(text);
    fleet_done(&fleet);
}

static void equal_notices_of_a_fleet_are_one(void **state)
{
    struct fleet fleet;
    struct notice skipping = {.level = NOTICE_NOTICE, .code = "00000", .text = "skipping"};
    struct notice beware = {.level = NOTICE_WARNING, .code = "01000", .text = "beware"};
    struct notice behind = {.level = NOTICE_WARNING, .is_unreplicated = true, .text = "behind"};
    (void)state;
    fleet_init(&fleet, NULL, 4);
    skipping.revision = &fleet.revisions[2];
    fleet_hears(&fleet, 3, &behind, 1);
    fleet_hears(&fleet, 2, &skipping, 5);
    fleet_hears(&fleet, 0, &skipping, 2);
    fleet_hears(&fleet, 1, &beware, 1);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *text = write_json(&fleet);
    json_t *root = parse(text), *notices = json_object_get(root, "notices");
    json_t *expected = parse(
        "[{\"level\": \"warning\", \"code\": null, \"message\": \"behind\", \"detail\": null,"
        "  \"hint\": null, \"revision\": null, \"unreplicated\": true, \"count\": 1, \"tenants\": [\"t3\"]},"
        " {\"level\": \"warning\", \"code\": \"01000\", \"message\": \"beware\", \"detail\": null,"
        "  \"hint\": null, \"revision\": null, \"unreplicated\": false, \"count\": 1, \"tenants\": [\"t1\"]},"
        " {\"level\": \"notice\", \"code\": \"00000\", \"message\": \"skipping\", \"detail\": null,"
        "  \"hint\": null, \"revision\": \"83241ca0f125\", \"unreplicated\": false, \"count\": 7,"
        "  \"tenants\": [\"t0\", \"t2\"]}]");
    assert_true(json_equal(notices, expected));
    json_decref(expected);
    expected = parse("{\"count\": 5, \"warnings\": 0}");
    assert_true(json_equal(
        json_object_get(json_array_get(json_object_get(root, "tenants"), 2), "notices"), expected));
    json_decref(expected);
    json_decref(root);
    free(text);
    fleet_done(&fleet);
}

static void notices_of_a_fleet_have_a_bound(void **state)
{
    enum { TENANTS = NOTICES_OF_RUN_MAX + 50 };
    struct fleet fleet;
    (void)state;
    fleet_init(&fleet, NULL, TENANTS);
    for (size_t i = 0; i < TENANTS; i++) {
        struct notice notice = {.text = arena_printf(&fleet.arena, "row %zu", i)};
        notice.is_unreplicated = i + 1 == TENANTS;
        fleet_hears(&fleet, i, &notice, 2);
    }
    fleet_ends(&fleet, RUN_SUCCEEDED);
    char *text = write_json(&fleet);
    json_t *root = parse(text);
    assert_int_equal(json_array_size(json_object_get(root, "notices")), NOTICES_OF_RUN_MAX + 1);
    const json_t *last = json_array_get(json_object_get(root, "tenants"), TENANTS - 2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(last, "notices"), "count")),
                     2);
    json_decref(root);
    free(text);
    fleet_done(&fleet);
}

static void nothing_from_outside_breaks_it(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < HOSTILE_ROUNDS; seed++) {
        struct fleet fleet;
        (seed % 4 ? hostile_fleet : hostile_plan)(&fleet, seed);
        char *text = write_json(&fleet);
        json_t *root = parse(text);
        hostile_expect_harmless(text, false);
        assert_int_equal(json_array_size(json_object_get(root, "tenants")), HOSTILE_TENANTS);
        json_decref(root);
        free(text);
        fleet_done(&fleet);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_from_outside_breaks_it),
    cmocka_unit_test(what_is_said_beside_the_text_is_each_tenants_own),
    cmocka_unit_test(equal_notices_of_a_fleet_are_one),
    cmocka_unit_test(notices_of_a_fleet_have_a_bound),
    cmocka_unit_test(a_report_has_exactly_the_documented_keys),
    cmocka_unit_test(hostile_texts_stay_texts),
    cmocka_unit_test(terminals_see_no_controls),
    cmocka_unit_test(what_nobody_knows_is_null),
    cmocka_unit_test(every_wave_is_told_in_order),
    cmocka_unit_test(one_cause_whoever_was_in_the_way),
    cmocka_unit_test(a_full_disk_is_an_error),
};
UNIT_MAIN(tests)
