/* `drift`: what of two catalogs is compared. `autogenerate`: what says which schema is wanted. */
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

void load_autogenerate(struct inventory_builder *builder, const struct raw_autogenerate *raw)
{
    struct inventory *inventory = builder->inventory;
    if (!raw)
        return;
    load_turn_to(builder, SECTION_AUTOGENERATE, 0);
    const char **paths = arena_calloc(inventory->arena, raw->schema.count + 1, sizeof *paths);
    for (size_t i = 0; i < raw->schema.count; i++) {
        const char *text;
        if (!load_text(builder, (struct field){"schema", raw->schema.words[i]}, &text))
            continue;
        if (!*text)
            load_fault(builder, "schema", "'schema': an entry is empty");
        else
            paths[inventory->schema_path_count++] =
                arena_strdup(inventory->arena, load_path(builder, text));
    }
    inventory->schema_paths = paths;
    load_lack_part(builder, PART_TENANTS);
}
