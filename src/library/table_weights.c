#include "library/table_weights.h"

static void add_table(struct table_weights *weights, const char *table)
{
    if (!table || map_put(&weights->by_table, table, (uint32_t)weights->count) != weights->count)
        return;
    weights->items[weights->count] = (struct table_weight){.table = table};
    weights->tables[weights->count++] = table;
}

void table_weights_begin(struct table_weights *weights, struct lint *lint)
{
    size_t most = 1;
    for (size_t i = 0; i < lint->count; i++)
        most += 2 + lint->findings[i].former_count;
    *weights =
        (struct table_weights){.items = arena_calloc(&lint->arena, most, sizeof *weights->items),
                               .tables = arena_calloc(&lint->arena, most, sizeof *weights->tables)};
    map_init(&weights->by_table);
    for (size_t i = 0; i < lint->count; i++) {
        add_table(weights, lint->findings[i].table);
        add_table(weights, lint->findings[i].other_table);
        for (size_t f = 0; f < lint->findings[i].former_count; f++)
            add_table(weights, lint->findings[i].former[f]);
    }
}

void table_weights_ask(const struct table_weights *weights, struct request *request)
{
    request->measured = weights->tables;
    request->measured_count = weights->count;
}

/* Tenants answer in any order. */
static bool is_told(const struct table_weight *mine, const struct table_weight *than)
{
    return !than->tenants || lint_is_heavier(mine, than) ||
           (!lint_is_heavier(than, mine) && mine->heaviest_at < than->heaviest_at);
}

static void take_size(struct table_weights *weights, const struct measured *measured,
                      const struct event *event)
{
    uint32_t index = map_get(&weights->by_table, measured->table);
    if (index == MAP_NONE)
        return;
    struct table_weight *weight = &weights->items[index];
    struct table_weight mine = {.table = weight->table,
                                .tenants = weight->tenants + 1,
                                .knows_rows = measured->knows_rows,
                                .rows = measured->rows,
                                .bytes = measured->bytes,
                                .heaviest = event->run->tenants[event->tenant]->name,
                                .heaviest_at = event->tenant};
    if (is_told(&mine, weight))
        *weight = mine;
    else
        weight->tenants++;
}

static void on_event(void *ctx, const struct event *event)
{
    struct table_weights *weights = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    weights->asked += outcome->measured != NULL;
    for (size_t i = 0; i < outcome->measured_count; i++)
        take_size(weights, &outcome->measured[i], event);
}

struct observer table_weights_observer(struct table_weights *weights)
{
    return (struct observer){on_event, weights};
}

void table_weights_apply(struct table_weights *weights, struct lint *lint)
{
    struct lint_weights present = {.items = weights->items, .asked = weights->asked};
    for (size_t i = 0; i < weights->count; i++)
        if (weights->items[i].tenants)
            weights->items[present.count++] = weights->items[i];
    lint_weigh(lint, &present);
}

void table_weights_end(struct table_weights *weights)
{
    map_done(&weights->by_table);
}
