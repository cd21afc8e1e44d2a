/* Conditions that constants alone make true: `WHERE true`, `WHERE 1 = 1`. */
#include "dialect/postgres/deeds_private.h"

/* Are both the same constant, other than NULL? The tree of a constant has its place, too. */
static bool are_same(const json_t *a, const json_t *b)
{
    static const char *const kinds[] = {"ival", "fval", "sval", "boolval", "bsval"};
    const json_t *left = json_object_get(a, "A_Const"), *right = json_object_get(b, "A_Const");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const json_t *value = json_object_get(left, kinds[i]);
        if (value && json_equal(value, json_object_get(right, kinds[i])))
            return true;
    }
    return false;
}

static bool is_comparison(const json_t *expression)
{
    const json_t *names = json_object_get(expression, "name");
    return tree_is(expression, "kind", "AEXPR_OP") && json_array_size(names) == 1 &&
           tree_is(json_object_get(json_array_get(names, 0), "String"), "sval", "=");
}

bool postgres_deeds_leaves_out(const json_t *condition)
{
    const json_t *constant = json_object_get(condition, "A_Const");
    const json_t *expression = json_object_get(condition, "A_Expr");
    const json_t *joined = json_object_get(condition, "BoolExpr");
    const json_t *truth = json_object_get(json_object_get(constant, "boolval"), "boolval");
    bool is_and = tree_is(joined, "boolop", "AND_EXPR");
    bool is_or = tree_is(joined, "boolop", "OR_EXPR");
    size_t at, leaving = 0;
    const json_t *item, *args = json_object_get(joined, "args");
    if (!condition || json_is_true(truth))
        return false;
    if (expression)
        return !is_comparison(expression) || !are_same(json_object_get(expression, "lexpr"),
                                                       json_object_get(expression, "rexpr"));
    json_array_foreach(args, at, item)
    {
        leaving += postgres_deeds_leaves_out(item);
    }
    return is_and ? leaving > 0 : is_or ? leaving == json_array_size(args) : true;
}
