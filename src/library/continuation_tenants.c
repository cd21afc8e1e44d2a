#include "library/continuation_tenants.h"

#include "base/map.h"
#include "library/gone.h"
#include "library/own.h"

static bool is_wanted(const struct continuation *continuation, const struct standing *standing)
{
    return !continuation->is_rollback || standing_may_have_changed(standing);
}

static void note_missing(struct continuation *continuation, const char *name)
{
    continuation->missing_count++;
    continuation->missing = name;
}

/* What is chosen, and from which run's fleet. */
struct choice {
    struct continuation *continuation;
    struct fleet *fleet;
    struct map names; /* of the inventory's tenants */
    struct map seen;  /* names that a later run knows more of */
    struct map only;  /* names that are meant; empty: all */
    const struct ledger_fleet *past;
    struct own_homes homes;
    struct gone gone; /* of that run */
    const struct tenant **tenants;
    struct standing *standings;
    bool *is_left_out;
    size_t count; /* of all three */
    size_t tenant_capacity, standing_capacity, left_out_capacity;
};

static bool is_seen(struct choice *choice, const char *name)
{
    uint32_t number = (uint32_t)choice->seen.count;
    return map_put(&choice->seen, name, number) != number;
}

/* Is the tenant of the run, but not among those that the request names? */
static bool is_left_out(struct choice *choice, size_t n)
{
    struct continuation *continuation = choice->continuation;
    if (!choice->only.count || map_get(&choice->only, choice->past->names[n]) != MAP_NONE)
        return false;
    continuation->left_out_count++;
    continuation->leaves_changed |= standing_may_have_changed(&choice->past->standings[n]);
    return true;
}

static bool choose_tenant(struct choice *choice, size_t n, struct err *err)
{
    const struct ledger_fleet *past = choice->past;
    struct arena *arena = &choice->fleet->arena;
    bool is_rollback = choice->continuation->is_rollback;
    uint32_t index = map_get(&choice->names, past->names[n]);
    const struct tenant *tenant;
    if (is_seen(choice, past->names[n]) || !is_wanted(choice->continuation, &past->standings[n]))
        return true;
    bool is_gone = index == MAP_NONE;
    bool is_out = (!is_gone || is_rollback) && is_left_out(choice, n);
    if (is_out && is_rollback)
        return true;
    if (is_gone)
        note_missing(choice->continuation, past->names[n]);
    if (is_gone && !is_rollback)
        return true;
    tenant =
        is_gone ? gone_tenant(&choice->gone, n, err) : &choice->fleet->inventory->tenants[index];
    if (!tenant)
        return false;
    choice->standings = arena_grow(arena, choice->standings, choice->count,
                                   &choice->standing_capacity, sizeof *choice->standings);
    struct standing *standing = &choice->standings[choice->count];
    *standing = past->standings[n];
    standing->is_elsewhere = false;
    standing->twin = NULL;
    standing->is_gone = tenant->is_gone;
    struct own_was last = {past->names[n], past->urls ? past->urls[n] : NULL,
                           past->urls ? past->schemas[n] : NULL};
    if (!tenant->is_gone)
        own_homes_judge(&choice->homes, tenant, &last, standing);
    choice->is_left_out = arena_grow(arena, choice->is_left_out, choice->count,
                                     &choice->left_out_capacity, sizeof *choice->is_left_out);
    choice->is_left_out[choice->count] = is_out;
    *ARENA_PUSH(arena, choice->tenants, choice->count, choice->tenant_capacity) = tenant;
    return true;
}

static bool choose_of(struct choice *choice, const char *run, const struct ledger_fleet *past,
                      struct err *err)
{
    bool is_fine = true;
    choice->past = past;
    choice->gone = (struct gone){
        .ledger = choice->continuation->ledger, .run = run, .arena = &choice->fleet->arena};
    for (size_t n = 0; is_fine && n < past->count; n++) /* back in reverse order */
        is_fine =
            choose_tenant(choice, choice->continuation->is_rollback ? past->count - 1 - n : n, err);
    return is_fine;
}

struct earlier { /* a run that this one goes on with, by way of others */
    const char *id;
    struct ledger_fleet fleet;
    struct earlier *older;
};

/* For a rollback all earlier runs are read: a tenant that one of them changed may not have been in the
 * inventory when a later one went on with it, or was at another home. One of a selection has no other tenants. */
static bool read_earlier(struct choice *choice, struct earlier *newest, struct err *err)
{
    struct ledger *ledger = choice->continuation->ledger;
    struct arena *arena = &choice->fleet->arena;
    struct ledger_run run = choice->continuation->run;
    *newest = (struct earlier){.id = run.id, .fleet = *choice->continuation->past};
    bool reads_earlier = choice->continuation->is_rollback;
    for (struct earlier *at = newest; reads_earlier && run.resumed_from; at = at->older) {
        if (!ledger_find(ledger, run.resumed_from, arena, &run, err))
            return strcmp(err->code, LEDGER_NO_RUN) == 0; /* it is forgotten */
        struct earlier *older = arena_calloc(arena, 1, sizeof *older);
        older->id = run.id;
        if (!ledger_read_fleet(ledger, run.id, arena, &older->fleet, err))
            return false;
        at->older = older;
    }
    return true;
}

static void add_homes(struct choice *choice, const struct earlier *run)
{
    if (run->older)
        add_homes(choice, run->older);
    own_homes_add(&choice->homes, &run->fleet);
}

static bool choose_all(struct choice *choice, struct err *err)
{
    struct earlier newest;
    if (!read_earlier(choice, &newest, err))
        return false;
    add_homes(choice, &newest);
    bool is_fine = true;
    bool is_part = choice->continuation->is_part;
    for (const struct earlier *run = &newest; is_fine && run; run = is_part ? NULL : run->older)
        is_fine = choose_of(choice, run->id, &run->fleet, err);
    return is_fine;
}

/* A tenant that is named and is not of the run is a mistake; with a selector alone, that no one is. */
static bool check_only(const struct choice *choice, const struct continuation_request *request,
                       struct err *err)
{
    const char *run = choice->continuation->run.id;
    bool is_rollback = choice->continuation->is_rollback;
    bool is_any = false;
    struct map taken;
    map_init(&taken);
    for (size_t i = 0; i < choice->count; i++)
        if (!choice->is_left_out[i])
            map_put(&taken, choice->tenants[i]->name, (uint32_t)i);
    const struct tenant *stranger = NULL;
    for (size_t i = 0; i < request->only_count; i++) {
        bool is_taken = map_get(&taken, request->only[i]->name) != MAP_NONE;
        is_any |= is_taken;
        stranger = stranger || is_taken ? stranger : request->only[i];
    }
    map_done(&taken);
    if (stranger && choice->fleet->names.count)
        return err_set(err, ERR_CONFIG,
                       is_rollback ? "run %s has left nothing in tenant '%s' to roll back"
                                   : "run %s does not have tenant '%s'",
                       run, stranger->name);
    return is_any ||
           err_set(err, ERR_CONFIG,
                   is_rollback ? "run %s has left nothing to roll back in a tenant that is selected"
                               : "run %s has none of the tenants that are selected",
                   run);
}

bool continuation_select(struct continuation *continuation, struct fleet *fleet,
                         const struct continuation_request *request, struct err *err)
{
    struct choice choice = {.continuation = continuation, .fleet = fleet};
    map_init(&choice.names);
    map_init(&choice.seen);
    map_init(&choice.only);
    for (uint32_t i = 0; i < request->only_count; i++)
        map_put(&choice.only, request->only[i]->name, i);
    for (uint32_t i = 0; i < fleet->inventory->tenant_count; i++)
        map_put(&choice.names, fleet->inventory->tenants[i].name, i);
    own_homes_init(&choice.homes, fleet->inventory, &fleet->arena);
    bool is_fine =
        choose_all(&choice, err) && (!request->only || check_only(&choice, request, err));
    own_homes_done(&choice.homes);
    map_done(&choice.names);
    map_done(&choice.seen);
    map_done(&choice.only);
    fleet->tenants = choice.tenants;
    fleet->tenant_count = choice.count;
    continuation->standings = choice.standings;
    if (continuation->left_out_count && !continuation->is_rollback)
        continuation->is_left_out = choice.is_left_out;
    /* Not everyone stands where it stood. */
    if (continuation->left_out_count || continuation->is_part)
        continuation->ends_failure = false;
    return is_fine;
}
