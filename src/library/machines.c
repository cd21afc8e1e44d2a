#include "library/machines.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/parse.h"
#include "dialect/dialect.h"
#include "library/chain_changes.h"
#include "library/gone.h"
#include "library/own.h"
#include "library/snapshots.h"
#include "rollout/gates.h"
#include "report/report.h"
#include "rollout/verification.h"

/* A test may not wait for a minute. */
uint64_t machines_lease_ms(void)
{
    enum { LEASE_MS = 60000, SHORTEST_MS = 300, LONGEST_MS = 24 * 3600 * 1000 };
    const char *said = getenv("SKEIN_LEASE_MS");
    uint32_t ms;
    return said && parse_u32(said, SHORTEST_MS, LONGEST_MS, &ms) ? ms : LEASE_MS;
}

void machines_name(struct arena *arena, const char *name, struct rollout_share *ret_share)
{
    char host[65] = "";
    if (gethostname(host, sizeof host - 1))
        snprintf(host, sizeof host, "unknown");
    ret_share->host = arena_strdup(arena, host);
    ret_share->machine = name ? arena_strdup(arena, name) : ret_share->host;
}

/* ---- which run ----------------------------------------------------------------------------- */

static bool refuse(struct err *err, const char *id, const char *why)
{
    err_set(err, ERR_CONFIG, "run %s %s", id, why);
    snprintf(err->code, sizeof err->code, MACHINES_NONE);
    return false;
}

static bool choose_run(struct fleet *fleet, const struct joining_request *ask,
                       struct joining *joining, struct ledger_course *course, struct err *err)
{
    struct ledger *ledger = joining->prepared.ledger;
    if (ask->run && !ledger_find(ledger, ask->run, &fleet->arena, &joining->run, err))
        return false;
    if (!ledger_read_course(ledger, ask->run ? joining->run.id : NULL, &fleet->arena, course,
                            err)) {
        if (strcmp(err->code, LEDGER_NO_COURSE) == 0) {
            err->kind = ERR_CONFIG;
            snprintf(err->code, sizeof err->code, MACHINES_NONE);
        }
        return false;
    }
    if (!course->is_open)
        return refuse(
            err, course->run,
            "is over: there is nothing to join ('skein resume' goes on with one that was not done)");
    return ask->run || ledger_find(ledger, course->run, &fleet->arena, &joining->run, err);
}

static bool refuse_other(struct err *err)
{
    snprintf(err->code, sizeof err->code, MACHINES_OTHER);
    return false;
}

static bool check_chain(struct fleet *fleet, const struct joining *joining, struct err *err)
{
    static const struct chain_words words = {"differs", "is missing here", "is not of the run"};
    const struct ledger_run *run = &joining->run;
    const char *changes;
    if (run->chain_digest && strcmp(run->chain_digest, fleet->chain->digest) == 0)
        return true;
    if (!chain_changes(fleet, joining->prepared.ledger, run->chain_digest, &words, &changes, err))
        return false;
    if (!*changes)
        changes =
            arena_printf(&fleet->arena, "its digest is sha256:%s, and the run's sha256:%s",
                         fleet->chain->digest, run->chain_digest ? run->chain_digest : "unknown");
    err_set(err, ERR_CHAIN, "the chain here is not that of run %s: %s; bring the same files here",
            run->id, changes);
    return refuse_other(err);
}

/* ---- its tenants --------------------------------------------------------------------------- */

/* Passwords and settings are this machine's own; who is meant is the ledger's. A tenant that had left the inventory when the run began
 * is so for all machines. */
static bool select_listed(struct fleet *fleet, struct joining *joining,
                          const struct ledger_fleet *past, struct err *err)
{
    const struct ledger_run *run = &joining->run;
    struct gone gone = {.ledger = joining->prepared.ledger, .run = run->id, .arena = &fleet->arena};
    struct map names;
    const struct tenant **tenants = arena_calloc(&fleet->arena, past->count + 1, sizeof *tenants);
    bool is_fine = true;
    map_init(&names);
    for (uint32_t i = 0; i < fleet->inventory->tenant_count; i++)
        map_put(&names, fleet->inventory->tenants[i].name, i);
    for (size_t i = 0; is_fine && i < past->count; i++) {
        uint32_t at = map_get(&names, past->names[i]);
        bool is_gone = past->standings[i].is_gone;
        tenants[i] = is_gone          ? gone_tenant(&gone, i, err)
                     : at == MAP_NONE ? NULL
                                      : &fleet->inventory->tenants[at];
        if (is_gone)
            is_fine = tenants[i] != NULL;
        else if (!tenants[i])
            is_fine =
                err_set(err, ERR_CONFIG,
                        "tenant '%s' of run %s is not in the inventory here: bring the same "
                        "inventory here, or one without tenants: then the run tells of its own",
                        past->names[i], run->id);
        else if (past->urls[i] &&
                 own_home(tenants[i], past->urls[i], past->schemas[i]) == OWN_HOME_OTHER)
            is_fine = err_set(err, ERR_CONFIG,
                              "tenant '%s' of run %s is another database in the inventory here: "
                              "%s, and the run has %s",
                              past->names[i], run->id, tenants[i]->url_redacted, past->urls[i]);
    }
    map_done(&names);
    fleet->tenants = tenants;
    fleet->tenant_count = past->count;
    return is_fine || (err->kind == ERR_CONFIG ? refuse_other(err) : false);
}

/* How they are reached and worked on is the ledger's, too; only passwords are this machine's own. */
static bool select_told(struct fleet *fleet, struct joining *joining,
                        const struct ledger_fleet *past, struct err *err)
{
    struct gone gone = {
        .ledger = joining->prepared.ledger, .run = joining->run.id, .arena = &fleet->arena};
    struct told_fleet told;
    struct faults faults;
    if (!ledger_read_told(joining->prepared.ledger, joining->run.id, &fleet->arena, &told, err))
        return false;
    if (!told.rules.is_known)
        return err_set(err, ERR_CONFIG,
                       "run %s was begun by an older skein, which did not note how its tenants are "
                       "reached: bring its inventory here",
                       joining->run.id);
    faults_init(&faults);
    struct inventory *inventory = inventory_told(fleet->inventory, &told, &fleet->grants, &faults);
    if (!inventory)
        *err = faults.items[0];
    faults_done(&faults);
    if (!inventory)
        return false;
    fleet_use_told(fleet, inventory);
    fleet->tenants = arena_calloc(&fleet->arena, told.count + 1, sizeof *fleet->tenants);
    fleet->tenant_count = told.count;
    for (size_t i = 0; i < told.count; i++) {
        bool is_gone = past->standings[i].is_gone;
        fleet->tenants[i] = is_gone ? gone_tenant(&gone, i, err) : &inventory->tenants[i];
        if (!fleet->tenants[i])
            return false;
    }
    return true;
}

static bool select_tenants(struct fleet *fleet, struct joining *joining,
                           const struct ledger_fleet *past, struct err *err)
{
    return fleet_has_no_list(fleet) ? select_told(fleet, joining, past, err)
                                    : select_listed(fleet, joining, past, err);
}

/* ---- what a person should know ---------------------------------------------------------------- */

static void note(struct fleet *fleet, struct joining *joining, const char *text)
{
    struct texts *notes = &joining->notes;
    const char **items = arena_calloc(&fleet->arena, notes->count + 1, sizeof *items);
    for (size_t i = 0; i < notes->count; i++)
        items[i] = notes->items[i];
    items[notes->count] = text;
    *notes = (struct texts){items, notes->count + 1};
}

/* Who began the run trusts the way to its servers; this machine may be elsewhere. */
static void note_unverified(struct fleet *fleet, struct joining *joining)
{
    const struct tenant *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < fleet->tenant_count; i++) {
        const struct tenant *tenant = fleet->tenants[i];
        const struct dialect *dialect = dialect_of(tenant->url.dialect);
        if (!dialect || !dialect->is_unverified || !dialect->is_unverified(&tenant->url))
            continue;
        first = first ? first : tenant;
        count++;
    }
    if (count)
        note(
            fleet, joining,
            arena_printf(
                &fleet->arena,
                "the run has this machine take whichever server answers for that of %zu tenant%s, such as "
                "'%s' (%s)",
                count, count > 1 ? "s" : "", first->name, first->url_redacted));
}

/* Programs are in no ledger. */
static void note_gates(struct fleet *fleet, struct joining *joining, unsigned gates)
{
    const struct gate_rules *own = &fleet->inventory->rollout.gates;
    struct buf names;
    buf_init(&names, BUF_MAX_DEFAULT);
    for (enum gate gate = 0; gate < GATE__COUNT; gate++)
        if (gates & 1u << gate && !own->argv[gate])
            buf_addf(&names, "%s'%s'", names.len ? ", " : "", gate_name(gate));
    if (names.len)
        note(
            fleet, joining,
            arena_printf(
                &fleet->arena,
                "this machine cannot ask the run's gates %s, which its inventory does not name: one that "
                "names them has to take part",
                names.data));
    buf_done(&names);
}

/* ---- what is asked of it ------------------------------------------------------------------- */

/* Words with single blanks between them. */
static void split_targets(const struct ledger_run *run, struct arena *arena,
                          struct request *request)
{
    const char **targets = NULL;
    size_t count = 0, capacity = 0;
    const char *at = run->fixed_target ? run->fixed_target : "";
    while (*at) {
        size_t len = strcspn(at, " ");
        *ARENA_PUSH(arena, targets, count, capacity) = arena_strndup(arena, at, len);
        at += len + (at[len] == ' ');
    }
    request->targets = targets;
    request->target_count = count;
}

static struct rollout_wave *make_waves(struct fleet *fleet, const struct ledger_fleet *past,
                                       const struct ledger_course *course, uint32_t parallel)
{
    struct rollout_wave *waves = arena_calloc(&fleet->arena, past->wave_count, sizeof *waves);
    for (size_t i = 0; i < past->wave_count; i++)
        waves[i] = (struct rollout_wave){
            .name = past->waves[i].name,
            .parallel = parallel ? parallel : course->waves[i].parallel,
            .per_server = course->waves[i].per_server,
            .soak_ms = course->waves[i].soak_ms,
        };
    return waves;
}

static bool fill_run(struct fleet *fleet, const struct ledger_fleet *past, struct joining *joining,
                     struct err *err)
{
    struct rollout_options *rollout = &joining->prepared.rollout;
    const struct ledger_run *run = &joining->run;
    struct run_info *info = &rollout->run;
    info->id = run->id;
    info->target = run->target;
    info->fixed_target = run->fixed_target;
    info->resumed_from = run->resumed_from;
    info->inventory = run->inventory;
    info->origin = run->origin;
    info->started_at_ms = run->started_at_ms;
    info->wave_of = past->wave_of;
    info->standings = run->resumed_from ? past->standings : NULL;
    rollout->snapshots =
        snapshots_folder(&fleet->arena, snapshots_beside(&fleet->arena, fleet->inventory), run->id);
    return ledger_read_family(joining->prepared.ledger, run->id, &fleet->arena,
                              &rollout->family.ids, &rollout->family.count, err);
}

/* What was learnt in a scratch database when the run began holds here, too. */
static bool take_expectations(struct joining *joining, const struct ledger_terms *terms,
                              struct err *err)
{
    if (!terms->expectations.count)
        return true;
    joining->verification = verification_of_told(&terms->expectations, err);
    joining->request.verifying = (struct verifying){
        .is_said = true, .when = terms->verifies, .verification = joining->verification};
    if (!joining->verification)
        err_prefix(err, "run %s", joining->run.id);
    return joining->verification;
}

/* A rollback runs scripts or only sets rows, as the run did that it brings back; what was begun to go back is not resumed forward. */
static bool find_rolled_back(struct fleet *fleet, struct joining *joining, bool *ret_can_resume,
                             struct err *err)
{
    struct ledger_run first = joining->run;
    *ret_can_resume = false;
    for (bool is_last = true; first.verb->rolls_back && first.resumed_from; is_last = false) {
        if (!ledger_find(joining->prepared.ledger, first.resumed_from, &fleet->arena, &first, err))
            return false;
        if (is_last)
            *ret_can_resume = !first.verb->rolls_back && !first.is_rolling_back;
    }
    joining->request.rolled_back = joining->run.verb->rolls_back ? first.verb : NULL;
    return true;
}

/* What the machines that joined before were asked to do; the targets and what is rolled back come after it. */
static struct request joined_request(const struct ledger_run *run,
                                     const struct ledger_course *course, const char *machine)
{
    return (struct request){.verb = run->verb,
                            .purges = run->purges,
                            .forces = run->forces,
                            .accepts_changes = course->terms.accepts_changes,
                            .shown = course->terms.shown,
                            .shown_by = course->terms.shown_by,
                            .is_unproved = course->terms.is_unproved,
                            .machine = machine};
}

static bool join(struct fleet *fleet, const struct joining_request *ask, struct joining *joining,
                 struct err *err)
{
    struct prepared_run *prepared = &joining->prepared;
    struct ledger *ledger = prepared->ledger;
    struct ledger_course course;
    struct ledger_fleet past;
    if (!choose_run(fleet, ask, joining, &course, err) || !check_chain(fleet, joining, err) ||
        !ledger_read_fleet(ledger, joining->run.id, &fleet->arena, &past, err) ||
        !select_tenants(fleet, joining, &past, err))
        return false;
    note_gates(fleet, joining, course.course.gates);
    if (fleet->own)
        note_unverified(fleet, joining);
    struct request *request = &joining->request;
    *request = joined_request(&joining->run, &course, ask->machine);
    bool can_resume;
    if (!take_expectations(joining, &course.terms, err) ||
        !find_rolled_back(fleet, joining, &can_resume, err))
        return false;
    split_targets(&joining->run, &fleet->arena, request);
    const struct rollout_wave *waves = make_waves(fleet, &past, &course, ask->parallel);
    bool is_fine = prepare_joined(fleet, request, waves, past.wave_count, prepared, err);
    prepared->ledger = ledger;
    if (!is_fine || !fill_run(fleet, &past, joining, err))
        return false;
    struct rollout_options *rollout = &prepared->rollout;
    rollout->on_failure = course.course.rolls_back ? ON_FAILURE_ROLLBACK : ON_FAILURE_STOP;
    rollout->wave_limit = course.course.wave_limit;
    rollout->can_resume = can_resume;
    rollout->ends_failure = course.course.ends_failure;
    rollout->ledger = ledger;
    prepared->share = (struct rollout_share){.has_begun = true, .lease_ms = course.course.lease_ms};
    machines_name(&fleet->arena, ask->machine, &prepared->share);
    rollout->share = &prepared->share;
    return ledger_join(ledger, &rollout->run, err);
}

bool machines_join(struct fleet *fleet, const struct joining_request *ask,
                   struct joining *ret_joining, struct err *err)
{
    *ret_joining = (struct joining){0};
    if (fleet->own) /* of an earlier try */
        fleet_use_told(fleet, NULL);
    const char *where = fleet_ledger(fleet, err);
    struct ledger *ledger = where ? ledger_open(where, LEDGER_JOIN, err) : NULL;
    if (!ledger)
        return false;
    ret_joining->prepared.ledger = ledger;
    if (join(fleet, ask, ret_joining, err))
        return true;
    if (err->kind == ERR_LEDGER && ledger_may_come_back(ledger))
        snprintf(err->code, sizeof err->code, LEDGER_AWAY);
    machines_leave(ret_joining);
    return false;
}

void machines_leave(struct joining *joining)
{
    prepare_done(&joining->prepared);
    verification_free(joining->verification);
    joining->verification = NULL;
}

static void apply_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

struct report *machines_whole_report(struct fleet *fleet, const struct prepared_run *prepared,
                                     struct report *report, struct err *err)
{
    const struct rollout_options *rollout = &prepared->rollout;
    if (!rollout->share)
        return report;
    struct report *whole = report_new();
    const struct observer observer = {apply_event, whole};
    bool is_fine = err->kind == ERR_NONE &&
                   ledger_replay(rollout->ledger, rollout->run.id, &fleet->arena, &observer, err);
    if (!is_fine)
        report_set_own_part(report);
    report_free(is_fine ? report : whole);
    return is_fine ? whole : report;
}
