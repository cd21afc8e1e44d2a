#include "driver/fake_store.h"

#include "base/arena.h"

/* A copy of an array with its capacity cut to what is used. */
static void *copy_array(struct arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = arena_calloc(arena, count, size);
    return count ? memcpy(copy, items, count * size) : copy;
}

struct fake_store *fake_store_copy(struct arena *arena, const struct fake_store *store)
{
    struct fake_store *copy = arena_alloc(arena, sizeof *copy);
    *copy = (struct fake_store){
        .tables = copy_array(arena, store->tables, store->table_count, sizeof *store->tables),
        .table_count = store->table_count,
        .table_capacity = store->table_count,
        .effects = copy_array(arena, store->effects, store->effect_count, sizeof *store->effects),
        .effect_count = store->effect_count,
        .effect_capacity = store->effect_count,
        .schemas = copy_array(arena, store->schemas, store->schema_count, sizeof *store->schemas),
        .schema_count = store->schema_count,
        .schema_capacity = store->schema_count,
    };
    for (size_t i = 0; i < copy->table_count; i++) {
        struct fake_table *table = &copy->tables[i];
        table->rows = copy_array(arena, table->rows, table->row_count, sizeof *table->rows);
        table->row_capacity = table->row_count;
    }
    return copy;
}

bool fake_store_has_schema(const struct fake_store *store, const char *name)
{
    for (size_t i = 0; i < store->schema_count; i++)
        if (strcmp(store->schemas[i], name) == 0)
            return true;
    return false;
}

void fake_store_add_schema(struct arena *arena, struct fake_store *store, const char *name)
{
    *ARENA_PUSH(arena, store->schemas, store->schema_count, store->schema_capacity) =
        arena_strdup(arena, name);
}

struct fake_table *fake_store_table(const struct fake_store *store, const char *schema,
                                    const char *name)
{
    for (size_t i = 0; i < store->table_count; i++)
        if (strcmp(store->tables[i].schema, schema) == 0 &&
            strcmp(store->tables[i].name, name) == 0)
            return &store->tables[i];
    return NULL;
}

void fake_store_add_table(struct arena *arena, struct fake_store *store, const char *schema,
                          const char *name)
{
    *ARENA_PUSH(arena, store->tables, store->table_count, store->table_capacity) =
        (struct fake_table){.schema = arena_strdup(arena, schema),
                            .name = arena_strdup(arena, name)};
}

void fake_store_add_row(struct arena *arena, struct fake_table *table, const char *const *values,
                        size_t count)
{
    const char **row = arena_calloc(arena, count, sizeof *row);
    for (size_t i = 0; i < count; i++)
        row[i] = arena_strdup(arena, values[i]);
    *ARENA_PUSH(arena, table->rows, table->row_count, table->row_capacity) = row;
}

void fake_store_drop_row(struct fake_table *table, size_t row)
{
    for (size_t i = row + 1; i < table->row_count; i++)
        table->rows[i - 1] = table->rows[i];
    table->row_count--;
}

void fake_store_set_value(struct arena *arena, struct fake_table *table, size_t row, size_t column,
                          size_t width, const char *value)
{
    const char **changed = copy_array(arena, table->rows[row], width, sizeof *changed);
    changed[column] = arena_strdup(arena, value);
    table->rows[row] = changed;
}

void fake_store_add_effect(struct arena *arena, struct fake_store *store, const char *name)
{
    *ARENA_PUSH(arena, store->effects, store->effect_count, store->effect_capacity) =
        arena_strdup(arena, name);
}

size_t fake_store_count_effect(const struct fake_store *store, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < store->effect_count; i++)
        count += strcmp(store->effects[i], name) == 0;
    return count;
}
