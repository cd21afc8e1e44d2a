#include "report/narrow.h"

#include "inventory/inventory.h"

void narrow_init(struct narrow *narrow)
{
    arena_init(&narrow->arena);
}

void narrow_done(struct narrow *narrow)
{
    arena_done(&narrow->arena);
}

static bool is_named(const struct narrow *narrow, const char *name)
{
    for (size_t i = 0; i < narrow->count; i++)
        if (strcmp(narrow->names[i], name) == 0)
            return true;
    return false;
}

/* The wave's number among those that are told, where it is put first. */
static uint32_t take_wave(struct narrow *narrow, struct run_wave *waves, const struct run_info *run,
                          size_t tenant)
{
    uint32_t wave = run->wave_of ? run->wave_of[tenant] : 0;
    if (narrow->waves[wave] == UINT32_MAX) {
        narrow->waves[wave] = (uint32_t)narrow->run.wave_count;
        waves[narrow->run.wave_count] = run->waves[wave];
        waves[narrow->run.wave_count++].tenant_count = 0;
    }
    waves[narrow->waves[wave]].tenant_count++;
    return narrow->waves[wave];
}

static void start(struct narrow *narrow, const struct run_info *run)
{
    struct arena *arena = &narrow->arena;
    size_t count = 0;
    const struct tenant **tenants = arena_calloc(arena, run->tenant_count + 1, sizeof *tenants);
    struct standing *standings = arena_calloc(arena, run->tenant_count + 1, sizeof *standings);
    struct run_wave *waves = arena_calloc(arena, run->wave_count + 1, sizeof *waves);
    uint32_t *wave_of = arena_calloc(arena, run->tenant_count + 1, sizeof *wave_of);
    narrow->run = *run;
    narrow->run.narrowed_from = run_selected_count(run);
    narrow->run.wave_count = 0;
    narrow->tenants = arena_calloc(arena, run->tenant_count + 1, sizeof *narrow->tenants);
    narrow->waves = arena_calloc(arena, run->wave_count + 1, sizeof *narrow->waves);
    for (size_t i = 0; i < run->wave_count; i++)
        narrow->waves[i] = UINT32_MAX;
    for (size_t i = 0; i < run->tenant_count; i++) {
        narrow->tenants[i] = UINT32_MAX;
        if (!is_named(narrow, run->tenants[i]->name))
            continue;
        narrow->tenants[i] = (uint32_t)count;
        tenants[count] = run->tenants[i];
        if (run->standings)
            standings[count] = run->standings[i];
        if (run->waves)
            wave_of[count] = take_wave(narrow, waves, run, i);
        count++;
    }
    narrow->run.tenants = tenants;
    narrow->run.tenant_count = count;
    narrow->run.standings = run->standings ? standings : NULL;
    narrow->run.waves = run->waves ? waves : NULL;
    narrow->run.wave_of = run->waves ? wave_of : NULL;
}

static bool is_of_a_wave(enum event_kind kind)
{
    return kind == EVENT_WAVE_STARTED || kind == EVENT_WAVE_FINISHED ||
           kind == EVENT_WAVE_FORECAST || kind == EVENT_WAVE_LATE;
}

static bool is_of_a_tenant(enum event_kind kind)
{
    return (kind >= EVENT_TENANT_STARTED && kind <= EVENT_TENANT_FINISHED) ||
           kind == EVENT_TENANT_BATCHES;
}

void narrow_event(struct narrow *narrow, const struct event *event)
{
    struct event told = *event;
    bool is_of_wave = is_of_a_wave(event->kind), is_of_tenant = is_of_a_tenant(event->kind);
    if (event->kind == EVENT_RUN_STARTED)
        start(narrow, event->run);
    if (is_of_tenant)
        told.tenant = narrow->tenants[event->tenant];
    if (is_of_wave && event->run->waves)
        told.wave = narrow->waves[event->wave];
    if ((is_of_tenant && told.tenant == UINT32_MAX) || (is_of_wave && told.wave == UINT32_MAX))
        return;
    told.run = &narrow->run;
    narrow->to.on_event(narrow->to.ctx, &told);
}
