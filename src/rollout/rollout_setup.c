/* What a run is made from: waves, servers, logins and tenants for the scheduler; and the loop's
 * handles. */
#include "rollout/rollout_private.h"

#include <signal.h>

#include "base/clock.h"
#include "base/map.h"
#include "driver/driver.h"

enum { TICK_MS = 100 };

/* ---- setting up ---------------------------------------------------------------------------- */

static uint32_t add_server(struct rollout *rollout, struct map *servers,
                           const struct tenant *tenant, bool is_server)
{
    uint32_t server = map_get(servers, tenant->server);
    if (server != MAP_NONE)
        return server;
    server = scheduler_add_server(rollout->scheduler, !is_server);
    rollout->server_count = server + 1;
    return map_put(servers, tenant->server, server);
}

/* Does the URL say plainly which server it means? */
static bool names_server(const struct url *url)
{
    static const char *const others[] = {"host", "hostaddr", "port", "dbname", "service"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (url_param(url, others[i]))
            return false;
    return url->host && url->database;
}

/* Different databases of one server, each named once, cannot be one. */
static bool may_meet_twins(const struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    bool may = rollout->server_count > 1;
    struct map databases;
    map_init(&databases);
    for (uint32_t i = 0; i < options->run.tenant_count && !may; i++) {
        const struct tenant *tenant = options->run.tenants[i];
        bool is_server = driver_find(tenant->url.dialect)->traits & DRIVER_IS_SERVER;
        may = is_server && !tenant->is_gone &&
              (!names_server(&tenant->url) || map_put(&databases, tenant->url.database, i) != i);
    }
    map_done(&databases);
    return may;
}

/* The number of the first tenant that has the database, as the URLs go. */
static uint32_t number_of_database(struct rollout *rollout, struct map *databases, uint32_t tenant)
{
    const struct tenant *here = rollout->info.tenants[tenant];
    if (!here->schema)
        return tenant; /* a tenant without a schema has its database alone */
    return map_put(databases, here->url_redacted, tenant);
}

/* A stamp that is only shown, with what the tenants hold. Where a survey cannot tell that a tenant has a table which the stamp
 * asks for, the tenant's session asks. */
static bool compares_stamp(const struct request *request)
{
    return request->verb->work == WORK_PLAN && request->verb->plan == PLAN_STAMP &&
           !request_changes(request) && request->reads_catalog && !request->purges;
}

/* What a survey may answer is where tenants stand: for a run that looks, that goes up to a target, or that compares what it
 * would stamp. Nothing else is known of them there, so all that goes on with an earlier run, or with what a tenant holds, looks
 * for itself; so does what is to be made of a catalog, since a survey reads none for an emitter. Several machines (which have
 * standings, too) would each survey the whole wave, on more connections to a server than `per_server` grants to all of them
 * (docs/machines.md). */
static bool may_survey(const struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    const struct request *request = options->run.request;
    bool is_upgrade = request->verb->work == WORK_PLAN && request->verb->plan == PLAN_UPGRADE;
    return (request->verb->work == WORK_LOOK || is_upgrade || compares_stamp(request)) &&
           !request->verb->rolls_back && !options->adoption && !rollout->info.standings &&
           (!request->reads_catalog || request->catalogs.on_catalog) &&
           !request->reads_for_emitter && !request->verifying.verification;
}

static void make_survey(struct rollout *rollout)
{
    if (!may_survey(rollout))
        return;
    rollout->survey = survey_new(
        rollout->links, &(struct survey_options){
                            .run = &rollout->info,
                            .version_table = rollout->options->version_table,
                            .wants_history = rollout->info.request->verb->work != WORK_LOOK,
                            .catalogs = rollout->info.request->catalogs,
                            .wants_tables = compares_stamp(rollout->info.request),
                        });
}

static void add_tenants(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    size_t limit = options->wave_limit ? options->wave_limit : options->wave_count;
    struct map servers, databases;
    map_init(&servers);
    map_init(&databases);
    for (uint32_t i = 0; i < options->run.tenant_count; i++) {
        const struct tenant *tenant = options->run.tenants[i];
        struct tenant_slot *slot = &rollout->slots[i];
        uint32_t wave = options->run.wave_of ? options->run.wave_of[i] : 0;
        bool is_server =
            !tenant->is_gone && driver_find(tenant->url.dialect)->traits & DRIVER_IS_SERVER;
        struct link_login login;
        slot->server = add_server(rollout, &servers, tenant, is_server);
        (void)links_add(rollout->links, tenant, &login);
        if (login.is_new)
            scheduler_add_credential(rollout->scheduler, slot->server, is_server);
        scheduler_add_tenant(rollout->scheduler, i, wave, login.index,
                             number_of_database(rollout, &databases, i));
        rollout->wanted += wave < limit;
    }
    map_done(&servers);
    map_done(&databases);
    rollout->may_meet_twins = may_meet_twins(rollout);
    make_survey(rollout);
    rollout->servers =
        arena_calloc(&rollout->arena, rollout->server_count + 1, sizeof *rollout->servers);
}

/* What an earlier run of the same rollout changed goes back with what this one changes. A partial tenant
 * cannot, unless this run brings it to its goal first: without that not everyone is back. */
static void add_changed(struct rollout *rollout)
{
    const struct standing *standings = rollout->info.standings;
    for (uint32_t i = 0; standings && i < rollout->info.tenant_count; i++) {
        if (!standing_may_have_changed(&standings[i]))
            continue;
        rollout_note_changed(rollout, i);
        if (standings[i].state != TENANT_PARTIAL)
            scheduler_add_changed(rollout->scheduler, i);
    }
}

static struct scheduler_rules rules_of(const struct rollout_options *options, size_t index,
                                       uint32_t tenant_count)
{
    const struct rollout_wave *wave = &options->waves[index];
    return (struct scheduler_rules){
        .parallel = wave->parallel,
        .per_server = wave->per_server,
        .max_failures = share_of(&wave->max_failures, tenant_count),
        .never_trips = options->on_failure == ON_FAILURE_CONTINUE,
        .soak_ms = wave->soak_ms,
    };
}

/* An earlier run's soak is known by the wall clock, ours goes by one that never jumps. */
static void set_soak(struct rollout *rollout, uint32_t wave)
{
    int64_t left_ms = rollout->options->waves[wave].soak_until_ms - clock_wall_ms();
    int64_t most_ms = (int64_t)rollout->options->waves[wave].soak_ms;
    if (left_ms > most_ms)
        left_ms = most_ms;
    if (left_ms > 0)
        scheduler_set_soak_until(rollout->scheduler, wave,
                                 uv_hrtime() / 1000000 + (uint64_t)left_ms);
}

static void add_waves(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    struct run_wave *waves = arena_calloc(&rollout->arena, options->wave_count, sizeof *waves);
    for (size_t i = 0; i < options->run.tenant_count; i++)
        waves[options->run.wave_of ? options->run.wave_of[i] : 0].tenant_count++;
    for (uint32_t i = 0; i < options->wave_count; i++) {
        struct scheduler_rules rules = rules_of(options, i, (uint32_t)waves[i].tenant_count);
        waves[i].name = options->waves[i].name;
        waves[i].knows_rules = true;
        waves[i].max_failures = rules.never_trips ? -1 : (int64_t)rules.max_failures;
        waves[i].soak_ms = rules.soak_ms;
        waves[i].parallel = rules.parallel;
        waves[i].per_server = rules.per_server;
        scheduler_add_wave(rollout->scheduler, &rules);
        set_soak(rollout, i);
    }
    if (options->wave_limit)
        scheduler_limit_waves(rollout->scheduler, (uint32_t)options->wave_limit);
    if (options->on_failure == ON_FAILURE_ROLLBACK) {
        struct scheduler_rules rules = rules_of(options, options->wave_count - 1, 0);
        rules.never_trips = true;
        scheduler_roll_back_on_trip(rollout->scheduler, &rules);
    }
    rollout->info.waves = waves;
    rollout->info.wave_count = options->wave_count;
}

/* This run is one of them. */
static struct run_ids family_of(struct rollout *rollout)
{
    const struct run_ids *earlier = &rollout->options->family;
    const char **ids = arena_calloc(&rollout->arena, earlier->count + 1, sizeof *ids);
    for (size_t i = 0; i < earlier->count; i++)
        ids[i] = earlier->ids[i];
    ids[earlier->count] = rollout->info.id;
    return (struct run_ids){ids, earlier->count + 1};
}

static struct routes *make_routes(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    struct routes *routes =
        routes_new(&(struct routes_options){.chain = options->run.chain,
                                            .target = options->target,
                                            .adoption = options->adoption,
                                            .standings = rollout->info.standings,
                                            .tenant_count = options->run.tenant_count,
                                            .family = family_of(rollout)});
    if (options->run.request->verb->rolls_back)
        routes_roll_back(routes);
    return routes;
}

/* The last one is libuv's own, for gates. */
static const int taken[SIGNALS_TAKEN] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};

static void keep_handlers(struct rollout *rollout)
{
    for (int i = 0; i < SIGNALS_TAKEN; i++)
        sigaction(taken[i], NULL, &rollout->handlers[i]);
}

static bool has_gates(const struct rollout *rollout)
{
    for (int gate = 0; gate < GATE__COUNT; gate++)
        if (gates_has(rollout->gates, (enum gate)gate))
            return true;
    return false;
}

/* Puts back only the handlers that the run has taken: the program may have changed the others meanwhile. */
static void put_handlers_back(const struct rollout *rollout)
{
    for (int i = 0; i < SIGNALS_TAKEN; i++)
        if (i < SIGNALS_OF_OURS ? !rollout->info.request->stopping.leaves_signals
                                : has_gates(rollout))
            sigaction(taken[i], &rollout->handlers[i], NULL);
}

/* nohup(1) has a hangup ignored for us: then it stops nothing. */
static bool is_watched(const struct rollout *rollout, int i)
{
    return !rollout->info.request->stopping.leaves_signals &&
           (taken[i] != SIGHUP || rollout->handlers[i].sa_handler != SIG_IGN);
}

static void watch_signals(struct rollout *rollout)
{
    keep_handlers(rollout);
    for (int i = 0; i < SIGNALS_OF_OURS; i++) {
        uv_signal_init(rollout->loop, &rollout->signals[i]);
        rollout->signals[i].data = rollout;
        if (is_watched(rollout, i))
            uv_signal_start(&rollout->signals[i], rollout_on_signal, taken[i]);
    }
    uv_timer_init(rollout->loop, &rollout->tick);
    rollout->tick.data = rollout;
    uv_timer_start(&rollout->tick, rollout_on_tick, TICK_MS, TICK_MS);
    uv_timer_init(rollout->loop, &rollout->soak);
    rollout->soak.data = rollout;
}

/* What other machines leave of a tenant comes with its claim. */
static void copy_standings(struct rollout *rollout)
{
    size_t count = rollout->info.tenant_count;
    rollout->standings = arena_calloc(&rollout->arena, count + 1, sizeof *rollout->standings);
    for (size_t i = 0; rollout->info.standings && i < count; i++)
        rollout->standings[i] = rollout->info.standings[i];
    rollout->info.standings = rollout->standings;
}

void rollout_open(struct rollout *rollout)
{
    const struct rollout_options *options = rollout->options;
    map_init(&rollout->claimed);
    rollout->scheduler = scheduler_new((uint32_t)options->run.tenant_count);
    rollout->links = links_new(rollout->loop);
    if (options->share)
        copy_standings(rollout);
    rollout->routes = make_routes(rollout);
    rollout->gates = gates_new(rollout->loop, options->gates, &rollout->info,
                               (struct gate_reader){options->on_output, options->output_ctx});
    rollout->slots =
        arena_calloc(&rollout->arena, options->run.tenant_count, sizeof *rollout->slots);
    add_waves(rollout);
    add_tenants(rollout);
    add_changed(rollout);
    if (options->ledger)
        rollout->journal =
            journal_new(rollout->loop, options->ledger, rollout_on_ledger_broken, rollout);
    if (options->share)
        rollout->machine = machine_new(rollout);
    rollout->preflights = preflights_new();
    rollout->evidence = evidence_new(options->run.chain, options->scripts);
    rollout_fill_env(rollout);
    rollout_open_outlook(rollout);
    watch_signals(rollout);
}

void rollout_close(struct rollout *rollout)
{
    put_handlers_back(rollout);
    journal_free(rollout->journal);
    machine_free(rollout->machine);
    gates_free(rollout->gates);
    outlook_free(rollout->outlook);
    routes_free(rollout->routes);
    evidence_free(rollout->evidence);
    preflights_free(rollout->preflights);
    map_done(&rollout->claimed);
    survey_free(rollout->survey);
    links_free(rollout->links);
    scheduler_free(rollout->scheduler);
    arena_done(&rollout->arena);
}
