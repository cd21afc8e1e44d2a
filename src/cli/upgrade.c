#include "base/buf.h"
#include "base/human.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/offline.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "library/saved_plan.h"

/* Other tenants than those of the plan stay as they are, and are told of. */
static void tell_others(const struct fleet *fleet, size_t before, const struct options *options)
{
    size_t others = before - fleet->tenant_count;
    if (others && !options->is_quiet)
        cli_note("%zu of the %zu selected tenants %s not in the plan '%s', and %s as %s", others,
                 before, others == 1 ? "is" : "are", options->plan, others == 1 ? "stays" : "stay",
                 others == 1 ? "it is" : "they are");
}

/* What may take hours is said before it begins. */
static void tell_forecast(const struct saved_plan *plan, const struct options *options)
{
    struct buf words, line;
    if (!plan->forecast || options->is_quiet)
        return;
    buf_init(&words, BUF_MAX_DEFAULT);
    buf_init(&line, BUF_MAX_DEFAULT);
    saved_plan_add_forecast(plan, &words);
    human_add_text(&line, words.data);
    cli_note("%s", line.data);
    buf_done(&words);
    buf_done(&line);
}

static int run_plan(struct fleet *fleet, const struct options *options, struct request *request)
{
    struct saved_plan plan;
    struct faults faults;
    struct err err;
    int exit_code = EXIT_USAGE;
    size_t before = fleet->tenant_count;
    faults_init(&faults);
    if (options->arg_count)
        err_set(&err, ERR_CONFIG, "'%s': the plan '%s' says the target", options->args[0],
                options->plan);
    if (options->arg_count || !saved_plan_read(options->plan, &plan, &err)) {
        exit_code = cli_fail(&err);
    } else if (saved_plan_apply(&plan, fleet, request, &faults)) {
        tell_others(fleet, before, options);
        tell_forecast(&plan, options);
        exit_code = cli_run(fleet, options, request, NULL);
    }
    cli_tell_faults(&faults);
    faults_done(&faults);
    if (!options->arg_count)
        saved_plan_done(&plan);
    return exit_code;
}

static int run_upgrade(struct fleet *fleet, const struct options *options)
{
    if (options->is_sql)
        return cli_offline(fleet, options, PLAN_UPGRADE);
    struct request request = cli_request(options, VERB_UPGRADE);
    return options->plan ? run_plan(fleet, options, &request)
                         : cli_run(fleet, options, &request, NULL);
}

static unsigned upgrade_needs(const struct options *options)
{
    return options->is_sql ? cli_offline_needs(options) : FLEET_VISIT;
}

const struct command command_upgrade = {
    .name = "upgrade",
    .arguments = "[TARGET…]",
    .summary = "bring the tenants to a revision (default: head)",
    .help =
        "Brings every selected tenant from where it stands to TARGET: head, heads, a full or\n"
        "partial revision id, +N (N steps from where each stands), ID+N, LABEL@head. Several\n"
        "targets may be given. Each tenant is locked, and moved in one transaction where its\n"
        "database can do that; a tenant that fails stands where it stood.\n"
        "\n"
        "With --sql no tenant is connected to: the script of an upgrade from base, or from A where\n"
        "TARGET is A:B, goes to stdout. It leaves a tenant as the run would, and fails unless the\n"
        "tenant stands where it starts.\n"
        "\n"
        "With --plan it does what 'skein plan --save' has written down: the chain must be the one of the plan\n"
        "(else exit 2), and a tenant that stands elsewhere by now fails without being touched.",
    .example = "skein upgrade --on-failure rollback --max-failures 2% -o json=report.json",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_DRY_RUN | OPTIONS_YES | OPTIONS_LEDGER | OPTIONS_WAIT |
              OPTIONS_MACHINE | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_OUTPUT | OPTIONS_RUN |
              OPTIONS_METRICS | OPTIONS_VERIFY | OPTIONS_POLICY | OPTIONS_SQL | OPTIONS_FOLLOW,
    .max_args = ARGS_MAX,
    .needs_for = upgrade_needs,
    .run = run_upgrade,
};
