#include "dialect/scripts.h"
#include "unit/unit.h"

#include "base/arena.h"
#include "base/err.h"
#include "dialect/dialects.h"
#include "rollout/checkpoint.h"
#include "rollout/unfinished.h"

#define OUTSIDE "-- migrate:up transaction:false\n"
#define INSIDE "-- migrate:up\n"

/* A chain of one revision, and its script. */
struct file {
    struct faults faults;
    struct chain *chain;
    struct scripts *scripts;
    const struct script *script;
    struct step step;
};

static void open_file(struct file *file, struct arena *arena, const char *sections)
{
    const char *text = arena_printf(arena, "-- Revision ID: aaaa\n%s", sections);
    struct chain_file source = {"x.sql", text, strlen(text)};
    struct err err;
    faults_init(&file->faults);
    file->chain = chain_build("versions", &source, 1, &file->faults);
    assert_non_null(file->chain);
    file->scripts = scripts_new(file->chain);
    file->step =
        (struct step){.revision = chain_get(file->chain, "aaaa"), .direction = DIRECTION_UP};
    file->script =
        scripts_get(file->scripts, &dialect_sqlite, file->step.revision, DIRECTION_UP, &err);
    assert_non_null(file->script);
}

static void close_file(struct file *file)
{
    scripts_free(file->scripts);
    chain_free(file->chain);
    faults_done(&file->faults);
}

static struct unfinished left(struct arena *arena, const struct file *file, size_t done,
                              const char *how)
{
    const struct place_digest *place = &script_digests(arena, file->script)[done];
    bool is_running = strcmp(how, "running") == 0, is_clean = strcmp(how, "clean") == 0;
    return (struct unfinished){.revision = "aaaa",
                               .direction = DIRECTION_UP,
                               .statements = done,
                               .is_running = is_running,
                               .is_begun = !is_running && !is_clean,
                               .checksum = checkpoint_text(arena, place, is_clean),
                               .run_id = "r7"};
}

static void knows_what_is_done_by_its_text(void **state)
{
    static const char then[] = OUTSIDE "SELECT 1;\nSELECT 2;\nSELECT 3;\n";
    static const struct {
        size_t done;
        const char *how, *now;
        enum unfinished_fault fault;
        const char *says;
    } cases[] = {
        {1, "clean", then, UNFINISHED_FITS, NULL},
        {1, "clean", OUTSIDE "-- x\nSELECT  1;\nSELECT 9;\n", UNFINISHED_FITS, NULL},
        {1, "clean", OUTSIDE "SELECT 1;\n", UNFINISHED_FITS, NULL},
        {1, "clean", OUTSIDE "SELECT 1;\n" INSIDE "SELECT 2;\nSELECT 3;\n", UNFINISHED_FITS, NULL},
        {1, "clean", INSIDE "SELECT 1;\n" INSIDE "SELECT 2;\n", UNFINISHED_FITS, NULL},
        {0, "clean", INSIDE "SELECT 8;\n", UNFINISHED_FITS, NULL},
        {1, "clean", OUTSIDE "SELECT 0;\nSELECT 1;\nSELECT 2;\n", UNFINISHED_EDITED,
         "no longer the first"},
        {1, "clean", OUTSIDE "SELECT 2;\n", UNFINISHED_EDITED, "no longer the first"},
        {2, "clean", OUTSIDE "SELECT 1;\n", UNFINISHED_EDITED, "no longer the first"},
        {2, "clean", OUTSIDE "SELECT 2;\nSELECT 1;\n", UNFINISHED_EDITED, "no longer the first"},
        {1, "clean", INSIDE "-- nothing\n", UNFINISHED_EDITED, "no longer the first"},
        {1, "clean", INSIDE "SELECT 1;\nSELECT 2;\n", UNFINISHED_EDITED,
         "in one transaction with them"},
        {1, "running", then, UNFINISHED_DOUBT, "statement 2 of 3 was under way when run r7 ended"},
        {1, "begun", then, UNFINISHED_DOUBT, "statement 2 of 3 failed in run r7"},
        {1, "running", OUTSIDE "SELECT 1;\nSELECT 9;\n", UNFINISHED_EDITED,
         "was under way at the end of run r7"},
        {1, "begun", OUTSIDE "SELECT 1;\nSELECT 9;\n", UNFINISHED_EDITED, "failed in run r7"},
        {1, "running", OUTSIDE "SELECT 1;\n", UNFINISHED_EDITED, "was under way"},
        {3, "running", then, UNFINISHED_FITS, NULL},
        {0, "running", then, UNFINISHED_DOUBT, "statement 1 of 3"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct file before, now;
        struct err err = {0};
        arena_init(&arena);
        open_file(&before, &arena, then);
        open_file(&now, &arena, cases[i].now);
        struct unfinished unfinished = left(&arena, &before, cases[i].done, cases[i].how);
        enum unfinished_fault fault =
            unfinished_check(&arena, &unfinished, &now.step, now.script, &err);
        if (fault != cases[i].fault || (cases[i].says && !strstr(err.text, cases[i].says)))
            fail_msg("case %zu: %d: %s", i, (int)fault, err.text);
        close_file(&before);
        close_file(&now);
        arena_done(&arena);
    }
}

static void what_is_settled_is_in_doubt_no_more(void **state)
{
    struct arena arena;
    struct file file;
    struct err err;
    (void)state;
    arena_init(&arena);
    open_file(&file, &arena, OUTSIDE "SELECT 1;\nSELECT 2;\n");
    struct unfinished unfinished = left(&arena, &file, 0, "running");
    unfinished_set_done(&arena, &unfinished, file.script, 1);
    assert_int_equal(unfinished.statements, 1);
    assert_int_equal(unfinished_check(&arena, &unfinished, &file.step, file.script, &err),
                     UNFINISHED_FITS);
    close_file(&file);
    arena_done(&arena);
}

/* Of a transaction nothing is left, whatever the row says. */
static void what_ran_in_a_transaction_is_not_in_doubt(void **state)
{
    struct arena arena;
    struct file before, now;
    struct err err;
    (void)state;
    arena_init(&arena);
    open_file(&before, &arena, OUTSIDE "SELECT 1;\n" INSIDE "SELECT 2;\n");
    open_file(&now, &arena, OUTSIDE "SELECT 1;\nSELECT 9;\n");
    struct unfinished unfinished = left(&arena, &before, 1, "running");
    assert_int_equal(unfinished_check(&arena, &unfinished, &now.step, now.script, &err),
                     UNFINISHED_FITS);
    close_file(&before);
    close_file(&now);
    arena_done(&arena);
}

static void what_is_told_says_how_far_and_whether_it_is_known(void **state)
{
    static const struct {
        const char *file, *how;
        size_t done;
        bool has_script, is_in_doubt;
    } cases[] = {
        {OUTSIDE "SELECT 1;\nSELECT 2;\nSELECT 3;\n", "clean", 2, true, false},
        {OUTSIDE "SELECT 1;\nSELECT 2;\nSELECT 3;\n", "begun", 2, true, true},
        {OUTSIDE "SELECT 1;\nSELECT 2;\nSELECT 3;\n", "running", 0, true, true},
        {OUTSIDE "SELECT 1;\n" INSIDE "SELECT 2;\nSELECT 3;\n", "running", 1, true, false},
        {OUTSIDE "SELECT 1;\nSELECT 2;\nSELECT 3;\n", "running", 1, false, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        struct file file;
        arena_init(&arena);
        open_file(&file, &arena, cases[i].file);
        struct unfinished unfinished = left(&arena, &file, cases[i].done, cases[i].how);
        struct half_step half =
            unfinished_tell(&unfinished, cases[i].has_script ? file.script : NULL);
        assert_string_equal(half.revision, "aaaa");
        assert_string_equal(half.run, "r7");
        assert_int_equal(half.statements, cases[i].done);
        assert_int_equal(half.of, cases[i].has_script ? 3 : 0);
        assert_int_equal(half.is_in_doubt, cases[i].is_in_doubt);
        close_file(&file);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_told_says_how_far_and_whether_it_is_known),
    cmocka_unit_test(knows_what_is_done_by_its_text),
    cmocka_unit_test(what_is_settled_is_in_doubt_no_more),
    cmocka_unit_test(what_ran_in_a_transaction_is_not_in_doubt),
};

UNIT_MAIN(tests)
