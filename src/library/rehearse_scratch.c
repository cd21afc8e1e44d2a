#include "library/rehearse_scratch.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/map.h"
#include "dialect/scripts.h"
#include "library/rehearse_private.h"
#include "library/fleet_catalogs.h"

/* A tenant that may be rehearsed on a scratch database, as it was found. */
struct candidate {
    uint32_t number; /* in the fleet */
    bool is_wanted;
    struct rows from;
    const char *reason; /* why it cannot be; NULL: it can */
};

struct rehearsing {
    struct fleet *fleet;
    const struct request *request;
    const struct scratch_show *show;
    struct scratch_rehearsals *ret;
    struct candidate *candidates;
    size_t candidate_count;
    struct fleet_catalogs catalogs;
};

/* ---- who is asked -------------------------------------------------------------------------------- */

static bool has_outside(const struct revision *revision, enum dialect_id dialect)
{
    for (size_t i = 0; i < revision->section_count; i++) {
        const struct section *section = &revision->sections[i];
        if (!section->is_transactional && (section->is_general || section->dialect == dialect))
            return true;
    }
    return false;
}

static bool chain_has_outside(const struct chain *chain, enum dialect_id dialect)
{
    for (size_t i = 0; i < chain->count; i++)
        if (has_outside(chain->revisions[i], dialect))
            return true;
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        if (has_outside(chain->checkpoints[i], dialect))
            return true;
    return false;
}

static bool takes_back(const struct tenant *tenant)
{
    return dialect_of(tenant->url.dialect)->sql[SQL_REHEARSE_BEFORE];
}

static bool is_candidate(const struct fleet *fleet, const struct tenant *tenant)
{
    if (tenant->lacks_dialect || tenant->is_gone || dialect_info(tenant->url.dialect)->is_file ||
        !fleet->inventory->scratch[tenant->url.dialect].url)
        return false;
    return !takes_back(tenant) || tenant->settings->create ||
           chain_has_outside(fleet->chain, tenant->url.dialect);
}

/* ---- how they stand ------------------------------------------------------------------------------ */

static bool runs_outside(const struct rehearsing *rehearsing, const struct outcome *outcome)
{
    const struct dialect *dialect = dialect_of(outcome->dialect);
    struct err err;
    for (size_t i = 0; i < outcome->step_count; i++) {
        const struct step_done *step = &outcome->steps[i];
        const struct script *script = step->revision
                                          ? scripts_get(rehearsing->fleet->scripts, dialect,
                                                        step->revision, step->direction, &err)
                                          : NULL;
        for (size_t p = 0; script && p < script->piece_count; p++)
            if (!script->pieces[p].is_transactional && !script->pieces[p].repeating)
                return true;
    }
    return false;
}

static void on_event(void *ctx, const struct event *event)
{
    struct rehearsing *rehearsing = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED || outcome->error || !outcome->step_count)
        return;
    struct candidate *candidate = &rehearsing->candidates[event->tenant];
    const struct tenant *tenant = rehearsing->fleet->tenants[candidate->number];
    candidate->from = rows_copy(&rehearsing->ret->arena, &outcome->from);
    candidate->is_wanted = true;
    if (outcome->half_step)
        candidate->reason = "a step was left half way: it is to be finished first";
    else if (takes_back(tenant))
        candidate->is_wanted = runs_outside(rehearsing, outcome);
}

static bool look(struct rehearsing *rehearsing)
{
    struct fleet part = *rehearsing->fleet;
    struct request request = *rehearsing->request;
    const struct fleet_show show = {.observer = {on_event, rehearsing}};
    const struct fleet_catalogs_request what = {.request = &request,
                                                .rules = rehearsing->fleet->inventory->drift,
                                                .takes_found = true,
                                                .show = &show};
    struct err ignored; /* the run itself says it */
    part.tenants =
        arena_calloc(&rehearsing->ret->arena, rehearsing->candidate_count, sizeof *part.tenants);
    part.tenant_count = rehearsing->candidate_count;
    for (size_t i = 0; i < part.tenant_count; i++)
        part.tenants[i] = rehearsing->fleet->tenants[rehearsing->candidates[i].number];
    request.rehearses = request.asks_rows = request.weighs_changes = false;
    request.measured_count = 0;
    request.measures_all = false;
    request.reads_catalog = true;
    request.limits.wave = NULL;
    bool is_done = fleet_catalogs_read(&part, &what, &rehearsing->catalogs, &ignored);
    rehearsing->ret->signal = rehearsing->catalogs.signal;
    return is_done && !rehearsing->ret->signal;
}

/* ---- at work in a scratch database ---------------------------------------------------------------- */

struct watching {
    struct arena *arena;
    struct rehearsed *result;
    struct err failure; /* of the scratch database, and not of a revision; ERR_NONE: none */
};

static const char *kept(struct watching *watching, const char *text)
{
    return text ? arena_strdup(watching->arena, text) : NULL;
}

static void on_weighed(void *ctx, const struct event *event)
{
    struct watching *watching = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    struct weighed *copy = arena_calloc(watching->arena, outcome->weighed_count + 1, sizeof *copy);
    for (size_t i = 0; i < outcome->weighed_count; i++) {
        copy[i] = outcome->weighed[i];
        copy[i].table = kept(watching, copy[i].table);
        copy[i].algorithm = kept(watching, copy[i].algorithm);
        copy[i].lock = kept(watching, copy[i].lock);
        copy[i].reason = kept(watching, copy[i].reason);
    }
    watching->result->weighed = copy;
    watching->result->weighed_count = outcome->weighed_count;
}

static void take_seen(struct watching *watching, const struct outcome *outcome)
{
    struct rehearsed *result = watching->result;
    result->seen = arena_calloc(watching->arena, outcome->seen_count + 1, sizeof *result->seen);
    for (size_t i = 0; i < outcome->seen_count; i++)
        if (outcome->seen[i].kind == SEEN_SCRATCH)
            result->seen[result->seen_count++] = outcome->seen[i];
}

/* What fails without a place in a file says nothing of the revisions. */
static void take_error(struct watching *watching, const struct outcome *outcome)
{
    struct rehearsed *result = watching->result;
    if (!outcome->error_revision || outcome->error->kind != ERR_SQL) {
        watching->failure = *outcome->error;
        watching->failure.said = NULL;
        return;
    }
    struct err *err = arena_alloc(watching->arena, sizeof *err);
    *err = *outcome->error;
    err->said = said_copy(watching->arena, outcome->error->said);
    err->is_transient = false;
    err_prefix(err, "on a scratch database");
    result->error = err;
    result->error_revision = outcome->error_revision;
    result->error_statement = kept(watching, outcome->error_statement);
}

static void on_rehearsed(void *ctx, const struct event *event)
{
    struct watching *watching = ctx;
    struct rehearsed *result = watching->result;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    result->steps = arena_calloc(watching->arena, outcome->step_count + 1, sizeof *result->steps);
    if (outcome->step_count)
        memcpy(result->steps, outcome->steps, outcome->step_count * sizeof *result->steps);
    result->step_count = outcome->step_count;
    take_seen(watching, outcome);
    if (outcome->error)
        take_error(watching, outcome);
}

static bool visit(struct rehearsing *rehearsing, struct scratch *scratch, bool weighs,
                  struct watching *watching, struct err *err)
{
    const struct observer observer = {weighs ? on_weighed : on_rehearsed, watching};
    const struct request request = {
        .verb = &verbs[VERB_UPGRADE],
        .targets = rehearsing->request->targets,
        .target_count = rehearsing->request->target_count,
        .is_dry_run = weighs,
        .weighs_changes = weighs,
        .is_on_scratch = !weighs,
    };
    return scratch_visit(scratch, rehearsing->fleet, &request, &observer, err);
}

static void perform(struct rehearsing *rehearsing, const struct rehearse_group *group,
                    struct rehearsed *result)
{
    struct arena *arena = &rehearsing->ret->arena;
    struct watching watching = {.arena = arena, .result = result};
    bool weighs = dialect_of(group->kind.dialect)->weigh;
    struct scratch scratch = {.lock = -1};
    struct err err;
    bool is_done = rehearse_stage(rehearsing->fleet, group, &scratch, result, &err) &&
                   (!weighs || visit(rehearsing, &scratch, true, &watching, &err)) &&
                   visit(rehearsing, &scratch, false, &watching, &err);
    if (!is_done || watching.failure.kind != ERR_NONE)
        result->reason = arena_strdup(arena, is_done ? watching.failure.text : err.text);
    rehearsing->ret->signal = scratch.signal;
    scratch_close(&scratch);
}

/* ---- groups --------------------------------------------------------------------------------------- */

static struct rehearse_group group_of(const struct rehearsing *rehearsing, size_t at)
{
    const struct candidate *candidate = &rehearsing->candidates[at];
    const struct tenant *tenant = rehearsing->fleet->tenants[candidate->number];
    const struct tenant_catalog *item = &rehearsing->catalogs.items[at];
    return (struct rehearse_group){.kind = {tenant->url.dialect, tenant->schema != NULL},
                                   .from = candidate->from,
                                   .is_missing = !item->is_read,
                                   .fingerprint = item->fingerprint,
                                   .engine = item->group,
                                   .example = tenant};
}

/* What of the settings decides how statements run. */
static void add_settings(struct buf *key, const struct settings *settings)
{
    buf_addf(key, "%d ", (int)settings->transaction);
    for (size_t i = 0; i < settings->session_count; i++)
        buf_addf(key, "%s=%s ", settings->session[i].name, settings->session[i].value);
    for (size_t i = 0; settings->search_path && settings->search_path[i]; i++)
        buf_addf(key, "%s,", settings->search_path[i]);
}

static const char *key_of(struct rehearsing *rehearsing, const struct rehearse_group *group)
{
    struct buf key;
    buf_init(&key, BUF_MAX_DEFAULT);
    buf_addf(&key, "%d %d %s %s ", (int)group->kind.dialect, group->kind.has_schema,
             group->is_missing ? "missing" : group->fingerprint.hex,
             group->is_missing ? "" : group->engine);
    add_settings(&key, group->example->settings);
    rows_add_key(&key, &group->from);
    return buf_into(&key, &rehearsing->ret->arena);
}

static struct rehearsed *add_result(struct rehearsing *rehearsing,
                                    const struct candidate *candidate)
{
    struct rehearsed *result = arena_calloc(&rehearsing->ret->arena, 1, sizeof *result);
    result->from = candidate->from;
    result->reason = candidate->reason;
    return result;
}

/* A schema that is not there cannot be read. */
static bool is_to_be_made(const struct rehearsing *rehearsing, const struct candidate *candidate)
{
    const struct tenant *tenant = rehearsing->fleet->tenants[candidate->number];
    return tenant->schema && tenant->settings->create && !candidate->from.count;
}

/* A group, and how its rehearsal went. */
struct part {
    struct rehearse_group group;
    struct rehearsed *result;
    size_t tenants;
};

static const char *fault_of(const struct rehearsed *result)
{
    return result->error ? result->error->text : result->reason;
}

static void perform_and_tell(struct rehearsing *rehearsing, const struct part *part,
                             struct scratch_work work)
{
    const struct scratch_show *show = rehearsing->show;
    int64_t begun_ms = clock_steady_ms();
    work.dialect = part->group.kind.dialect;
    work.tenants = part->tenants;
    work.like = part->group.example->name;
    if (show->on_work)
        show->on_work(show->ctx, &work);
    perform(rehearsing, &part->group, part->result);
    work.is_over = true;
    work.duration_ms = (double)(clock_steady_ms() - begun_ms);
    work.error = fault_of(part->result);
    if (show->on_work)
        show->on_work(show->ctx, &work);
}

/* Adds the tenant to its group, which may be new; where it cannot be rehearsed, to none. */
static void add_to_group(struct rehearsing *rehearsing, size_t at, struct map *groups,
                         struct part *parts)
{
    struct candidate *candidate = &rehearsing->candidates[at];
    const struct rehearsed **result = &rehearsing->ret->by_tenant[candidate->number];
    if (rehearsing->catalogs.items[at].err && !is_to_be_made(rehearsing, candidate))
        candidate->reason = "what it holds cannot be read";
    if (candidate->reason) {
        *result = add_result(rehearsing, candidate);
        return;
    }
    const struct rehearse_group group = group_of(rehearsing, at);
    uint32_t count = (uint32_t)groups->count;
    struct part *part = &parts[map_put(groups, key_of(rehearsing, &group), count)];
    if (!part->result)
        *part = (struct part){.group = group, .result = add_result(rehearsing, candidate)};
    part->tenants++;
    *result = part->result;
}

static void rehearse_all(struct rehearsing *rehearsing)
{
    struct map groups; /* of `parts` */
    struct part *parts =
        arena_calloc(&rehearsing->ret->arena, rehearsing->candidate_count, sizeof *parts);
    map_init(&groups);
    for (size_t i = 0; i < rehearsing->candidate_count; i++)
        if (rehearsing->candidates[i].is_wanted)
            add_to_group(rehearsing, i, &groups, parts);
    for (size_t i = 0; i < groups.count && !rehearsing->ret->signal; i++)
        perform_and_tell(rehearsing, &parts[i],
                         (struct scratch_work){.number = i + 1, .count = groups.count});
    map_done(&groups);
}

/* ---- the whole ------------------------------------------------------------------------------------ */

static void find_candidates(struct rehearsing *rehearsing)
{
    const struct fleet *fleet = rehearsing->fleet;
    rehearsing->candidates = arena_calloc(&rehearsing->ret->arena, fleet->tenant_count + 1,
                                          sizeof *rehearsing->candidates);
    for (uint32_t i = 0; i < fleet->tenant_count; i++)
        if (is_candidate(fleet, fleet->tenants[i]))
            rehearsing->candidates[rehearsing->candidate_count++] = (struct candidate){.number = i};
}

void scratch_rehearsals_make(struct fleet *fleet, const struct request *request,
                             const struct scratch_show *show, struct scratch_rehearsals *ret)
{
    struct rehearsing rehearsing = {.fleet = fleet, .request = request, .show = show, .ret = ret};
    *ret = (struct scratch_rehearsals){0};
    arena_init(&ret->arena);
    if (!request->rehearses)
        return;
    find_candidates(&rehearsing);
    if (!rehearsing.candidate_count)
        return;
    ret->by_tenant = arena_calloc(&ret->arena, fleet->tenant_count, sizeof *ret->by_tenant);
    if (look(&rehearsing))
        rehearse_all(&rehearsing);
    fleet_catalogs_done(&rehearsing.catalogs);
}

void scratch_rehearsals_done(struct scratch_rehearsals *rehearsals)
{
    arena_done(&rehearsals->arena);
}
