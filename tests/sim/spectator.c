#include "sim/spectator.h"

#include "sim/fake_uv.h"

enum { PAUSE_MOST_MS = 20000, GOES_ON_MOST_MS = 8000, PAUSE_PERCENT = 60 };

static void wrong(const struct spectator *spectator, const char *what)
{
    spectator->on_wrong(spectator->ctx, what);
}

/* ---- what is shown ------------------------------------------------------------------------- */

static bool is_shown_twice(const struct status *status, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (status->doings[i].tenant == status->doings[at].tenant)
            return true;
    return false;
}

/* The made-up server says in which database a session works. */
static void check_told(const struct spectator *spectator, const struct status_doing *doing)
{
    char expected[STATUS_TEXT];
    snprintf(expected, sizeof expected, "works in %s",
             spectator->status->run->tenants[doing->tenant]->url.database);
    if (*doing->told && strcmp(doing->told, expected) != 0)
        wrong(spectator, "what a server says of one tenant is shown beside another");
    if (*doing->told && (doing->share < 0 || doing->share > 1))
        wrong(spectator,
              "no one knows how much of a statement is done, and the server has said it");
}

static void check_doing(const struct spectator *spectator, const struct status_doing *doing)
{
    if (doing->tenant >= spectator->status->total)
        wrong(spectator, "someone is at work who is no tenant");
    if (!doing->phase || !*doing->phase)
        wrong(spectator, "a tenant is at work, and in no state");
    if (doing->revision && scene_find(spectator->scene, doing->revision) < 0)
        wrong(spectator, "a tenant is at work on what is no revision");
    if (doing->statement > doing->statements)
        wrong(spectator, "a statement is shown that the revision does not have");
    if (*doing->sql && (!doing->revision || !doing->line))
        wrong(spectator, "a statement is shown of which no one knows where it stands");
    if (doing->since_ms > spectator->status->now_ms)
        wrong(spectator, "a statement has begun after now");
    check_told(spectator, doing);
}

static void check_shown(const struct spectator *spectator)
{
    const struct status *status = spectator->status;
    if (!spectator->steering.wants_doings && status->doing_count)
        wrong(spectator, "what no one asks for is shown");
    for (size_t i = 0; i < status->doing_count; i++) {
        check_doing(spectator, &status->doings[i]);
        if (is_shown_twice(status, i))
            wrong(spectator, "a tenant is shown twice");
    }
}

/* ---- what is asked for --------------------------------------------------------------------- */

static void pause_or_go_on(struct spectator *spectator, uint64_t now_ms)
{
    struct steering *steering = &spectator->steering;
    bool pauses = !steering->is_paused && rng_chance(&spectator->rng, PAUSE_PERCENT);
    uint32_t most_ms = pauses ? PAUSE_MOST_MS : GOES_ON_MOST_MS;
    steering->is_paused = pauses;
    spectator->until_ms = now_ms + 1 + rng_below(&spectator->rng, most_ms);
}

static void on_tick(void *ctx)
{
    struct spectator *spectator = ctx;
    struct rng *rng = &spectator->rng;
    uint64_t now_ms = loop_now_ms();
    check_shown(spectator);
    if (now_ms >= spectator->until_ms)
        pause_or_go_on(spectator, now_ms);
    if (rng_chance(rng, 10))
        spectator->steering.wants_doings = rng_chance(rng, 80);
    if (rng_chance(rng, 10))
        spectator->steering.wants_whole = rng_chance(rng, 80);
    if (rng_chance(rng, 10))
        spectator->steering.chosen =
            rng_chance(rng, 50) ? rng_below(rng, TENANTS_MAX) : STATUS_NONE;
}

/* Where others have paused it, or it goes on by itself, the run says so. */
static void on_event(void *ctx, const struct event *event)
{
    const struct spectator *spectator = ctx;
    if (event->kind == EVENT_TENANT_STARTED && spectator->status->is_paused)
        wrong(spectator, "a tenant is begun in a pause");
}

void spectator_watch(struct spectator *spectator, struct status *status,
                     struct rollout_options *options)
{
    spectator->status = status;
    spectator->until_ms = loop_now_ms() + rng_below(&spectator->rng, GOES_ON_MOST_MS);
    spectator->steering = (struct steering){.wants_doings = true, .chosen = STATUS_NONE};
    options->status = status;
    options->steering = &spectator->steering;
    options->on_tick = on_tick;
    options->tick_ctx = spectator;
}

struct observer spectator_observer(struct spectator *spectator)
{
    return (struct observer){on_event, spectator};
}
