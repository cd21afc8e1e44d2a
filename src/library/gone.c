#include "library/gone.h"

#include "base/arena.h"

static void on_remembered(void *ctx, const struct event *event)
{
    struct gone *gone = ctx;
    gone->remembered = event->run->tenants;
}

const struct tenant *gone_tenant(struct gone *gone, size_t n, struct err *err)
{
    static const struct settings no_settings;
    static const struct password no_password = {.kind = PASSWORD_NONE};
    struct observer observer = {on_remembered, gone};
    if (!gone->remembered && !ledger_replay(gone->ledger, gone->run, gone->arena, &observer, err))
        return NULL;
    struct tenant *tenant = arena_alloc(gone->arena, sizeof *tenant);
    *tenant = *gone->remembered[n];
    tenant->is_gone = true;
    tenant->server = "";
    tenant->settings = &no_settings;
    tenant->password = &no_password;
    return tenant;
}
