#include "event/verbs.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"

const struct verb verbs[VERB__COUNT] = {
    [VERB_CURRENT] =
        {
            .name = "current",
            .only_looks = true,
            .shows_standings = true,
        },
    [VERB_PLAN] =
        {
            .name = "plan",
            .has_plan = true,
            .has_waves = true,
            .plan = PLAN_UPGRADE,
            .default_target = "head",
        },
    [VERB_CHECK] =
        {
            .name = "check",
            .has_plan = true,
            .plan = PLAN_UPGRADE,
            .default_target = "heads",
        },
    [VERB_UPGRADE] =
        {
            .name = "upgrade",
            .has_plan = true,
            .changes = true,
            .keeps_ledger = true,
            .asks_gates = true,
            .has_waves = true,
            .plan = PLAN_UPGRADE,
            .default_target = "head",
            .continues = "resumes",
        },
    [VERB_DOWNGRADE] =
        {
            .name = "downgrade",
            .has_plan = true,
            .changes = true,
            .asks_first = true,
            .keeps_ledger = true,
            .asks_gates = true,
            .has_waves = true,
            .needs_target = true,
            .plan = PLAN_DOWNGRADE,
            .continues = "resumes",
        },
    [VERB_STAMP] =
        {
            .name = "stamp",
            .has_plan = true,
            .changes = true,
            .asks_first = true,
            .keeps_ledger = true,
            .asks_gates = true,
            .has_waves = true,
            .needs_target = true,
            .plan = PLAN_STAMP,
            .continues = "resumes",
        },
    [VERB_ADOPT] =
        {
            .name = "adopt",
            .has_plan = true,
            .changes = true,
            .keeps_ledger = true,
            .asks_gates = true,
            .has_waves = true,
            .needs_target = true,
            .takes_tool = true,
            .plan = PLAN_STAMP,
            .continues = "resumes",
        },
    [VERB_RESOLVE] =
        {
            .name = "resolve",
            .changes = true,
            .settles = true,
        },
    [VERB_ACCEPT] =
        {
            .name = "accept",
            .changes = true,
            .needs_target = true,
            .accepts = true,
        },
    [VERB_ROLLBACK] =
        {
            .name = VERB_NAME_ROLLBACK,
            .has_plan = true,
            .changes = true,
            .asks_first = true,
            .keeps_ledger = true,
            .asks_gates = true,
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
