#include "library/survey.h"

#include "library/prepare.h"

struct surveying {
    struct survey *survey;
    const struct survey_request *request;
};

struct fingerprint survey_fingerprint(const struct catalog *catalog,
                                      const struct catalog_rules *rules)
{
    struct canonical canonical;
    canonical_make(&canonical, catalog, rules);
    return canonical_fingerprint(&canonical);
}

static void note_error(struct survey *survey, struct surveyed *item, const struct err *err)
{
    struct err *copy = arena_alloc(&survey->arena, sizeof *copy);
    *copy = *err;
    copy->said = NULL;
    item->err = copy;
    survey->failed++;
}

static void on_event(void *ctx, const struct event *event)
{
    struct surveying *surveying = ctx;
    struct survey *survey = surveying->survey;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    struct surveyed *item = &survey->items[event->tenant];
    const struct outcome *outcome = event->outcome;
    if (outcome->error) {
        note_error(survey, item, outcome->error);
    } else if (outcome->catalog) {
        item->is_read = true;
        item->rows = rows_copy(&survey->arena, &outcome->to);
        item->group = arena_strdup(&survey->arena, outcome->catalog->group);
        item->fingerprint = survey_fingerprint(outcome->catalog, surveying->request->rules);
        if (surveying->request->keeps_catalogs)
            item->catalog = catalog_copy(&survey->arena, outcome->catalog);
    }
}

bool survey_read(struct fleet *fleet, const struct survey_request *request, struct survey *ret,
                 struct err *err)
{
    struct surveying surveying = {ret, request};
    struct observer observers[2] = {{on_event, &surveying}};
    struct prepared_run prepared;
    size_t count = 1;
    *ret = (struct survey){.count = fleet->tenant_count};
    arena_init(&ret->arena);
    ret->items = arena_calloc(&ret->arena, fleet->tenant_count, sizeof *ret->items);
    if (!prepare_run(fleet, request->request, &prepared, err))
        return false;
    if (request->observer)
        observers[count++] = *request->observer;
    struct rollout_end end = rollout_run(&prepared.rollout, observers, count);
    prepare_done(&prepared);
    ret->signal = end.signal;
    if (end.err.kind == ERR_NONE)
        return true;
    *err = end.err;
    return false;
}

void survey_done(struct survey *survey)
{
    arena_done(&survey->arena);
}
