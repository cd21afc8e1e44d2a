#include "library/fleet_lint.h"

#include "base/secret.h"

static bool has_schemas(const struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (inventory->tenants[i].schema)
            return true;
    return false;
}

/* In the arena. */
static const char *hidden(const struct inventory *inventory, struct arena *arena, const char *text)
{
    enum { ROOM = 16 }; /* for marks that are longer than what they stand for */
    size_t size = strlen(text) + ROOM;
    const char *last = NULL;
    char *copy = arena_alloc(arena, size);
    memcpy(copy, text, strlen(text));
    for (size_t i = 0; i < inventory->tenant_count; i++) {
        const struct password *password = inventory->tenants[i].password;
        bool is_value = password && password->kind == PASSWORD_VALUE && password->value;
        if (!is_value || (last && strcmp(last, password->value) == 0))
            continue;
        last = password->value;
        secret_redact(copy, size, last);
    }
    return copy;
}

void fleet_lint(const struct fleet *fleet, const struct fleet_lint_request *request,
                struct lint *ret, struct faults *faults)
{
    const struct inventory *inventory = fleet->inventory;
    struct lint_request asked = {
        .chain = fleet->chain,
        .used = request->used,
        .linted = request->linted,
        .has_schemas = has_schemas(inventory),
        .severities = inventory->lint_severities,
    };
    lint_chain(&asked, ret, faults);
    for (size_t i = 0; i < ret->count; i++) {
        ret->findings[i].source = hidden(inventory, &ret->arena, ret->findings[i].source);
        ret->findings[i].message = hidden(inventory, &ret->arena, ret->findings[i].message);
        ret->findings[i].instead = hidden(inventory, &ret->arena, ret->findings[i].instead);
    }
}
