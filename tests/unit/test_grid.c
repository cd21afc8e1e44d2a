#include "unit/unit.h"

#include "base/grid.h"

static void an_answer_has_the_shape_of_its_question(void **state)
{
    static const char *const values[] = {"a", NULL, "b", "c"};
    const struct grid two = {values, 2, 2}, none = {NULL, 0, 2}, ok = {0};
    const struct {
        const struct grid *grid;
        struct grid_shape shape;
        bool has;
    } rows[] = {
        {&two, {"!.", 1}, true},  {&two, {"!", 2}, true},    {&two, {"", 0}, true},
        {&two, {"..", 3}, false}, {&two, {"!!", 0}, false},  {&two, {"!..", 0}, false},
        {&none, {"!!", 0}, true}, {&none, {"!!", 1}, false}, {&none, {"...", 0}, false},
        {&ok, {".", 0}, false}, /* a statement that returns no rows has answered */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(grid_has_shape(rows[i].grid, &rows[i].shape), rows[i].has);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_answer_has_the_shape_of_its_question),
};

UNIT_MAIN(tests)
