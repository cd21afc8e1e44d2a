/* `drift`: what of two catalogs is compared. */
#include "inventory/load/builder.h"

#include "base/err.h"
#include "schema/rules.h"

typedef bool (*take_fn)(struct catalog_rules *rules, const char *entry, struct err *err);

static void read_entries(struct inventory_builder *builder, const char *key,
                         const struct raw_entries *raw, take_fn take)
{
    struct catalog_rules *rules = builder->inventory->drift;
    for (size_t i = 0; i < raw->count; i++) {
        const char *text;
        struct err err;
        if (!load_text(builder, (struct field){key, raw->words[i]}, &text))
            continue;
        if (!take(rules, arena_strdup(builder->inventory->arena, text), &err))
            load_fault(builder, key, "'%s': %s", key, err.text);
    }
}

void load_drift(struct inventory_builder *builder, const struct raw_drift *raw)
{
    struct arena *arena = builder->inventory->arena;
    builder->inventory->drift = arena_alloc(arena, sizeof *builder->inventory->drift);
    catalog_rules_init(builder->inventory->drift, arena);
    if (!raw)
        return;
    load_turn_to(builder, SECTION_DRIFT, 0);
    read_entries(builder, "compare", &raw->compare, catalog_rules_compare);
    read_entries(builder, "ignore", &raw->ignore, catalog_rules_ignore);
    load_lack_part(builder, PART_TENANTS);
}
