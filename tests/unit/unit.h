/* What every unit test file needs: cmocka, and a main that runs the one test its argument names
 * (all of them without one), so that each is a ctest entry of its own. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"

/* A test between the file's own set_up and tear_down. */
#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#define UNIT_MAIN(tests)                                                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        if (argc > 1)                                                                              \
            cmocka_set_test_filter(argv[1]);                                                       \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
