#include "cli/run.h"

#include <signal.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/confirm.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/listen.h"
#include "cli/outlet.h"
#include "cli/plan_lint.h"
#include "cli/progress.h"
#include "cli/rehearsing.h"
#include "cli/reports.h"
#include "cli/schemas.h"
#include "cli/visit.h"
#include "library/continuation.h"
#include "library/fleet_ledger.h"
#include "library/machines.h"
#include "library/proof.h"
#include "library/rehearse_scratch.h"
#include "library/verify.h"
#include "report/report.h"

static void on_report_event(void *ctx, const struct event *event)
{
    report_apply(ctx, event);
}

struct request cli_request(const struct options *options, enum verb_id verb)
{
    return (struct request){
        .verb = &verbs[verb],
        .is_dry_run = options->is_dry_run,
        .weighs_changes = options->is_dry_run || !verbs[verb].changes,
        .targets = options->args,
        .target_count = options->arg_count,
        .purges = options->purges,
        .forces = options->is_forced,
        .verifying = {.is_said = options->says_verify, .when = options->verify_schema},
        .machine = options->machine,
        .limits =
            {.parallel = options->parallel,
             .per_server = options->per_server,
             /* what only looks at tenants looks at those of the waves alone (fleet_request) */
             .wave = verbs[verb].changes ? options->wave : NULL},
        .policy = {.has_on_failure = options->has_on_failure,
                   .on_failure = options->on_failure,
                   .has_max_failures = options->has_max_failures,
                   .max_failures = options->max_failures},
    };
}

static void show_plan(const struct report *report, const struct options *options,
                      struct outlet *outlet)
{
    struct err err;
    char *text = NULL;
    size_t len = 0;
    FILE *out = outlet ? open_memstream(&text, &len) : stderr;
    if (options->is_quiet || !out)
        return;
    if (!cli_write_report(report, "text", options, out, &err))
        cli_fail(&err);
    if (!outlet)
        return;
    fclose(out);
    outlet_write(outlet, text, len);
    free(text);
}

/* Nothing is begun that could not be rolled back where it may have to be. Before a rollback, what it would do is
 * shown first. */
static bool can_roll_back(struct fleet *fleet, const struct options *options,
                          const struct request *request, struct outlet *outlet, int *ret_exit_code)
{
    struct report *report = report_new();
    struct observer observer = {on_report_event, report};
    struct faults faults;
    int signal_number;
    faults_init(&faults);
    bool can = prepare_can_roll_back(fleet, request, &observer, &signal_number, &faults);
    cli_tell_faults(&faults);
    if (can && request->verb->rolls_back && request_changes(request) && !request->shown)
        show_plan(report, options, outlet);
    faults_done(&faults);
    report_free(report);
    *ret_exit_code = can ? EXIT_SIGNAL + signal_number : EXIT_USAGE;
    return can && !signal_number;
}

/* What the options of this run, or of the one that it goes on with, leave without effect. */
static bool check_effects(const struct fleet *fleet, const struct options *options,
                          const struct request *request, struct err *err)
{
    const char *const of_waves[] = {"wave", "on-failure", "max-failures"};
    enum on_failure policy = request->policy.has_on_failure ? request->policy.on_failure
                                                            : fleet->inventory->rollout.on_failure;
    for (size_t i = 0; request->verb->rolls_back && i < ARRAY_LEN(of_waves); i++)
        if (options_is_given(options, of_waves[i]))
            return err_set(err, ERR_CONFIG,
                           "--%s has no effect where a run is taken back, as run %s is: all of its "
                           "tenants go back",
                           of_waves[i], request->continues->run.id);
    if (options_is_given(options, "verify-schema") && !request->verb->verifies)
        return err_set(err, ERR_CONFIG,
                       "--verify-schema has no effect where run %s is gone on with, which %s",
                       request->continues->run.id,
                       request->verb->rolls_back ? "goes back: nothing may hold that up"
                                                 : "stamps: that is compared before it begins");
    if (options_is_given(options, "max-failures") && policy == ON_FAILURE_CONTINUE)
        return err_set(err, ERR_CONFIG,
                       "--max-failures has no effect where 'on_failure' is 'continue': say "
                       "--on-failure stop too");
    return true;
}

static int run_request(struct fleet *fleet, const struct options *options,
                       const struct request *request, const struct company *company)
{
    struct prepared_run prepared = {0};
    struct err err;
    int exit_code;
    struct outlet *outlet = outlet_open(STDERR_FILENO);
    if (prepare_needs_ledger(request) && !fleet_ledger_await(fleet, false, &err)) {
        exit_code = cli_fail(&err);
    } else if (can_roll_back(fleet, options, request, outlet, &exit_code)) {
        if (prepare_run(fleet, request, &prepared, &err)) {
            if (*prepared.note)
                cli_note("%s", prepared.note);
            exit_code = visit_fleet(fleet, &prepared, options, company, outlet);
        } else {
            prepare_done(&prepared);
            exit_code = cli_fail(&err);
        }
    }
    outlet_close(outlet);
    return exit_code;
}

/* Where it is to listen, that is so before anything is touched. False: it cannot be, which was told. */
static bool open_listen(const struct options *options, struct listen **ret_listen)
{
    struct err err;
    const struct listen_request request = {.address = options->listen,
                                           .token_file = options->listen_token_file,
                                           .token = getenv("SKEIN_LISTEN_TOKEN")};
    *ret_listen = options->listen ? listen_open(&request, &err) : NULL;
    if (options->listen && !*ret_listen) {
        cli_fail(&err);
        return false;
    }
    if (*ret_listen && !options->is_quiet)
        progress_tell_listening(options->progress, listen_url(*ret_listen));
    return true;
}

int cli_run_joined(struct fleet *fleet, const struct options *options, struct joining *joining,
                   bool *ret_is_stopped)
{
    struct company company = {.ret_is_stopped = ret_is_stopped};
    *ret_is_stopped = false;
    if (!open_listen(options, &company.listen))
        return EXIT_USAGE;
    struct outlet *outlet = outlet_open(STDERR_FILENO);
    if (*joining->prepared.note)
        cli_note("%s", joining->prepared.note);
    int exit_code = visit_fleet(fleet, &joining->prepared, options, &company, outlet);
    outlet_close(outlet);
    listen_close(company.listen);
    return exit_code;
}

/* A stamp says nothing of a tenant that its database does not hold. */
static bool is_proved(struct fleet *fleet, const struct options *options, struct request *request,
                      int *ret_exit_code)
{
    struct faults faults;
    struct proof proof;
    faults_init(&faults);
    bool is_good = proof_of_stamp(fleet, request, &proof, &faults);
    cli_tell_faults(&faults);
    faults_done(&faults);
    if (proof.note && !options->is_quiet)
        cli_note("%s", proof.note);
    request->is_unproved = proof.is_unproved;
    *ret_exit_code = proof.signal ? EXIT_SIGNAL + proof.signal : EXIT_USAGE;
    return is_good && !proof.signal;
}

/* What can be rehearsed on scratch databases alone is rehearsed there first. */
static int run_rehearsed(struct fleet *fleet, const struct options *options,
                         struct request *request, const struct company *company)
{
    struct scratch_rehearsals rehearsals;
    const struct scratch_show show = rehearsing_show(options);
    scratch_rehearsals_make(fleet, request, &show, &rehearsals);
    request->rehearsed = rehearsals.by_tenant;
    int exit_code = rehearsals.signal ? EXIT_SIGNAL + rehearsals.signal
                                      : run_request(fleet, options, request, company);
    scratch_rehearsals_done(&rehearsals);
    return exit_code;
}

/* The schemas that its tenants are held to are learnt first. */
static int run_verified(struct fleet *fleet, const struct options *options, struct request *request,
                        const struct company *company)
{
    struct verify verify;
    struct faults faults;
    faults_init(&faults);
    bool is_good = verify_prepare(fleet, request, &verify, &faults);
    cli_tell_faults(&faults);
    faults_done(&faults);
    request->verifying = verify.verifying;
    if (verify.note && !options->is_quiet)
        cli_note("%s", verify.note);
    int exit_code = verify.signal ? EXIT_SIGNAL + verify.signal : EXIT_USAGE;
    if (is_good && !verify.signal)
        exit_code = run_rehearsed(fleet, options, request, company);
    verify_done(&verify);
    return exit_code;
}

static int begin_served(struct fleet *fleet, const struct options *options,
                        const struct request *request, const struct company *company)
{
    struct request confirmed = *request;
    struct err err;
    int exit_code;
    if (!check_effects(fleet, options, request, &err))
        return cli_fail(&err);
    if (!request->continues && !fleet->tenant_count)
        cli_note("no tenant is selected");
    bool looks_first = prepare_looks_first(fleet, request);
    if (prepare_needs_ledger(request) && !fleet_ledger_await(fleet, looks_first, &err))
        return cli_fail(&err);
    if (!is_proved(fleet, options, &confirmed, &exit_code))
        return exit_code;
    if (confirm_is_due(options, request) && !confirm(fleet, options, &confirmed, &exit_code))
        return exit_code;
    return run_verified(fleet, options, &confirmed, company);
}

static int begin(struct fleet *fleet, const struct options *options, const struct request *request,
                 const struct company *company)
{
    struct company served = *company;
    if (!open_listen(options, &served.listen))
        return EXIT_USAGE;
    int exit_code = begin_served(fleet, options, request, &served);
    listen_close(served.listen);
    return exit_code;
}

/* What would run is looked at by lint too. */
static int run_linted(struct fleet *fleet, const struct options *options,
                      const struct request *request, struct company company)
{
    struct request measuring = *request;
    struct plan_lint plan_lint;
    plan_lint_begin(&plan_lint, fleet, request, options->is_quiet);
    plan_lint_ask(&plan_lint, &measuring);
    company.lint = &plan_lint;
    company.fleet = request->rehearses || request_changes(request) ? NULL : fleet;
    int exit_code = begin(fleet, options, &measuring, &company);
    plan_lint_end(&plan_lint);
    return exit_code;
}

/* Of a run that only looks and tells which scripts would run. */
static bool is_linted(const struct request *request)
{
    const struct verb *verb = request->verb;
    bool tells_scripts = verb->rolls_back ? request_plan(request) != PLAN_STAMP : verb->has_waves;
    return !request_changes(request) && verb_runs_scripts(verb) && tells_scripts;
}

int cli_run(struct fleet *fleet, const struct options *options, const struct request *request,
            const struct observer *observer)
{
    if (is_linted(request))
        return run_linted(fleet, options, request, (struct company){.observer = observer});
    return begin(fleet, options, request, &(struct company){.observer = observer});
}

int cli_run_plan(struct fleet *fleet, const struct options *options, const struct request *request,
                 const struct plan_watch *watch)
{
    const struct company company = {.observer = &watch->observer, .watch = watch};
    return run_linted(fleet, options, request, company);
}

int cli_run_with_schemas(struct fleet *fleet, const struct options *options,
                         const struct request *request, const struct observer *observer)
{
    struct request reading = *request;
    struct schemas schemas;
    reading.reads_catalog = true;
    reading.weighs_changes = false; /* what changes of tables cost is not asked for */
    schemas_begin(&schemas, fleet);
    reading.catalogs = schemas_listener(&schemas);
    int exit_code = begin(fleet, options, &reading,
                          &(struct company){.observer = observer, .schemas = &schemas});
    schemas_done(&schemas);
    return exit_code;
}
