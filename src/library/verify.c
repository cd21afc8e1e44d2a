#include "library/verify.h"

#include "base/buf.h"
#include "base/map.h"
#include "library/expected.h"
#include "library/prepare.h"
#include "library/verify_doubts.h"
#include "rollout/verification.h"

struct place {
    struct scratch_kind kind;
    struct rows rows;
    size_t rank; /* how far up the chain */
};

struct preparing {
    struct fleet *fleet;
    const struct request *request;
    struct verify *verify;
    struct faults *faults;
    struct arena arena;
    struct map known; /* places */
    struct place *places;
    size_t count, capacity;
    struct doubt_list doubts;
};

/* ---- which places ------------------------------------------------------------------------------ */

static size_t rank_of(const struct chain *chain, const struct rows *rows)
{
    size_t rank = 0;
    for (size_t i = 0; i < chain->count; i++)
        if (rows_have(rows, chain->revisions[chain->topological[i]]->id))
            rank = i + 1;
    return rank;
}

static void add_place(struct preparing *preparing, const struct tenant *tenant,
                      const struct rows *rows)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_addf(&key, "%d %d ", (int)tenant->url.dialect, tenant->schema != NULL);
    rows_add_key(&key, rows);
    uint32_t at =
        map_put(&preparing->known, buf_into(&key, &preparing->arena), (uint32_t)preparing->count);
    if (at != preparing->count)
        return;
    *ARENA_PUSH(&preparing->arena, preparing->places, preparing->count, preparing->capacity) =
        (struct place){.kind = {tenant->url.dialect, tenant->schema != NULL},
                       .rows = rows_copy(&preparing->arena, rows),
                       .rank = rank_of(preparing->fleet->chain, rows)};
}

/* A tenant that cannot be read now has no place here; if the run can read it, it fails. */
static void on_event(void *ctx, const struct event *event)
{
    struct preparing *preparing = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    const struct tenant *tenant = preparing->fleet->tenants[event->tenant];
    if (outcome->half_step && outcome->half_step->is_in_doubt)
        doubt_list_add(&preparing->doubts, tenant, outcome);
    if (outcome->error)
        return;
    enum verify_schema when = preparing->verify->verifying.when;
    bool is_unchanged = rows_are_equal(&outcome->from, &outcome->to);
    if (when & VERIFY_BEFORE || (when && is_unchanged))
        add_place(preparing, tenant, &outcome->from);
    if (when & VERIFY_AFTER)
        add_place(preparing, tenant, &outcome->to);
}

static bool find_places(struct preparing *preparing, struct err *err)
{
    struct request look = *preparing->request;
    struct observer observer = {on_event, preparing};
    struct prepared_run prepared;
    look.is_dry_run = true;
    look.weighs_changes = false;
    look.shown = NULL;
    if (!prepare_run(preparing->fleet, &look, &prepared, err))
        return false;
    struct rollout_end end = rollout_run(&prepared.rollout, &observer, 1);
    prepare_done(&prepared);
    preparing->verify->signal = end.signal;
    if (end.err.kind != ERR_NONE)
        *err = end.err;
    return end.err.kind == ERR_NONE;
}

/* ---- what they make ---------------------------------------------------------------------------- */

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->kind.dialect != b->kind.dialect)
        return (int)a->kind.dialect - (int)b->kind.dialect;
    if (a->kind.has_schema != b->kind.has_schema)
        return a->kind.has_schema - b->kind.has_schema;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

static void say_unknown(struct preparing *preparing, const struct place *place,
                        const struct err *why)
{
    struct err fault = *why;
    struct buf rows;
    buf_init(&rows, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < place->rows.count; i++)
        buf_addf(&rows, "%s%s", i ? " + " : "", place->rows.ids[i]);
    err_prefix(
        &fault,
        "the tenants' schemas cannot be verified: what the chain makes up to %s is not known",
        place->rows.count ? rows.data : "base");
    faults_add_err(preparing->faults, &fault);
    buf_done(&rows);
}

/* The group does not matter: what was replayed answers for all. */
static bool learn(struct preparing *preparing, struct expectations *expectations,
                  const struct place *place)
{
    const struct expected_place asked = {place->kind, place->rows, ""};
    struct verification *verification = preparing->verify->verifying.verification;
    struct err err;
    const struct expected *expected = expectations_get(expectations, &asked);
    const struct catalog *catalog =
        expected->is_known ? expectations_catalog(expectations, expected, &err) : NULL;
    if (!catalog) {
        if (!expectations->signal)
            say_unknown(preparing, place, expected->is_known ? &err : &expected->err);
        return false;
    }
    const struct verified_kind kind = {place->kind.dialect, place->kind.has_schema};
    verification_add(verification, &kind, &place->rows, catalog);
    return true;
}

static bool learn_all(struct preparing *preparing)
{
    struct expectations expectations;
    const struct catalog_rules *rules = preparing->fleet->inventory->drift;
    bool is_good = true;
    expectations_init(&expectations, preparing->fleet, rules);
    expectations.cache.is_read_only = preparing->request->is_dry_run;
    for (size_t i = 0; i < preparing->count && is_good; i++)
        is_good = learn(preparing, &expectations, &preparing->places[i]);
    if (expectations.signal)
        preparing->verify->signal = expectations.signal;
    expectations_done(&expectations);
    return is_good || preparing->verify->signal;
}

static bool prepare(struct preparing *preparing)
{
    struct err err;
    if (!find_places(preparing, &err)) {
        faults_add_err(preparing->faults, &err);
        return false;
    }
    if (preparing->verify->signal)
        return true;
    preparing->verify->verifying.verification =
        verification_new(preparing->fleet->inventory->drift);
    if (preparing->count)
        qsort(preparing->places, preparing->count, sizeof *preparing->places, compare_places);
    if (!learn_all(preparing))
        return false;
    if (!preparing->verify->signal)
        preparing->verify->signal =
            doubt_list_learn(&preparing->doubts, preparing->verify->verifying.verification,
                             &preparing->verify->note);
    return true;
}

void verify_done(struct verify *verify)
{
    verification_free(verify->verifying.verification);
    verify->verifying.verification = NULL;
}

bool verify_prepare(struct fleet *fleet, const struct request *request, struct verify *ret,
                    struct faults *faults)
{
    struct preparing preparing = {
        .fleet = fleet, .request = request, .verify = ret, .faults = faults};
    *ret = (struct verify){.verifying = request->verifying};
    if (!request->verifying.is_said)
        ret->verifying.when = fleet->inventory->rollout.verify_schema;
    if (!request->verb->verifies || (ret->verifying.when == VERIFY_NONE && !request->continues))
        return true;
    arena_init(&preparing.arena);
    preparing.doubts = (struct doubt_list){.fleet = fleet, .arena = &preparing.arena};
    map_init(&preparing.known);
    bool is_good = prepare(&preparing);
    map_done(&preparing.known);
    arena_done(&preparing.arena);
    /* A resume that holds no one to anything asked whether there is a doubt to decide, and there is none. */
    if (is_good && ret->verifying.when == VERIFY_NONE && !preparing.doubts.count)
        verify_done(ret);
    return is_good;
}
