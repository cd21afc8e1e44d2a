#include "sim/machines_verify.h"

#include "dialect/dialect.h"
#include "driver/driver.h"
#include "library/prepare.h"
#include "rollout/rollout.h"
#include "rollout/verification.h"
#include "schema/catalog.h"

enum { VERIFIES_PERCENT = 25, LEFT_OUT_PERCENT = 25 };

static size_t number_of(const struct tenant *tenant)
{
    return (size_t)strtoul(tenant->name + 1, NULL, 10);
}

static enum sim_place *place_at(struct machines_verify *verify, const struct tenant *tenant,
                                const struct rows *rows)
{
    uint32_t set = 0;
    for (size_t i = 0; i < rows->count; i++)
        set |= 1u << scene_find(verify->scene, rows->ids[i]);
    return &verify->places[2 * (int)tenant->url.dialect + (tenant->schema != NULL)]
                          [scene_closure(verify->scene, set)];
}

/* False: it is one of those that are left out. */
static bool add_place(struct machines_verify *verify, const struct tenant *tenant,
                      const struct rows *rows)
{
    const struct verified_kind kind = {tenant->url.dialect, tenant->schema != NULL};
    enum sim_place *place = place_at(verify, tenant, rows);
    struct arena arena;
    struct catalog catalog;
    if (*place != PLACE_UNKNOWN)
        return *place == PLACE_KNOWN;
    bool is_left_out = !verify->knows_all && rng_chance(&verify->rng, LEFT_OUT_PERCENT);
    *place = is_left_out ? PLACE_LEFT_OUT : PLACE_KNOWN;
    if (is_left_out)
        return false;
    arena_init(&arena);
    catalog_init(&catalog, &arena, kind.dialect);
    catalog.group = "fake";
    verification_add(verify->verification, &kind, rows, &catalog);
    arena_done(&arena);
    return true;
}

/* What verify_prepare of library/verify.c takes from it. */
static void on_look(void *ctx, const struct event *event)
{
    struct machines_verify *verify = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED || outcome->error)
        return;
    const struct tenant *tenant = event->run->tenants[event->tenant];
    enum verify_schema when = event->run->request->verifying.when;
    bool is_unchanged = rows_are_equal(&outcome->from, &outcome->to);
    bool is_known = true;
    if (when & VERIFY_BEFORE || is_unchanged)
        is_known &= add_place(verify, tenant, &outcome->from);
    if (when & VERIFY_AFTER)
        is_known &= add_place(verify, tenant, &outcome->to);
    verify->was_seen[number_of(tenant)] = is_known;
}

static void look(struct machines_verify *verify, struct fleet *fleet, const struct request *request)
{
    struct request looking = *request;
    struct observer observer = {on_look, verify};
    struct prepared_run prepared;
    struct err err;
    looking.is_dry_run = true;
    looking.shown = NULL;
    if (!prepare_run(fleet, &looking, &prepared, &err))
        verify->on_wrong(verify->ctx, err.text);
    (void)rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
}

void machines_verify_learn(struct machines_verify *verify, struct fleet *fleet,
                           struct request *request)
{
    bool can_read = verify->scene->drivers[DIALECT_POSTGRESQL]->dialect->catalog;
    verify->verification = NULL;
    verify->when = VERIFY_NONE;
    request->verifying = (struct verifying){.is_said = true};
    if (!request->verb->verifies || !can_read || !rng_chance(&verify->rng, VERIFIES_PERCENT))
        return;
    memset(verify->was_seen, 0, sizeof verify->was_seen);
    memset(verify->places, 0, sizeof verify->places);
    verify->when = (enum verify_schema)rng_between(&verify->rng, VERIFY_BEFORE, VERIFY_BOTH);
    request->verifying.when = verify->when;
    verify->verification = verification_new(&verify->rules);
    look(verify, fleet, request);
    request->verifying.verification = verify->verification;
}

void machines_verify_done(struct machines_verify *verify)
{
    verification_free(verify->verification);
    verify->verification = NULL;
}

static void on_event(void *ctx, const struct event *event)
{
    struct machines_verify *verify = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED || !verify->when)
        return;
    const struct tenant *tenant = event->run->tenants[event->tenant];
    bool is_done = outcome->state == TENANT_SUCCEEDED || outcome->state == TENANT_UNCHANGED;
    if (is_done && verify->when & VERIFY_AFTER &&
        *place_at(verify, tenant, &outcome->to) != PLACE_KNOWN)
        verify->on_wrong(verify->ctx, "a tenant is done, though no one knows what it should hold");
    if (outcome->error && verify->was_seen[number_of(tenant)] &&
        strstr(outcome->error->text, "its schema cannot be verified"))
        verify->on_wrong(verify->ctx, "a tenant stands where no one knows what it should hold, "
                                      "though it was looked at before the run");
}

struct observer machines_verify_observer(struct machines_verify *verify)
{
    return (struct observer){on_event, verify};
}
