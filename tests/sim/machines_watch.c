#include "sim/machines_watch.h"

#include <sqlite3.h>

#include "driver/fake_store.h"
#include "ledger/stored.h"
#include "report/report.h"
#include "rollout/routes.h"
#include "sim/shared_store.h"
#include "sim/trace.h"

/* stored_beat has no other way to know who watches. */
static struct machines_watch *watching;

/* ---- saying so ----------------------------------------------------------------------------- */

void machines_watch_say(struct machines_watch *watch, const char *format, ...)
{
    char text[512];
    va_list args;
    if (!watch->on_trace)
        return;
    int len = snprintf(text, sizeof text, "m%u: ", loop_process());
    va_start(args, format);
    vsnprintf(text + len, sizeof text - (size_t)len, format, args);
    va_end(args);
    watch->on_trace(watch->ctx, text);
}

void machines_watch_wrong(struct machines_watch *watch, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    watch->on_wrong(watch->ctx, text);
}

#define wrong machines_watch_wrong
#define say machines_watch_say

/* ---- what is there ------------------------------------------------------------------------- */

struct truth machines_watch_truth(struct machines_watch *watch, size_t tenant)
{
    struct truth truth = {0};
    const char *why = "";
    if (!truth_read(watch->scene, tenant, scene_store(watch->scene, tenant), &truth, &why))
        wrong(watch, "t%zu: it can never be like this: %s", tenant, why);
    return truth;
}

static uint32_t set_of(const struct scene *scene, const struct rows *rows)
{
    uint32_t set = 0;
    for (size_t i = 0; i < rows->count; i++) {
        int index = scene_find(scene, rows->ids[i]);
        set |= index < 0 ? TRUTH_STRAY : UINT32_C(1) << index;
    }
    return set;
}

/* The inventory's number of a run's tenant. */
static size_t number_of(const struct run_info *run, size_t tenant)
{
    return (size_t)strtoul(run->tenants[tenant]->name + 1, NULL, 10);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Kept, for the database is. */
static sqlite3_stmt *prepare(sqlite3_stmt **stmt, const char *sql)
{
    if (!*stmt && sqlite3_prepare_v3(shared_store_handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                     stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "sim: %s: %s\n", sql, sqlite3_errmsg(shared_store_handle()));
        abort();
    }
    return *stmt;
}

static bool has_tables(void)
{
    static sqlite3_stmt *kept;
    sqlite3_stmt *stmt =
        prepare(&kept, "SELECT count(*) FROM sqlite_schema WHERE name = 'courses'");
    sqlite3_step(stmt);
    bool has = sqlite3_column_int(stmt, 0) > 0;
    sqlite3_reset(stmt);
    return has;
}

static void read_course(struct seen_rows *rows)
{
    static sqlite3_stmt *kept;
    sqlite3_stmt *stmt =
        prepare(&kept, "SELECT run, phase, wave, wave_count, failed, gate, has_tripped FROM courses"
                       " ORDER BY run DESC LIMIT 1");
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        rows->run = sqlite3_column_int64(stmt, 0);
        rows->phase = sqlite3_column_int(stmt, 1);
        rows->wave = sqlite3_column_int(stmt, 2);
        rows->wave_count = sqlite3_column_int(stmt, 3);
        rows->failed = sqlite3_column_int(stmt, 4);
        rows->gate = sqlite3_column_int(stmt, 5);
        rows->has_tripped = sqlite3_column_int(stmt, 6) != 0;
    }
    sqlite3_reset(stmt);
}

static void read_claims(struct seen_rows *rows)
{
    static sqlite3_stmt *kept;
    sqlite3_stmt *stmt =
        prepare(&kept, "SELECT claims.n, wave, epoch, claims.state, machine,"
                       " coalesce(is_running, 0), coalesce(lease_until_ms >= sim_now_ms(), 0)"
                       " FROM claims LEFT JOIN run_tenants AS mine"
                       " ON mine.run = claims.run AND mine.n = claims.n"
                       " LEFT JOIN machines ON machines.run = claims.run AND machines.id = machine"
                       " WHERE claims.run = ?");
    sqlite3_bind_int64(stmt, 1, rows->run);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        rows->claims[sqlite3_column_int(stmt, 0)] = (struct seen_claim){
            .wave = (uint32_t)sqlite3_column_int(stmt, 1),
            .epoch = (uint32_t)sqlite3_column_int(stmt, 2),
            .state = sqlite3_column_int(stmt, 3),
            .machine = sqlite3_column_int64(stmt, 4),
            .is_begun = sqlite3_column_int(stmt, 5) != 0,
            .has_lease = sqlite3_column_int(stmt, 6) != 0,
        };
    sqlite3_reset(stmt);
}

static int64_t ask(sqlite3_stmt *stmt, int64_t first, int64_t second)
{
    sqlite3_bind_int64(stmt, 1, first);
    sqlite3_bind_int64(stmt, 2, second);
    int64_t value = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return value;
}

static void read_rows(struct seen_rows *rows, int64_t machine)
{
    static sqlite3_stmt *kept;
    *rows = (struct seen_rows){0};
    if (!has_tables())
        return;
    read_course(rows);
    read_claims(rows);
    rows->beat = ask(prepare(&kept, "SELECT beat FROM machines WHERE run = ? AND id = ?"),
                     rows->run, machine);
}

int64_t machines_watch_newest(bool *ret_is_over)
{
    struct seen_rows rows = {0};
    if (has_tables())
        read_course(&rows);
    *ret_is_over = rows.phase == COURSE_OVER;
    return rows.run;
}

int64_t machines_watch_newest_of_all(char *ret_id, size_t size)
{
    static sqlite3_stmt *kept;
    int64_t number = 0;
    if (!has_tables())
        return 0;
    sqlite3_stmt *stmt = prepare(&kept, "SELECT seq, id FROM runs ORDER BY seq DESC LIMIT 1");
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        number = sqlite3_column_int64(stmt, 0);
        snprintf(ret_id, size, "%s", (const char *)sqlite3_column_text(stmt, 1));
    }
    sqlite3_reset(stmt);
    return number;
}

/* ---- outcomes ------------------------------------------------------------------------------ */

static bool is_good(enum tenant_state state)
{
    return state == TENANT_SUCCEEDED || state == TENANT_UNCHANGED;
}

/* What is told of the tenant is so in its database. */
static void check_outcome(struct machines_watch *watch, size_t tenant,
                          const struct outcome *outcome)
{
    const char *state = tenant_state_name(outcome->state);
    struct truth truth = machines_watch_truth(watch, tenant);
    bool is_settled = is_good(outcome->state) || outcome->state == TENANT_ROLLED_BACK ||
                      (outcome->state == TENANT_FAILED && outcome->from.is_known);
    if (outcome->error && strstr(outcome->error->text, "it has moved since it was shown"))
        wrong(watch, "t%zu is told as moved since it was shown, and the run alone has moved it",
              tenant);
    if (outcome->state == TENANT_SKIPPED || outcome->state == TENANT_IN_DOUBT)
        return;
    if (is_settled && !truth_is_whole(watch->scene, &truth))
        wrong(watch,
              "t%zu is told as %s, and is not whole: stands %x, part %d, rows %x, history %x/%d",
              tenant, state, truth.stands, truth.part, truth.rows, truth.recorded,
              truth.unfinished);
    if (!is_settled && !truth_is_whole_but_one(watch->scene, &truth))
        wrong(watch, "t%zu is told as %s, and more than one step is not whole", tenant, state);
    if (is_settled && outcome->to.is_known && truth.rows != set_of(watch->scene, &outcome->to))
        wrong(watch, "t%zu is told as %s at %x, and stands at %x", tenant, state,
              set_of(watch->scene, &outcome->to), truth.rows);
    bool is_back = outcome->is_rollback || outcome->state == TENANT_ROLLED_BACK;
    uint32_t wanted = is_back ? watch->back[tenant] : watch->goal[tenant];
    if ((is_good(outcome->state) || outcome->state == TENANT_ROLLED_BACK) && truth.stands != wanted)
        wrong(watch, "t%zu is told as %s with %x, not where it should be: %x", tenant, state,
              truth.stands, wanted);
}

/* ---- beats --------------------------------------------------------------------------------- */

/* Is it still the machine's, of those that it had before the beat? Where its lease was over, another one may have had it since, and the
 * ledger may have lost that with its last commits. */
static bool is_own(const struct seen_rows *before, const struct beat_ask *ask,
                   const struct event *event, const bool *has_ended)
{
    const struct seen_claim *claim = &before->claims[event->tenant];
    return claim->state == 1 && claim->has_lease && claim->machine == ask->machine.id &&
           claim->epoch == event->epoch && !has_ended[event->tenant];
}

static bool counts(const struct outcome *outcome)
{
    bool is_given_up = outcome->error && outcome->error->kind == ERR_CONNECT && !outcome->attempts;
    return outcome->error && !outcome->has_regressed && outcome->error->kind != ERR_LEDGER &&
           !is_given_up;
}

/* Only what happened under the machine's own claims is written. How many of that count against the wave's threshold. */
static int check_events(struct machines_watch *watch, const struct seen_rows *before,
                        const struct beat_ask *ask, const struct beat_answer *answer)
{
    bool has_ended[TENANTS_MAX] = {false};
    int failures = 0;
    for (size_t i = ask->begins ? 1 : 0; i < ask->count; i++) {
        const struct event *event = &ask->events[i];
        bool ends = event->kind == EVENT_TENANT_FINISHED;
        if (!ends && event->kind != EVENT_TENANT_INTENT && event->kind != EVENT_TENANT_RETRIES)
            continue;
        size_t tenant = number_of(ask->run, event->tenant);
        bool is_taken = is_own(before, ask, event, has_ended);
        if (is_taken == answer->is_rejected[i])
            wrong(watch, "t%zu: what happened under claim %u is %s, and the machine has it %s",
                  tenant, event->epoch, is_taken ? "refused" : "taken", is_taken ? "" : "not");
        has_ended[event->tenant] |= ends && is_taken;
        if (!ends || !is_taken)
            continue;
        check_outcome(watch, tenant, event->outcome);
        failures += counts(event->outcome);
    }
    return failures;
}

static void check_claimed(struct machines_watch *watch, const struct seen_rows *before,
                          const struct seen_rows *after, const struct beat_ask *ask,
                          const struct beat_answer *answer)
{
    for (size_t i = 0; i < answer->claimed_count; i++) {
        uint32_t n = answer->claimed[i].tenant;
        size_t tenant = number_of(ask->run, n);
        const struct seen_claim *claim = &after->claims[n];
        watch->machines[loop_process()].takes_over[tenant] = before->claims[n].is_begun;
        if (claim->state != 1 || claim->machine != ask->machine.id ||
            claim->epoch != answer->claimed[i].epoch)
            wrong(watch, "t%zu is given to a machine, and the ledger does not say so", tenant);
        if (claim->epoch <= before->claims[n].epoch)
            wrong(watch, "t%zu is claimed once more under the number of an older claim", tenant);
        if ((int)claim->wave != after->wave)
            wrong(watch, "t%zu of wave %u is given out in wave %d", tenant, claim->wave,
                  after->wave);
        if (after->has_tripped && after->phase == COURSE_WAVE && !before->claims[n].is_begun)
            wrong(watch, "t%zu is given out, and too many have failed", tenant);
    }
}

/* Of all machines together, on a server at once. What a machine has claimed ahead waits there, and counts as its server's load. */
static void check_servers(struct machines_watch *watch, const struct seen_rows *after)
{
    static sqlite3_stmt *kept_most, *kept_limit;
    sqlite3_stmt *most = prepare(
        &kept_most,
        "SELECT coalesce(max(at_once), 0) FROM (SELECT sum(min(here, ?2)) AS at_once"
        " FROM (SELECT server, count(*) AS here FROM claims"
        " JOIN claim_queues AS queue ON queue.run = claims.run AND queue.n = claims.queue"
        " WHERE claims.run = ?1 AND state = 1 AND NOT is_unlimited GROUP BY server, machine)"
        " GROUP BY server)");
    sqlite3_stmt *limit =
        prepare(&kept_limit, "SELECT per_server FROM course_waves WHERE run = ? AND n = ?");
    int wave = after->wave < after->wave_count ? after->wave : after->wave_count - 1;
    int64_t allowed = ask(limit, after->run, wave);
    int64_t here = ask(most, after->run, allowed);
    if (here > allowed)
        wrong(watch, "%d tenants of one server may be begun at once, and no more than %d are to",
              (int)here, (int)allowed);
}

/* A wave begins once all before it are done. */
static void check_order(struct machines_watch *watch, const struct seen_rows *before,
                        const struct seen_rows *after)
{
    if (after->wave < before->wave ||
        (before->phase > COURSE_BEFORE && after->phase == COURSE_BEFORE))
        wrong(watch, "the run goes back to wave %d from %d", after->wave, before->wave);
    for (size_t n = 0; after->phase == COURSE_WAVE && n < watch->scene->inventory.tenant_count; n++)
        if ((int)after->claims[n].wave < after->wave && after->claims[n].state != 2)
            wrong(watch, "wave %d is under way, and t%zu of wave %u is not done", after->wave, n,
                  after->claims[n].wave);
}

/* Each is handed out once; where the machine that asks it is gone, once more. */
static void check_gate(struct machines_watch *watch, const struct seen_rows *before,
                       const struct seen_rows *after, const struct beat_answer *answer)
{
    bool is_same = before->phase == after->phase && before->wave == after->wave;
    if (answer->gate == GATE__COUNT)
        return;
    watch->gates_due++;
    if (is_same && before->gate != COURSE_UNASKED && watch->is_quiet)
        wrong(watch, "a gate is asked twice");
}

/* A gate that has an answer was asked. What the ledger has lost is asked again, and one that is cancelled may not have begun: then there is
 * nothing to count. */
static void check_answered(struct machines_watch *watch, const struct seen_rows *before,
                           const struct seen_rows *after)
{
    bool is_answered = before->run == after->run && before->gate == COURSE_ASKED &&
                       (after->gate == COURSE_PASSED || after->gate == COURSE_REFUSED ||
                        after->phase != before->phase || after->wave != before->wave);
    watch->gates_answered += is_answered;
    if (watch->gates_answered > watch->gates_asked && !watch->has_lost_commits &&
        !watch->is_stopped)
        wrong(watch, "%zu gates have an answer, and %zu were asked", watch->gates_answered,
              watch->gates_asked);
}

static void check_threshold(struct machines_watch *watch, const struct seen_rows *before,
                            const struct beat_answer *answer, int failures)
{
    bool is_forward = before->run && before->phase == COURSE_WAVE;
    int64_t allowed = answer->rules.max_failures;
    bool is_same_wave = answer->course.wave == (uint32_t)before->wave;
    bool trips = is_forward && is_same_wave && allowed >= 0 && before->failed + failures > allowed;
    if (trips && !answer->course.has_tripped && failures)
        wrong(watch, "%d have failed in the wave, %d may, and it goes on",
              before->failed + failures, (int)allowed);
}

static void check_beat(struct machines_watch *watch, struct seen_rows *before,
                       const struct seen_rows *after, const struct beat_ask *ask,
                       const struct beat_answer *answer)
{
    bool is_repeated = before->beat && before->beat == (int64_t)ask->number;
    if (before->run != after->run) /* it has just begun */
        *before = (struct seen_rows){0};
    int failures = is_repeated ? 0 : check_events(watch, before, ask, answer);
    check_claimed(watch, before, after, ask, answer);
    check_servers(watch, after);
    check_order(watch, before, after);
    check_gate(watch, before, after, answer);
    check_threshold(watch, before, answer, failures);
    watch->machines[loop_process()].knows_more = false;
    say(watch, "beat %d: %zu events, holds %zu, given %zu, lost %zu; phase %d, wave %d%s",
        (int)ask->number, ask->count, ask->hold_count, answer->claimed_count, answer->lost_count,
        after->phase, after->wave, after->has_tripped ? ", tripped" : "");
}

/* By the linker's --wrap. */
bool __real_stored_beat(struct ledger *base, const struct beat_ask *ask, struct arena *arena,
                        struct beat_answer *ret_answer, struct err *err);
bool __wrap_stored_beat(struct ledger *base, const struct beat_ask *ask, struct arena *arena,
                        struct beat_answer *ret_answer, struct err *err);
bool __wrap_stored_beat(struct ledger *base, const struct beat_ask *ask, struct arena *arena,
                        struct beat_answer *ret_answer, struct err *err)
{
    struct seen_rows before, after;
    read_rows(&before, ask->machine.id);
    bool is_fine = __real_stored_beat(base, ask, arena, ret_answer, err);
    read_rows(&after, ask->machine.id); /* where the answer was lost, too */
    check_answered(watching, &before, &after);
    if (is_fine)
        check_beat(watching, &before, &after, ask, ret_answer);
    else
        say(watching, "beat %d: %s", (int)ask->number, err->text);
    return is_fine;
}

/* ---- events -------------------------------------------------------------------------------- */

static void on_started(struct machines_watch *watch, const struct event *event)
{
    struct on_machine *machine = &watch->machines[loop_process()];
    size_t tenant = number_of(event->run, event->tenant);
    if (machine->is_stopping && !machine->is_going_back && !machine->takes_over[tenant])
        wrong(watch, "t%zu is begun by a machine that begins nothing more", tenant);
    if (machine->runs[tenant])
        wrong(watch, "t%zu is begun twice at once by one machine", tenant);
    for (unsigned i = 0; watch->is_quiet && i < LOOP_PROCESSES_MAX; i++)
        if (watch->machines[i].runs[tenant])
            wrong(watch, "t%zu is begun, and another machine works on it", tenant);
    machine->runs[tenant] = true;
}

static void trace_event(struct machines_watch *watch, const struct event *event)
{
    const struct outcome *outcome = event->outcome;
    const struct err *err = outcome ? outcome->error : event->error;
    bool is_tenant = event->kind == EVENT_TENANT_STARTED || event->kind == EVENT_TENANT_INTENT ||
                     event->kind == EVENT_TENANT_RETRIES || outcome;
    say(watch, "%s %s %s%s %s", is_tenant ? event->run->tenants[event->tenant]->name : "",
        trace_event_name(event->kind), outcome ? tenant_state_name(outcome->state) : "",
        event->reason ? event->reason : "", err ? err->text : "");
}

static void on_event(void *ctx, const struct event *event)
{
    struct machines_watch *watch = ctx;
    struct on_machine *machine = &watch->machines[loop_process()];
    trace_event(watch, event);
    switch (event->kind) {
    case EVENT_TENANT_STARTED: on_started(watch, event); break;
    case EVENT_TENANT_FINISHED: machine->runs[number_of(event->run, event->tenant)] = false; break;
    case EVENT_RUN_DRAINS: machine->is_stopping = true; break;
    case EVENT_RUN_ROLLS_BACK: machine->is_going_back = true; break;
    default: break;
    }
}

struct observer machines_watch_observer(struct machines_watch *watch)
{
    return (struct observer){on_event, watch};
}

void machines_watch_forget(struct machines_watch *watch, unsigned process)
{
    watch->is_forgotten |= watch->machines[process].knows_more;
    watch->machines[process] = (struct on_machine){0};
}

void machines_watch_lose(struct machines_watch *watch, unsigned process, bool is_at_work)
{
    watch->has_lost_commits = true;
    watch->machines[process].knows_more = is_at_work;
    watch->is_forgotten |= !is_at_work;
}

/* ---- the databases ------------------------------------------------------------------------- */

/* Whose schema it is. */
static size_t find_tenant(struct machines_watch *watch, const struct fake_db *db,
                          const char *schema)
{
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++) {
        const struct scene_place *place = &watch->scene->places[i];
        if (place->db == db && (!place->is_shared || strcmp(place->schema, schema) == 0))
            return i;
    }
    wrong(watch, "schema '%s', which no tenant has, is written to", schema);
    abort();
}

static void on_write(void *ctx, struct fake_db *db, const char *schema, bool is_orphan)
{
    struct machines_watch *watch = ctx;
    size_t tenant = find_tenant(watch, db, schema);
    say(watch, "t%zu: writes%s", tenant, is_orphan ? " (orphan)" : "");
    if (!is_orphan && !watch->machines[loop_process()].runs[tenant])
        wrong(watch, "t%zu is written to by a machine that has not begun it", tenant);
}

/* ---- runs ---------------------------------------------------------------------------------- */

void machines_watch_begin_rollout(struct machines_watch *watch, uint32_t target, bool is_downgrade)
{
    watch->has_lost_commits = watch->is_forgotten = false;
    for (size_t i = 0; i < watch->scene->inventory.tenant_count; i++) {
        struct truth truth = machines_watch_truth(watch, i);
        watch->back[i] = truth.stands;
        watch->goal[i] = is_downgrade ? truth.stands & target
                                      : truth.stands | scene_closure(watch->scene, target);
    }
}

void machines_watch_begin_run(struct machines_watch *watch)
{
    watching = watch;
    fake_watch_writes(watch->scene->world, on_write, watch);
    watch->gates_asked = watch->gates_due = watch->gates_answered = 0;
    watch->is_stopped = watch->is_rollback = false;
    memset(watch->machines, 0, sizeof watch->machines);
}

static void on_read(void *ctx, const struct event *event)
{
    struct machines_watch *watch = ctx;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    if (!watch->is_forgotten)
        check_outcome(watch, number_of(event->run, event->tenant), event->outcome);
}

struct observer machines_watch_reader(struct machines_watch *watch)
{
    return (struct observer){on_read, watch};
}

static void check_totals(struct machines_watch *watch, const struct report *report, size_t count)
{
    size_t sum = 0;
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++)
        sum += report_total(report, state);
    if (sum != count)
        wrong(watch, "the report counts %zu tenants, and the run has %zu", sum, count);
}

void machines_watch_check_end(struct machines_watch *watch, const struct report *report,
                              size_t tenant_count)
{
    size_t count = watch->scene->inventory.tenant_count;
    int exit_code = report_exit_code(report, 0);
    if (fake_foreign_copies(watch->scene->world))
        wrong(watch, "a copy was put over a database that it is not of");
    if (fake_foreign_locks(watch->scene->world))
        wrong(watch, "the lock of one database was refused for another's sake");
    check_totals(watch, report, tenant_count);
    if (watch->is_rollback && report_state(report) == RUN_FAILED)
        wrong(watch, "a rollback in which a tenant failed is told as a run that failed");
    for (size_t i = 0; i < count; i++) {
        struct truth truth = machines_watch_truth(watch, i);
        bool is_back = exit_code == 3 || watch->is_rollback;
        uint32_t wanted = is_back ? watch->back[i] : watch->goal[i];
        bool is_there = truth_is_whole(watch->scene, &truth) && truth.stands == wanted;
        if (fake_unlocked_writes(watch->scene->places[i].db))
            wrong(watch, "t%zu was written to by a session without its lock", i);
        if (!truth_is_whole_but_one(watch->scene, &truth))
            wrong(watch, "t%zu: more than one step is not whole", i);
        bool may_miss = watch->is_forgotten || (is_back && watch->has_lost_commits);
        if ((exit_code == 0 || exit_code == 3) && !is_there && !may_miss)
            wrong(watch, "the report says %d, and t%zu stands at %x, not %x", exit_code, i,
                  truth.stands, wanted);
    }
    if (watch->is_quiet &&
        watch->gates_asked >
            watch->gates_due + 2 * count) /* and one for each tenant that failed, there or back */
        wrong(watch, "%zu gates were asked, and %zu were due", watch->gates_asked,
              watch->gates_due);
}
