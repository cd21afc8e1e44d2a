/* What src/driver/driver.h promises, asked of every driver alike.
 *
 *     conformance SUBJECT [CASE]      SUBJECT: a row of subjects.c
 */
#include "driver/conformance.h"

static int (*const parts[])(void) = {
    run_connect_cases, run_statements_cases, run_transaction_cases,
    run_dialect_cases, run_stop_cases,
};

int main(int argc, char **argv)
{
    const struct subject *subject = argc > 1 ? subject_find(argv[1]) : NULL;
    int failed = 0;
    if (!subject) {
        fprintf(stderr, "usage: %s SUBJECT [CASE]\n", argv[0]);
        return 2;
    }
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    drivers_init();
    stage_use(subject);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        failed += parts[i]();
    return failed > 0;
}
