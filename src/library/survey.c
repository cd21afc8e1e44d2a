#include "library/survey.h"

#include "library/prepare.h"
#include "schema/reader.h"

static void note_error(struct survey *survey, struct surveyed *item, const struct err *err)
{
    struct err *copy = arena_alloc(&survey->arena, sizeof *copy);
    *copy = *err;
    copy->said = NULL;
    item->err = copy;
    survey->failed++;
}

/* What a tenant before has answered too is known. */
static bool is_known(struct surveying *surveying, const char *digest, struct surveyed *item)
{
    uint32_t at = map_get(&surveying->answered, digest);
    if (at == MAP_NONE || surveying->request->keeps_catalogs)
        return false;
    item->group = surveying->survey->items[at].group;
    item->fingerprint = surveying->survey->items[at].fingerprint;
    return true;
}

/* With its fingerprint; whether it was read is said once its tenant has ended. */
static void take_catalog(void *ctx, size_t index, const struct catalog *catalog)
{
    struct surveying *surveying = ctx;
    struct survey *survey = surveying->survey;
    struct surveyed *item = &survey->items[index];
    item->group = arena_strdup(&survey->arena, catalog->group);
    item->fingerprint = catalog_fingerprint(catalog, surveying->request->rules);
    if (surveying->request->keeps_catalogs)
        item->catalog = catalog_copy(&survey->arena, catalog);
}

static bool take_answers(struct surveying *surveying, size_t index, struct catalog_answers *answers,
                         struct err *err)
{
    struct survey *survey = surveying->survey;
    if (is_known(surveying, answers->digest, &survey->items[index]))
        return true;
    const struct catalog *catalog = catalog_answers_make(answers, err);
    if (!catalog)
        return false;
    take_catalog(surveying, index, catalog);
    map_put(&surveying->answered, arena_strdup(&survey->arena, answers->digest), (uint32_t)index);
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
    struct surveying *surveying = ctx;
    struct survey *survey = surveying->survey;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    const struct outcome *outcome = event->outcome;
    struct surveyed *item = &survey->items[event->tenant];
    if (outcome->error) {
        note_error(survey, item, outcome->error);
        return;
    }
    if (!outcome->catalog && !*item->fingerprint.hex)
        return;
    item->rows =
        rows_copy(&survey->arena, surveying->request->takes_found ? &outcome->from : &outcome->to);
    item->is_unchanged = outcome->state == TENANT_UNCHANGED;
    struct err err;
    item->is_read =
        !outcome->catalog || take_answers(surveying, event->tenant, outcome->catalog, &err);
    if (!item->is_read)
        note_error(survey, item, &err);
}

void survey_start(struct surveying *surveying, const struct fleet *fleet,
                  const struct survey_request *request, struct survey *ret)
{
    *ret = (struct survey){.count = fleet->tenant_count};
    arena_init(&ret->arena);
    ret->items = arena_calloc(&ret->arena, fleet->tenant_count, sizeof *ret->items);
    *surveying = (struct surveying){.survey = ret, .request = request};
    map_init(&surveying->answered);
}

struct observer survey_observer(struct surveying *surveying)
{
    return (struct observer){on_event, surveying};
}

struct catalog_listener survey_listener(struct surveying *surveying)
{
    return (struct catalog_listener){take_catalog, on_answers, surveying};
}

void survey_end(struct surveying *surveying)
{
    map_done(&surveying->answered);
}

static bool run(struct fleet *fleet, struct surveying *surveying, struct err *err)
{
    const struct survey_request *request = surveying->request;
    struct observer observers[2] = {survey_observer(surveying)};
    struct request reading = *request->request;
    struct prepared_run prepared;
    size_t count = 1;
    reading.catalogs = survey_listener(surveying);
    if (!prepare_run(fleet, &reading, &prepared, err))
        return false;
    if (request->show) {
        observers[count++] = request->show->observer;
        prepared.rollout.status = request->show->status;
        prepared.rollout.on_tick = request->show->on_tick;
        prepared.rollout.tick_ctx = request->show->tick_ctx;
    }
    struct rollout_end end = rollout_run(&prepared.rollout, observers, count);
    prepare_done(&prepared);
    surveying->survey->signal = end.signal;
    if (end.err.kind == ERR_NONE)
        return true;
    *err = end.err;
    return false;
}

bool survey_read(struct fleet *fleet, const struct survey_request *request, struct survey *ret,
                 struct err *err)
{
    struct surveying surveying;
    survey_start(&surveying, fleet, request, ret);
    bool is_read = run(fleet, &surveying, err);
    survey_end(&surveying);
    return is_read;
}

void survey_done(struct survey *survey)
{
    arena_done(&survey->arena);
}
