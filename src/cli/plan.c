#include "cli/command.h"
#include "cli/exit.h"
#include "cli/judge.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "library/saved_plan.h"

static void write_plan(const void *ctx, FILE *out)
{
    saved_plan_write((void *)(uintptr_t)ctx, out);
}

static bool save(struct saved_plan_maker *maker, const struct options *options)
{
    struct writer writer = {.json = write_plan, .ctx = maker};
    return !options->save || outputs_write_file(&writer, "json", options->save);
}

/* As pipelines ask: is there something to do? */
static int exit_by_work(const struct saved_plan_maker *maker, int exit_code)
{
    if (exit_code == EXIT_TENANT_FAILED)
        return EXIT_USAGE;
    return exit_code == EXIT_OK && maker->pending_count ? EXIT_TENANT_FAILED : exit_code;
}

static int run_plan(struct fleet *fleet, const struct options *options)
{
    struct request request = cli_request(options, VERB_PLAN);
    struct saved_plan_maker maker;
    request.rehearses = options->rehearses;
    if (!cli_judge(fleet, NULL, options->is_quiet))
        return EXIT_USAGE;
    saved_plan_begin(&maker, fleet, &request);
    struct observer observer = {saved_plan_observe, &maker};
    int exit_code = cli_run(fleet, options, &request, &observer);
    bool has_looked = exit_code == EXIT_OK || exit_code == EXIT_TENANT_FAILED;
    if (options->exits_by_work)
        exit_code = exit_by_work(&maker, exit_code);
    if (has_looked && !save(&maker, options))
        exit_code = EXIT_USAGE;
    saved_plan_end(&maker);
    return exit_code;
}

const struct command command_plan = {
    .name = "plan",
    .arguments = "[TARGET…]",
    .summary = "dry run: what would be applied where",
    .help =
        "Connects to every selected tenant, reads where it stands and shows what an upgrade to\n"
        "TARGET (default: head) would apply; with -v the SQL, once for each group of tenants. Before that\n"
        "the parsers of the tenants' dialects read the chain: what they refuse is told, exit 2. Takes no\n"
        "lock and changes nothing. What 'skein lint' finds in it is told with each step, weighed by how\n"
        "much the tenants' own tables hold; notes with -v.\n"
        "\n"
        "With --rehearse the plan is carried out where nothing of it remains: in a transaction that is\n"
        "rolled back, or on a copy of the database. Told are times, locks, rows, tables that are written\n"
        "anew, and what fails; then the exit code is 1.\n"
        "\n"
        "With --save the plan is written to a file that 'skein upgrade --plan' follows: its target and\n"
        "its tenants, as far as they still stand where they stood. With --exit-code, for pipelines:\n"
        "0 where nothing would change, 1 where something would, 2 on a fault or where a tenant could\n"
        "not be asked.",
    .example = "skein plan --tenant acme -v",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_VERIFY | OPTIONS_SAVE,
    .max_args = ARGS_MAX,
    .needs = FLEET_VISIT,
    .run = run_plan,
};
