#include "library/prepare.h"

#include <sys/resource.h>

#include "base/buf.h"
#include "chain/identifier.h"
#include "inventory/lack.h"
#include "library/continuation.h"
#include "library/own.h"
#include "library/fleet_ledger.h"
#include "library/machines.h"
#include "library/snapshots.h"
#include "library/waves.h"
#include "rollout/verification.h"

/* ---- limits -------------------------------------------------------------------------------- */

/* A tenant takes up to four descriptors (SQLite: file, journal, folder, lock). What the system does
 * not give, `parallel` must do without. */
static uint32_t fit_descriptors(uint32_t parallel, char *note, size_t note_size)
{
    enum { EACH = 4, OWN = 32 };
    struct rlimit limit;
    rlim_t wanted = (rlim_t)parallel * EACH + OWN;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return parallel;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return parallel;
    uint32_t fits = limit.rlim_cur > OWN + EACH ? (uint32_t)(limit.rlim_cur - OWN) / EACH : 1;
    snprintf(note, note_size, "only %llu file descriptors: %u tenants at once, not %u",
             (unsigned long long)limit.rlim_cur, fits, parallel);
    return fits;
}

/* ---- preparing ----------------------------------------------------------------------------- */

static const char *join(struct arena *arena, const char *const *texts, size_t count)
{
    struct buf text;
    buf_init(&text, 65536);
    for (size_t i = 0; i < count; i++)
        buf_addf(&text, "%s%s", i ? " " : "", texts[i]);
    char *joined = arena_strdup(arena, text.data);
    buf_done(&text);
    return joined;
}

enum on_failure prepare_policy(const struct request *request, const struct rollout_rules *rules)
{
    return request->policy.has_on_failure ? request->policy.on_failure : rules->on_failure;
}

/* Looking changes nothing: everyone is looked at. A run that is not on record only writes down what a person says, and
 * has nothing that could be rolled back: it stops. */
static enum on_failure policy_of(const struct request *request, const struct rollout_rules *rules)
{
    enum on_failure asked = prepare_policy(request, rules);
    if (!request_changes(request))
        return ON_FAILURE_CONTINUE;
    bool can_roll_back = request->verb->keeps_ledger;
    return asked == ON_FAILURE_ROLLBACK && !can_roll_back ? ON_FAILURE_STOP : asked;
}

static struct origin origin_of(struct fleet *fleet)
{
    return (struct origin){.by = fleet_ledger_me(&fleet->arena),
                           .fleet_size = fleet->inventory->tenant_count,
                           .selects = fleet->selects,
                           .names = fleet->names,
                           .narrowed = fleet->narrowed,
                           .settings = fleet->settings};
}

static bool keeps_ledger(const struct request *request)
{
    return request->verb->keeps_ledger && request_changes(request);
}

static struct rollout_options rollout_of(struct fleet *fleet, const struct request *request)
{
    return (struct rollout_options){
        .run = {.request = request,
                .origin = origin_of(fleet),
                .chain = fleet->chain,
                .tenants = fleet->tenants,
                .tenant_count = fleet->tenant_count},
        .on_failure = policy_of(request, &fleet->inventory->rollout),
        .scripts = fleet->scripts,
        .version_table = fleet->inventory->version_table,
        .scratch = fleet->inventory->scratch,
        .hides_values = fleet->inventory->hides_values,
        .hides_sql = fleet->inventory->hides_sql,
        .forecast = fleet->inventory->rollout.forecast,
        .gates = keeps_ledger(request) ? &fleet->inventory->rollout.gates : NULL,
    };
}

/* What a resume will be asked for: the same, though `head` may have moved on by then. Relative
 * targets stay as they are; where a tenant was begun, the ledger knows where it was going. */
static void add_fixed(struct fleet *fleet, enum plan_command command, const char *text,
                      struct buf *buf)
{
    struct identifier identifier = identifier_parse(&fleet->arena, text);
    struct revisions found;
    struct err err;
    struct lookup in = fleet_lookup(fleet, &err);
    bool is_plain = identifier.symbol && !identifier.is_relative &&
                    (!identifier.label || command != PLAN_DOWNGRADE);
    buf_adds(buf, buf->len ? " " : "");
    if (!is_plain || !identifier_locate(&in, identifier.label, identifier.symbol, &found) ||
        !found.count) {
        buf_adds(buf, text);
        return;
    }
    for (size_t i = 0; i < found.count; i++)
        buf_addf(buf, "%s%s", i ? " " : "", fleet->chain->revisions[found.items[i]]->id);
}

static const char *fix_targets(struct fleet *fleet, const struct target *target)
{
    struct buf buf;
    buf_init(&buf, 65536);
    for (size_t i = 0; i < target->count; i++)
        add_fixed(fleet, target->command, target->texts[i], &buf);
    char *fixed = arena_strdup(&fleet->arena, buf.data);
    buf_done(&buf);
    return fixed;
}

/* Each tenant goes where its own table of the other tool says. */
static bool set_adoption(struct fleet *fleet, const struct request *request,
                         struct prepared_run *prepared, struct err *err)
{
    const char *table = request->target_count > 1 ? request->targets[1] : NULL;
    prepared->target =
        (struct target){.command = request_plan(request), .is_forced = request->forces};
    prepared->rollout.run.target = join(&fleet->arena, request->targets, request->target_count);
    prepared->rollout.run.fixed_target = prepared->rollout.run.target;
    prepared->rollout.adoption = &prepared->adoption;
    return adoption_find(request->target_count ? request->targets[0] : "", table,
                         &prepared->adoption, err);
}

/* Each tenant goes back to where it stood before the run that is rolled back. Who joins a rollback has its target from the ledger. */
static bool set_run(const struct request *request, struct prepared_run *prepared)
{
    prepared->target = (struct target){.command = request_plan(request)};
    if (request->continues)
        prepared->rollout.run.target = request->continues->run.id;
    prepared->rollout.run.fixed_target = "";
    return true;
}

static void accept_all(struct fleet *fleet, struct prepared_run *prepared)
{
    bool *accepts = arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof *accepts);
    for (size_t i = 0; i < fleet->chain->count; i++)
        accepts[i] = true;
    prepared->rollout.accepts = accepts;
}

/* Each by itself: where a tenant stands does not matter. */
static bool accept_one(struct fleet *fleet, const char *text, bool *accepts, struct err *err)
{
    struct identifier identifier = identifier_parse(&fleet->arena, text);
    struct lookup in = fleet_lookup(fleet, err);
    struct revisions found;
    if (!identifier.symbol || identifier.is_relative)
        return err_set(err, ERR_CONFIG,
                       "'%s' depends on where a tenant stands: name the revision whose file is "
                       "right as it is",
                       text);
    if (!identifier_locate(&in, identifier.label, identifier.symbol, &found))
        return false;
    if (!found.count)
        return err_set(err, ERR_CONFIG, "'%s' is no revision, and has no file", text);
    for (size_t i = 0; i < found.count; i++)
        accepts[found.items[i]] = true;
    return true;
}

static bool set_accepted(struct fleet *fleet, const struct request *request,
                         struct prepared_run *prepared, struct err *err)
{
    bool *accepts = arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof *accepts);
    for (size_t i = 0; i < request->target_count; i++)
        if (!accept_one(fleet, request->targets[i], accepts, err))
            return false;
    prepared->rollout.accepts = accepts;
    prepared->rollout.run.target = join(&fleet->arena, request->targets, request->target_count);
    return true;
}

/* `upgrade -1` can lead nowhere, wherever the tenants stand: it was a slip, and no tenant has to be asked. */
static bool check_way(struct fleet *fleet, const struct request *request, const char *text,
                      struct err *err)
{
    enum plan_command plan = request_plan(request);
    struct identifier identifier = identifier_parse(&fleet->arena, text);
    bool goes_up = identifier.is_relative && identifier.steps > 0;
    bool goes_down = identifier.is_relative && identifier.steps < 0;
    if (identifier.symbol ||
        !(plan == PLAN_UPGRADE ? goes_down : plan == PLAN_DOWNGRADE && goes_up))
        return true;
    return err_set(err, ERR_CONFIG, "'%s' leads %s, and %s goes %s; did you mean 'skein %s %s'?",
                   text, goes_down ? "down" : "up",
                   plan == PLAN_UPGRADE ? "an upgrade" : "a downgrade", goes_down ? "up" : "down",
                   goes_down ? "downgrade" : "upgrade", text);
}

/* A variable of a shell that is not set, and Alembic's range, which means something in scripts alone. */
static bool check_texts(const char *const *texts, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!texts[i][strspn(texts[i], " \t")])
            return err_set(err, ERR_CONFIG, "a target is empty");
        if (strchr(texts[i], ':'))
            return err_set(err, ERR_CONFIG, "'%s' is a range: only --sql takes one, for a script",
                           texts[i]);
    }
    return true;
}

static bool set_target(struct fleet *fleet, const struct request *request,
                       struct prepared_run *prepared, struct err *err)
{
    const char *const *texts =
        request->target_count ? request->targets : &request->verb->default_target;
    size_t count = request->target_count ? request->target_count : 1;
    prepared->rollout.run.target = "";
    if (request->verb->work == WORK_ACCEPT)
        return set_accepted(fleet, request, prepared, err);
    if (request->verb->work != WORK_PLAN)
        return true;
    if (request->accepts_changes)
        accept_all(fleet, prepared);
    prepared->rollout.target = &prepared->target;
    if (request->verb->rolls_back)
        return set_run(request, prepared);
    if (request->verb->takes_tool)
        return set_adoption(fleet, request, prepared, err);
    prepared->rollout.run.target = join(&fleet->arena, texts, count);
    struct lookup in = fleet_lookup(fleet, err);
    prepared->target = (struct target){.command = request_plan(request),
                                       .texts = texts,
                                       .count = count,
                                       .purges = request->purges,
                                       .is_forced = request->forces};
    if (!check_texts(texts, count, err) || !target_check(&in, &prepared->target))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!check_way(fleet, request, texts[i], err))
            return false;
    prepared->rollout.run.fixed_target = fix_targets(fleet, &prepared->target);
    prepared->rollout.run.findings = request->findings;
    return true;
}

/* If the system gives fewer descriptors, the waves have fewer tenants at once. */
static void fit_waves(struct prepared_run *prepared, struct arena *arena)
{
    size_t count = prepared->rollout.wave_count;
    struct rollout_wave *waves = arena_calloc(arena, count, sizeof *waves);
    memcpy(waves, prepared->rollout.waves, count * sizeof *waves);
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = waves[i].parallel > most ? waves[i].parallel : most;
    uint32_t fits = fit_descriptors(most, prepared->note, sizeof prepared->note);
    for (size_t i = 0; i < count; i++)
        waves[i].parallel = waves[i].parallel < fits ? waves[i].parallel : fits;
    prepared->rollout.waves = waves;
}

bool prepare_needs_ledger(const struct request *request)
{
    return keeps_ledger(request) && !request->continues;
}

/* Several machines may work on it from its first moment on. */
static void set_share(struct fleet *fleet, const struct request *request,
                      struct prepared_run *prepared)
{
    const struct verification *verification = request->verifying.verification;
    if (!ledger_can_share(prepared->rollout.ledger))
        return;
    prepared->share = (struct rollout_share){.lease_ms = machines_lease_ms()};
    machines_name(&fleet->arena, request->machine, &prepared->share);
    prepared->rollout.share = &prepared->share;
    prepared->rollout.run.rules = told_rules(fleet->inventory, &fleet->arena);
    if (verification)
        prepared->rollout.run.expectations = verification_told(verification, &fleet->arena);
}

/* What the first waves are measured by. Where no limit is set, no one asks. */
static bool set_paces(struct fleet *fleet, const struct request *request,
                      struct prepared_run *prepared, struct err *err)
{
    struct rollout_options *rollout = &prepared->rollout;
    const struct forecast_rules *rules = &rollout->forecast;
    const struct ledger_way way = {.command = request->verb->name,
                                   .target = rollout->run.fixed_target,
                                   .chain_digest = fleet->chain ? fleet->chain->digest : NULL};
    bool is_asked = rules->warn_above.factor > 0 || rules->halt_above.factor > 0;
    if (!is_asked || !way.chain_digest || !way.target || !*way.target)
        return true;
    struct pace *paces = arena_calloc(&fleet->arena, DIALECT__COUNT, sizeof *paces);
    rollout->paces = paces;
    return ledger_read_paces(rollout->ledger, &way, &fleet->arena, paces, err);
}

/* A run that changes something is on record. */
static bool set_ledger(struct fleet *fleet, const struct request *request,
                       struct prepared_run *prepared, struct err *err)
{
    if (!keeps_ledger(request))
        return true;
    if (request->continues) {
        prepared->rollout.run.id = request->continues->run_id;
        prepared->rollout.ledger = request->continues->ledger;
    } else {
        rollout_make_id(prepared->run_id);
        prepared->rollout.run.id = prepared->run_id;
        prepared->ledger = prepared->rollout.ledger =
            fleet_ledger_open(fleet, prepared->run_id, err);
    }
    if (!prepared->rollout.ledger)
        return false;
    prepared->rollout.run.inventory = own_inventory(fleet->inventory, &fleet->arena);
    prepared->rollout.snapshots = snapshots_folder(
        &fleet->arena, snapshots_beside(&fleet->arena, fleet->inventory), prepared->rollout.run.id);
    set_share(fleet, request, prepared);
    return set_paces(fleet, request, prepared, err);
}

/* Without those that a resume does not come to. */
static struct fleet visited_of(struct fleet *fleet, const struct request *request)
{
    const bool *is_left_out = request->continues ? request->continues->is_left_out : NULL;
    struct fleet visited = *fleet;
    if (!is_left_out)
        return visited;
    visited.tenant_count = 0;
    visited.tenants = arena_calloc(&fleet->arena, fleet->tenant_count + 1, sizeof *visited.tenants);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        if (!is_left_out[i])
            visited.tenants[visited.tenant_count++] = fleet->tenants[i];
    return visited;
}

/* A run that goes on with another has its tenants from the ledger: only now it is known who is connected to. */
static bool check_ready(struct fleet *fleet, const struct request *request, struct err *err)
{
    struct fleet visited = visited_of(fleet, request);
    struct faults faults;
    faults_init(&faults);
    /* What is missing of those that a run tells of, each tenant says when it is connected to. */
    bool is_well = fleet->own || fleet_check_logins(&visited, &faults);
    if (request->verb->keeps_ledger || request->verb->has_waves)
        is_well &= inventory_check_gates(fleet->inventory, &faults);
    if (!is_well)
        *err = faults.items[0];
    if (faults.total > 1)
        err_add(err, " (and %zu more such fault%s)", faults.total - 1, faults.total > 2 ? "s" : "");
    faults_done(&faults);
    return is_well;
}

/* A failure would roll back tenants that are not selected, or leave a rollout half rolled back. */
static bool check_left_out(const struct fleet *fleet, const struct request *request,
                           struct err *err)
{
    if (!request->continues || !request->continues->is_left_out ||
        !request->continues->leaves_changed ||
        prepare_policy(request, &fleet->inventory->rollout) != ON_FAILURE_ROLLBACK)
        return true;
    return err_set(
        err, ERR_CONFIG,
        "a failure would roll back tenants of run %s that are not selected: say --on-failure stop or "
        "continue, or resume all",
        request->continues->run.id);
}

bool prepare_run(struct fleet *fleet, const struct request *request,
                 struct prepared_run *ret_prepared, struct err *err)
{
    struct prepared_run *prepared = ret_prepared;
    *prepared = (struct prepared_run){.rollout = rollout_of(fleet, request)};
    bool needs_revisions =
        (request->verb->work == WORK_PLAN || request->verb->work == WORK_ACCEPT) &&
        !request->verb->rolls_back;
    if (needs_revisions && !fleet_has_revisions(fleet, err))
        return false;
    if (!check_left_out(fleet, request, err) || !check_ready(fleet, request, err))
        return false;
    if (!set_target(fleet, request, prepared, err) ||
        !waves_make(fleet, request, &prepared->rollout, err))
        return false;
    fit_waves(prepared, &fleet->arena);
    if (request->continues)
        continuation_apply(request->continues, &prepared->rollout);
    if (!rehearsals_open(&prepared->rehearsals, fleet, request, err))
        return false;
    prepared->rollout.rehearsals = prepared->rehearsals.folder;
    return set_ledger(fleet, request, prepared, err);
}

bool prepare_joined(struct fleet *fleet, const struct request *request,
                    const struct rollout_wave *waves, size_t wave_count,
                    struct prepared_run *ret_prepared, struct err *err)
{
    struct prepared_run *prepared = ret_prepared;
    *prepared = (struct prepared_run){.rollout = rollout_of(fleet, request)};
    prepared->rollout.waves = waves;
    prepared->rollout.wave_count = wave_count;
    if (!check_ready(fleet, request, err) || !set_target(fleet, request, prepared, err))
        return false;
    fit_waves(prepared, &fleet->arena);
    return true;
}

void prepare_done(struct prepared_run *prepared)
{
    ledger_close(prepared->ledger);
    prepared->ledger = NULL;
    rehearsals_close(&prepared->rehearsals);
}

int prepare_exit_code(const struct err *err)
{
    bool is_fault = err->kind != ERR_LEDGER || strcmp(err->code, LEDGER_NO_RUN) == 0 ||
                    strcmp(err->code, LEDGER_MISSING) == 0;
    return is_fault ? 2 : strcmp(err->code, LEDGER_HELD) == 0 ? 5 : 6;
}
