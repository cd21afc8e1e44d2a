#include "library/expected.h"

#include "library/fleet_catalogs.h"

void expectations_init(struct expectations *expectations, struct fleet *fleet,
                       const struct catalog_rules *rules)
{
    *expectations = (struct expectations){.fleet = fleet, .rules = rules};
    arena_init(&expectations->arena);
    expected_cache_open(&expectations->cache, fleet, rules);
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
    expected_cache_close(&expectations->cache);
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

static void replay_item(struct expectations *expectations, struct expected *item)
{
    item->is_known = is_in_chain(expectations->fleet->chain, &item->rows, &item->err) &&
                     replay(expectations, item);
    if (!item->is_known) {
        item->catalog = NULL;
        close_scratch(expectations); /* it may have stopped half way */
        return;
    }
    const struct fingerprint fingerprint = catalog_fingerprint(item->catalog, expectations->rules);
    const struct expected_place place = {item->kind, item->rows, item->catalog->group};
    item->fingerprint = fingerprint;
    item->group = item->catalog->group;
    expected_cache_put(&expectations->cache, &place, &fingerprint);
}

/* What was replayed answers for all groups. */
static struct expected *find_item(const struct expectations *expectations,
                                  const struct expected_place *place)
{
    for (size_t i = 0; i < expectations->count; i++) {
        struct expected *item = expectations->items[i];
        bool is_for_group =
            !item->is_known || item->catalog || strcmp(item->group, place->group) == 0;
        if (is_for_group && is_same_kind(&item->kind, &place->kind) &&
            rows_are_equal(&item->rows, &place->rows))
            return item;
    }
    return NULL;
}

const struct expected *expectations_get(struct expectations *expectations,
                                        const struct expected_place *place)
{
    struct expected *item = find_item(expectations, place);
    if (item)
        return item;
    item = arena_alloc(&expectations->arena, sizeof *item);
    item->kind = place->kind;
    item->rows = rows_copy(&expectations->arena, &place->rows);
    *ARENA_PUSH(&expectations->arena, expectations->items, expectations->count,
                expectations->capacity) = item;
    item->is_known = expected_cache_get(&expectations->cache, place, &item->fingerprint);
    if (item->is_known)
        item->group = arena_strdup(&expectations->arena, place->group);
    else
        replay_item(expectations, item);
    return item;
}

/* The items are the expectations' own, and only replaying changes one. */
const struct catalog *expectations_catalog(struct expectations *expectations,
                                           const struct expected *expected, struct err *err)
{
    struct expected *item = (struct expected *)(uintptr_t)expected;
    if (!item->catalog)
        replay_item(expectations, item);
    if (!item->catalog)
        *err = item->err;
    return item->catalog;
}
