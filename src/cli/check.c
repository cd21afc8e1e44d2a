#include "base/buf.h"
#include "cli/autogenerate.h"
#include "cli/chain_text.h"
#include "cli/checkpoint.h"
#include "cli/command.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/judge.h"
#include "cli/outputs.h"
#include "cli/run.h"
#include "cli/whereabouts.h"
#include "dialect/scripts.h"

/* ---- the chain alone ----------------------------------------------------------------------- */

/* Adds `, read as postgresql and sqlite`. */
static bool check_scripts(struct fleet *fleet, const struct options *options, struct buf *text)
{
    bool is_used[DIALECT__COUNT] = {false};
    struct faults faults;
    const char *before = ", read as";
    faults_init(&faults);
    fleet->scripts = scripts_new(fleet->chain);
    cli_find_dialects(fleet, options, is_used);
    for (int d = 0; d < DIALECT__COUNT; d++) {
        const struct dialect *dialect = dialect_of((enum dialect_id)d);
        if (!is_used[d] || !dialect)
            continue;
        buf_addf(text, "%s %s", before, dialect->name);
        before = " and";
    }
    scripts_check(fleet->scripts, is_used, &faults);
    bool is_sound = cli_tell_faults(&faults) && cli_judge(fleet, is_used, options->is_quiet);
    faults_done(&faults);
    return is_sound;
}

static bool write_chain(const struct fleet *fleet, const struct options *options,
                        const char *dialects)
{
    const struct chain *chain = fleet->chain;
    struct chain_text text = chain_text_begin(chain, options, CHAIN_TEXT_LABELS);
    buf_addf(&text.text, "the chain is sound: %zu revision%s%s; %s\n", chain->count,
             chain->count == 1 ? "" : "s", dialects,
             chain->head_count == 1 ? "its head:" : "its heads:");
    for (size_t i = 0; i < chain->head_count; i++)
        chain_text_add(&text, chain->revisions[chain->heads[i]]);
    return chain_text_end(&text);
}

static int check_chain(struct fleet *fleet, const struct options *options)
{
    struct buf dialects;
    struct err err;
    if (!fleet_has_revisions(fleet, &err))
        return cli_fail(&err);
    buf_init(&dialects, BUF_MAX_DEFAULT);
    bool is_sound = check_scripts(fleet, options, &dialects);
    bool is_written = is_sound && write_chain(fleet, options, dialects.data);
    buf_done(&dialects);
    return is_written ? EXIT_OK : EXIT_USAGE;
}

/* ---- the tenants --------------------------------------------------------------------------- */

static void on_checked(void *ctx, const struct event *event)
{
    size_t *behind = ctx;
    if (event->kind == EVENT_TENANT_FINISHED)
        *behind += event->outcome->state != TENANT_UNCHANGED || event->outcome->half_step;
}

static int run_check(struct fleet *fleet, const struct options *options)
{
    size_t behind = 0;
    struct observer observer = {on_checked, &behind};
    struct request request = cli_request(options, VERB_CHECK);
    if (options->checks_chain)
        return check_chain(fleet, options);
    if (!cli_judge(fleet, NULL, options->is_quiet))
        return EXIT_USAGE;
    int exit_code = options->shows_schemas
                        ? cli_run_with_schemas(fleet, options, &request, &observer)
                        : cli_run(fleet, options, &request, &observer);
    /* It only asks: that a tenant is not as it should be is its answer. */
    if (exit_code == EXIT_PERSON)
        return EXIT_TENANT_FAILED;
    exit_code = exit_code == EXIT_OK ? whereabouts_tell_behind(behind) : exit_code;
    int schema_code =
        exit_code == EXIT_OK || exit_code == EXIT_TENANT_FAILED ? cli_check_schema(fleet) : EXIT_OK;
    if (!schema_code && (exit_code == EXIT_OK || exit_code == EXIT_TENANT_FAILED))
        schema_code = cli_check_checkpoints(fleet);
    return schema_code ? schema_code : exit_code;
}

static unsigned check_needs(const struct options *options)
{
    return options->checks_chain ? FLEET_CHAIN : FLEET_VISIT;
}

/* With --chain it lists the heads. */
static choice_fn *check_formats(const struct options *options)
{
    return options && options->checks_chain ? outputs_list_formats(options)
                                            : outputs_report_formats(options);
}

const struct command command_check = {
    .name = "check",
    .arguments = "",
    .summary = "is the chain sound, and every tenant at its heads?",
    .help =
        "Reads the chain with every section that the selected tenants' dialects need, and has the dialects'\n"
        "parsers judge it (also with --chain), then asks each\n"
        "tenant where it stands and whether the files it has applied are still what they were.\n"
        "Takes no lock and changes nothing. Where the inventory has 'autogenerate', the schema files are\n"
        "compared with what the chain makes up to its heads.\n"
        "\n"
        "Exit 0: all is well. 1: a tenant is not at the heads, is partly applied or in doubt, has applied\n"
        "a file that was changed since, or cannot be asked; the report says which; or the schema files\n"
        "say something else than the chain. 2: a fault of the\n"
        "inventory or the chain. The JSON's run is 'succeeded' where everybody could be asked, its\n"
        "tenants 'unchanged' at the heads.\n"
        "\n"
        "With --schema it also compares what each tenant's database holds with what the chain makes up\n"
        "to where the tenant stands; 'skein drift' tells in what they differ.\n"
        "\n"
        "With --chain only the chain is read, as a pull request wants it: each file, the graph, and the\n"
        "scripts of each dialect that listed tenants, sources or sections have, or of --dialect. It\n"
        "prints the heads (JSON: as 'heads' does). Nothing is connected to; no password or variable of a\n"
        "tenant is needed.",
    .example = "skein check --select 'tier=canary'",
    .formats = check_formats,
    .groups = OPTIONS_COMMON | OPTIONS_SELECT | OPTIONS_STATE | OPTIONS_LEDGER | OPTIONS_OUTPUT |
              OPTIONS_RUN | OPTIONS_CHECK,
    .needs_for = check_needs,
    .run = run_check,
};
