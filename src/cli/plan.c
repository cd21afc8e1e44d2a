#include "cli/command.h"
#include "cli/exit.h"
#include "cli/judge.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "library/saved_plan.h"

enum { EXAMPLES = 3 };

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
    if (exit_code == EXIT_TENANT_FAILED || exit_code == EXIT_PERSON)
        return EXIT_USAGE;
    return exit_code == EXIT_OK && maker->pending_count ? EXIT_TENANT_FAILED : exit_code;
}

/* What becomes of a plan, besides its report. */
struct watch {
    struct saved_plan_maker maker;
    size_t failing; /* tenants on whose rows a statement will fail */
};

static void on_planned(void *ctx, const struct event *event)
{
    struct watch *watch = ctx;
    bool fails = false;
    saved_plan_observe(&watch->maker, event);
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    for (size_t i = 0; i < event->outcome->preflight_count; i++)
        fails |= event->outcome->preflight[i].state == PREFLIGHT_FAILS;
    watch->failing += fails;
}

static int run_plan(struct fleet *fleet, const struct options *options)
{
    struct request request = cli_request(options, VERB_PLAN);
    struct watch watch = {.failing = 0};
    request.rehearses = options->rehearses;
    request.asks_rows = options->is_preflight;
    request.examples = options->tells_examples ? EXAMPLES : 0;
    if (!cli_judge(fleet, NULL, options->is_quiet))
        return EXIT_USAGE;
    saved_plan_begin(&watch.maker, fleet, &request);
    const struct plan_watch watching = {.observer = {on_planned, &watch},
                                        .on_findings = saved_plan_take_findings,
                                        .on_report = saved_plan_take_report,
                                        .ctx = &watch.maker};
    int exit_code = cli_run_plan(fleet, options, &request, &watching);
    bool has_looked =
        exit_code == EXIT_OK || exit_code == EXIT_TENANT_FAILED || exit_code == EXIT_PERSON;
    if (options->exits_by_work)
        exit_code = exit_by_work(&watch.maker, exit_code);
    if (exit_code == EXIT_OK && watch.failing)
        exit_code = EXIT_TENANT_FAILED;
    if (has_looked && !save(&watch.maker, options))
        exit_code = EXIT_USAGE;
    saved_plan_end(&watch.maker);
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
        "rolled back, on a copy of the database, or on a scratch database on the server that the\n"
        "inventory names ('scratch') where nothing could be rolled back. Told are times, locks, rows,\n"
        "tables that are written anew, and what fails; then the exit code is 1.\n"
        "\n"
        "With --save the plan is written to a file that 'skein upgrade --plan' follows: its target and\n"
        "its tenants, as far as they still stand where they stood. With --exit-code, for pipelines:\n"
        "0 where nothing would change, 1 where something would, 2 on a fault or where a tenant could\n"
        "not be asked, or cannot go on by itself.\n"
        "\n"
        "With --preflight what decides whether a statement will succeed becomes a question that only\n"
        "reads, asked of each tenant: NULLs before NOT NULL, duplicates before UNIQUE, rows without a\n"
        "parent, rows that break a CHECK, values that do not become a type. Where one will fail, exit 1.",
    .example = "skein plan --tenant acme -v",
    .formats = outputs_report_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_VERIFY | OPTIONS_SAVE,
    .max_args = ARGS_MAX,
    .needs = FLEET_VISIT,
    .run = run_plan,
};
