#include "sim/watch.h"

#include "driver/fake_store.h"
#include "report/report.h"
#include "rollout/routes.h"
#include "sim/fake_uv.h"
#include "sim/trace.h"
#include "sim/troubles.h"

/* ---- saying so ----------------------------------------------------------------------------- */

PRINTF_LIKE(3, 0)
PRINTF_LIKE(3, 0)
static void say(struct watch *watch, bool is_wrong, const char *format, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    if (is_wrong)
        watch->on_wrong(watch->ctx, text);
    else if (watch->on_trace)
        watch->on_trace(watch->ctx, text);
}

PRINTF_LIKE(2, 3) static void wrong(struct watch *watch, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(watch, true, format, args);
    va_end(args);
}

PRINTF_LIKE(2, 3) static void trace(struct watch *watch, const char *format, ...)
{
    va_list args;
    if (!watch->on_trace)
        return;
    va_start(args, format);
    say(watch, false, format, args);
    va_end(args);
}

/* ---- what is there ------------------------------------------------------------------------- */

struct truth watch_truth(struct watch *watch, size_t tenant)
{
    struct truth truth = {0};
    const char *why = "";
    if (!truth_read(watch->scene, tenant, scene_store(watch->scene, tenant), &truth, &why))
        wrong(watch, "t%zu: it can never be like this: %s", tenant, why);
    return truth;
}

/* By the rollout, whatever became of it since. */
static bool is_changed(struct watch *watch, size_t tenant)
{
    bool *was_changed = &watch->lineage.was_changed[tenant];
    *was_changed =
        *was_changed || !scene_is_same(watch->scene, tenant, scene_store(watch->scene, tenant),
                                       watch->lineage.start[tenant]);
    return *was_changed;
}

static uint32_t set_of(const struct scene *scene, const char *const *ids, size_t count)
{
    uint32_t set = 0;
    for (size_t i = 0; i < count; i++) {
        int index = scene_find(scene, ids[i]);
        set |= index < 0 ? 1u << 31 : 1u << index;
    }
    return set;
}

/* The inventory's number of a run's tenant. */
static size_t number_of(const struct event *event)
{
    return (size_t)strtoul(event->run->tenants[event->tenant]->name + 1, NULL, 10);
}

/* ---- outcomes ------------------------------------------------------------------------------ */

static void expect_whole(struct watch *watch, size_t tenant, const struct truth *truth,
                         const char *state)
{
    if (!truth_is_whole(watch->scene, truth))
        wrong(watch,
              "t%zu is told as %s, and is not whole: stands %x, part %d, rows %x, history %x/%d",
              tenant, state, truth->stands, truth->part, truth->rows, truth->recorded,
              truth->unfinished);
}

/* Of a run that only sets version rows: they alone say where the tenant stood. */
static void check_stamp(struct watch *watch, size_t tenant, const struct outcome *outcome,
                        const struct truth *truth)
{
    const struct rows *left = outcome->state == TENANT_FAILED ? &outcome->from : &outcome->to;
    uint32_t rows = set_of(watch->scene, left->ids, left->count);
    bool is_told = outcome->state == TENANT_ROLLED_BACK || outcome->state == TENANT_FAILED ||
                   outcome->state == TENANT_SUCCEEDED;
    if (is_told && left->is_known && truth->rows != rows)
        wrong(watch, "t%zu is told as %s at %x, and its rows are %x", tenant,
              tenant_state_name(outcome->state), rows, truth->rows);
    if (outcome->state == TENANT_ROLLED_BACK && truth->rows != watch->lineage.back_rows[tenant])
        wrong(watch, "t%zu is told as rolled back with the rows %x, not with its own: %x", tenant,
              truth->rows, watch->lineage.back_rows[tenant]);
}

static void check_outcome(struct watch *watch, size_t tenant, const struct outcome *outcome)
{
    const struct scene *scene = watch->scene;
    const char *state = tenant_state_name(outcome->state);
    struct truth truth = watch_truth(watch, tenant);
    bool is_good = outcome->state == TENANT_SUCCEEDED || outcome->state == TENANT_UNCHANGED;
    bool is_settled =
        is_good || (!watch->is_stamping && outcome->state == TENANT_ROLLED_BACK) ||
        (!watch->is_stamping && outcome->state == TENANT_FAILED && outcome->from.is_known);
    uint32_t to = set_of(scene, outcome->to.ids, outcome->to.count);
    if (outcome->state == TENANT_SKIPPED || outcome->state == TENANT_IN_DOUBT)
        return;
    if (watch->is_stamping)
        check_stamp(watch, tenant, outcome, &truth);
    if (watch->is_forced)
        return;
    if (is_settled)
        expect_whole(watch, tenant, &truth, state);
    else if (!watch->is_stamping && !truth_is_whole_but_one(scene, &truth))
        wrong(watch, "t%zu is told as %s, and more than one step is not whole", tenant, state);
    if (is_settled && truth.rows != to)
        wrong(watch, "t%zu is told as %s at %x, and stands at %x", tenant, state, to, truth.rows);
    if (is_good && truth.stands != watch->lineage.goal[tenant])
        wrong(watch, "t%zu is told as %s with %x, not at its goal %x", tenant, state, truth.stands,
              watch->lineage.goal[tenant]);
    if (outcome->state == TENANT_ROLLED_BACK && !watch->is_stamping &&
        truth.stands != watch->lineage.back[tenant])
        wrong(watch, "t%zu is told as rolled back with %x, not where it stood: %x", tenant,
              truth.stands, watch->lineage.back[tenant]);
}

/* What a revision verifies is so before it counts as done. */
static void check_verified(struct watch *watch, size_t tenant, const struct outcome *outcome)
{
    const struct scene *scene = watch->scene;
    for (size_t i = 0; i < outcome->step_count; i++) {
        const struct step_done *step = &outcome->steps[i];
        int revision = step->revision ? scene_find(scene, step->revision->id) : -1;
        if (revision >= 0 && scene->revisions[revision].is_verified[step->direction] &&
            fake_is_disagreeing(scene->places[tenant].db))
            wrong(watch, "t%zu: %s is done, and what it verifies is not so", tenant,
                  step->revision->id);
    }
}

/* What is told of a file that is accepted is so: renewed, or as it was. */
static void check_accepted(struct watch *watch, size_t tenant, const struct outcome *outcome)
{
    const struct watched *watched = &watch->tenants[tenant];
    bool is_good = outcome->state == TENANT_SUCCEEDED || outcome->state == TENANT_UNCHANGED;
    bool is_stale = truth_stale_row(watch->scene, tenant, scene_store(watch->scene, tenant),
                                    watch->accepted) >= 0;
    if (is_good && is_stale)
        wrong(watch, "t%zu is told as %s, and its history has another checksum", tenant,
              tenant_state_name(outcome->state));
    if (outcome->state == TENANT_FAILED && outcome->from.is_known && watched->was_stale &&
        !is_stale)
        wrong(watch, "t%zu is told as failed, and its history has the new checksum", tenant);
    if (is_good && watched->was_stale != (outcome->step_count > 0))
        wrong(watch, "t%zu: %zu accepted files are told, and %d was", tenant, outcome->step_count,
              watched->was_stale);
}

/* ---- events -------------------------------------------------------------------------------- */

static void take_rules(struct watch *watch, const struct event *event, size_t wave)
{
    const struct rollout_rules *rules = &watch->scene->inventory.rollout;
    bool is_own = wave < rules->wave_count &&
                  strcmp(event->run->waves[wave].name, rules->waves[wave].name) == 0;
    const struct wave *own = is_own ? &rules->waves[wave] : NULL; /* some runs have none */
    const struct share *share =
        own && own->has_max_failures ? &own->max_failures : &rules->max_failures;
    watch->parallel = own && own->parallel ? own->parallel : rules->parallel;
    watch->per_server = own && own->per_server ? own->per_server : rules->per_server;
    bool never_trips =
        watch->is_rollback_command || (rules->on_failure == ON_FAILURE_CONTINUE && !watch->stops);
    watch->allowed = never_trips || watch->is_dry
                         ? UINT32_MAX
                         : share_of(share, (uint32_t)event->run->waves[wave].tenant_count);
    watch->failures = 0;
    memset(watch->has_trouble, 0, sizeof watch->has_trouble);
    watch->wave = wave;
}

/* Unless this run comes to the tenant, it is still what the ledger has of it. */
static void check_left(struct watch *watch, size_t tenant, enum tenant_state left)
{
    enum tenant_state known = watch->lineage.records[tenant].state;
    enum tenant_state wanted = tenant_state_is_bad(known) ? known : TENANT_SKIPPED;
    if (known != TENANT_PENDING && left != wanted)
        wrong(watch, "t%zu was left as %s, and a later run begins with it as %s", tenant,
              tenant_state_name(wanted), tenant_state_name(left));
}

static void on_run_started(struct watch *watch, const struct run_info *run)
{
    watch->is_dry = !request_changes(run->request);
    for (size_t i = 0; i < run->tenant_count; i++) {
        size_t number = strtoul(run->tenants[i]->name + 1, NULL, 10);
        struct watched *watched = &watch->tenants[number];
        watched->is_selected = true;
        watch->lineage.records[number].is_open = false;
        watched->left = run->standings ? standing_left_state(&run->standings[i]) : TENANT_SKIPPED;
        watched->is_left_out = (run->wave_of && run->wave_of[i] >= watch->wave_limit) ||
                               (watch->only && !(watch->only >> number & 1));
        if (run->standings && !watch->is_from_older)
            check_left(watch, number, watched->left);
    }
}

static void on_started(struct watch *watch, const struct event *event)
{
    size_t tenant = number_of(event);
    struct watched *watched = &watch->tenants[tenant];
    bool is_rollback = watch->is_going_back;
    if (watch->is_draining || (watch->has_tripped && !is_rollback))
        wrong(watch, "t%zu is begun, though nothing more may be", tenant);
    if (watched->is_left_out && !is_rollback)
        wrong(watch, "t%zu is begun, and its wave, or itself, was not asked for", tenant);
    if (watched->is_running || watched->was_begun[is_rollback])
        wrong(watch, "t%zu is begun twice", tenant);
    if (!is_rollback && event->run->wave_of && event->run->wave_of[event->tenant] != watch->wave)
        wrong(watch, "t%zu is begun in another's wave", tenant);
    if ((is_rollback || watch->is_rollback_command) && !watch->is_dry &&
        !is_changed(watch, tenant) && !watch->lineage.is_uncertain[tenant])
        wrong(watch, "t%zu goes back, and the rollout has not changed it", tenant);
    watched->is_running = watched->was_begun[is_rollback] = true;
    watched->was_stale =
        watch->accepted && truth_stale_row(watch->scene, tenant, scene_store(watch->scene, tenant),
                                           watch->accepted) >= 0;
    watched->conflicts = watched->failures = 0;
}

static bool *trouble_of(struct watch *watch, size_t tenant)
{
    return &watch->has_trouble[watch->scene->places[tenant].server];
}

/* For its server is in trouble: without a try, and it does not count towards the threshold. */
static bool is_given_up(const struct watched *watched, const struct outcome *outcome)
{
    return outcome->error && !watched->is_running && outcome->error->kind != ERR_AUTH;
}

static bool counts(const struct watched *watched, const struct outcome *outcome)
{
    return outcome->error && !is_given_up(watched, outcome) &&
           strcmp(outcome->error->code, ROUTES_REGRESSED) != 0;
}

/* The attempt is over. */
static void end_attempt(struct watch *watch, size_t tenant)
{
    struct watched *watched = &watch->tenants[tenant];
    if (watched->is_due_alone)
        watch->has_loner[watch->scene->places[tenant].server] = false;
    watched->is_due_alone = false;
}

/* Others of the run were at work meanwhile, and it was not tried again. */
static bool fails_for_others(const struct watch *watch, size_t tenant,
                             const struct outcome *outcome)
{
    bool can_retry = watch->scene->inventory.tenants[tenant].settings->retries > 0 &&
                     !watch->is_draining && !watch->has_tripped;
    return can_retry && outcome->state == TENANT_FAILED && outcome->error &&
           strcmp(outcome->error->code, TROUBLES_CONFLICT) == 0;
}

/* Nothing that may be a value of a row is told where the inventory forbids it. */
static void check_hidden(struct watch *watch, const struct event *event)
{
    const struct outcome *outcome = event->outcome;
    const struct err *err = outcome ? outcome->error : event->error;
    const struct notices *notices = outcome ? outcome->notices : NULL;
    if (!watch->scene->inventory.hides_values)
        return;
    if (err && said_part(err->said, SAID_DETAIL))
        wrong(watch, "values of rows are told with an error");
    for (size_t i = 0; notices && i < notices->kept; i++)
        if (said_part(notices->items[i].said, SAID_DETAIL))
            wrong(watch, "values of rows are told with a notice");
}

static void on_finished(struct watch *watch, const struct event *event)
{
    size_t tenant = number_of(event);
    struct watched *watched = &watch->tenants[tenant];
    const struct outcome *outcome = event->outcome;
    if (watched->has_ended && !outcome->is_rollback)
        wrong(watch, "t%zu ends twice", tenant);
    (void)is_changed(watch, tenant); /* it is noted */
    if (!watch->is_dry && !watch->is_settling)
        check_outcome(watch, tenant, outcome);
    if (!watch->is_dry && watch->is_settling && watch->accepted)
        check_accepted(watch, tenant, outcome);
    if (!watch->is_dry && !watch->is_stamping && !watch->is_settling)
        check_verified(watch, tenant, outcome);
    if (is_given_up(watched, outcome) && !*trouble_of(watch, tenant))
        wrong(watch, "t%zu is given up, and its server was in no trouble", tenant);
    *trouble_of(watch, tenant) |= outcome->error && watched->is_running;
    if (counts(watched, outcome) && !watch->is_going_back)
        watch->has_tripped = watch->has_tripped || ++watch->failures > watch->allowed;
    if (fails_for_others(watch, tenant, outcome))
        wrong(watch, "t%zu is told as failed, and was only in the way of others", tenant);
    end_attempt(watch, tenant);
    watched->is_recorded = false;
    if (outcome->state == TENANT_IN_DOUBT || (outcome->error && outcome->error->kind == ERR_LEDGER))
        watch->lineage.is_uncertain[tenant] = true;
    watched->is_running = false;
    watched->has_ended = true;
    watched->outcome = *outcome;
}

/* Three times in company, and after that alone: no tenant has more conflicts than that, but for those of attempts that
 * others led to. */
static void on_retries(struct watch *watch, const struct event *event)
{
    enum { IN_COMPANY = 3 };
    size_t tenant = number_of(event);
    struct watched *watched = &watch->tenants[tenant];
    bool is_conflict = strcmp(event->error->code, TROUBLES_CONFLICT) == 0;
    *trouble_of(watch, tenant) = true;
    end_attempt(watch, tenant);
    watched->conflicts += is_conflict;
    watched->failures += !is_conflict;
    watched->is_due_alone = is_conflict && watched->conflicts >= IN_COMPANY;
    if (watched->conflicts > IN_COMPANY + watched->failures)
        wrong(watch, "t%zu meets others of the run, though it should be alone", tenant);
}

/* Something is left that it keeps from being begun, and the rules ask for it. */
static void check_late(struct watch *watch, const struct event *event)
{
    const struct overrun *overrun = &event->halt->overrun;
    const struct forecast_rules *rules = &watch->scene->inventory.rollout.forecast;
    size_t open = 0;
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++)
        open += !watch->tenants[i].has_ended && !watch->tenants[i].is_running;
    if (!open)
        wrong(watch, "the run is halted for being late, and nothing is left to begin");
    if (watch->has_tripped || watch->is_draining || watch->is_going_back)
        wrong(watch, "the run is halted for being late, and was halted before");
    if (!rules->halt_above.ms && rules->halt_above.factor <= 0)
        wrong(watch, "the run is halted for being late, which no rule asks for");
    if (overrun->took_ms <= overrun->limit_ms ||
        (rules->halt_above.ms
             ? overrun->limit_ms != (double)rules->halt_above.ms
             : overrun->limit_ms < rules->halt_above.factor * overrun->forecast_ms))
        wrong(watch, "the run is halted for being late, and is not: %f, %f", overrun->took_ms,
              overrun->limit_ms);
}

static void on_drains(struct watch *watch, const struct event *event)
{
    bool is_threshold = event->halt && event->halt->kind == HALT_THRESHOLD;
    bool is_gate = event->halt && event->halt->kind == HALT_GATE;
    bool is_late = event->halt && event->halt->kind == HALT_FORECAST;
    if (is_late)
        check_late(watch, event);
    if (is_late || (is_gate && watch->has_begun)) { /* as too many failures would */
        watch->has_tripped = true;
        return;
    }
    if (is_threshold && !watch->has_tripped)
        wrong(watch, "the run drains with %u failures, though %u are allowed", watch->failures,
              watch->allowed);
    watch->is_draining = watch->is_draining || !is_threshold;
}

static void on_run_ends(struct watch *watch, const struct event *event)
{
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++)
        if (watch->tenants[i].is_running)
            wrong(watch, "the run has finished, and t%zu runs", i);
    if (watch->conn_count)
        wrong(watch, "the run has finished, and %zu connections are open", watch->conn_count);
    watch->state = event->state;
    watch->has_finished = true;
}

static void trace_event(struct watch *watch, const struct event *event)
{
    const struct outcome *outcome = event->outcome;
    const struct err *err = outcome ? outcome->error : event->error;
    bool is_tenant = event->kind == EVENT_TENANT_STARTED || event->kind == EVENT_TENANT_INTENT ||
                     event->kind == EVENT_TENANT_RETRIES || event->kind == EVENT_TENANT_FINISHED;
    trace(watch, "%s%s %s%s%s%s%s%s", is_tenant ? event->run->tenants[event->tenant]->name : "",
          is_tenant ? ":" : "", trace_event_name(event->kind), event->reason ? ": " : "",
          event->reason ? event->reason : "", outcome ? " " : "",
          outcome ? tenant_state_name(outcome->state) : "", err ? ": " : "");
    if (err)
        trace(watch, "    %s %s", err->code, err->text);
}

static void on_event(void *ctx, const struct event *event)
{
    struct watch *watch = ctx;
    trace_event(watch, event);
    check_hidden(watch, event);
    switch (event->kind) {
    case EVENT_RUN_STARTED: on_run_started(watch, event->run); break;
    case EVENT_WAVE_STARTED:
        watch->has_begun = true;
        take_rules(watch, event, event->wave);
        break;
    case EVENT_TENANT_STARTED: on_started(watch, event); break;
    case EVENT_TENANT_FINISHED: on_finished(watch, event); break;
    case EVENT_RUN_DRAINS: on_drains(watch, event); break;
    case EVENT_RUN_ROLLS_BACK:
        watch->is_going_back = true;
        take_rules(watch, event, event->run->wave_count - 1);
        break;
    case EVENT_RUN_FINISHED: on_run_ends(watch, event); break;
    case EVENT_TENANT_RETRIES: on_retries(watch, event); break;
    case EVENT_TENANT_INTENT:
    case EVENT_TENANT_BATCHES:
    case EVENT_WAVE_FORECAST:
    case EVENT_WAVE_LATE:
    case EVENT_WAVE_FINISHED:
    case EVENT_RUN_PAUSED:
    case EVENT_RUN_CONTINUES:
    case EVENT_WAIT_STARTED:
    case EVENT_WAIT_FINISHED:
    case EVENT_RUN_OTHERS:
    case EVENT_NOTE: break;
    }
}

struct observer watch_observer(struct watch *watch)
{
    return (struct observer){on_event, watch};
}

/* ---- the ledger, the databases and their servers ------------------------------------------- */

/* What a later run of the rollout has to say of a tenant that it does not come to. Where no one could look, no one
 * knows better than before how a tenant stands that was begun. */
static void keep_record(struct watch *watch, const struct event *event)
{
    struct record *record = &watch->lineage.records[number_of(event)];
    bool is_news = record->is_open || !record->is_begun;
    if (event->kind == EVENT_TENANT_INTENT) {
        *record = (struct record){true, true, TENANT_IN_DOUBT};
    } else if (is_news || event->outcome->from.is_known) {
        record->state = event->outcome->state;
        record->is_open = false;
    }
}

/* It never leads: what it says of a tenant is so in the database when it becomes durable. */
static void on_durable(void *ctx, const struct event *event)
{
    struct watch *watch = ctx;
    if (event->kind == EVENT_TENANT_INTENT || event->kind == EVENT_TENANT_FINISHED)
        keep_record(watch, event);
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    check_outcome(watch, number_of(event), event->outcome);
    watch->tenants[number_of(event)].is_recorded = true;
}

/* Whose schema it is. */
static size_t find_tenant(struct watch *watch, const struct fake_db *db, const char *schema)
{
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++) {
        const struct scene_place *place = &watch->scene->places[i];
        if (place->db == db && (!place->is_shared || strcmp(place->schema, schema) == 0))
            return i;
    }
    wrong(watch, "schema '%s', which no tenant has, is written to", schema);
    abort();
}

/* No other session of the run is connected to the server, and none will be until its attempt is over. */
static void check_alone(struct watch *watch, size_t tenant)
{
    size_t server = watch->scene->places[tenant].server, here = 0;
    if (!watch->tenants[tenant].is_due_alone)
        return;
    for (size_t i = 0; i < watch->conn_count; i++)
        here += watch->conns[i].server == server;
    if (here > 1)
        wrong(watch, "t%zu should be alone, and %zu connections to its server are open", tenant,
              here);
    watch->has_loner[server] = true;
}

static void on_write(void *ctx, struct fake_db *db, const char *schema, bool is_orphan)
{
    struct watch *watch = ctx;
    size_t tenant = find_tenant(watch, db, schema);
    trace(watch, "t%zu: writes%s", tenant, is_orphan ? " (orphan)" : "");
    if (is_orphan)
        return;
    if (watch->is_dry && !watch->rehearses)
        wrong(watch, "t%zu is written to by a run that only looks", tenant);
    if (!watch->tenants[tenant].is_running)
        wrong(watch, "t%zu is written to, and was not begun", tenant);
    if (watch->rehearses) /* nothing of it must remain: play.c's look() */
        return;
    if (!watch->is_settling &&
        !memory_ledger_has_intent(watch->ledger, watch->scene->inventory.tenants[tenant].name))
        wrong(watch, "t%zu is written to, and no intent is durable", tenant);
    check_alone(watch, tenant);
    /* A file is made for a copy to be put there, and goes again where it turns out that there is none. */
    bool makes_file = fake_is_missing(db) && watch->lineage.is_uncertain[tenant];
    bool is_rollback = watch->is_going_back || watch->is_rollback_command;
    if (is_rollback && !is_changed(watch, tenant) && !makes_file)
        wrong(watch, "t%zu is taken back, and the rollout has not changed it", tenant);
}

void watch_hook_up(struct watch *watch)
{
    struct observer observer = {on_durable, watch};
    fake_watch_writes(watch->scene->world, on_write, watch);
    memory_ledger_watch(watch->ledger, &observer);
}

void watch_opened(struct watch *watch, const struct conn *conn, size_t server)
{
    size_t here = 1;
    for (size_t i = 0; i < watch->conn_count; i++)
        here += watch->conns[i].server == server;
    bool is_crowded = here > watch->per_server && server != SERVER_OF_FILES;
    if (watch->has_loner[server])
        wrong(watch, "a connection to server %zu is opened, where a tenant works alone", server);
    if (is_crowded || watch->conn_count >= watch->parallel)
        wrong(watch, "too many connections: %zu to server %zu (of %u), %zu in all (of %u)", here,
              server, watch->per_server, watch->conn_count + 1, watch->parallel);
    watch->conns[watch->conn_count].conn = conn;
    watch->conns[watch->conn_count++].server = server;
}

void watch_closed(struct watch *watch, const struct conn *conn)
{
    for (size_t i = 0; i < watch->conn_count; i++)
        if (watch->conns[i].conn == conn) {
            watch->conns[i] = watch->conns[--watch->conn_count];
            return;
        }
}

/* ---- before and behind --------------------------------------------------------------------- */

void watch_begin_lineage(struct watch *watch, uint32_t target, bool is_downgrade)
{
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(watch, i);
        watch->lineage.start[i] = scene_store(watch->scene, i);
        watch->lineage.back[i] = truth.stands;
        watch->lineage.back_rows[i] = truth.rows;
        watch->lineage.is_uncertain[i] = watch->lineage.was_changed[i] = false;
        watch->lineage.records[i] = (struct record){0};
        watch->lineage.goal[i] = is_downgrade ? truth.stands & target
                                              : truth.stands | scene_closure(watch->scene, target);
    }
}

void watch_begin_run(struct watch *watch, bool is_rollback)
{
    watch->is_dry = false;
    watch->is_rollback_command = is_rollback;
    watch->stops = watch->rehearses = false;
    watch->is_stamping = watch->is_forced = watch->is_settling = watch->has_begun = false;
    watch->has_tripped = watch->is_draining = watch->is_going_back = watch->has_finished = false;
    watch->conn_count = 0;
    memset(watch->has_loner, 0, sizeof watch->has_loner);
    memset(watch->tenants, 0, sizeof watch->tenants);
}

void watch_stamps(struct watch *watch, bool is_forced)
{
    watch->is_forced = is_forced;
    watch->is_stamping = true;
}

void watch_settles(struct watch *watch)
{
    watch->is_settling = true;
}

void watch_lose_track(struct watch *watch)
{
    watch->conn_count = 0;
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++)
        if (!watch->is_dry && (watch->tenants[i].is_running ||
                               (watch->tenants[i].has_ended && !watch->tenants[i].is_recorded)))
            watch->lineage.is_uncertain[i] = true;
}

static void check_totals(struct watch *watch, const struct report *report, size_t *totals)
{
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++) {
        size_t told = report_total(report, state);
        if (told != totals[state])
            wrong(watch, "the report counts %zu %s, and there are %zu", told,
                  tenant_state_name(state), totals[state]);
    }
}

void watch_check_report(struct watch *watch, const struct report *report, int exit_code)
{
    size_t totals[TENANT__COUNT] = {0};
    size_t count = watch->scene->inventory.tenant_count, bad = 0, whole = 0;
    bool is_rollback = watch->is_rollback_command || exit_code == 3;
    for (size_t i = 0; i < count; i++) {
        const struct watched *watched = &watch->tenants[i];
        if (!watched->is_selected)
            continue;
        enum tenant_state told = watched->has_ended ? watched->outcome.state : watched->left;
        totals[told]++;
        bad += tenant_state_needs_person(told);
    }
    check_totals(watch, report, totals);
    for (size_t i = 0; i < count; i++) {
        struct truth truth = watch_truth(watch, i);
        uint32_t wanted = is_rollback ? watch->lineage.back[i] : watch->lineage.goal[i];
        bool is_there = truth_is_whole(watch->scene, &truth) && truth.stands == wanted;
        is_there = is_there || watch->is_forced;
        if (watch->is_stamping && is_rollback)
            is_there = truth.rows == watch->lineage.back_rows[i];
        bool is_of_run = watch->tenants[i].is_selected || !watch->only;
        whole += is_there || (watch->tenants[i].is_left_out && exit_code == 0) || !is_of_run;
    }
    if ((exit_code == 0 || exit_code == 3) && whole < count)
        wrong(watch, "exit %d, and %zu of %zu tenants are where they should be", exit_code, whole,
              count);
    if (exit_code != 6 && (exit_code == 4) != (bad || watch->state == RUN_ROLLBACK_FAILED))
        wrong(watch, "exit %d, and a person must look at %zu", exit_code, bad);
}

void watch_check_quiet(struct watch *watch)
{
    if (fake_foreign_copies(watch->scene->world))
        wrong(watch, "a copy was put over a database that it is not of");
    if (fake_foreign_locks(watch->scene->world))
        wrong(watch, "the lock of one database was refused for another's sake");
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++) {
        struct truth truth = watch_truth(watch, i);
        const struct watched *watched = &watch->tenants[i];
        bool is_told = watched->has_ended && (tenant_state_needs_person(watched->outcome.state) ||
                                              !watched->outcome.from.is_known);
        if (fake_unlocked_writes(watch->scene->places[i].db))
            wrong(watch, "t%zu was written to by a session without its lock", i);
        if (!watch->is_stamping && !truth_is_whole_but_one(watch->scene, &truth))
            wrong(watch, "t%zu: more than one step is not whole", i);
        if (watch->has_finished && !watch->is_dry && !watch->is_stamping && watched->has_ended &&
            !is_told)
            expect_whole(watch, i, &truth, tenant_state_name(watched->outcome.state));
    }
}
