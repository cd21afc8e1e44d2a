#include "library/fleet_catalogs.h"

#include "library/prepare.h"
#include "schema/reader.h"

static void note_error(struct fleet_catalogs *catalogs, struct tenant_catalog *item,
                       const struct err *err)
{
    struct err *copy = arena_alloc(&catalogs->arena, sizeof *copy);
    *copy = *err;
    copy->said = NULL;
    item->err = copy;
    catalogs->failed++;
}

/* What a tenant before has answered too is known. */
static bool is_known(struct fleet_catalogs_reading *reading, const char *digest,
                     struct tenant_catalog *item)
{
    uint32_t at = map_get(&reading->answered, digest);
    if (at == MAP_NONE || reading->request->keeps_catalogs)
        return false;
    item->group = reading->catalogs->items[at].group;
    item->fingerprint = reading->catalogs->items[at].fingerprint;
    return true;
}

/* With its fingerprint; whether it was read is said once its tenant has ended. */
static void take_catalog(void *ctx, size_t index, const struct catalog *catalog)
{
    struct fleet_catalogs_reading *reading = ctx;
    struct fleet_catalogs *catalogs = reading->catalogs;
    struct tenant_catalog *item = &catalogs->items[index];
    item->group = arena_strdup(&catalogs->arena, catalog->group);
    item->fingerprint = catalog_fingerprint(catalog, reading->request->rules);
    if (reading->request->keeps_catalogs)
        item->catalog = catalog_copy(&catalogs->arena, catalog);
}

static bool take_answers(struct fleet_catalogs_reading *reading, size_t index,
                         struct catalog_answers *answers, struct err *err)
{
    struct fleet_catalogs *catalogs = reading->catalogs;
    if (is_known(reading, answers->digest, &catalogs->items[index]))
        return true;
    const struct catalog *catalog = catalog_answers_make(answers, err);
    if (!catalog)
        return false;
    take_catalog(reading, index, catalog);
    map_put(&reading->answered, arena_strdup(&catalogs->arena, answers->digest), (uint32_t)index);
    return true;
}

/* A tenant whose answers are no catalog is read by its own session, which says why. */
static bool on_answers(void *ctx, size_t index, struct catalog_answers *answers)
{
    struct err err;
    return take_answers(ctx, index, answers, &err);
}

static void on_event(void *ctx, const struct event *event)
{
    struct fleet_catalogs_reading *reading = ctx;
    struct fleet_catalogs *catalogs = reading->catalogs;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    const struct outcome *outcome = event->outcome;
    struct tenant_catalog *item = &catalogs->items[event->tenant];
    if (outcome->error) {
        note_error(catalogs, item, outcome->error);
        return;
    }
    if (!outcome->catalog && !*item->fingerprint.hex)
        return;
    item->rows =
        rows_copy(&catalogs->arena, reading->request->takes_found ? &outcome->from : &outcome->to);
    item->is_unchanged = outcome->state == TENANT_UNCHANGED;
    struct err err;
    item->is_read =
        !outcome->catalog || take_answers(reading, event->tenant, outcome->catalog, &err);
    if (!item->is_read)
        note_error(catalogs, item, &err);
}

void fleet_catalogs_start(struct fleet_catalogs_reading *reading, const struct fleet *fleet,
                          const struct fleet_catalogs_request *request, struct fleet_catalogs *ret)
{
    *ret = (struct fleet_catalogs){.count = fleet->tenant_count};
    arena_init(&ret->arena);
    ret->items = arena_calloc(&ret->arena, fleet->tenant_count, sizeof *ret->items);
    *reading = (struct fleet_catalogs_reading){.catalogs = ret, .request = request};
    map_init(&reading->answered);
}

struct observer fleet_catalogs_observer(struct fleet_catalogs_reading *reading)
{
    return (struct observer){on_event, reading};
}

struct catalog_listener fleet_catalogs_listener(struct fleet_catalogs_reading *reading)
{
    return (struct catalog_listener){take_catalog, on_answers, reading};
}

void fleet_catalogs_end(struct fleet_catalogs_reading *reading)
{
    map_done(&reading->answered);
}

static bool run(struct fleet *fleet, struct fleet_catalogs_reading *reading, struct err *err)
{
    const struct fleet_catalogs_request *request = reading->request;
    struct observer observers[2] = {fleet_catalogs_observer(reading)};
    struct request asked = *request->request;
    struct prepared_run prepared;
    size_t count = 1;
    asked.catalogs = fleet_catalogs_listener(reading);
    if (!prepare_run(fleet, &asked, &prepared, err))
        return false;
    if (request->show) {
        observers[count++] = request->show->observer;
        prepared.rollout.status = request->show->status;
        prepared.rollout.on_tick = request->show->on_tick;
        prepared.rollout.tick_ctx = request->show->tick_ctx;
    }
    struct rollout_end end = rollout_run(&prepared.rollout, observers, count);
    prepare_done(&prepared);
    reading->catalogs->signal = end.signal;
    if (end.err.kind == ERR_NONE)
        return true;
    *err = end.err;
    return false;
}

bool fleet_catalogs_read(struct fleet *fleet, const struct fleet_catalogs_request *request,
                         struct fleet_catalogs *ret, struct err *err)
{
    struct fleet_catalogs_reading reading;
    fleet_catalogs_start(&reading, fleet, request, ret);
    bool is_read = run(fleet, &reading, err);
    fleet_catalogs_end(&reading);
    return is_read;
}

void fleet_catalogs_done(struct fleet_catalogs *catalogs)
{
    arena_done(&catalogs->arena);
}
