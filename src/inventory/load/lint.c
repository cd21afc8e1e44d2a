/* `lint`: how severe a finding of each rule is. */
#include "inventory/load/builder.h"

void load_lint(struct inventory_builder *builder, const struct raw_lint *raw)
{
    static const char *const words[LINT__COUNT + 1] = {"off", "note", "warning", "error", NULL};
    enum lint_severity *severities = builder->inventory->lint_severities;
    for (int rule = 0; rule < RULE__COUNT; rule++)
        severities[rule] = lint_rules[rule].severity;
    if (!raw || !raw->rules)
        return;
    load_turn_to(builder, SECTION_RULES, 0);
    for (int rule = 0; rule < RULE__COUNT; rule++) {
        struct field field = {lint_rule_at((size_t)rule), raw->rules->severities[rule]};
        severities[rule] =
            (enum lint_severity)load_word(builder, field, words, (int)severities[rule]);
    }
    load_lack_part(builder, PART_TENANTS);
}
