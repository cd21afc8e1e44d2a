#include "event/verbs.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"

const struct verb verbs[VERB__COUNT] = {
    [VERB_CURRENT] =
        {
            .name = "current",
            .work = WORK_LOOK,
            .shows_standings = true,
        },
    [VERB_PLAN] =
        {
            .name = "plan",
            .work = WORK_PLAN,
            .verifies = true,
            .has_waves = true,
            .plan = PLAN_UPGRADE,
            .default_target = "head",
        },
    [VERB_CHECK] =
        {
            .name = "check",
            .work = WORK_PLAN,
            .only_asks = true,
            .plan = PLAN_UPGRADE,
            .default_target = "heads",
        },
    [VERB_UPGRADE] =
        {
            .name = "upgrade",
            .work = WORK_PLAN,
            .changes = true,
            .verifies = true,
            .keeps_ledger = true,
            .has_waves = true,
            .plan = PLAN_UPGRADE,
            .default_target = "head",
            .continues = "resumes",
        },
    [VERB_DOWNGRADE] =
        {
            .name = "downgrade",
            .work = WORK_PLAN,
            .changes = true,
            .verifies = true,
            .asks_first = true,
            .keeps_ledger = true,
            .has_waves = true,
            .needs_target = true,
            .plan = PLAN_DOWNGRADE,
            .continues = "resumes",
        },
    [VERB_STAMP] =
        {
            .name = "stamp",
            .work = WORK_PLAN,
            .changes = true,
            .asks_first = true,
            .keeps_ledger = true,
            .has_waves = true,
            .needs_target = true,
            .plan = PLAN_STAMP,
            .continues = "resumes",
        },
    [VERB_ADOPT] =
        {
            .name = "adopt",
            .work = WORK_PLAN,
            .changes = true,
            .keeps_ledger = true,
            .has_waves = true,
            .needs_target = true,
            .takes_tool = true,
            .plan = PLAN_STAMP,
            .continues = "resumes",
        },
    [VERB_RESOLVE] =
        {
            .name = "resolve",
            .work = WORK_SETTLE,
            .changes = true,
        },
    [VERB_ACCEPT] =
        {
            .name = "accept",
            .work = WORK_ACCEPT,
            .changes = true,
            .needs_target = true,
        },
    [VERB_ROLLBACK] =
        {
            .name = VERB_NAME_ROLLBACK,
            .work = WORK_PLAN,
            .changes = true,
            .asks_first = true,
            .keeps_ledger = true,
            .rolls_back = true,
            .continues = "rolls back",
        },
};

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

const struct verb *verb_read(struct arena *arena, const char *name)
{
    const struct verb *found = verb_find(name);
    if (found)
        return found;
    struct verb *unknown = arena_alloc(arena, sizeof *unknown);
    *unknown = (struct verb){.name = arena_strdup(arena, name),
                             .is_unknown = true,
                             .changes = true,
                             .keeps_ledger = true,
                             .continues = "goes on with"};
    return unknown;
}

const struct verb *verb_keep(struct arena *arena, const struct verb *verb)
{
    return verb_read(arena, verb->name);
}

bool verb_runs_scripts(const struct verb *verb)
{
    return verb->work == WORK_PLAN && (verb->rolls_back || verb->plan != PLAN_STAMP);
}
