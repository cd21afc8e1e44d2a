#include "library/fleet_lint.h"

#include "base/secret.h"
#include "library/prepare.h"
#include "library/table_weights.h"

static bool has_schemas(const struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (inventory->tenants[i].schema)
            return true;
    return false;
}

const char *fleet_lint_hide(const struct inventory *inventory, struct arena *arena,
                            const char *text)
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
    secret_redact_sql(copy, size);
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
        .reads_down = request->reads_down,
        .has_schemas = has_schemas(inventory),
        .severities = inventory->lint_severities,
    };
    lint_chain(&asked, ret, faults);
    for (size_t i = 0; i < ret->count; i++) {
        ret->findings[i].source = fleet_lint_hide(inventory, &ret->arena, ret->findings[i].source);
        ret->findings[i].message =
            fleet_lint_hide(inventory, &ret->arena, ret->findings[i].message);
        ret->findings[i].instead =
            fleet_lint_hide(inventory, &ret->arena, ret->findings[i].instead);
    }
    for (size_t i = 0; i < ret->waiver_count; i++)
        ret->waivers[i]->reason = fleet_lint_hide(inventory, &ret->arena, ret->waivers[i]->reason);
}

/* ---- weighing -------------------------------------------------------------------------------------- */

static void on_asked(void *ctx, const struct event *event)
{
    struct fleet_weighing *weighing = ctx;
    if (event->kind != EVENT_TENANT_FINISHED || !event->outcome->error)
        return;
    weighing->failed++;
    if (weighing->on_error)
        weighing->on_error(weighing->ctx, event->run->tenants[event->tenant]->name,
                           event->outcome->error);
}

bool fleet_lint_weigh(struct fleet *fleet, struct fleet_weighing *weighing, struct lint *lint,
                      struct err *err)
{
    struct request asking = *weighing->request;
    struct prepared_run prepared = {0};
    struct table_weights weights;
    table_weights_begin(&weights, lint);
    table_weights_ask(&weights, &asking);
    asking.measures_all = true;
    asking.weighs_changes = false;
    bool is_fine = prepare_run(fleet, &asking, &prepared, err);
    if (is_fine) {
        struct observer observers[3] = {table_weights_observer(&weights), {on_asked, weighing}};
        size_t count = 2;
        if (weighing->show) {
            observers[count++] = weighing->show->observer;
            prepared.rollout.on_tick = weighing->show->on_tick;
            prepared.rollout.tick_ctx = weighing->show->tick_ctx;
        }
        struct rollout_end end = rollout_run(&prepared.rollout, observers, count);
        weighing->signal = end.signal;
        is_fine = end.err.kind == ERR_NONE;
        if (!is_fine)
            *err = end.err;
    }
    prepare_done(&prepared);
    if (is_fine)
        table_weights_apply(&weights, lint);
    table_weights_end(&weights);
    return is_fine;
}
