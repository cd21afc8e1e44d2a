#include "lint/weigh.h"

#include <inttypes.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/human.h"

bool lint_is_heavier(const struct table_weight *weight, const struct table_weight *than)
{
    if (weight->knows_rows && than->knows_rows && weight->rows != than->rows)
        return weight->rows > than->rows;
    if (weight->bytes != than->bytes)
        return weight->bytes > than->bytes;
    return weight->knows_rows && !than->knows_rows && weight->rows;
}

static const struct table_weight *find(const struct lint_weights *weights, const char *table)
{
    const struct table_weight *alike = NULL;
    for (size_t i = 0; i < weights->count && table; i++) {
        if (strcmp(weights->items[i].table, table) == 0)
            return &weights->items[i];
        if (ascii_is_same(weights->items[i].table, table))
            alike = &weights->items[i];
    }
    return alike;
}

static const struct table_weight *heavier(const struct table_weight *a,
                                          const struct table_weight *b)
{
    if (!a || !b)
        return a ? a : b;
    return lint_is_heavier(b, a) ? b : a;
}

static void add_number(struct buf *buf, uint64_t number)
{
    if (number >= 10000000)
        buf_addf(buf, "%" PRIu64 " million", number / 1000000);
    else
        buf_addf(buf, "%" PRIu64, number);
}

/* `task holds at most 40 million rows (4.1 GB), in acme, of 120 tenants` */
static const char *words_of(struct arena *arena, const struct table_weight *weight)
{
    struct buf buf;
    bool knows_any = weight->knows_rows || weight->bytes;
    buf_init(&buf, 4096);
    buf_addf(&buf, knows_any ? "%s holds at most " : "no statistics tell how much %s holds",
             weight->table);
    if (weight->knows_rows) {
        add_number(&buf, weight->rows);
        buf_addf(&buf, " row%s", weight->rows == 1 ? "" : "s");
    }
    if (weight->bytes) {
        buf_adds(&buf, weight->knows_rows ? " (" : "");
        human_add_size(&buf, weight->bytes);
        buf_adds(&buf, weight->knows_rows ? ")" : "");
    }
    buf_addf(&buf, ", in %s", weight->heaviest);
    if (weight->tenants > 1)
        buf_addf(&buf, ", of %zu tenants", weight->tenants);
    return buf_into(&buf, arena);
}

static enum lint_severity by_size(const struct table_weight *weight)
{
    bool is_large = weight->bytes >= LINT_LARGE_BYTES ||
                    (weight->knows_rows && weight->rows >= LINT_LARGE_ROWS);
    bool is_small =
        weight->bytes < LINT_SMALL_BYTES && (!weight->knows_rows || weight->rows < LINT_SMALL_ROWS);
    return is_large ? LINT_ERROR : is_small ? LINT_NOTE : LINT_WARNING;
}

static void weigh(struct lint *lint, const struct lint_weights *weights, struct finding *finding)
{
    const struct table_weight *weight = find(weights, finding->table);
    if (!finding->table || finding->schema)
        return;
    weight = heavier(weight, find(weights, finding->other_table));
    for (size_t i = 0; i < finding->former_count; i++)
        weight = heavier(weight, find(weights, finding->former[i]));
    if (!weight) {
        finding->severity = LINT_NOTE;
        finding->weight = arena_printf(&lint->arena, "no tenant has %s yet", finding->table);
        return;
    }
    finding->weight = words_of(&lint->arena, weight);
    if (lint_rules[finding->rule].scale == SCALE_SIZE)
        finding->severity = by_size(weight);
    else if (weight->knows_rows && !weight->rows)
        finding->severity = LINT_NOTE;
}

void lint_weigh(struct lint *lint, const struct lint_weights *weights)
{
    for (size_t i = 0; i < lint->count && weights->asked; i++)
        weigh(lint, weights, &lint->findings[i]);
}
