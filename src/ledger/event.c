#include "ledger/event.h"

#include <assert.h>

const char *run_state_name(enum run_state state)
{
    static const char *const names[RUN__COUNT] = {
        [RUN_RUNNING] = "running",         [RUN_SUCCEEDED] = "succeeded",
        [RUN_FAILED] = "failed",           [RUN_HALTED] = "halted",
        [RUN_ROLLED_BACK] = "rolled_back", [RUN_ROLLBACK_FAILED] = "rollback_failed",
        [RUN_INTERRUPTED] = "interrupted",
    };
    assert(state < RUN__COUNT);
    return names[state];
}

const char *tenant_state_name(enum tenant_state state)
{
    static const char *const names[TENANT__COUNT] = {
        [TENANT_PENDING] = "pending",
        [TENANT_RUNNING] = "running",
        [TENANT_SUCCEEDED] = "succeeded",
        [TENANT_UNCHANGED] = "unchanged",
        [TENANT_FAILED] = "failed",
        [TENANT_PARTIAL] = "partial",
        [TENANT_IN_DOUBT] = "in_doubt",
        [TENANT_ROLLED_BACK] = "rolled_back",
        [TENANT_ROLLBACK_FAILED] = "rollback_failed",
        [TENANT_SKIPPED] = "skipped",
    };
    assert(state < TENANT__COUNT);
    return names[state];
}

bool tenant_state_is_bad(enum tenant_state state)
{
    return state == TENANT_FAILED || tenant_state_needs_person(state);
}

bool tenant_state_needs_person(enum tenant_state state)
{
    return state == TENANT_PARTIAL || state == TENANT_IN_DOUBT || state == TENANT_ROLLBACK_FAILED;
}
