#include "unit/unit.h"

#include "base/ascii.h"

static void compares_in_any_case_of_letters(void **state)
{
    (void)state;
    assert_true(ascii_is_same("COMMIT", "commit"));
    assert_true(ascii_is_same("", ""));
    assert_false(ascii_is_same("commit", "commits"));
    assert_false(ascii_is_same("commits", "commit"));
    assert_false(ascii_is_same("[", "{")); /* as far apart as `A` and `a` */
    assert_true(ascii_begins("Discard ALL", "DISCARD"));
    assert_false(ascii_begins("disc", "discard"));
    assert_true(ascii_begins("disc", ""));
}

static void finds_in_any_case_of_letters(void **state)
{
    (void)state;
    assert_true(ascii_holds("; DISCARD ALL", "discard"));
    assert_true(ascii_holds("didiscard", "discard"));
    assert_false(ascii_holds("discar", "discard"));
    assert_false(ascii_holds("", "discard"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(compares_in_any_case_of_letters),
    cmocka_unit_test(finds_in_any_case_of_letters),
};

UNIT_MAIN(tests)
