#include "unit/unit.h"

#include <locale.h>
#include <signal.h>

#include "base/human.h"
#include "base/buf.h"
#include "report/text.h"
#include "unit/report_hostile.h"

static int use_utf8(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static void expect(const struct fleet *fleet, const struct report_options *options,
                   const char *golden)
{
    char *text = fleet_write(fleet, "text", options);
    assert_string_equal(text, golden);
    free(text);
}

static void expect_part(const struct fleet *fleet, const char *part)
{
    struct report_options options = {0};
    char *text = fleet_write(fleet, "text", &options);
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
    free(text);
}

/* Three move on, one stays, two fail of the same, one was never begun. */
static void make_mixed(struct fleet *fleet)
{
    static const char *const names[] = {"acme",  "globex",  "initech", "umbrella",
                                        "hooli", "soylent", "stark"};
    struct err err = fleet_error();
    fleet_init(fleet, names, ARRAY_LEN(names));
    fleet_moves(fleet, 0, 1, 3);
    fleet_moves(fleet, 1, 0, 3);
    fleet_moves(fleet, 2, 1, 3);
    fleet_moves(fleet, 3, 3, 3);
    fleet_fails(fleet, 4, TENANT_FAILED, &err);
    fleet_fails(fleet, 5, TENANT_FAILED, &err);
    fleet_ends(fleet, RUN_HALTED);
}

/* On another engine the same revisions have other statements. */
static void a_move_is_told_once_however_many_statements_it_took(void **state)
{
    static const char *const names[] = {"acme", "globex"};
    struct fleet fleet;
    struct step_done steps[FLEET_REVISIONS];
    const char *rows[2];
    (void)state;
    fleet_init(&fleet, names, ARRAY_LEN(names));
    fleet_moves(&fleet, 0, 1, 3);
    struct outcome outcome = fleet_outcome(&fleet, 1, 3, steps, rows);
    steps[0].statements = 9;
    fleet_begins(&fleet, 1);
    fleet_finishes(&fleet, 1, &outcome);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    expect_part(&fleet, "From where to where\n"
                        "  2 tenants  1975ea83b712 -> 83241ca0f125  (2 revisions)\n");
    fleet_done(&fleet);
}

static void a_run_reads_from_what_to_why_to_what_next(void **state)
{
    static const char golden[] =
        "upgrade head: halted in 1.23 s\n"
        "run 20261123T101500Z-5f3a9c, started 2026-11-23T10:15:00.123Z\n"
        "\n"
        "  succeeded  3\n"
        "  unchanged  1\n"
        "  failed     2\n"
        "  skipped    1\n"
        "  tenants    7\n"
        "\n"
        "From where to where\n"
        "  2 tenants  1975ea83b712 -> 83241ca0f125  (2 revisions)\n"
        "  1 tenant   base -> 83241ca0f125          (3 revisions)\n"
        "  1 tenant   83241ca0f125                  (unchanged)\n"
        "\n"
        "Slowest\n"
        "  TENANT      TIME  IN STEPS  LONGEST STEP\n"
        "  acme     12.3 ms      77 %  83241ca0f125, 5.7 ms\n"
        "  globex   12.3 ms      92 %  83241ca0f125, 5.7 ms\n"
        "  initech  12.3 ms      77 %  83241ca0f125, 5.7 ms\n"
        "\n"
        "Failures\n"
        "  2 tenants: could not create unique index \"ix\"\n"
        "    sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12\n"
        "      12 | CREATE UNIQUE INDEX ix ON exam (title);\n"
        "    in hooli, soylent\n"
        "\n"
        "What to do\n"
        "  hooli, soylent: left as before the step that failed.\n"
        "    Once the cause is gone:\n"
        "      skein upgrade head --tenant hooli --tenant soylent\n"
        "  stark: never begun.\n"
        "    To go on:\n"
        "      skein upgrade head --tenant stark\n";
    (void)state;
    struct fleet fleet;
    struct report_options options = {0};
    make_mixed(&fleet);
    expect(&fleet, &options, golden);
    fleet_done(&fleet);
}

/* Removes `ESC [ … m`. */
static void strip_color(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        if (from[0] == '\033' && from[1] == '[') {
            from += strcspn(from, "m") + 1;
            continue;
        }
        *to++ = *from++;
    }
    *to = '\0';
}

static void color_only_adds_ansi(void **state)
{
    (void)state;
    struct fleet fleet;
    struct report_options plain = {.is_verbose = true};
    struct report_options colored = {.is_verbose = true, .has_color = true};
    make_mixed(&fleet);
    char *expected = fleet_write(&fleet, "text", &plain);
    char *text = fleet_write(&fleet, "text", &colored);
    assert_non_null(strchr(text, '\033'));
    strip_color(text);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
    fleet_done(&fleet);
}

static void verbose_lists_every_tenant(void **state)
{
    (void)state;
    struct fleet fleet;
    struct report_options options = {.is_verbose = true};
    make_mixed(&fleet);
    char *text = fleet_write(&fleet, "text", &options);
    const char *table = strstr(text, "All tenants\n");
    assert_non_null(table);
    for (size_t i = 0; i < fleet.run.tenant_count; i++)
        assert_non_null(strstr(table, fleet.run.tenants[i]->name));
    assert_non_null(strstr(table, "  stark     skipped    unknown       unknown"));
    free(text);
    fleet_done(&fleet);
}

/* On a narrow terminal names would look alike if they were cut to what is left: below 60 columns the terminal wraps. */
static void narrow_tables_tell_names_apart(void **state)
{
    (void)state;
    struct fleet fleet;
    struct report_options narrow = {.width = 40}, wider = {.width = 60};
    make_mixed(&fleet);
    char *text = fleet_write(&fleet, "text", &narrow), *other = fleet_write(&fleet, "text", &wider);
    assert_string_equal(text, other);
    assert_non_null(strstr(text, "1975ea83b712 -> 83241ca0f125"));
    free(text);
    free(other);
    fleet_done(&fleet);
}

/* The headings are never cut: below that, the terminal wraps. */
static void tables_keep_to_the_width(void **state)
{
    enum { WIDTH = 64 };
    (void)state;
    struct fleet fleet;
    struct report_options options = {.is_verbose = true, .width = WIDTH};
    make_mixed(&fleet);
    char *text = fleet_write(&fleet, "text", &options);
    assert_non_null(strstr(text, "\u2501"));
    const char *table = strstr(text, "All tenants\n");
    assert_non_null(table);
    for (const char *line = table; *line != '\0' && *line != '\n'; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 1, WIDTH);
    free(text);
    options.width = 1;
    free(fleet_write(&fleet, "text", &options));
    fleet_done(&fleet);
}

static void a_plan_shows_equal_plans_together(void **state)
{
    static const char golden[] = "plan head: done in 1.23 s\n"
                                 "run 20261123T101500Z-5f3a9c, started 2026-11-23T10:15:00.123Z\n"
                                 "\n"
                                 "  would change  3\n"
                                 "  would stay    1\n"
                                 "  tenants       4\n"
                                 "\n"
                                 "2 tenants  1975ea83b712 -> 83241ca0f125\n"
                                 "  up  27c6a30d7c24  2 statements  irreversible  Added column\n"
                                 "  up  83241ca0f125  3 statements  irreversible  Added table\n"
                                 "  in globex, hooli\n"
                                 "\n"
                                 "1 tenant  base -> 27c6a30d7c24\n"
                                 "  up  1975ea83b712  1 statement   irreversible  Initial\n"
                                 "  up  27c6a30d7c24  2 statements  irreversible  Added column\n"
                                 "  in acme\n";
    static const char *const names[] = {"acme", "globex", "initech", "hooli"};
    (void)state;
    struct fleet fleet;
    struct report_options options = {0};
    fleet_prepare(&fleet, names, ARRAY_LEN(names));
    fleet.request.verb = &verbs[VERB_PLAN];
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 0, 2);
    fleet_moves(&fleet, 1, 1, 3);
    fleet_moves(&fleet, 2, 3, 3);
    fleet_moves(&fleet, 3, 1, 3);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    expect(&fleet, &options, golden);
    fleet_done(&fleet);
}

static void current_marks_heads_and_sums_up(void **state)
{
    static const char golden[] = "current: failed in 1.23 s\n"
                                 "run 20261123T101500Z-5f3a9c, started 2026-11-23T10:15:00.123Z\n"
                                 "\n"
                                 "  TENANT   REVISION\n"
                                 "  acme     83241ca0f125 (head)\n"
                                 "  globex   base\n"
                                 "  initech  failed\n"
                                 "  hooli    83241ca0f125 (head)\n"
                                 "\n"
                                 "Together\n"
                                 "  2 tenants at 83241ca0f125 (head)\n"
                                 "  1 tenant at base\n"
                                 "  1 tenant could not be asked\n"
                                 "\n"
                                 "Failures\n"
                                 "  1 tenant: no route to host\n"
                                 "    is it up?\n"
                                 "    connect\n"
                                 "    in initech\n";
    static const char *const names[] = {"acme", "globex", "initech", "hooli"};
    (void)state;
    struct fleet fleet;
    struct err err;
    struct report_options options = {0};
    err_set(&err, ERR_CONNECT, "no route to host\nis it up?");
    fleet_prepare(&fleet, names, ARRAY_LEN(names));
    fleet.request.verb = &verbs[VERB_CURRENT];
    fleet.run.target = "";
    fleet_starts(&fleet);
    fleet_moves(&fleet, 0, 3, 3);
    fleet_moves(&fleet, 1, 0, 0);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_moves(&fleet, 3, 3, 3);
    fleet_ends(&fleet, RUN_FAILED);
    expect(&fleet, &options, golden);
    fleet_done(&fleet);
}

/* ---- runs that are in a ledger ------------------------------------------------------------- */

static void make_kept(struct fleet *fleet, const char *const *names, size_t count)
{
    fleet_prepare(fleet, names, count);
    fleet->run.fixed_target = "83241ca0f125";
    fleet_splits(fleet);
    fleet_starts(fleet);
    fleet_begins_wave(fleet, 0);
    fleet_moves(fleet, 0, 1, 3);
    fleet_ends_wave(fleet, 0, RUN_SUCCEEDED);
}

static void a_kept_run_is_resumed_or_rolled_back(void **state)
{
    static const char golden[] =
        "upgrade head: halted in 1.23 s\n"
        "run 20261123T101500Z-5f3a9c, started 2026-11-23T10:15:00.123Z\n"
        "\n"
        "  succeeded  1\n"
        "  failed     1\n"
        "  skipped    1\n"
        "  tenants    3\n"
        "\n"
        "Waves\n"
        "  WAVE      STATE      TENANTS  FAILED\n"
        "  canary    succeeded        1       0\n"
        "  everyone  halted           2       1\n"
        "\n"
        "From where to where\n"
        "  1 tenant   1975ea83b712 -> 83241ca0f125  (2 revisions)\n"
        "\n"
        "Failures\n"
        "  1 tenant: could not create unique index \"ix\"\n"
        "    sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12\n"
        "      12 | CREATE UNIQUE INDEX ix ON exam (title);\n"
        "    in globex\n"
        "\n"
        "What to do\n"
        "  globex: left as before the step that failed.\n"
        "  initech: never begun.\n"
        "  Once the cause is gone, go on with this run:\n"
        "    skein resume 20261123T101500Z-5f3a9c\n"
        "  Or roll back what it changed:\n"
        "    skein rollback 20261123T101500Z-5f3a9c\n"
        "  To read this once more:\n"
        "    skein report 20261123T101500Z-5f3a9c\n";
    static const char *const names[] = {"acme", "globex", "initech"};
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    struct report_options options = {0};
    make_kept(&fleet, names, ARRAY_LEN(names));
    fleet_begins_wave(&fleet, 1);
    fleet_fails(&fleet, 1, TENANT_FAILED, &err);
    fleet_ends_wave(&fleet, 1, RUN_HALTED);
    fleet_ends(&fleet, RUN_HALTED);
    expect(&fleet, &options, golden);
    fleet_done(&fleet);
}

static void when_it_stood_still_is_told(void **state)
{
    static const char golden[] =
        "\n"
        "Moments\n"
        "  2026-11-23T10:15:01.000Z  paused by alice@db1\n"
        "  2026-11-23T10:15:03.500Z  went on by bob\\x1b\n"
        "  2026-11-23T10:15:04.000Z  nothing more was begun by alice@db1: stopped by Terminated\n"
        "  paused for 2.50 s in all\n";
    const int64_t begin_ms = 1795428900000 + 1000;
    struct halt stop = {.kind = HALT_SIGNAL, .signal = SIGTERM};
    (void)state;
    struct fleet fleet;
    make_kept(&fleet, NULL, 3);
    fleet_tell(&fleet,
               (struct event){.kind = EVENT_RUN_PAUSED, .at_ms = begin_ms, .by = "alice@db1"});
    fleet_tell(&fleet, (struct event){
                           .kind = EVENT_RUN_CONTINUES, .at_ms = begin_ms + 2500, .by = "bob\x1b"});
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_DRAINS,
                                      .reason = "stopping: what is in flight finishes",
                                      .halt = &stop,
                                      .at_ms = begin_ms + 3000,
                                      .by = "alice@db1"});
    fleet_tell(
        &fleet,
        (struct event){.kind = EVENT_RUN_FINISHED, .state = RUN_INTERRUPTED, .duration_ms = 10000});
    expect_part(&fleet, golden);
    fleet_done(&fleet);
}

static void who_was_rolled_back_is_told_apart(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    make_kept(&fleet, NULL, 3);
    fleet_begins_wave(&fleet, 1);
    fleet_moves(&fleet, 1, 1, 1);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_rolls_back(&fleet, 0, TENANT_ROLLED_BACK, NULL);
    fleet_ends(&fleet, RUN_ROLLED_BACK);
    expect_part(&fleet, "From where to where\n"
                        "  1 tenant   1975ea83b712  (rolled back)\n"
                        "  1 tenant   1975ea83b712  (unchanged)\n");
    expect_part(&fleet, "  t2: left as before the step that failed.\n"
                        "  To read this once more:\n"
                        "    skein report ");
    fleet_done(&fleet);
}

static void a_rollback_that_failed_is_tried_again(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    make_kept(&fleet, NULL, 2);
    fleet_rolls_back(&fleet, 0, TENANT_ROLLBACK_FAILED, &err);
    fleet_ends(&fleet, RUN_ROLLBACK_FAILED);
    expect_part(&fleet, "  Once the cause is gone, roll back the rest:\n"
                        "    skein rollback 20261123T101500Z-5f3a9c\n");
    fleet_done(&fleet);
}

/* `resume` would do the same: what is left of the run is its rollback. */
static void a_rollback_that_was_stopped_is_not_gone_on_with_forward(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    make_kept(&fleet, NULL, 3);
    fleet_fails(&fleet, 2, TENANT_FAILED, &err);
    fleet_tell(&fleet, (struct event){.kind = EVENT_RUN_ROLLS_BACK, .reason = "too many failures"});
    fleet_rolls_back(&fleet, 0, TENANT_ROLLED_BACK, NULL);
    fleet_ends(&fleet, RUN_INTERRUPTED);
    expect_part(&fleet, "  t1: never begun.\n"
                        "  Once the cause is gone, roll back the rest:\n"
                        "    skein rollback 20261123T101500Z-5f3a9c\n"
                        "  To read this once more:\n");
    fleet_done(&fleet);
}

/* ---- texts from outside -------------------------------------------------------------------- */

static void hostile_names_can_do_nothing(void **state)
{
    static const char *const names[] = {"\033]52;c;x\a", "\\x1b[0m",  "bad\xff\xc3", "a\nb",
                                        "c1\xc2\x9b[2J", "\u202egpj", "caf\u00e9"};
    static const char *const locales[] = {"C.UTF-8", "C"};
    (void)state;
    for (size_t l = 0; l < ARRAY_LEN(locales); l++) {
        struct fleet fleet;
        struct err err;
        struct report_options options = {.is_verbose = true, .width = 80};
        assert_non_null(setlocale(LC_CTYPE, locales[l]));
        fleet_init(&fleet, names, ARRAY_LEN(names));
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            err_set(&err, ERR_SQL, "%s", names[i]);
            fleet_fails(&fleet, i, TENANT_FAILED, &err);
        }
        fleet_ends(&fleet, RUN_FAILED);
        char *text = fleet_write(&fleet, "text", &options);
        assert_null(strpbrk(text, "\033\a\x7f\r"));
        assert_null(strstr(text, "\xc2\x9b"));
        assert_null(strstr(text, "\u202e"));
        assert_null(strchr(text, '\xff'));
        assert_non_null(strstr(text, "  \\x1b]52;c;x\\x07"));
        assert_non_null(strstr(text, "  bad\\xff\\xc3"));
        free(text);
        fleet_done(&fleet);
    }
}

static void commands_are_quoted_for_the_shell(void **state)
{
    static const struct {
        const char *name;
        const char *word; /* NULL: not to be shown */
    } cases[] = {
        {"acme", "acme"},
        {"a b", "'a b'"},
        {"it's; rm -rf /", "'it'\\''s; rm -rf /'"},
        {"$(reboot)", "'$(reboot)'"},
        {"", "''"},
        {"\033[31m", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, BUF_MAX_DEFAULT);
        assert_int_equal(human_add_shell_word(&buf, cases[i].name), cases[i].word != NULL);
        assert_string_equal(buf.data, cases[i].word ? cases[i].word : "");
        buf_done(&buf);
    }
}

/* ---- many ---------------------------------------------------------------------------------- */

static void names_beyond_ten_are_counted(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_init(&fleet, NULL, 13);
    for (size_t i = 0; i < 13; i++)
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    fleet_ends(&fleet, RUN_FAILED);
    expect_part(&fleet, "    in t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 3 more\n");
    expect_part(&fleet, "    Once the cause is gone:\n      skein upgrade head\n");
    fleet_done(&fleet);
}

/* Run for all again, `+1` would move those that succeeded once more. */
static void a_relative_target_is_retried_for_the_failed_only(void **state)
{
    (void)state;
    struct fleet fleet;
    struct err err = fleet_error();
    fleet_prepare(&fleet, NULL, 13);
    fleet.run.target = "+1";
    fleet_starts(&fleet);
    for (size_t i = 0; i < 13; i++)
        fleet_fails(&fleet, i, TENANT_FAILED, &err);
    fleet_ends(&fleet, RUN_FAILED);
    expect_part(&fleet, "      skein upgrade +1 --tenant NAME ");
    fleet_done(&fleet);
}

static void the_part_of_a_machine_is_told_as_such(void **state)
{
    (void)state;
    struct fleet fleet;
    struct outcome outcome = {.state = TENANT_SUCCEEDED, .to = {.is_known = true}};
    fleet_init(&fleet, NULL, 2);
    fleet_finishes(&fleet, 0, &outcome);
    fleet_ends(&fleet, RUN_INTERRUPTED);
    report_set_own_part(fleet.report);
    expect_part(&fleet, "t1: not begun by this machine.");
    expect_part(&fleet, "This tells only of what this machine saw");
    expect_part(&fleet, "skein report ");
    fleet_done(&fleet);
}

static void each_state_that_needs_a_person_says_what_to_do(void **state)
{
    static const struct {
        enum tenant_state state;
        const char *advice;
    } cases[] = {
        {TENANT_PARTIAL, "  t0: partly applied"},
        {TENANT_IN_DOUBT, "  t0: how the last commit ended could not be asked"},
        {TENANT_ROLLBACK_FAILED, "  t0: its rollback failed"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fleet fleet;
        struct err err = fleet_error();
        fleet_init(&fleet, NULL, 1);
        fleet_fails(&fleet, 0, cases[i].state, &err);
        fleet_ends(&fleet, RUN_FAILED);
        expect_part(&fleet, cases[i].advice);
        fleet_done(&fleet);
    }
}

/* A stamp at base removes rows and names no revision. */
static void a_step_without_a_revision_can_be_told(void **state)
{
    (void)state;
    struct fleet fleet;
    struct step_done step = {.direction = DIRECTION_DOWN, .duration_ms = 2};
    const char *row = "1975ea83b712";
    struct outcome outcome = {.state = TENANT_SUCCEEDED,
                              .from = {&row, 1, true},
                              .to = {.is_known = true},
                              .steps = &step,
                              .step_count = 1,
                              .duration_ms = 4};
    fleet_init(&fleet, NULL, 2);
    fleet_finishes(&fleet, 0, &outcome);
    fleet_finishes(&fleet, 1, &outcome);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    expect_part(&fleet, "  2 tenants  1975ea83b712 -> base  (1 revision)\n");
    expect_part(&fleet, "base, 2.0 ms");
    fleet_done(&fleet);
}

static void what_is_said_stands_under_the_message(void **state)
{
    static const char *const names[] = {"acme", "globex"};
    static const char *const details[][2] = {{"Key (x)=(1).", "Key (x)=(1)."},
                                             {"Key (x)=(1).\033[2J", "Key (x)=(2)."}};
    static const char *const goldens[] = {
        "  2 tenants: could not create unique index \"ix\"\n"
        "    detail: Key (x)=(1).\n"
        "    hint: Look at\n"
        "      both rows.\n"
        "    sql 23505, revision 83241ca0f125, versions/83241ca0f125_added_table.sql:12, table "
        "public.exam, constraint ix\n",
        "    detail (of acme, as an example): Key (x)=(1).\\x1b[2J\n",
    };
    (void)state;
    for (size_t c = 0; c < ARRAY_LEN(goldens); c++) {
        struct fleet fleet;
        fleet_init(&fleet, names, 2);
        for (size_t i = 0; i < 2; i++) {
            struct err err = fleet_error();
            struct said said = fleet_said(details[c][i]);
            err.said = &said;
            fleet_fails(&fleet, i, TENANT_FAILED, &err);
        }
        fleet_ends(&fleet, RUN_FAILED);
        expect_part(&fleet, goldens[c]);
        fleet_done(&fleet);
    }
}

static void notices_are_for_those_who_ask_and_lost_standbys_for_all(void **state)
{
    static const char *const names[] = {"acme", "globex"};
    static const char behind_part[] = "\n"
                                      "Committed, but a standby may not have it\n"
                                      "  1 tenant: canceling wait\n"
                                      "    detail: might not have been replicated\n"
                                      "    warning 01000\n"
                                      "    in globex\n";
    static const char notice_part[] = "\n"
                                      "Warnings and notices\n"
                                      "  1 tenant: \\x1b[2Jskipping\n"
                                      "    notice 00000, revision 83241ca0f125, 3 times\n"
                                      "    in acme\n";
    const struct said said = {.part = {[SAID_DETAIL] = "might not have been replicated"}};
    struct notice behind = {.level = NOTICE_WARNING,
                            .is_unreplicated = true,
                            .code = "01000",
                            .text = "canceling wait",
                            .said = &said};
    struct notice skipping = {.level = NOTICE_NOTICE, .code = "00000", .text = "\033[2Jskipping"};
    struct fleet fleet;
    (void)state;
    fleet_init(&fleet, names, 2);
    skipping.revision = &fleet.revisions[2];
    fleet_hears(&fleet, 0, &skipping, 3);
    fleet_hears(&fleet, 1, &behind, 1);
    fleet_ends(&fleet, RUN_SUCCEEDED);
    for (int is_verbose = 0; is_verbose < 2; is_verbose++) {
        struct report_options options = {.is_verbose = is_verbose};
        char *text = fleet_write(&fleet, "text", &options);
        assert_non_null(strstr(text, behind_part));
        assert_int_equal(strstr(text, notice_part) != NULL, is_verbose);
        free(text);
    }
    fleet_done(&fleet);
}

static void nothing_from_outside_steers_a_terminal(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < HOSTILE_ROUNDS; seed++) {
        struct fleet fleet;
        struct report_options options = {.is_verbose = seed % 2, .width = seed % 3 ? 0 : 80};
        (seed % 4 ? hostile_fleet : hostile_plan)(&fleet, seed);
        char *text = fleet_write(&fleet, "text", &options);
        hostile_expect_harmless(text, false);
        free(text);
        fleet_done(&fleet);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(nothing_from_outside_steers_a_terminal, use_utf8),
    cmocka_unit_test(what_is_said_stands_under_the_message),
    cmocka_unit_test(notices_are_for_those_who_ask_and_lost_standbys_for_all),
    cmocka_unit_test(a_run_reads_from_what_to_why_to_what_next),
    cmocka_unit_test(a_move_is_told_once_however_many_statements_it_took),
    cmocka_unit_test(color_only_adds_ansi),
    cmocka_unit_test(verbose_lists_every_tenant),
    cmocka_unit_test(tables_keep_to_the_width),
    cmocka_unit_test(narrow_tables_tell_names_apart),
    cmocka_unit_test(a_plan_shows_equal_plans_together),
    cmocka_unit_test(current_marks_heads_and_sums_up),
    cmocka_unit_test(a_kept_run_is_resumed_or_rolled_back),
    cmocka_unit_test(when_it_stood_still_is_told),
    cmocka_unit_test(who_was_rolled_back_is_told_apart),
    cmocka_unit_test(a_rollback_that_failed_is_tried_again),
    cmocka_unit_test(a_rollback_that_was_stopped_is_not_gone_on_with_forward),
    cmocka_unit_test(hostile_names_can_do_nothing),
    cmocka_unit_test(commands_are_quoted_for_the_shell),
    cmocka_unit_test(names_beyond_ten_are_counted),
    cmocka_unit_test(a_relative_target_is_retried_for_the_failed_only),
    cmocka_unit_test(the_part_of_a_machine_is_told_as_such),
    cmocka_unit_test(each_state_that_needs_a_person_says_what_to_do),
    cmocka_unit_test(a_step_without_a_revision_can_be_told),
};

int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, use_utf8, NULL);
}
