#include "library/scratch.h"

#include <signal.h>

#include "dialect/scripts.h"
#include "library/scratch_private.h"
#include "library/scratch_watch.h"
#include "rollout/rollout.h"
#include "schema/reader.h"

/* ---- the tenant ------------------------------------------------------------------------------- */

const struct settings *scratch_settings(const struct inventory *inventory, enum dialect_id dialect)
{
    for (size_t i = 0; i < inventory->tenant_count; i++)
        if (!inventory->tenants[i].lacks_dialect && inventory->tenants[i].url.dialect == dialect)
            return inventory->tenants[i].settings;
    return NULL;
}

/* But for what a scratch database needs. */
static struct settings *settings_like(struct scratch *scratch, const struct settings *like)
{
    static const struct settings plain = {.connect_timeout_ms = 10000, .lock_timeout_ms = 5000};
    struct settings *settings = arena_alloc(&scratch->arena, sizeof *settings);
    *settings = like ? *like : plain;
    settings->create = true;
    settings->rollback_by = ROLLBACK_BY_DOWN;
    settings->statement_timeout_ms = 0;
    return settings;
}

void scratch_set_like(struct scratch *scratch, const struct settings *like)
{
    struct tenant *tenant = (struct tenant *)(uintptr_t)scratch->tenant; /* ours */
    tenant->settings = settings_like(scratch, like);
}

static bool make_tenant(struct scratch *scratch, struct err *err)
{
    static const struct password no_password = {.kind = PASSWORD_NONE};
    struct tenant *tenant = arena_alloc(&scratch->arena, sizeof *tenant);
    bool is_file = dialect_info(scratch->kind.dialect)->is_file;
    *tenant = (struct tenant){.name = "scratch",
                              .schema = scratch->kind.has_schema ? "scratch" : NULL,
                              .settings =
                                  settings_like(scratch, scratch_settings(scratch->fleet.inventory,
                                                                          scratch->kind.dialect)),
                              .password = &no_password};
    scratch->tenant = tenant;
    if (!(is_file ? scratch_file_make : scratch_server_make)(scratch, tenant, err))
        return false;
    tenant->url_redacted = url_redacted(&scratch->arena, &tenant->url);
    tenant->server = url_server(&scratch->arena, &tenant->url);
    return true;
}

/* Has a signal come while no run was at work? */
static bool is_stopped(struct scratch *scratch, struct err *err)
{
    int number = scratch_watch_signal(scratch->watch);
    if (!number)
        return false;
    scratch->signal = number;
    err_set(err, ERR_CANCELLED, "stopped at work in a scratch database");
    return true;
}

bool scratch_open(struct scratch *scratch, struct fleet *fleet, const struct scratch_kind *kind,
                  struct err *err)
{
    *scratch = (struct scratch){.lock = -1, .kind = *kind};
    arena_init(&scratch->arena);
    scratch->fleet = *fleet;
    scratch->chain = *fleet->chain; /* what its revisions make, one by one */
    scratch->chain.checkpoint_count = 0;
    scratch->fleet.chain = &scratch->chain;
    scratch->fleet.tenants = &scratch->tenant;
    scratch->fleet.tenant_count = 1;
    scratch->watch = scratch_watch_start(err);
    return scratch->watch && make_tenant(scratch, err) && !is_stopped(scratch, err);
}

void scratch_close(struct scratch *scratch)
{
    scratch_file_drop(scratch);
    scratch_server_drop(scratch);
    arena_done(&scratch->arena);
    if (!scratch->watch)
        return;
    int late = scratch->signal ? 0 : scratch_watch_signal(scratch->watch);
    scratch_watch_stop(scratch->watch);
    scratch->watch = NULL;
    if (late)
        raise(late);
}

/* ---- replaying -------------------------------------------------------------------------------- */

struct replay {
    struct arena *arena;
    struct catalog *catalog; /* NULL: not read */
    struct rows rows;
    struct err err; /* ERR_NONE: it went well */
};

static void on_event(void *ctx, const struct event *event)
{
    struct replay *replay = ctx;
    const struct outcome *outcome = event->outcome;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    if (outcome->error) {
        replay->err = *outcome->error;
        replay->err.said = NULL;
    } else if (outcome->catalog) {
        const struct catalog *catalog = catalog_answers_make(outcome->catalog, &replay->err);
        replay->catalog = catalog ? catalog_copy(replay->arena, catalog) : NULL;
        replay->rows = rows_copy(replay->arena, &outcome->to);
    }
}

static struct rollout_end run(struct scratch *scratch, const struct fleet *fleet,
                              const struct request *request, const struct target *target,
                              const struct observer *observer)
{
    const struct rollout_wave wave = {.name = "all", .parallel = 1, .per_server = 1};
    struct rollout_options options = {
        .run = {.request = request,
                .target = "",
                .chain = fleet->chain,
                .tenants = scratch->fleet.tenants,
                .tenant_count = 1},
        .target = target,
        .on_failure = ON_FAILURE_CONTINUE,
        .waves = &wave,
        .wave_count = 1,
        .scripts = fleet->scripts,
        .version_table = fleet->inventory->version_table,
        .scratch = fleet->inventory->scratch,
        .hides_values = fleet->inventory->hides_values,
    };
    return rollout_run(&options, observer, 1);
}

bool scratch_visit(struct scratch *scratch, const struct fleet *fleet,
                   const struct request *request, const struct observer *observer, struct err *err)
{
    bool has_plan = request->verb->work == WORK_PLAN;
    const char *const *texts =
        request->target_count ? request->targets : &request->verb->default_target;
    struct lookup in = {&scratch->arena, fleet->chain, err};
    struct target target = {.command = has_plan ? request_plan(request) : PLAN_UPGRADE,
                            .texts = texts,
                            .count = request->target_count ? request->target_count : 1,
                            .purges = request->purges,
                            .is_forced = request->forces};
    if (is_stopped(scratch, err) || (has_plan && !target_check(&in, &target)))
        return false;
    struct rollout_end end = run(scratch, fleet, request, has_plan ? &target : NULL, observer);
    scratch->signal = end.signal;
    if (end.err.kind != ERR_NONE) {
        *err = end.err;
        return false;
    }
    scratch->has_schema = scratch->has_schema || request_changes(request);
    return !end.signal || err_set(err, ERR_CANCELLED, "stopped at work in a scratch database");
}

static bool judge(const struct replay *replay, struct err *err)
{
    if (replay->err.kind != ERR_NONE) {
        *err = replay->err;
        return false;
    }
    if (!replay->catalog)
        return err_set(err, ERR_INTERNAL, "the scratch database was not read");
    return true;
}

static bool move_to(struct scratch *scratch, const struct scratch_move *move, struct replay *replay,
                    struct err *err)
{
    bool moves = move->target_count > 0;
    const struct request request = {
        .verb = moves ? &verbs[move->verb] : &verbs[VERB_CURRENT],
        .targets = move->targets,
        .target_count = move->target_count,
        .reads_catalog = true,
        .reads_for_emitter = true,
    };
    const struct observer observer = {on_event, replay};
    return scratch_visit(scratch, &scratch->fleet, &request, &observer, err) && judge(replay, err);
}

bool scratch_stamp(struct scratch *scratch, const struct fleet *fleet, const struct rows *rows,
                   struct err *err)
{
    static const char *const base[] = {"base"};
    struct replay replay = {.arena = &scratch->arena};
    const struct request request = {
        .verb = &verbs[VERB_STAMP],
        .targets = rows->count ? rows->ids : base,
        .target_count = rows->count ? rows->count : 1,
        .purges = true,
        .forces = true,
    };
    const struct observer observer = {on_event, &replay};
    if (!scratch_visit(scratch, fleet, &request, &observer, err))
        return false;
    if (replay.err.kind == ERR_NONE)
        return true;
    *err = replay.err;
    return false;
}

/* Where the chain begins, a schema is there with nothing in it: up and down a chain of one revision that does nothing. */
static bool make_schema(struct scratch *scratch, struct err *err)
{
    static const char text[] = "-- Revision ID: schema\n-- migrate:up\n-- migrate:down\n";
    static const char *const targets[] = {"schema", "base"};
    const struct chain_file file = {"schema.sql", text, sizeof text - 1};
    struct scratch other = *scratch; /* but for its chain */
    struct replay replay = {.arena = &scratch->arena};
    struct faults faults;
    faults_init(&faults);
    other.fleet.chain = chain_build("scratch", &file, 1, &faults);
    faults_done(&faults);
    if (!other.fleet.chain)
        return err_set(err, ERR_INTERNAL, "the chain that makes a schema has faults");
    other.fleet.scripts = scripts_new(other.fleet.chain);
    bool is_made =
        move_to(&other, &(struct scratch_move){VERB_UPGRADE, &targets[0], 1}, &replay, err) &&
        move_to(&other, &(struct scratch_move){VERB_DOWNGRADE, &targets[1], 1}, &replay, err);
    scratch->signal = other.signal;
    scratch->has_schema = other.has_schema;
    scripts_free(other.fleet.scripts);
    chain_free(other.fleet.chain);
    return is_made;
}

static bool go(struct scratch *scratch, const struct scratch_move *move, struct replay *replay,
               struct err *err)
{
    bool lacks_schema = scratch->kind.has_schema && !scratch->has_schema && !move->target_count;
    return (!lacks_schema || make_schema(scratch, err)) && move_to(scratch, move, replay, err);
}

bool scratch_go(struct scratch *scratch, const struct scratch_move *move, struct arena *arena,
                struct catalog **ret_catalog, struct err *err)
{
    struct replay replay = {.arena = arena};
    if (!go(scratch, move, &replay, err))
        return false;
    *ret_catalog = replay.catalog;
    return true;
}

bool scratch_upgrade(struct scratch *scratch, const struct rows *rows, struct arena *arena,
                     struct catalog **ret_catalog, struct err *err)
{
    struct replay replay = {.arena = arena};
    const struct scratch_move move = {VERB_UPGRADE, rows->ids, rows->count};
    if (!go(scratch, &move, &replay, err))
        return replay.err.kind != ERR_NONE &&
               err_prefix(err, "the chain cannot be replayed in a scratch database");
    if (!rows_are_equal(&replay.rows, rows))
        return err_set(err, ERR_CHAIN, "no way through the chain leads to where the tenant stands");
    *ret_catalog = replay.catalog;
    return true;
}
