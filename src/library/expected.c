#include "library/expected.h"

#include "library/survey.h"

void expectations_init(struct expectations *expectations, struct fleet *fleet,
                       const struct catalog_rules *rules)
{
    *expectations = (struct expectations){.fleet = fleet, .rules = rules};
    arena_init(&expectations->arena);
}

static bool is_same_kind(const struct scratch_kind *a, const struct scratch_kind *b)
{
    return a->dialect == b->dialect && a->has_schema == b->has_schema;
}

static void close_scratch(struct expectations *expectations)
{
    if (!expectations->is_open)
        return;
    if (expectations->scratch.signal)
        expectations->signal = expectations->scratch.signal;
    scratch_close(&expectations->scratch);
    expectations->is_open = false;
}

void expectations_done(struct expectations *expectations)
{
    close_scratch(expectations);
    arena_done(&expectations->arena);
}

/* In a scratch that is there already, or in a new one: the way from one place to another need not lead there. */
static bool replay(struct expectations *expectations, struct expected *item)
{
    struct scratch *scratch = &expectations->scratch;
    bool was_open = expectations->is_open && is_same_kind(&scratch->kind, &item->kind);
    if (was_open && item->rows.count &&
        scratch_upgrade(scratch, &item->rows, &expectations->arena, &item->catalog, &item->err))
        return true;
    close_scratch(expectations);
    if (expectations->signal)
        return false;
    expectations->is_open = true;
    return scratch_open(scratch, expectations->fleet, &item->kind, &item->err) &&
           scratch_upgrade(scratch, &item->rows, &expectations->arena, &item->catalog, &item->err);
}

static bool is_in_chain(const struct chain *chain, const struct rows *rows, struct err *err)
{
    for (size_t i = 0; i < rows->count; i++)
        if (!chain_get(chain, rows->ids[i]))
            return err_set(err, ERR_DRIFT, "the chain has no revision '%s'", rows->ids[i]);
    return true;
}

const struct expected *expectations_get(struct expectations *expectations,
                                        const struct scratch_kind *kind, const struct rows *rows)
{
    for (size_t i = 0; i < expectations->count; i++)
        if (is_same_kind(&expectations->items[i]->kind, kind) &&
            rows_are_equal(&expectations->items[i]->rows, rows))
            return expectations->items[i];
    struct expected *item = arena_alloc(&expectations->arena, sizeof *item);
    item->kind = *kind;
    item->rows = rows_copy(&expectations->arena, rows);
    *ARENA_PUSH(&expectations->arena, expectations->items, expectations->count,
                expectations->capacity) = item;
    if (!is_in_chain(expectations->fleet->chain, rows, &item->err) || !replay(expectations, item)) {
        item->catalog = NULL;
        close_scratch(expectations); /* it may have stopped half way */
        return item;
    }
    item->fingerprint = survey_fingerprint(item->catalog, expectations->rules);
    return item;
}
