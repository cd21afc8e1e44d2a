#include "cli/behind.h"

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/run.h"
#include "library/prepare.h"

struct looking {
    bool *is_there; /* by tenant of the selection */
};

static void on_looked(void *ctx, const struct event *event)
{
    const struct looking *looking = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        looking->is_there[event->tenant] = event->outcome->state == TENANT_UNCHANGED;
}

/* All waves are looked at, so that none of the tenants in later ones is taken for one that is behind. */
static struct request make_look(const struct options *options)
{
    const struct verb *verb = verb_find(options->command->name);
    struct request look = cli_request(options, VERB_CHECK);
    if (verb && verb->work == WORK_PLAN)
        look.verb = verb;
    look.is_dry_run = true;
    look.limits.wave = NULL;
    return look;
}

static bool look_at(struct fleet *fleet, const struct options *options, struct looking *looking,
                    int *ret_exit_code)
{
    struct request look = make_look(options);
    struct observer observer = {on_looked, looking};
    struct prepared_run prepared;
    struct err err;
    if (!prepare_run(fleet, &look, &prepared, &err)) {
        prepare_done(&prepared);
        *ret_exit_code = cli_fail(&err);
        return false;
    }
    struct rollout_end end = rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
    *ret_exit_code = end.err.kind != ERR_NONE ? cli_fail(&end.err) : EXIT_SIGNAL + end.signal;
    return end.err.kind == ERR_NONE && !end.signal;
}

/* Up to the wave at which the run stops. One that the inventory does not name (`rest`) is the last. */
static bool is_in_waves(const struct fleet *fleet, const char *limit, const struct tenant *tenant)
{
    const struct rollout_rules *rules = &fleet->inventory->rollout;
    const struct wave *wave = fleet_wave(fleet, tenant);
    for (size_t i = 0; limit && i < rules->wave_count; i++)
        if (strcmp(rules->waves[i].name, limit) == 0)
            return wave && wave <= &rules->waves[i];
    return true;
}

static bool refuse_none(size_t count, const char *wave, int *ret_exit_code)
{
    struct err err;
    if (wave)
        err_set(&err, ERR_CONFIG,
                "--behind: of the %zu selected tenants, none up to the wave '%s' is behind", count,
                wave);
    else if (count == 1)
        err_set(&err, ERR_CONFIG, "--behind: the selected tenant is not behind");
    else
        err_set(&err, ERR_CONFIG, "--behind: none of the %zu selected tenants is behind", count);
    err_add(&err, " (--allow-empty goes on without any)");
    *ret_exit_code = cli_fail(&err);
    return false;
}

bool behind_narrow(struct fleet *fleet, const struct options *options, int *ret_exit_code)
{
    size_t before = fleet->tenant_count, count = 0, in_waves = 0;
    struct looking looking = {arena_calloc(&fleet->arena, before + 1, sizeof(bool))};
    fleet_note_narrowed(fleet, "--behind");
    if (!before)
        return true;
    if (!look_at(fleet, options, &looking, ret_exit_code))
        return false;
    const struct tenant **tenants = arena_calloc(&fleet->arena, before + 1, sizeof *tenants);
    for (size_t i = 0; i < before; i++)
        if (!looking.is_there[i]) {
            in_waves += is_in_waves(fleet, options->wave, fleet->tenants[i]);
            tenants[count++] = fleet->tenants[i];
        }
    fleet->tenants = tenants;
    fleet->tenant_count = count;
    return in_waves || options->allows_empty || refuse_none(before, options->wave, ret_exit_code);
}
