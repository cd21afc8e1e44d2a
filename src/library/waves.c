#include "library/waves.h"

#include "library/continuation.h"
#include "library/selection.h"

static uint32_t first_of(uint32_t asked, uint32_t wave, uint32_t rollout)
{
    return asked ? asked : wave ? wave : rollout;
}

/* `wave` NULL: all, or the rest, by the rollout's own rules. */
static struct rollout_wave make_wave(const struct fleet *fleet, const struct request *request,
                                     const struct wave *wave)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    bool has_rest = rules->wave_count && request->verb->has_waves;
    bool has_own_limit = wave && wave->has_max_failures && !request->policy.has_max_failures;
    return (struct rollout_wave){
        .name = wave       ? wave->name
                : has_rest ? "rest"
                           : "all",
        .parallel = first_of(request->limits.parallel, wave ? wave->parallel : 0, rules->parallel),
        .per_server =
            first_of(request->limits.per_server, wave ? wave->per_server : 0, rules->per_server),
        .max_failures = has_own_limit                      ? wave->max_failures
                        : request->policy.has_max_failures ? request->policy.max_failures
                                                           : rules->max_failures,
        .soak_ms = wave ? wave->soak_ms : 0,
    };
}

/* The wave of every tenant; how many no wave takes. */
static size_t assign(struct fleet *fleet, uint32_t *wave_of)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    size_t left = 0;
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct wave *wave = fleet_wave(fleet, fleet->tenants[i]);
        wave_of[i] = wave ? (uint32_t)(wave - rules->waves) : (uint32_t)rules->wave_count;
        left += !wave;
    }
    return left;
}

static bool find_limit(const struct fleet *fleet, const struct request *request,
                       struct rollout_options *rollout, struct err *err)
{
    for (size_t i = 0; i < rollout->wave_count; i++)
        if (strcmp(rollout->waves[i].name, request->limits.wave) == 0) {
            rollout->wave_limit = i + 1;
            return true;
        }
    return selection_refuse_wave(fleet, request->limits.wave, err);
}

/* A wave that takes no one was meant for someone: a typo in the canary's selector would let everyone go first. With a
 * selection of a part of the fleet, waves may well be empty. */
static bool check_waves(struct fleet *fleet, const uint32_t *wave_of, struct err *err)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    if (!fleet->tenant_count || fleet->tenant_count != fleet->inventory->tenant_count)
        return true;
    bool *is_taken = arena_calloc(&fleet->arena, rules->wave_count + 1, sizeof *is_taken);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        is_taken[wave_of[i]] = true;
    for (size_t i = 0; i < rules->wave_count; i++)
        if (!is_taken[i] && !rules->waves[i].is_optional)
            return selection_refuse_empty_wave(fleet, &rules->waves[i], err);
    return true;
}

/* Those that a resume leaves out wait in a wave after the last that it comes to, so that the run is unfinished, and
 * a later resume begins them. */
static void leave_out(struct fleet *fleet, const struct request *request,
                      struct rollout_options *rollout, uint32_t *wave_of)
{
    struct rollout_wave *waves = (struct rollout_wave *)(uintptr_t)rollout->waves;
    size_t last = rollout->wave_count++;
    waves[last] = make_wave(fleet, request, NULL);
    waves[last].name = RUN_WAVE_NOT_SELECTED;
    rollout->wave_limit = rollout->wave_limit ? rollout->wave_limit : last;
    rollout->run.wave_of = wave_of;
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (request->continues->is_left_out[i])
            wave_of[i] = (uint32_t)last;
}

bool waves_make(struct fleet *fleet, const struct request *request, struct rollout_options *rollout,
                struct err *err)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    struct rollout_wave *waves = arena_calloc(&fleet->arena, rules->wave_count + 2, sizeof *waves);
    uint32_t *wave_of = arena_calloc(&fleet->arena, fleet->tenant_count, sizeof *wave_of);
    bool has_rest = !request->verb->has_waves || assign(fleet, wave_of) || !rules->wave_count;
    if (request->verb->has_waves && !request->continues && !check_waves(fleet, wave_of, err))
        return false;
    size_t count = !request->verb->has_waves ? 0 : rules->wave_count;
    for (size_t i = 0; i < count; i++)
        waves[i] = make_wave(fleet, request, &rules->waves[i]);
    if (has_rest)
        waves[count++] = make_wave(fleet, request, NULL);
    rollout->waves = waves;
    rollout->wave_count = count;
    rollout->run.wave_of = !request->verb->has_waves ? NULL : wave_of;
    if (request->limits.wave && !find_limit(fleet, request, rollout, err))
        return false;
    if (request->continues && request->continues->is_left_out)
        leave_out(fleet, request, rollout, wave_of);
    return true;
}
