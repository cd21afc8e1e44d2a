/* Comments that allow what a rule finds. */
#include "unit/lint_fixture.h"

static void a_waiver_needs_a_rule_a_reason_and_a_statement(void **state)
{
    static const struct {
        const char *up, *found, *fault;
    } cases[] = {
        {"-- skein:allow drop-index: it is never used\nDROP INDEX i;", "-drop-index:2", NULL},
        {"--skein:allow drop-index it is never used\nDROP INDEX i;", "-drop-index:2", NULL},
        {"-- skein:allow no-way-back: no one will miss it\nSELECT 1; -- no down", "-no-way-back:0",
         NULL},
        {"-- skein:allow drop-index: it is never used\nDROP INDEX i;\nDROP INDEX j;",
         "-drop-index:2 drop-index:3", NULL},
        {"-- skein:allow drop-index\nDROP INDEX i;", "drop-index:2", "needs a reason"},
        {"-- skein:allow drop-index:\nDROP INDEX i;", "drop-index:2", "needs a reason"},
        {"-- skein:allow drop-indx: x\nDROP INDEX i;", "drop-index:2", "no rule 'drop-indx'"},
        {"-- Skein: allow drop-index: x\nDROP INDEX i;", "drop-index:2", "no waiver yet"},
        {"-- skein:allow drop-index: x\nSELECT 1;", "", "is not what the next statement does"},
        {"SELECT 1;\n-- skein:allow drop-index: x", "", "is not what the next statement does"},
        {"SELECT '\n-- skein:allow drop-index';", "", NULL},
        {"-- skein:allow drop-index, truncate: x\nDROP INDEX i;", "drop-index:2", "of one rule"},
        {"-- skein:allow drop-index truncate\nDROP INDEX i;", "drop-index:2", "of one rule"},
        {"-- skein:allow drop-index: truncate, then fill\nDROP INDEX i;", "-drop-index:2", NULL},
        {"-- skein:allow drop-index: truncate is worse\nDROP INDEX i;", "-drop-index:2", NULL},
        {"-- skein:allow drop-index: - \nDROP INDEX i;", "drop-index:2", "needs a reason"},
        {"-- skein:allow drop-index: ненужен\nDROP INDEX i;", "-drop-index:2", NULL},
        {"/* skein:allow drop-index: x */\nDROP INDEX i;", "drop-index:2", "a line of its own"},
        {"DROP INDEX i; -- skein:allow drop-index: x\nDROP INDEX j;", "drop-index:1 drop-index:2",
         "a line of its own"},
        {"DROP INDEX i; -- skein:allow drop-index: x", "drop-index:1", "a line of its own"},
        {"/*\n-- skein:allow drop-index: x\n*/\nDROP INDEX i;", "drop-index:4", NULL},
        {"/* why */ -- skein:allow drop-index: x\nDROP INDEX i;", "drop-index:2",
         "a line of its own"},
        {"-- as in skein:allow drop-index: x\nDROP INDEX i;", "drop-index:2", NULL},
        {"-- skein:allow no-way-back: no one will miss it\n-- migrate:up\nSELECT 1; -- no down",
         "-no-way-back:0", NULL},
        {"-- skein:allow drop-index: x\n-- migrate:up\nDROP INDEX i;", "drop-index:2",
         "nothing that the revision does as a whole"},
        {"-- skein:allow no-way-back: x\n-- migrate:up\nSELECT 1;", "",
         "nothing that the revision does as a whole"},
        {"-- skein:allow no-way-bak: x\n-- migrate:up\nSELECT 1;", "", "no rule 'no-way-bak'"},
        {"-- skein:allow no-way-back\n-- migrate:up\nSELECT 1;", "", "needs a reason"},
        {"-- skein:allow algorithm: MariaDB is no dialect of this run\nSELECT 1;", "", NULL},
        {"-- skeins allowed here\nSELECT 1;", "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct lint_case lint_case = {PG, NULL, cases[i].up, NULL};
        struct arena arena;
        struct buf found;
        struct faults faults;
        arena_init(&arena);
        buf_init(&found, 65536);
        faults_init(&faults);
        lint_of(&arena, &lint_case, &found, &faults);
        if (strcmp(found.data, cases[i].found) != 0)
            fail_msg("%s\n  found: %s", cases[i].up, found.data);
        if (faults.count != (cases[i].fault ? 1 : 0))
            fail_msg("%s: %zu faults", cases[i].up, faults.count);
        if (cases[i].fault && !strstr(faults.items[0].text, cases[i].fault))
            fail_msg("%s: %s", cases[i].up, faults.items[0].text);
        faults_done(&faults);
        buf_done(&found);
        arena_done(&arena);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_waiver_needs_a_rule_a_reason_and_a_statement),
};

UNIT_MAIN(tests)
