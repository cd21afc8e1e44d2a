/* include/skein.h on top of what the command line uses too: translates, and owns what a caller gets. */
#include "skein.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"
#include "library/fleet_ledger.h"
#include "library/machines.h"
#include "library/prepare.h"
#include "library/proof.h"
#include "library/verify.h"
#include "report/report.h"

struct skein {
    struct fleet fleet;
    struct skein_observer observer;
    uint32_t parallel;
    uint32_t per_server;
    atomic_int stops; /* asked for with skein_stop */
    int exit_code;    /* of the last run */
};

struct skein_report {
    struct report *report;
};

/* A state of ours is the caller's by its number. */
#define SAME(name) _Static_assert((int)SKEIN_##name == (int)name, #name)
SAME(TENANT_PENDING);
SAME(TENANT_RUNNING);
SAME(TENANT_SUCCEEDED);
SAME(TENANT_UNCHANGED);
SAME(TENANT_FAILED);
SAME(TENANT_PARTIAL);
SAME(TENANT_IN_DOUBT);
SAME(TENANT_ROLLED_BACK);
SAME(TENANT_ROLLBACK_FAILED);
SAME(TENANT_SKIPPED);
_Static_assert((int)SKEIN_TENANT_SKIPPED + 1 == (int)TENANT__COUNT, "all tenant states");

const char *skein_version(void)
{
    return SKEIN_VERSION;
}

const char *skein_state_name(enum skein_state state)
{
    return (unsigned)state < TENANT__COUNT ? tenant_state_name((enum tenant_state)state) : NULL;
}

/* ---- faults -------------------------------------------------------------------------------- */

static struct skein_error error_of(const struct err *err)
{
    return (struct skein_error){
        .class_name = err_class_name(err->kind),
        .code = err->code,
        .text = err->text,
        .file = err->file,
        .line = err->line,
        .detail = said_part(err->said, SAID_DETAIL),
        .hint = said_part(err->said, SAID_HINT),
        .context = said_part(err->said, SAID_CONTEXT),
        .schema = said_part(err->said, SAID_SCHEMA),
        .table = said_part(err->said, SAID_TABLE),
        .column = said_part(err->said, SAID_COLUMN),
        .datatype = said_part(err->said, SAID_DATATYPE),
        .constraint = said_part(err->said, SAID_CONSTRAINT),
    };
}

static void tell_fault(const struct skein *skein, const struct err *err)
{
    struct skein_error fault = error_of(err);
    if (skein->observer.on_fault)
        skein->observer.on_fault(skein->observer.ctx, &fault);
}

static void tell_faults(const struct skein *skein, struct faults *faults)
{
    faults_sort(faults);
    for (size_t i = 0; i < faults->count; i++)
        tell_fault(skein, &faults->items[i]);
}

/* ---- a fleet ------------------------------------------------------------------------------- */

static size_t count_of(const char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

static void on_waiting(void *ctx, const struct ledger_holder *holder)
{
    const struct skein *skein = ctx;
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_adds(&text, "waiting for ");
    fleet_ledger_name_holder(&text, holder);
    if (skein->observer.on_event)
        skein->observer.on_event(
            skein->observer.ctx,
            &(struct skein_event){.kind = SKEIN_NOTE, .run_id = "", .reason = text.data});
    buf_done(&text);
}

static bool has_stopped(void *ctx)
{
    return atomic_load(&((struct skein *)ctx)->stops);
}

static bool open_fleet(struct skein *skein, const struct skein_options *options)
{
    struct fleet_request request = {
        .ledger = options->ledger,
        .patience = {options->wait_ms, on_waiting, has_stopped, skein},
        .inventory = options->inventory ? options->inventory : ".",
        .selects = &options->select,
        .select_count = options->select ? 1 : 0,
        .refuses_empty = options->refuses_empty,
        .names = options->tenants,
        .name_count = count_of(options->tenants),
        .parallel = options->parallel,
        .needs = FLEET_VISIT,
    };
    struct faults faults;
    faults_init(&faults);
    bool is_good = fleet_open(&skein->fleet, &request, &faults);
    tell_faults(skein, &faults);
    faults_done(&faults);
    return is_good;
}

struct skein *skein_open(const struct skein_options *options, const struct skein_observer *observer)
{
    struct skein *skein = xcalloc(1, sizeof *skein);
    skein->parallel = options->parallel;
    skein->per_server = options->per_server;
    if (observer)
        skein->observer = *observer;
    if (open_fleet(skein, options))
        return skein;
    skein_close(skein);
    return NULL;
}

void skein_close(struct skein *skein)
{
    if (!skein)
        return;
    fleet_done(&skein->fleet);
    free(skein);
}

size_t skein_tenant_count(const struct skein *skein)
{
    return skein->fleet.tenant_count;
}

const char *skein_tenant_name(const struct skein *skein, size_t index)
{
    return index < skein->fleet.tenant_count ? skein->fleet.tenants[index]->name : NULL;
}

/* ---- events -------------------------------------------------------------------------------- */

static void set_outcome(struct skein_event *event, const struct outcome *outcome,
                        struct skein_error *error)
{
    event->state = (enum skein_state)outcome->state;
    event->from = outcome->from.is_known ? outcome->from.ids : NULL;
    event->from_count = outcome->from.count;
    event->to = outcome->to.is_known ? outcome->to.ids : NULL;
    event->to_count = outcome->to.count;
    event->step_count = outcome->step_count;
    event->attempts = outcome->attempts;
    event->duration_ms = outcome->duration_ms;
    event->notice_count = outcome->notices ? outcome->notices->count : 0;
    event->warning_count = outcome->notices ? outcome->notices->warning_count : 0;
    event->is_unreplicated = notices_has_unreplicated(outcome->notices);
    if (!outcome->error)
        return;
    *error = error_of(outcome->error);
    error->revision = outcome->error_revision ? outcome->error_revision->id : NULL;
    error->statement = outcome->error_statement;
    event->error = error;
}

/* The other kinds are the ledger's and the program's own. */
static const struct {
    bool is_public;
    bool has_tenant;
    enum skein_event_kind kind;
} kinds[] = {
    [EVENT_RUN_STARTED] = {true, false, SKEIN_RUN_STARTED},
    [EVENT_TENANT_STARTED] = {true, true, SKEIN_TENANT_STARTED},
    [EVENT_TENANT_RETRIES] = {true, true, SKEIN_TENANT_RETRIES},
    [EVENT_TENANT_FINISHED] = {true, true, SKEIN_TENANT_FINISHED},
    [EVENT_RUN_DRAINS] = {true, false, SKEIN_RUN_DRAINS},
    [EVENT_RUN_FINISHED] = {true, false, SKEIN_RUN_FINISHED},
    [EVENT_NOTE] = {true, false, SKEIN_NOTE},
};

static void on_run_event(void *ctx, const struct event *event)
{
    const struct skein *skein = ctx;
    const struct run_info *run = event->run;
    struct skein_error error;
    if (event->kind >= ARRAY_LEN(kinds) || !kinds[event->kind].is_public)
        return;
    struct skein_event shown = {
        .kind = kinds[event->kind].kind,
        .run_id = run->id,
        .tenant_count = run->tenant_count,
        .tenant = kinds[event->kind].has_tenant ? run->tenants[event->tenant]->name : NULL,
        .duration_ms = event->duration_ms,
        .delay_ms = event->delay_ms,
        .reason = event->reason,
    };
    if (event->error) {
        error = error_of(event->error);
        shown.error = &error;
    }
    if (event->outcome)
        set_outcome(&shown, event->outcome, &error);
    skein->observer.on_event(skein->observer.ctx, &shown);
}

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

/* ---- a run --------------------------------------------------------------------------------- */

static const enum verb_id commands[] = {
    [SKEIN_CURRENT] = VERB_CURRENT,     [SKEIN_PLAN] = VERB_PLAN,   [SKEIN_UPGRADE] = VERB_UPGRADE,
    [SKEIN_DOWNGRADE] = VERB_DOWNGRADE, [SKEIN_STAMP] = VERB_STAMP,
};

static const enum on_failure policies[] = {
    [SKEIN_AS_INVENTORY] = ON_FAILURE_STOP, /* not asked for: the inventory's counts */
    [SKEIN_STOP] = ON_FAILURE_STOP,
    [SKEIN_CONTINUE] = ON_FAILURE_CONTINUE,
    [SKEIN_ROLLBACK] = ON_FAILURE_ROLLBACK,
};

static const enum verify_schema moments[] = {
    [SKEIN_VERIFY_AS_INVENTORY] = VERIFY_NONE, /* not asked for: the inventory's counts */
    [SKEIN_VERIFY_NONE] = VERIFY_NONE,         [SKEIN_VERIFY_BEFORE] = VERIFY_BEFORE,
    [SKEIN_VERIFY_AFTER] = VERIFY_AFTER,       [SKEIN_VERIFY_BOTH] = VERIFY_BOTH,
};

static bool check_asked(const struct skein_request *asked, struct err *err)
{
    if ((unsigned)asked->command >= ARRAY_LEN(commands))
        return err_set(err, ERR_CONFIG, "there is no command %d", (int)asked->command);
    if ((unsigned)asked->on_failure >= ARRAY_LEN(policies))
        return err_set(err, ERR_CONFIG, "there is no policy %d", (int)asked->on_failure);
    if ((unsigned)asked->verify_schema >= ARRAY_LEN(moments))
        return err_set(err, ERR_CONFIG, "there is no moment %d to verify schemas at",
                       (int)asked->verify_schema);
    const struct verb *verb = &verbs[commands[asked->command]];
    if (asked->verify_schema && !verb->verifies)
        return err_set(err, ERR_CONFIG, "'%s' verifies no schemas", verb->name);
    if (verb->needs_target && !count_of(asked->targets))
        return err_set(err, ERR_CONFIG, "'%s' needs a target", verb->name);
    return true;
}

static bool make_request(const struct skein *skein, const struct skein_request *asked,
                         struct request *ret_request, struct err *err)
{
    if (!check_asked(asked, err))
        return false;
    struct request request = {
        .verb = &verbs[commands[asked->command]],
        .is_dry_run = asked->is_dry_run,
        .targets = asked->targets,
        .target_count = count_of(asked->targets),
        .forces = asked->forces,
        .limits = {.parallel = skein->parallel,
                   .per_server = skein->per_server,
                   .wave = asked->wave},
        .policy = {.has_on_failure = asked->on_failure != SKEIN_AS_INVENTORY,
                   .on_failure = policies[asked->on_failure],
                   .has_max_failures = asked->max_failures != NULL},
        .stopping = {.leaves_signals = !asked->handles_signals, .stops = &skein->stops},
        .verifying = {.is_said = asked->verify_schema != SKEIN_VERIFY_AS_INVENTORY,
                      .when = moments[asked->verify_schema]},
    };
    struct policy *policy = &request.policy;
    if (policy->has_max_failures && !parse_share(asked->max_failures, &policy->max_failures))
        return err_set(err, ERR_CONFIG, "max_failures: '%s' is not N or N%%", asked->max_failures);
    *ret_request = request;
    return true;
}

/* The plan borrows the request. */
static bool prepare(struct skein *skein, struct request *request, struct verify *ret_verify,
                    struct prepared_run *ret_prepared, struct faults *faults)
{
    struct err err;
    skein->fleet.waits_from_ms = clock_steady_ms();
    bool looks_first = prepare_looks_first(&skein->fleet, request);
    if (prepare_needs_ledger(request) && !fleet_ledger_await(&skein->fleet, looks_first, &err)) {
        faults_add_err(faults, &err);
        return false;
    }
    /* A signal that comes while a downgrade looks ahead is not lost on the run. */
    if (!prepare_can_roll_back(&skein->fleet, request, NULL, &request->stopping.stopped_by, faults))
        return false;
    struct proof proof = {.note = NULL};
    if (!request->stopping.stopped_by && !proof_of_stamp(&skein->fleet, request, &proof, faults))
        return false;
    request->is_unproved = proof.is_unproved;
    if (proof.signal)
        request->stopping.stopped_by = proof.signal;
    if (!request->stopping.stopped_by &&
        !verify_prepare(&skein->fleet, request, ret_verify, faults))
        return false;
    request->verifying = ret_verify->verifying;
    if (ret_verify->signal)
        request->stopping.stopped_by = ret_verify->signal;
    if (!prepare_run(&skein->fleet, request, ret_prepared, &err)) {
        faults_add_err(faults, &err);
        return false;
    }
    return true;
}

/* What kept a run from beginning. */
static void tell_refusal(struct skein *skein, struct faults *faults)
{
    skein->exit_code = faults->count ? prepare_exit_code(&faults->items[0]) : SKEIN_EXIT_FAULT;
    tell_faults(skein, faults);
}

static struct skein_report *run_prepared(struct skein *skein, const struct prepared_run *prepared,
                                         struct faults *faults)
{
    struct skein_report *report = xcalloc(1, sizeof *report);
    report->report = report_new();
    if (prepared->rollout.hides_sql)
        report_hide_sql(report->report);
    struct observer observers[] = {{on_report_event, report->report}, {on_run_event, skein}};
    struct rollout_end end =
        rollout_run(&prepared->rollout, observers, skein->observer.on_event ? 2 : 1);
    if (end.err.kind != ERR_NONE) {
        faults_add_err(faults, &end.err);
        tell_refusal(skein, faults);
        skein_report_free(report);
        return NULL;
    }
    report->report =
        machines_whole_report(&skein->fleet, prepared, report->report, &end.ledger_err);
    skein->exit_code = end.ledger_err.kind == ERR_NONE
                           ? report_exit_code(report->report, end.signal)
                           : SKEIN_EXIT_LEDGER_LOST;
    return report;
}

struct skein_report *skein_run(struct skein *skein, const struct skein_request *asked)
{
    struct request request;
    struct prepared_run prepared = {0};
    struct verify verify = {.signal = 0};
    struct faults faults;
    struct err err;
    faults_init(&faults);
    bool is_ready = make_request(skein, asked, &request, &err);
    if (!is_ready)
        faults_add_err(&faults, &err);
    else
        is_ready = prepare(skein, &request, &verify, &prepared, &faults);
    if (!is_ready)
        tell_refusal(skein, &faults);
    else if (*prepared.note && skein->observer.on_event)
        skein->observer.on_event(
            skein->observer.ctx,
            &(struct skein_event){.kind = SKEIN_NOTE, .run_id = "", .reason = prepared.note});
    struct skein_report *report = is_ready ? run_prepared(skein, &prepared, &faults) : NULL;
    prepare_done(&prepared);
    verify_done(&verify);
    faults_done(&faults);
    return report;
}

void skein_stop(struct skein *skein)
{
    atomic_fetch_add(&skein->stops, 1);
}

/* ---- what came of it ----------------------------------------------------------------------- */

int skein_exit_code(const struct skein *skein)
{
    return skein ? skein->exit_code : SKEIN_EXIT_FAULT;
}

size_t skein_report_total(const struct skein_report *report, enum skein_state state)
{
    return (unsigned)state < TENANT__COUNT ? report_total(report->report, (enum tenant_state)state)
                                           : 0;
}

bool skein_report_write(const struct skein_report *report, const char *format, FILE *out)
{
    const struct report_format *found = report_format_find(format);
    struct report_options options = {0};
    struct err err;
    if (!found)
        errno = EINVAL;
    return found && found->write(report->report, &options, out, &err);
}

void skein_report_free(struct skein_report *report)
{
    if (!report)
        return;
    report_free(report->report);
    free(report);
}
