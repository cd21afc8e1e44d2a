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

void fake_store_drop_table(struct fake_store *store, const struct fake_table *table)
{
    size_t at = (size_t)(table - store->tables);
    for (size_t i = at + 1; i < store->table_count; i++)
        store->tables[i - 1] = store->tables[i];
    store->table_count--;
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

void fake_store_add_effect(struct arena *arena, struct fake_store *store, const char *schema,
                           const char *name)
{
    *ARENA_PUSH(arena, store->effects, store->effect_count, store->effect_capacity) =
        (struct fake_effect){arena_strdup(arena, schema), arena_strdup(arena, name)};
}

static bool is_of(const char *schema, const char *wanted)
{
    return !wanted || strcmp(schema, wanted) == 0;
}

size_t fake_store_count_effect(const struct fake_store *store, const char *schema, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < store->effect_count; i++)
        count +=
            is_of(store->effects[i].schema, schema) && strcmp(store->effects[i].name, name) == 0;
    return count;
}

/* ---- one schema of it ---------------------------------------------------------------------- */

/* The effect of the schema at `at` or after it, or effect_count. */
static size_t next_effect(const struct fake_store *store, const char *schema, size_t at)
{
    while (at < store->effect_count && !is_of(store->effects[at].schema, schema))
        at++;
    return at;
}

static bool are_effects_same(const struct fake_store *a, const struct fake_store *b,
                             const char *schema)
{
    size_t i = next_effect(a, schema, 0), k = next_effect(b, schema, 0);
    while (i < a->effect_count && k < b->effect_count &&
           strcmp(a->effects[i].name, b->effects[k].name) == 0) {
        i = next_effect(a, schema, i + 1);
        k = next_effect(b, schema, k + 1);
    }
    return i == a->effect_count && k == b->effect_count;
}

/* Rows never change, and copies share them: equal ones are one. */
static bool is_table_same(const struct fake_table *table, const struct fake_table *other)
{
    return other && table->row_count == other->row_count &&
           (!table->row_count ||
            memcmp(table->rows, other->rows, table->row_count * sizeof *table->rows) == 0);
}

static size_t count_tables(const struct fake_store *store, const char *schema)
{
    size_t count = 0;
    for (size_t i = 0; i < store->table_count; i++)
        count += is_of(store->tables[i].schema, schema);
    return count;
}

bool fake_store_is_same(const struct fake_store *a, const struct fake_store *b, const char *schema)
{
    if (a == b)
        return true;
    if (!are_effects_same(a, b, schema) || count_tables(a, schema) != count_tables(b, schema))
        return false;
    for (size_t i = 0; i < a->table_count; i++) {
        const struct fake_table *table = &a->tables[i];
        if (is_of(table->schema, schema) &&
            !is_table_same(table, fake_store_table(b, table->schema, table->name)))
            return false;
    }
    return true;
}

static void drop_schema(struct fake_store *store, const char *schema)
{
    size_t effects = 0, tables = 0;
    for (size_t i = 0; i < store->effect_count; i++)
        if (!is_of(store->effects[i].schema, schema))
            store->effects[effects++] = store->effects[i];
    for (size_t i = 0; i < store->table_count; i++)
        if (!is_of(store->tables[i].schema, schema))
            store->tables[tables++] = store->tables[i];
    store->effect_count = effects;
    store->table_count = tables;
}

struct fake_store *fake_store_mix(struct arena *arena, const struct fake_store *store,
                                  const struct fake_store *other, const char *schema)
{
    struct fake_store *mixed = fake_store_copy(arena, store);
    const struct fake_store *whole = fake_store_copy(arena, other);
    drop_schema(mixed, schema);
    for (size_t i = 0; i < whole->effect_count; i++)
        if (is_of(whole->effects[i].schema, schema))
            *ARENA_PUSH(arena, mixed->effects, mixed->effect_count, mixed->effect_capacity) =
                whole->effects[i];
    for (size_t i = 0; i < whole->table_count; i++)
        if (is_of(whole->tables[i].schema, schema))
            *ARENA_PUSH(arena, mixed->tables, mixed->table_count, mixed->table_capacity) =
                whole->tables[i];
    if (fake_store_has_schema(other, schema) && !fake_store_has_schema(mixed, schema))
        fake_store_add_schema(arena, mixed, schema);
    return mixed;
}
