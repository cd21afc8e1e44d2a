/* What a made-up database holds. Copied as a whole where a transaction first writes; strings and rows
 * never change, so copies share them. */
#ifndef DRIVER_FAKE_STORE_H
#define DRIVER_FAKE_STORE_H

#include "driver/fake.h"

struct arena;

struct fake_effect {
    const char *schema, *name;
};

struct fake_store {
    struct fake_table *tables;
    size_t table_count, table_capacity;
    struct fake_effect *effects; /* in the order they were committed */
    size_t effect_count, effect_capacity;
    const char **schemas;
    size_t schema_count, schema_capacity;
};

struct fake_store *fake_store_copy(struct arena *arena, const struct fake_store *store);

bool fake_store_has_schema(const struct fake_store *store, const char *name);
void fake_store_add_schema(struct arena *arena, struct fake_store *store, const char *name);

/* NULL: there is none. */
struct fake_table *fake_store_table(const struct fake_store *store, const char *schema,
                                    const char *name);
void fake_store_add_table(struct arena *arena, struct fake_store *store, const char *schema,
                          const char *name);

/* One of the store's own, which must be a copy of its own too. */
void fake_store_drop_table(struct fake_store *store, const struct fake_table *table);

void fake_store_add_row(struct arena *arena, struct fake_table *table, const char *const *values,
                        size_t count);
void fake_store_drop_row(struct fake_table *table, size_t row);
void fake_store_set_value(struct arena *arena, struct fake_table *table, size_t row, size_t column,
                          size_t width, const char *value);

void fake_store_add_effect(struct arena *arena, struct fake_store *store, const char *schema,
                           const char *name);
/* `schema` NULL: of any. */
size_t fake_store_count_effect(const struct fake_store *store, const char *schema,
                               const char *name);

/* Does the schema hold the same in both? */
bool fake_store_is_same(const struct fake_store *a, const struct fake_store *b, const char *schema);

/* A copy of `store` with this schema as `other` has it. */
struct fake_store *fake_store_mix(struct arena *arena, const struct fake_store *store,
                                  const struct fake_store *other, const char *schema);

#endif
